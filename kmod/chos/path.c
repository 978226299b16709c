// SPDX-License-Identifier: GPL-2.0-only
/* Paths as programs write them. */
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "chos.h"

/**
 * chos_path_check - whether bytes are a path in the one form that is taken
 * @path: need not end with a NUL
 * @len: its bytes
 *
 * Absolute, without "." and "..", without doubled or trailing slashes, NULs and
 * newlines: a path is compared with those in the list before it is looked up, so
 * it has one spelling. "/" alone is in this form.
 *
 * Returns -EINVAL, -ENAMETOOLONG (more than PATH_MAX - 1 bytes).
 */
int chos_path_check(const char *path, size_t len)
{
	const char *end = path + len, *from, *to;

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!len || path[0] != '/' || memchr(path, '\0', len) || memchr(path, '\n', len))
		return -EINVAL;
	if (len == 1)
		return 0;
	for (from = path + 1; from <= end; from = to + 1) {
		to = memchr(from, '/', end - from) ?: end;
		if (to == from || (to - from == 1 && from[0] == '.') ||
		    (to - from == 2 && from[0] == '.' && from[1] == '.'))
			return -EINVAL;
	}
	return 0;
}

/**
 * chos_path_from_user - the text of one write
 * @from: what was written
 * @count: bytes of it
 *
 * One newline at the end does not count. The text is not checked any further.
 * Returns it with a NUL for kfree(), or -ENAMETOOLONG, -EINVAL (nothing written),
 * -EFAULT, -ENOMEM. An embedded NUL gives -EINVAL: the rest would go unseen.
 */
char *chos_path_from_user(const char __user *from, size_t count)
{
	char *text;

	if (!count)
		return ERR_PTR(-EINVAL);
	if (count > PATH_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	text = memdup_user_nul(from, count);
	if (IS_ERR(text))
		return text;
	if (memchr(text, '\0', count)) {
		kfree(text);
		return ERR_PTR(-EINVAL);
	}
	if (text[count - 1] == '\n')
		text[count - 1] = '\0';
	return text;
}
