/* WALK REMOVE_TREE: it goes up again by "..", and the entry that it came from is then the next to go, so that depth costs nothing. */
#include <linux/openat2.h>

#include "vm.h"

#define MOST_TIMES 100

/* Unlink what is not a directory, or an empty one. ENOTEMPTY: it is one with something in it. */
static int remove_one(int directory, const char *name)
{
	long result = sys(unlinkat, directory, name, 0);

	if (result == -EISDIR || result == -EPERM)
		result = sys(unlinkat, directory, name, AT_REMOVEDIR);
	if (result == -EEXIST)
		return ENOTEMPTY;
	return result == -ENOENT ? 0 : (int)-result;
}

/* Remove the entries of an open directory up to the first directory with something in it, which is opened: *below, or -1. */
static int remove_entries(int directory, bool *any, long *below)
{
	long size, at = 0;

	*any = false;
	*below = -1;
	sys(lseek, directory, 0, 0);
	size = sys(getdents64, directory, ENTRIES, ENTRIES_SIZE);
	if (size < 0)
		return (int)-size;
	while (at < size) {
		const struct directory_entry *e = (void *)(ENTRIES + at);
		int error;

		at += e->size;
		if (is_dots(e->name))
			continue;
		*any = true;
		error = remove_one(directory, e->name);
		if (error == ENOTEMPTY) {
			*below = open_below(directory, e->name, O_RDONLY | O_DIRECTORY);
			return *below >= 0 ? 0 : *below == -EXDEV ? EBUSY : (int)-*below;
		}
		if (error)
			return error;
	}
	return 0;
}

static long open_above(int directory)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_XDEV};

	return sys(openat2, directory, "..", &how, sizeof(how));
}

static int remove_once(int from, const char *path)
{
	int error = remove_one(from, path);
	unsigned depth = 0;
	long fd;

	if (error != ENOTEMPTY)
		return error;
	fd = sys(openat, from, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return (int)-fd;
	for (;;) {
		long next;
		bool any;

		error = remove_entries((int)fd, &any, &next);
		if (error || (!any && !depth))
			break;
		if (any && next < 0)
			continue;
		if (any) {
			depth++;
		} else {
			next = open_above((int)fd);
			depth--;
		}
		sys(close, fd);
		fd = next;
		if (fd < 0)
			return (int)-fd;
	}
	sys(close, fd);
	return error ? error : remove_one(from, path);
}

/* A file, or a directory with all that is in it; one that is missing is removed already. Others may put something into it meanwhile, as an `exec` does that ends. */
int remove_tree(int from, const char *path)
{
	unsigned left = MOST_TIMES;
	int error;

	do
		error = remove_once(from, path);
	while (error == ENOTEMPTY && --left);
	return error;
}
