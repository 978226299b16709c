/* The name of a tree as part of file names (spec/records/names.ts): it may be a path. */
#pragma once
#include "base.h"

/* Of each byte of a name. */
#define FILE_NAME_GROWTH 3

static inline void put_file_name(struct text *t, const char *tree)
{
	for (; *tree; tree++)
		if (*tree == '%')
			put_string(t, "%25");
		else if (*tree == '/')
			put_string(t, "%2F");
		else
			put_char(t, *tree);
}
