/*
 * RESOLVE: a path inside a root that somebody else controls. The kernel does the looking up (openat2, RESOLVE_IN_ROOT); only for what is
 * missing the path is followed here, one name at a time: `done` is free of symbolic links and relative to the root, `rest` is what is
 * still to come. Each look-up starts again at the root, so whatever is exchanged meanwhile, nothing outside is ever reached.
 */
#include <linux/openat2.h>

#include "vm.h"

#define PATH_SIZE 4096
#define LINK_LIMIT 40
#define RACE_LIMIT 64

enum make { MAKE_NOTHING, MAKE_DIRECTORIES, MAKE_FILE, MAKE_AS_SOURCE };

static long open_inside(int root, const char *path, u64 flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	long fd = -EAGAIN;

	/* EAGAIN: something was renamed in the meantime. */
	for (unsigned i = 0; i < RACE_LIMIT && (fd == -EAGAIN || fd == -EINTR); i++)
		fd = sys(openat2, root, *path ? path : ".", &how, sizeof(how));
	return fd;
}

struct walk {
	int root;
	i64 mode;
	bool make_file;   /* the last name is to be a file */
	bool follow_last;
	unsigned links;
	char *done;       /* PATH_SIZE */
	size_t done_length;
	char *rest, *rest_start; /* rest_start: beginning of its buffer of PATH_SIZE; it ends at the buffer's end */
};

static int prepend(struct walk *w, const char *text, size_t length)
{
	if ((size_t)(w->rest - w->rest_start) < length)
		return ENAMETOOLONG;
	w->rest -= length;
	memcpy(w->rest, text, length);
	return 0;
}

static void leave_directory(struct walk *w)
{
	while (w->done_length && w->done[w->done_length - 1] != '/')
		w->done_length--;
	if (w->done_length)
		w->done_length--;
	w->done[w->done_length] = 0;
}

/* Make the last name of `done`, in the directory that the names before it lead to. */
static int make(const struct walk *w, size_t parent_length, bool file)
{
	char *name = w->done + parent_length;
	long parent, made;
	char slash = *name;

	*name = 0;
	parent = open_inside(w->root, w->done, O_PATH | O_DIRECTORY);
	*name = slash;
	if (parent < 0)
		return (int)-parent;
	name += slash == '/';
	if (file) {
		made = sys(openat, parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			   (w->mode & 0644) | 0600);
		if (made >= 0)
			sys(close, made);
	} else {
		made = sys(mkdirat, parent, name, w->mode);
	}
	sys(close, parent);
	/* Somebody else was faster: then it is looked at again. */
	return made < 0 && made != -EEXIST ? (int)-made : 0;
}

static int follow(struct walk *w, int fd, size_t parent_length)
{
	/* Behind `done` and `rest`. As long as a link can be: PATH_MAX with its NUL. */
	char *target = scratch_part(2 * PATH_SIZE, PATH_SIZE);
	long length = sys(readlinkat, fd, "", target, PATH_SIZE);
	int error;

	if (length < 0)
		return (int)-length;
	if (++w->links > LINK_LIMIT)
		return ELOOP;
	if (length >= PATH_SIZE)
		return ENAMETOOLONG;
	if (!length)
		return ENOENT;
	error = *w->rest ? prepend(w, "/", 1) : 0;
	if (!error)
		error = prepend(w, target, (size_t)length);
	w->done_length = target[0] == '/' ? 0 : parent_length;
	w->done[w->done_length] = 0;
	return error;
}

/* One name: take it over into `done`, making it or following it if need be. */
static int advance(struct walk *w, const char *name, size_t length, bool last)
{
	size_t parent_length = w->done_length;
	struct statx st;
	long fd, error;

	if (parent_length + length + 2 > PATH_SIZE)
		return ENAMETOOLONG;
	if (parent_length)
		w->done[w->done_length++] = '/';
	memcpy(w->done + w->done_length, name, length);
	w->done_length += length;
	w->done[w->done_length] = 0;
	for (unsigned i = 0; i < RACE_LIMIT; i++) {
		fd = open_inside(w->root, w->done, O_PATH | O_NOFOLLOW);
		if (fd != -ENOENT)
			break;
		error = make(w, parent_length, last && w->make_file);
		if (error)
			return (int)error;
	}
	if (fd < 0)
		return (int)-fd;
	error = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	if (!error && (st.stx_mode & S_IFMT) == S_IFLNK && !(last && !w->follow_last))
		error = -follow(w, (int)fd, parent_length);
	else if (!error && !last && (st.stx_mode & S_IFMT) != S_IFDIR)
		error = -ENOTDIR;
	sys(close, fd);
	return (int)-error;
}

