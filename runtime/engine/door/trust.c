/*
 * Whom we trust (docs/architecture.md, "Trust"): what decides what root does belongs to root or to ourselves, and nobody else can write it. It is opened once and
 * then looked at. On the way to the state root, each directory and link is held to the same, or somebody could put another of root's directories in
 * its place, such as one from a container's image; a sticky one may be written by all, because there nobody can replace what is root's.
 * runtime/state/trusted.ts has the same rule for the cold way.
 */
#include "door.h"

#define PATH_SIZE 4096
#define STICKY 01000
#define WANTED (STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_SIZE)
#define OTHERS 022
#define OTHERS_OF_HOST 002
#define LINKS 40

/* Parts of the scratch buffer; state_directory() has the first. */
#define WAY scratch_part(2 * PATH_SIZE, PATH_SIZE)
#define REST_SIZE (2 * PATH_SIZE)
#define REST scratch_part(3 * PATH_SIZE, REST_SIZE)

static bool owner_trusted(u32 uid)
{
	return !uid || uid == (u32)sys(geteuid);
}

static _Noreturn void refuse(const char *what, const char *whole, const char *path, u32 type, const struct statx *st)
{
	/* Where neither of the paths is; die() copies it to a place before this one. */
	struct text t = text_in(REST, REST_SIZE - 1);

	put_string(&t, "refuses the ");
	put_string(&t, what);
	put_char(&t, ' ');
	put_string(&t, whole);
	put_string(&t, ": ");
	if (type && (st->stx_mode & S_IFMT) != type) {
		put_string(&t, "it is not a directory");
		put_char(&t, 0);
		die(t.at, NULL, 0);
	}
	if (!equal(whole, path)) {
		put_string(&t, path);
		put_string(&t, " has ");
	}
	put_string(&t, "owner ");
	put_decimal(&t, st->stx_uid);
	put_string(&t, ", mode ");
	put_unsigned(&t, st->stx_mode & 07777, 8, 1);
	put_string(&t, "; only root or the caller may own it, and nobody else write to it");
	put_char(&t, 0);
	die(t.at, NULL, 0);
}

/* The component at *rest, which is moved behind it. NULL: there is none. */
static const char *component(const char **rest, size_t *length)
{
	const char *at = *rest;

	while (*at == '/')
		at++;
	for (*length = 0; at[*length] && at[*length] != '/'; (*length)++)
		;
	*rest = at + *length;
	return *length ? at : NULL;
}

static void drop_last(struct text *way)
{
	while (way->used && way->at[--way->used] != '/')
		;
}

/* Put a link's target before the rest. */
static bool take_link(struct text *way, const char **rest)
{
	struct text t = text_in(scratch, REST_SIZE);
	long length = sys(readlinkat, AT_FDCWD, way->at, scratch, PATH_SIZE - 1);

	if (length <= 0)
		return false;
	t.used = (size_t)length;
	put_char(&t, '/');
	put_string(&t, *rest);
	put_char(&t, 0);
	if (t.lost)
		return false;
	memcpy(REST, t.at, t.used);
	*rest = REST;
	if (*REST == '/')
		way->used = 0;
	else
		drop_last(way);
	return true;
}

/* What a path leads to. */
enum end {
	OURS,
	MADE, /* likewise; what is missing on the way is made */
	PROGRAM_OF_HOST, /* root's group may have written it, too; a way that is too long to be followed here is not trusted */
};

static bool owner_right(const struct statx *st, const struct statx *slash, enum end end, bool last)
{
	return owner_trusted(st->stx_uid) || ((!last || end == PROGRAM_OF_HOST) && st->stx_uid == slash->stx_uid);
}

static bool others_write(const struct statx *st, const struct statx *slash, enum end end)
{
	bool roots = end == PROGRAM_OF_HOST && (!st->stx_gid || st->stx_gid == slash->stx_gid);

	return st->stx_mode & (roots ? OTHERS_OF_HOST : OTHERS);
}

