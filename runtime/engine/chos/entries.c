/* The entry programs of trees, as files. */
#include "chos.h"
#include "file-name.h"

#define ENTRIES_DIRECTORY "entries"

const char *file_of(const char *tree)
{
	size_t size = strlen(tree) * FILE_NAME_GROWTH + 1;
	struct text t = text_in(pages(size), size);

	put_file_name(&t, tree);
	put_char(&t, 0);
	return t.at;
}

long open_entry(const char *tree, u64 *size)
{
	return open_public(ENTRIES_DIRECTORY, file_of(tree), size);
}

/* What it shows is not taken away as long as this is open (runtime/trees/starts-in-work.ts). Another may stand in its place since it was found: that one, then. */
long hold_entry(const char *tree, u64 *size)
{
	for (;;) {
		long fd = open_entry(tree, size);
		struct statx st;

		if (fd < 0)
			return fd;
		/* Anybody can have it exclusively, and is not waited for. */
		sys(flock, fd, LOCK_SH | LOCK_NB);
		if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_NLINK, &st) || st.stx_nlink)
			return fd;
		sys(close, fd);
	}
}

bool is_prepared(const char *tree)
{
	u64 size;
	long fd = open_entry(tree, &size);

	if (fd == -ENOENT)
		return false;
	if (fd < 0)
		die("open the entry program of", tree, (int)-fd);
	sys(close, fd);
	return true;
}