static int make_path(struct walk *w)
{
	int error = 0;

	while (!error) {
		const char *name;
		size_t length = 0;
		bool last = true;

		while (*w->rest == '/')
			w->rest++;
		name = w->rest;
		if (!*name)
			return 0;
		while (name[length] && name[length] != '/')
			length++;
		w->rest += length;
		for (const char *at = w->rest; *at; at++)
			last = last && *at == '/';
		if (length == 1 && name[0] == '.')
			continue;
		if (length == 2 && name[0] == '.' && name[1] == '.')
			leave_directory(w);
		else
			error = advance(w, name, length, last);
	}
	return error;
}

static int resolve(struct walk *w, const char *path, size_t length, u64 flags, bool may_make, i64 *result)
{
	const char *whole = path;
	int error;
	long fd;

	if (length >= PATH_SIZE)
		return ENAMETOOLONG;
	if (path[length]) { /* PARENT: only the part before the last name */
		memcpy(scratch, path, length);
		scratch[length] = 0;
		whole = scratch;
	}
	if (!w->follow_last)
		flags |= O_NOFOLLOW;
	fd = open_inside(w->root, whole, flags);
	if (fd == -ENOENT && may_make) {
		w->done = scratch_part(0, PATH_SIZE);
		w->rest_start = scratch_part(PATH_SIZE, PATH_SIZE);
		w->rest = w->rest_start + PATH_SIZE - 1;
		w->done[0] = *w->rest = 0;
		error = prepend(w, path, length);
		if (!error)
			error = make_path(w);
		if (error)
			return error;
		fd = open_inside(w->root, w->done, flags);
	}
	if (fd < 0)
		return (int)-fd;
	*result = fd;
	return 0;
}

/* Where the last name of a path begins; it may have slashes behind it. */
static size_t last_name(const char *path, size_t length)
{
	while (length && path[length - 1] == '/')
		length--;
	while (length && path[length - 1] != '/')
		length--;
	return length;
}

static bool is_name(const char *name)
{
	return *name && *name != '/' && !(name[0] == '.' && (!name[1] || name[1] == '/')) &&
	       !(name[0] == '.' && name[1] == '.' && (!name[2] || name[2] == '/'));
}

int op_resolve(const struct run *r, const struct step *s, i64 *result)
{
	const char *path = string(r, s, 1);
	i64 what = number(r, s, 2), source_mode = number(r, s, 4);
	u64 flags = (u64)number(r, s, 5);
	struct walk w = {.root = (int)number(r, s, 0), .mode = number(r, s, 3), .follow_last = s->sub != RESOLVE_NOFOLLOW};
	size_t length;
	int error;

	if (!path)
		return EFAULT;
	if (what < MAKE_NOTHING || what > MAKE_AS_SOURCE || flags & O_CREAT)
		return EINVAL;
	length = strlen(path);
	w.make_file = what == MAKE_FILE || (what == MAKE_AS_SOURCE && (source_mode & S_IFMT) != S_IFDIR);
	if (s->sub != RESOLVE_PARENT)
		return resolve(&w, path, length, flags ? flags : O_PATH, what != MAKE_NOTHING, result);
	length = last_name(path, length);
	if (!is_name(path + length))
		return EINVAL;
	w.make_file = false;
	error = resolve(&w, path, length, (flags ? flags : O_PATH) | O_DIRECTORY, what != MAKE_NOTHING, result);
	if (!error)
		set_second(r, s, offset(r, s, 1) + (i64)length);
	return error;
}
