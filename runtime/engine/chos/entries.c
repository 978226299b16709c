/* The entry programs of trees, as files. */
#include "chos.h"

#define ENTRIES_DIRECTORY "entries"

/* As spec/records/names.ts has it: the name of a tree may be a path. */
static const char *file_name(const char *tree)
{
	size_t size = 3 * strlen(tree) + 1;
	struct text t = text_in(pages(size), size);

	for (; *tree; tree++) {
		if (*tree == '%')
			put_string(&t, "%25");
		else if (*tree == '/')
			put_string(&t, "%2F");
		else
			put_char(&t, *tree);
	}
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
