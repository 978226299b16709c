/*
 * WALK COPY. Entries are read into one buffer; after a subdirectory has been visited, reading goes on at the position behind its entry, so that a level
 * of the tree costs descriptors but hardly any memory.
 */
#include <linux/time_types.h>

#include "vm.h"

/* Each level takes two descriptors. */
#define DEPTH_LIMIT 256

#define OTHER_SIZE 8192
#define OTHER scratch_part(ENTRIES_SIZE, OTHER_SIZE) /* file contents, link targets */

static int copy_entry(int from, int to, unsigned depth, const struct directory_entry *e, bool *again);

/* Copy each entry of a directory. An entry that has used ENTRIES itself says so with *again: then reading goes on behind it. */
static int copy_entries(int from, int to, unsigned depth)
{
	i64 position = 0;
	bool found = true;

	while (found) {
		long size, at = 0;
		int error;

		found = false;
		sys(lseek, from, position, 0);
		size = sys(getdents64, from, ENTRIES, ENTRIES_SIZE);
		if (size < 0)
			return (int)-size;
		while (at < size) {
			const struct directory_entry *e = (void *)(ENTRIES + at);
			bool again = false;

			at += e->size;
			position = e->next;
			found = true;
			if (is_dots(e->name))
				continue;
			error = copy_entry(from, to, depth, e, &again);
			if (error)
				return error;
			if (again)
				break;
		}
	}
	return 0;
}

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

static int copy_directory(int from, int to, unsigned depth);

static int copy_subdirectory(int from, int to, unsigned depth, const char *name, const struct statx *st)
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
		error = copy_directory((int)source, (int)target, depth);
		sys(close, source);
	} else if (source == -EXDEV) { /* a mount point stays empty */
		error = (int)-sys(fchmod, target, st->stx_mode & 07777);
	} else {
		error = (int)-source;
	}
	sys(close, target);
	return error;
}

static int copy_entry(int from, int to, unsigned depth, const struct directory_entry *e, bool *again)
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
		return copy_subdirectory(from, to, depth, e->name, &st);
	case S_IFREG:
		return copy_file(from, to, e->name, &st);
	default:
		return copy_special(from, to, e->name, &st);
	}
}

static int copy_directory(int from, int to, unsigned depth)
{
	struct statx st;
	long result = sys(statx, from, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
	int error;

	if (result < 0)
		return (int)-result;
	if (depth == DEPTH_LIMIT)
		return ELOOP;
	error = copy_entries(from, to, depth + 1);
	return error ? error : copy_metadata(from, to, &st);
}

/* A directory into one that is there, with owners, modes, times and extended attributes. Mount points stay empty. */
int copy_tree(int from, int to)
{
	/* Either may be an O_PATH descriptor. */
	long source = sys(openat, from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long target = sys(openat, to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = source < 0 ? (int)-source : target < 0 ? (int)-target : copy_directory((int)source, (int)target, 0);

	if (source >= 0)
		sys(close, source);
	if (target >= 0)
		sys(close, target);
	return error;
}
