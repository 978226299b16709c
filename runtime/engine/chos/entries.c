/* The entry programs of trees, as files. */
#include "chos.h"
#include "file-name.h"

#define ENTRIES_DIRECTORY "entries"

static const char *file_name(const char *tree)
{
	size_t size = strlen(tree) * FILE_NAME_GROWTH + 1;
	struct text t = text_in(pages(size), size);

	put_file_name(&t, tree);
	put_char(&t, 0);
	return t.at;
}

long open_entry(const char *tree, u64 *size)
{
	return open_public(ENTRIES_DIRECTORY, file_name(tree), size);
}

bool is_prepared(const char *tree)
{
	u64 size;
	long fd = open_entry(tree, &size);

	if (fd < 0)
		return false;
	sys(close, fd);
	return true;
}
