/* What the compiler has looked at (spec/looks.ts), looked at again. Whatever cannot be seen is not as it was. */
#include <linux/prctl.h>

#include "again.h"

#define PIECE 16384 /* of a file that is compared */
#define SUFFIX ".json"
#define SECONDS 2
#define SIGKILL 9

struct look {
	u32 kind, argument, path_length;
	int found_length; /* -1: nothing was found */
	char path[];
};
_Static_assert(sizeof(struct look) == LOOK_HEADER_SIZE, "header of a look");

static bool is_roots_alone(int fd, u32 type)
{
	struct statx st;

	return !sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_UID, &st) && (st.stx_mode & S_IFMT) == type && !st.stx_uid &&
	       !(st.stx_mode & 022);
}

/* From where it is, to its end. */
static bool reads_as(int fd, const char *text, size_t size)
{
	char *piece = scratch_part(0, PIECE);
	long n;

	while ((n = sys(read, fd, piece, PIECE)) > 0) {
		if ((size_t)n > size || memcmp(piece, text, (size_t)n))
			return false;
		text += n;
		size -= (size_t)n;
	}
	return !n && !size;
}

static bool same_text(const struct look *l, const char *found)
{
	long fd = sys(openat, AT_FDCWD, l->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool same;

	if (fd < 0)
		return l->found_length < 0 && (fd == -ENOENT || fd == -ENOTDIR || fd == -EACCES);
	same = l->found_length >= 0 && reads_as((int)fd, found, (size_t)l->found_length);
	sys(close, fd);
	return same;
}

static bool same_trusted(const struct look *l, const char *found)
{
	struct statx st;
	bool same;
	long fd;

	if (l->found_length < 0)
		return sys(statx, AT_FDCWD, l->path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) == -ENOENT;
	fd = sys(openat, AT_FDCWD, l->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	same = is_roots_alone((int)fd, S_IFREG) ? !l->argument && reads_as((int)fd, found, (size_t)l->found_length) : l->argument;
	sys(close, fd);
	return same;
}

/* The list ends with NUL. */
static bool is_listed(const char *name, const char *list, size_t size)
{
	for (const char *at = list; at < list + size; at += strlen(at) + 1)
		if (equal(at, name))
			return true;
	return false;
}

static bool counts(const char *name)
{
	size_t length = strlen(name), suffix = sizeof(SUFFIX) - 1;

	return *name != '.' && length >= suffix && equal(name + length - suffix, SUFFIX);
}

/* No name is there twice, so as many that are listed are all. */
static bool lists(int fd, const char *list, size_t size)
{
	u32 listed = 0, there = 0;
	long n;

	for (size_t i = 0; i < size; i++)
		listed += !list[i];
	while ((n = sys(getdents64, fd, ENTRIES, ENTRIES_SIZE)) > 0) {
		const struct directory_entry *e;

		for (long at = 0; at < n; at += e->size) {
			e = (const void *)(ENTRIES + at);
			if (!counts(e->name))
				continue;
			if (!is_listed(e->name, list, size))
				return false;
			there++;
		}
	}
	return !n && there == listed;
}

static long open_directory_at(const char *path)
{
	return sys(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool same_files(const struct look *l, const char *found)
{
	size_t size = l->found_length < 0 ? 0 : (size_t)l->found_length;
	long fd = open_directory_at(l->path);
	bool same;

	if (fd < 0)
		return fd == -ENOENT && !size && !l->argument;
	same = is_roots_alone((int)fd, S_IFDIR) ? !l->argument && lists((int)fd, found, size) : l->argument;
	sys(close, fd);
	return same;
}

/* Whoever can write it. */
static bool same_names(const struct look *l, const char *found)
{
	long fd = open_directory_at(l->path);
	bool same;

	if (fd < 0)
		return l->found_length < 0 && (fd == -ENOENT || fd == -EACCES);
	same = l->found_length >= 0 && lists((int)fd, found, (size_t)l->found_length);
	sys(close, fd);
	return same;
}

static bool same_magic(const struct look *l, const char *found)
{
	u64 magic, room[32]; /* struct statfs of linux/statfs.h begins with the magic number, and is smaller */

	if (sys(statfs, l->path, room))
		return l->found_length < 0;
	if (l->found_length != sizeof(magic))
		return false;
	memcpy(&magic, found, sizeof(magic));
	return room[0] == magic;
}

/* Of two that are not both directories nothing is one and the same. */
static bool are_apart(const struct look *l, const char *other)
{
	struct statx one, two;

	if (l->found_length <= 0)
		return false;
	if (sys(statx, AT_FDCWD, l->path, 0, STATX_TYPE | STATX_INO, &one) || (one.stx_mode & S_IFMT) != S_IFDIR)
		return true;
	if (sys(statx, AT_FDCWD, other, 0, STATX_TYPE | STATX_INO, &two) || (two.stx_mode & S_IFMT) != S_IFDIR)
		return true;
	return one.stx_ino != two.stx_ino || one.stx_dev_major != two.stx_dev_major || one.stx_dev_minor != two.stx_dev_minor;
}

static bool is_of_cgroups(const char *line, const char *end)
{
	for (; line < end; line++)
		if (after(line, " - cgroup"))
			return true;
	return false;
}

/* The lines of it that count, one after the other. */
static bool mounts_same(int fd, const char *found, size_t size)
{
	char *piece = scratch_part(0, PIECE);
	size_t used = 0;
	long n;

	while ((n = sys(read, fd, piece + used, PIECE - 1 - used)) > 0) {
		char *line = piece, *end;

		used += (size_t)n;
		piece[used] = 0;
		for (;;) {
			for (end = line; *end && *end != '\n'; end++)
				;
			if (!*end)
				break;
			if (is_of_cgroups(line, end)) {
				size_t length = (size_t)(end + 1 - line);

				if (length > size || memcmp(line, found, length))
					return false;
				found += length;
				size -= length;
			}
			line = end + 1;
		}
		used = (size_t)(end - line);
		memmove(piece, line, used);
	}
	return !n && !size && !used;
}

static bool same_mounts(const struct look *l, const char *found)
{
	long fd = sys(openat, AT_FDCWD, l->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool same;

	if (fd < 0)
		return false;
	same = l->found_length >= 0 && mounts_same((int)fd, found, (size_t)l->found_length);
	sys(close, fd);
	return same;
}

static bool is_same(const struct look *l)
{
	const char *found = l->path + l->path_length;

	switch (l->kind) {
	case LOOK_TEXT:
		return same_text(l, found);
	case LOOK_MAGIC:
		return same_magic(l, found);
	case LOOK_TRUSTED:
		return same_trusted(l, found);
	case LOOK_FILES:
		return same_files(l, found);
	case LOOK_APART:
		return are_apart(l, found);
	case LOOK_CGROUPS:
		return same_mounts(l, found);
	case LOOK_ACCESS:
		return (sys(faccessat, AT_FDCWD, l->path, l->argument) >= 0) == (l->found_length >= 0);
	case LOOK_NAMES:
		return same_names(l, found);
	case LOOK_WAY:
		return trusts_program(l->path);
	default:
		return false;
	}
}

/* What was found ends with NUL. */
static bool is_text(u32 kind)
{
	return kind == LOOK_FILES || kind == LOOK_NAMES || kind == LOOK_APART;
}

/* The look at `at`, of `size` bytes that are left; NULL: it reaches beyond them. */
static const struct look *look_at(const char *at, size_t size, u64 *length)
{
	const struct look *l = (const void *)at;

	if (size < sizeof(*l))
		return NULL;
	*length = (sizeof(*l) + (u64)l->path_length + (l->found_length < 0 ? 0 : (u64)l->found_length) + 7) & ~7UL;
	if (*length > size || !l->path_length || l->path[l->path_length - 1])
		return NULL;
	return l->found_length > 0 && is_text(l->kind) && l->path[l->path_length + (u32)l->found_length - 1] ? NULL : l;
}

static bool all_same(const char *looks, size_t size)
{
	u64 length;

	for (; size; looks += length, size -= length) {
		const struct look *l = look_at(looks, size, &length);

		if (!l || !is_same(l))
			return false;
	}
	return true;
}

/* Directories of trees, programs of hooks, and files of the registry and of hooks.d may be on a server that does not answer. */
static bool may_hang(const char *looks, size_t size)
{
	u64 length;

	for (; size; looks += length, size -= length) {
		const struct look *l = look_at(looks, size, &length);

		if (!l)
			return false;
		switch (l->kind) {
		case LOOK_APART:
		case LOOK_NAMES:
		case LOOK_WAY:
			return true;
		case LOOK_TRUSTED:
			if (l->found_length >= 0)
				return true;
			break;
		case LOOK_FILES:
			if (l->argument || l->found_length > 0)
				return true;
			break;
		default:
			break;
		}
	}
	return false;
}

static _Noreturn void look(const char *looks, size_t size)
{
	/* Whoever waits for the end of what the caller's descriptors are of does not wait for this one. */
	sys(close_range, 0, ~0U, 0);
	sys(prctl, PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		sys(exit_group, !all_same(looks, size));
}

static bool ends_in(int fd, i64 seconds)
{
	struct __kernel_timespec patience = {.tv_sec = seconds};
	struct pollfd ended = {.fd = fd, .events = POLLIN};

	return sys(ppoll, &ended, 1, &patience, NULL, 8) == 1;
}

/* By a child, so that nobody waits for it without end. One that cannot even be killed is left to whoever comes after us. */
static bool same_in_time(const char *looks, size_t size)
{
	long pid = new_process(), fd;
	int status = -1;

	if (!pid)
		look(looks, size);
	if (pid < 0)
		return false;
	fd = sys(pidfd_open, pid, 0);
	if (fd < 0 || !ends_in((int)fd, SECONDS))
		sys(kill, pid, SIGKILL);
	if (fd < 0 || ends_in((int)fd, 1))
		sys(wait4, pid, &status, 1 /* WNOHANG */, NULL);
	if (fd >= 0)
		sys(close, fd);
	return !status;
}

bool looks_same(const char *looks, size_t size)
{
	return may_hang(looks, size) ? same_in_time(looks, size) : all_same(looks, size);
}
