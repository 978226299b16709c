/*
 * WALK: trees of cgroups, however deep. They are visited with one descriptor and without memory of the way: up by "..", and on behind the
 * entry with the inode number of the directory that was left. Whoever is in a container may make and remove groups meanwhile.
 */
#include <linux/time_types.h>

#include "vm.h"

#define DT_DIR 4
#define NAME_SIZE 256

#define PIDS_SIZE 8192
#define PIDS scratch_part(ENTRIES_SIZE, PIDS_SIZE)

/* How often a directory is begun again because the group that we come from has been removed from it by somebody else. */
#define AGAIN_LIMIT 100

/* No entry is behind it. */
#define END (-1)

struct visit {
	int (*group)(const struct visit *v, int directory);
	bool remove;
	int signal;
	i64 *count;
};

/*
 * The first directory at or behind *position, or, if `inode` is not 0, the entry of that number. *position is then behind it; `name` has room
 * for NAME_SIZE bytes. False: there is none.
 */
static bool find_group(int directory, u64 inode, i64 *position, char *name)
{
	i64 here = inode ? 0 : *position;

	while (here != END) {
		long size, at = 0;

		sys(lseek, directory, here, 0);
		size = sys(getdents64, directory, ENTRIES, ENTRIES_SIZE);
		if (size <= 0)
			break;
		while (at < size) {
			const struct directory_entry *e = (void *)(ENTRIES + at);
			bool wanted = inode ? e->inode == inode : e->type == DT_DIR;

			at += e->size;
			here = e->next;
			if (!wanted || is_dots(e->name) || strlen(e->name) >= NAME_SIZE)
				continue;
			memcpy(name, e->name, strlen(e->name) + 1);
			*position = here;
			return true;
		}
	}
	return false;
}

static long open_group(int directory, const char *name)
{
	return sys(openat, directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Visit an open group, which is closed, and all below it. */
static int visit_groups(const struct visit *v, int directory)
{
	unsigned depth = 0, again = 0;
	i64 position = 0;
	int error = v->group ? v->group(v, directory) : 0;
	char name[NAME_SIZE];

	while (!error) {
		struct statx st = {0};
		long next;

		if (find_group(directory, 0, &position, name)) {
			if (v->remove && !sys(unlinkat, directory, name, AT_REMOVEDIR))
				continue;
			next = open_group(directory, name);
			if (next < 0) /* gone meanwhile; or it shows when its parent is removed */
				error = next == -ENOENT || v->remove ? 0 : (int)-next;
			else {
				sys(close, directory);
				directory = (int)next;
				depth++;
				position = 0;
				error = v->group ? v->group(v, directory) : 0;
			}
			continue;
		}
		if (!depth)
			break;
		error = (int)-sys(statx, directory, "", AT_EMPTY_PATH, STATX_INO, &st);
		if (error)
			break;
		next = sys(openat, directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (next < 0) {
			error = (int)-next;
			break;
		}
		sys(close, directory);
		directory = (int)next;
		depth--;
		if (!find_group(directory, st.stx_ino, &position, name))
			position = again++ < AGAIN_LIMIT ? 0 : END;
		else if (v->remove)
			sys(unlinkat, directory, name, AT_REMOVEDIR);
	}
	sys(close, directory);
	return error;
}

/* A cgroup stays busy until the last of its processes has been buried. longest: of the pauses between two attempts, in milliseconds. */
int remove_cgroup(int from, const char *path, i64 longest, i64 milliseconds)
{
	struct visit v = {.remove = true};
	i64 end = milliseconds_now() + milliseconds, pause = 1;

	for (;;) {
		struct __kernel_timespec t;
		long result = sys(unlinkat, from, path, AT_REMOVEDIR), fd;

		if (!result || result == -ENOENT)
			return 0;
		if (result != -EBUSY && result != -ENOTEMPTY)
			return (int)-result;
		fd = open_group(from, path);
		if (fd < 0)
			return fd == -ENOENT ? 0 : (int)-fd;
		visit_groups(&v, (int)fd);
		result = sys(unlinkat, from, path, AT_REMOVEDIR);
		if (!result || result == -ENOENT)
			return 0;
		if (milliseconds >= 0 && milliseconds_now() >= end)
			return EBUSY;
		t = (struct __kernel_timespec){.tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000};
		sys(nanosleep, &t, NULL);
		pause = pause <= longest / 2 ? pause * 2 : pause;
	}
}

/* A line is a pid, or 0 for a process of a pid namespace that we do not see. */
static int signal_processes(const struct visit *v, int directory)
{
	long fd = sys(openat, directory, "cgroup.procs", O_RDONLY | O_CLOEXEC), size;
	i64 pid = 0;

	if (fd < 0)
		return fd == -ENOENT ? 0 : (int)-fd;
	while ((size = sys(read, fd, PIDS, PIDS_SIZE)) > 0) {
		for (long i = 0; i < size; i++) {
			if (PIDS[i] >= '0' && PIDS[i] <= '9') {
				pid = pid * 10 + PIDS[i] - '0';
				continue;
			}
			if (!v->signal || (pid > 0 && !sys(kill, pid, v->signal)))
				++*v->count;
			pid = 0;
		}
	}
	sys(close, fd);
	/* EOPNOTSUPP: a threaded cgroup, whose processes its parent lists; ENODEV: it is being removed */
	return size < 0 && size != -EOPNOTSUPP && size != -ENODEV ? (int)-size : 0;
}

int signal_cgroup(int from, const char *path, int signal, i64 *count)
{
	struct visit v = {.group = signal_processes, .signal = signal, .count = count};
	long fd = open_group(from, path);

	if (fd < 0)
		return fd == -ENOENT ? 0 : (int)-fd;
	return visit_groups(&v, (int)fd);
}

static int write_file(int directory, const char *name, const char *value)
{
	long fd = sys(openat, directory, name, O_WRONLY | O_CLOEXEC), result;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENODEV ? 0 : (int)-fd;
	result = sys(write, fd, value, strlen(value));
	sys(close, fd);
	return result < 0 && result != -ENODEV ? (int)-result : 0;
}

/* The root of a hierarchy has neither file, and each version only one. */
static int thaw_group(const struct visit *v, int directory)
{
	int error = write_file(directory, "freezer.state", "THAWED");

	(void)v;
	return error ? error : write_file(directory, "cgroup.freeze", "0");
}

int thaw_cgroup(int from, const char *path)
{
	struct visit v = {.group = thaw_group};
	long fd = open_group(from, path);

	if (fd < 0)
		return fd == -ENOENT ? 0 : (int)-fd;
	return visit_groups(&v, (int)fd);
}
