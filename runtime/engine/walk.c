/*
 * WALK: directory trees. Entries are read into one buffer; after a subdirectory has been visited, reading goes on at the
 * position behind its entry, so that a level of the tree costs descriptors but hardly any memory.
 */
#include <linux/openat2.h>
#include <linux/time_types.h>

#include "engine.h"

#define DEPTH_LIMIT 256
#define ENTRIES_SIZE 4096
#define DT_DIR 4

#define ENTRIES scratch
#define OTHER (scratch + ENTRIES_SIZE) /* file contents, link targets */
#define OTHER_SIZE 8192

struct directory_entry {
	u64 inode;
	i64 next;
	u16 size;
	u8 type;
	char name[];
};

/* What is done with each entry. A visited directory's errno ends the walk. */
struct visitor {
	int (*entry)(const struct visitor *v, int directory, int to, const struct directory_entry *e, bool *again);
	int signal;
	i64 *count;
	unsigned depth;
};

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* A directory below another, without following links or crossing mounts. */
static long open_below(int directory, const char *name, u64 flags)
{
	struct open_how how = {.flags = flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
			       .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
	long fd;

	do
		fd = sys(openat2, directory, name, &how, sizeof(how));
	while (fd == -EAGAIN || fd == -EINTR);
	return fd;
}

/*
 * Visit each entry of a directory. An entry function that has used ENTRIES itself, or removed something, says so with *again: then
 * reading goes on from `next`, or from the start if `restart`.
 */
static int each(const struct visitor *v, int directory, int to, bool restart)
{
	i64 position = 0;
	bool found = true;

	while (found) {
		long size, at = 0;
		int error;

		found = false;
		sys(lseek, directory, position, 0);
		size = sys(getdents64, directory, ENTRIES, ENTRIES_SIZE);
		if (size < 0)
			return (int)-size;
		while (at < size) {
			const struct directory_entry *e = (void *)(ENTRIES + at);
			i64 next = e->next;
			bool again = false;

			at += e->size;
			if (is_dots(e->name)) {
				position = restart ? position : next;
				found = found || !restart;
				continue;
			}
			error = v->entry(v, directory, to, e, &again);
			if (error)
				return error;
			position = restart ? 0 : next;
			found = true;
			if (again)
				break;
		}
	}
	return 0;
}

/* ---- COPY ---- */

static int copy_attributes(int from, int to)
{
	char *names = OTHER, *value = OTHER + OTHER_SIZE / 2;
	long length = sys(flistxattr, from, names, OTHER_SIZE / 2);

	if (length == -EOPNOTSUPP)
		return 0;
	if (length < 0)
		return (int)-length;
	for (char *name = names; name < names + length; name += strlen(name) + 1) {
		long size = sys(fgetxattr, from, name, value, OTHER_SIZE / 2), result;

		if (size < 0)
			return (int)-size;
		result = sys(fsetxattr, to, name, value, size, 0);
		if (result < 0 && result != -EOPNOTSUPP)
			return (int)-result;
	}
	return 0;
}

static void times_of(const struct statx *st, struct __kernel_timespec times[2])
{
	times[0] = (struct __kernel_timespec){st->stx_atime.tv_sec, st->stx_atime.tv_nsec};
	times[1] = (struct __kernel_timespec){st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec};
}

/* Owner before mode, which chown may change; attributes before times. */
static int copy_metadata(int from, int to, const struct statx *st)
{
	struct __kernel_timespec times[2];
	long result = sys(fchown, to, st->stx_uid, st->stx_gid);

	if (!result)
		result = sys(fchmod, to, st->stx_mode & 07777);
	if (!result)
		result = -copy_attributes(from, to);
	times_of(st, times);
	if (!result)
		result = sys(utimensat, to, NULL, times, 0);
	return (int)-result;
}

static int copy_file(int from, int to, const char *name, const struct statx *st)
{
	long source = open_below(from, name, O_RDONLY), target, n;
	int error;

	if (source == -EXDEV) /* something is mounted on it */
		return 0;
	if (source < 0)
		return (int)-source;
	target = sys(openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (target < 0) {
		sys(close, source);
		return (int)-target;
	}
	do
		n = sys(sendfile, target, source, NULL, 1 << 30);
	while (n > 0 || n == -EINTR);
	error = n < 0 ? (int)-n : copy_metadata((int)source, (int)target, st);
	sys(close, source);
	sys(close, target);
	return error;
}

static int copy_special(int from, int to, const char *name, const struct statx *st)
{
	struct __kernel_timespec times[2];
	bool is_link = (st->stx_mode & S_IFMT) == S_IFLNK;
	long result;

	if (is_link) {
		result = sys(readlinkat, from, name, OTHER, OTHER_SIZE - 1);
		if (result >= 0) {
			OTHER[result] = 0;
			result = sys(symlinkat, OTHER, to, name);
		}
	} else {
		u32 major = st->stx_rdev_major, minor = st->stx_rdev_minor;

		/* new_encode_dev of the kernel's include/linux/kdev_t.h */
		result = sys(mknodat, to, name, st->stx_mode, (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12);
	}
	if (!result)
		result = sys(fchownat, to, name, st->stx_uid, st->stx_gid, AT_SYMLINK_NOFOLLOW);
	if (!result && !is_link)
		result = sys(fchmodat, to, name, st->stx_mode & 07777);
	times_of(st, times);
	if (!result)
		result = sys(utimensat, to, name, times, AT_SYMLINK_NOFOLLOW);
	return (int)-result;
}

static int copy_directory(const struct visitor *v, int from, int to);

static int copy_subdirectory(const struct visitor *v, int from, int to, const char *name, const struct statx *st)
{
	long result = sys(mkdirat, to, name, 0700), source, target;
	int error;

	if (result < 0 && result != -EEXIST)
		return (int)-result;
	target = open_below(to, name, O_RDONLY | O_DIRECTORY);
	if (target < 0)
		return (int)-target;
	source = open_below(from, name, O_RDONLY | O_DIRECTORY);
	if (source >= 0) {
		error = copy_directory(v, (int)source, (int)target);
		sys(close, source);
	} else if (source == -EXDEV) { /* a mount point stays empty */
		error = (int)-sys(fchmod, target, st->stx_mode & 07777);
	} else {
		error = (int)-source;
	}
	sys(close, target);
	return error;
}

static int copy_entry(const struct visitor *v, int from, int to, const struct directory_entry *e, bool *again)
{
	struct statx st;
	long result = sys(statx, from, e->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);

	if (result == -ENOENT) /* gone meanwhile */
		return 0;
	if (result < 0)
		return (int)-result;
	switch (st.stx_mode & S_IFMT) {
	case S_IFDIR:
		*again = true;
		return copy_subdirectory(v, from, to, e->name, &st);
	case S_IFREG:
		return copy_file(from, to, e->name, &st);
	default:
		return copy_special(from, to, e->name, &st);
	}
}

static int copy_directory(const struct visitor *v, int from, int to)
{
	struct visitor deeper = *v;
	struct statx st;
	long result = sys(statx, from, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
	int error;

	if (result < 0)
		return (int)-result;
	if (++deeper.depth > DEPTH_LIMIT)
		return ELOOP;
	error = each(&deeper, from, to, false);
	return error ? error : copy_metadata(from, to, &st);
}

static int copy(int from, int to)
{
	struct visitor v = {.entry = copy_entry};
	/* Either may be an O_PATH descriptor. */
	long source = sys(openat, from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long target = sys(openat, to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = source < 0 ? (int)-source : target < 0 ? (int)-target : copy_directory(&v, (int)source, (int)target);

	if (source >= 0)
		sys(close, source);
	if (target >= 0)
		sys(close, target);
	return error;
}

/* ---- REMOVE_TREE ---- */

static int remove_any(const struct visitor *v, int directory, const char *name, bool below);

static int remove_entry(const struct visitor *v, int directory, int to, const struct directory_entry *e, bool *again)
{
	(void)to;
	*again = true;
	return remove_any(v, directory, e->name, true);
}

static int remove_any(const struct visitor *v, int directory, const char *name, bool below)
{
	struct visitor deeper = *v;
	char copy_of_name[256];
	long result = sys(unlinkat, directory, name, 0), fd;
	int error;

	if (result != -EISDIR && result != -EPERM)
		return result == -ENOENT ? 0 : (int)-result;
	result = sys(unlinkat, directory, name, AT_REMOVEDIR);
	if (result != -ENOTEMPTY && result != -EEXIST)
		return result == -ENOENT ? 0 : (int)-result;
	if (++deeper.depth > DEPTH_LIMIT)
		return ELOOP;
	if (below) {
		fd = open_below(directory, name, O_RDONLY | O_DIRECTORY);
		/* The name stands in the buffer that is about to be used again. */
		if (strlen(name) >= sizeof(copy_of_name))
			return ENAMETOOLONG;
		memcpy(copy_of_name, name, strlen(name) + 1);
		name = copy_of_name;
	} else {
		fd = sys(openat, directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return fd == -EXDEV ? EBUSY : (int)-fd;
	error = each(&deeper, (int)fd, -1, true);
	sys(close, fd);
	if (error)
		return error;
	result = sys(unlinkat, directory, name, AT_REMOVEDIR);
	return result == -ENOENT ? 0 : (int)-result;
}

/* ---- Cgroups ---- */

static int remove_cgroup_entry(const struct visitor *v, int directory, int to, const struct directory_entry *e, bool *again)
{
	struct visitor deeper = *v;
	char name[256];
	long fd;
	int error;

	(void)to;
	if (e->type != DT_DIR || strlen(e->name) >= sizeof(name))
		return 0;
	if (!sys(unlinkat, directory, e->name, AT_REMOVEDIR))
		return 0;
	if (++deeper.depth > DEPTH_LIMIT)
		return ELOOP;
	memcpy(name, e->name, strlen(e->name) + 1);
	fd = sys(openat, directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0; /* it shows when the parent is removed */
	*again = true;
	error = each(&deeper, (int)fd, -1, false);
	sys(close, fd);
	sys(unlinkat, directory, name, AT_REMOVEDIR);
	return error;
}

/* A cgroup stays busy until the last of its processes has been buried. */
static int remove_cgroup(int from, const char *path, i64 milliseconds)
{
	struct visitor v = {.entry = remove_cgroup_entry};
	i64 end = milliseconds_now() + milliseconds, pause = 1;

	for (;;) {
		struct __kernel_timespec t;
		long result = sys(unlinkat, from, path, AT_REMOVEDIR), fd;

		if (!result || result == -ENOENT)
			return 0;
		if (result != -EBUSY && result != -ENOTEMPTY)
			return (int)-result;
		fd = sys(openat, from, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return fd == -ENOENT ? 0 : (int)-fd;
		each(&v, (int)fd, -1, false);
		sys(close, fd);
		result = sys(unlinkat, from, path, AT_REMOVEDIR);
		if (!result || result == -ENOENT)
			return 0;
		if (milliseconds >= 0 && milliseconds_now() >= end)
			return EBUSY;
		t = (struct __kernel_timespec){.tv_sec = 0, .tv_nsec = pause * 1000000};
		sys(nanosleep, &t, NULL);
		pause = pause < 32 ? pause * 2 : pause;
	}
}

static int signal_processes(const struct visitor *v, int directory)
{
	long fd = sys(openat, directory, "cgroup.procs", O_RDONLY | O_CLOEXEC), size;
	i64 pid = 0;

	if (fd < 0)
		return fd == -ENOENT ? 0 : (int)-fd;
	while ((size = sys(read, fd, OTHER, OTHER_SIZE)) > 0) {
		for (long i = 0; i < size; i++) {
			if (OTHER[i] >= '0' && OTHER[i] <= '9') {
				pid = pid * 10 + OTHER[i] - '0';
				continue;
			}
			/* 0: a process of a pid namespace that we do not see */
			if (pid > 0 && !sys(kill, pid, v->signal))
				++*v->count;
			pid = 0;
		}
	}
	sys(close, fd);
	/* EOPNOTSUPP: a threaded cgroup, whose processes its parent lists; ENODEV: it is being removed */
	return size < 0 && size != -EOPNOTSUPP && size != -ENODEV ? (int)-size : 0;
}

static int signal_below(const struct visitor *v, int directory);

static int signal_entry(const struct visitor *v, int directory, int to, const struct directory_entry *e, bool *again)
{
	long fd;
	int error;

	(void)to;
	if (e->type != DT_DIR)
		return 0;
	fd = sys(openat, directory, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fd == -ENOENT ? 0 : (int)-fd;
	*again = true;
	error = signal_below(v, (int)fd);
	sys(close, fd);
	return error;
}

static int signal_below(const struct visitor *v, int directory)
{
	struct visitor deeper = *v;
	int error = signal_processes(v, directory);

	if (!error && ++deeper.depth > DEPTH_LIMIT)
		error = ELOOP;
	return error ? error : each(&deeper, directory, -1, false);
}

static int signal_cgroup(int from, const char *path, int signal, i64 *count)
{
	struct visitor v = {.entry = signal_entry, .signal = signal, .count = count};
	long fd = sys(openat, from, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error;

	if (fd < 0)
		return fd == -ENOENT ? 0 : (int)-fd;
	error = signal_below(&v, (int)fd);
	sys(close, fd);
	return error;
}

int op_walk(const struct run *r, const struct step *s, i64 *result)
{
	struct visitor remover = {.entry = remove_entry};
	int from = (int)number(r, s, 0);
	const char *path = string(r, s, 1);

	*result = 0;
	if (s->sub == WALK_COPY)
		return copy(from, (int)number(r, s, 2));
	if (!path)
		return EFAULT;
	switch (s->sub) {
	case WALK_REMOVE_CGROUP:
		return remove_cgroup(from, path, number(r, s, 3));
	case WALK_SIGNAL_CGROUP:
		return signal_cgroup(from, path, (int)number(r, s, 2), result);
	default:
		return remove_any(&remover, from, path, false);
	}
}