/* False: others could have written what is at `*where`, which `st` tells of. Of a way that leads nowhere those tell who open it. */
static bool judge_way(const char *path, enum end end, const char **where, struct statx *st)
{
	struct text way = text_in(WAY, PATH_SIZE - 1);
	struct statx slash;
	const char *rest = path, *next, *at;
	size_t length, ignored;
	unsigned links = 0;

	*where = WAY;
	if (*path != '/' || sys(statx, AT_FDCWD, "/", 0, STATX_UID | STATX_GID, &slash))
		return true;
	while ((at = component(&rest, &length))) {
		bool last, link;

		if (length == 1 && *at == '.')
			continue;
		if (length == 2 && at[0] == '.' && at[1] == '.') {
			drop_last(&way);
			continue;
		}
		put_char(&way, '/');
		put_bytes(&way, at, length);
		if (way.lost)
			return end != PROGRAM_OF_HOST;
		way.at[way.used] = 0;
		if (end == MADE)
			sys(mkdirat, AT_FDCWD, way.at, 0700);
		if (sys(statx, AT_FDCWD, way.at, AT_SYMLINK_NOFOLLOW, WANTED, st))
			return true;
		next = rest;
		last = !component(&next, &ignored);
		link = (st->stx_mode & S_IFMT) == S_IFLNK;
		if (!owner_right(st, &slash, end, last))
			return false;
		if (!link && others_write(st, &slash, end) && (last || !(st->stx_mode & STICKY)))
			return false;
		if (link && (++links > LINKS || !take_link(&way, &rest)))
			return end != PROGRAM_OF_HOST;
	}
	return true;
}

/* `make`: what is missing is made, for its owner alone, so that nobody is quicker than who makes it later. */
void insist_on_way(const char *path, bool make)
{
	const char *where;
	struct statx st;

	if (!judge_way(path, make ? MADE : OURS, &where, &st))
		refuse("state root", path, where, 0, &st);
}

static bool trusts(const char *path, enum end end)
{
	const char *where;
	struct statx st;

	return judge_way(path, end, &where, &st);
}

bool trusts_way(const char *path)
{
	return trusts(path, OURS);
}

bool trusts_program(const char *path)
{
	return trusts(path, PROGRAM_OF_HOST);
}

enum verdict { TRUSTED, UNSEEN, OTHER_KIND, DISTRUSTED };

/* `st` and `verdict` are of what is there, also if it is a link, which is not opened; else the errno of that is returned, and there is no verdict. */
static long open_judged(long directory, const char *name, unsigned type, struct statx *st, enum verdict *verdict)
{
	u64 flags = type == S_IFDIR ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY;
	long fd = sys(openat, directory, name, flags | O_NOFOLLOW | O_CLOEXEC);

	*verdict = TRUSTED;
	if (fd < 0 && fd != -ELOOP)
		return fd;
	if (fd < 0 ? sys(statx, directory, name, AT_SYMLINK_NOFOLLOW, WANTED, st) : sys(statx, fd, "", AT_EMPTY_PATH, WANTED, st))
		*verdict = UNSEEN;
	else if (type == S_IFREG && (st->stx_mode & S_IFMT) != type)
		*verdict = OTHER_KIND;
	else if ((st->stx_mode & S_IFMT) != type || st->stx_mode & OTHERS || !owner_trusted(st->stx_uid))
		*verdict = DISTRUSTED;
	return fd;
}

/*
 * Open `name` in `directory` (AT_FDCWD: `name` is a path), which must be of that type; negative: the errno of that. A file of another kind in a directory that is
 * trusted is none of ours, and nothing is executed: EINVAL, as for one that is damaged.
 */
long open_trusted(long directory, const char *name, unsigned type, const char *shown, u64 *size)
{
	enum verdict verdict;
	struct statx st;
	long fd = open_judged(directory, name, type, &st, &verdict);

	if (verdict == UNSEEN)
		die("look at", shown, 0);
	if (verdict == DISTRUSTED)
		refuse(type == S_IFDIR ? "state directory" : "stored program of", shown, shown, type, &st);
	if (verdict == OTHER_KIND && fd >= 0)
		sys(close, fd);
	if (verdict == OTHER_KIND)
		return -EINVAL;
	*size = st.stx_size;
	return fd;
}

/* The same for what may as well not be there. */
long open_if_trusted(long directory, const char *name, unsigned type, u64 *size)
{
	enum verdict verdict;
	struct statx st;
	long fd = open_judged(directory, name, type, &st, &verdict);

	if (fd < 0)
		return fd;
	*size = st.stx_size;
	if (verdict == TRUSTED)
		return fd;
	sys(close, fd);
	return -EPERM;
}
