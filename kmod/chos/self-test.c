// SPDX-License-Identifier: GPL-2.0-only
/* Built with CHOS_SELF_TEST=y. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "chos.h"

static const struct {
	const char *path;
	int result;
} paths[] = {
	{ "/", 0 },		  { "/a", 0 },		{ "/a/b", 0 },
	{ "/...", 0 },		  { "/.a", 0 },		{ "/a.", 0 },
	{ "/a/..b", 0 },	  { "", -EINVAL },	{ "a", -EINVAL },
	{ "a/b", -EINVAL },	  { ".", -EINVAL },	{ "..", -EINVAL },
	{ "//", -EINVAL },	  { "/a/", -EINVAL },	{ "/a//b", -EINVAL },
	{ "/.", -EINVAL },	  { "/..", -EINVAL },	{ "/a/.", -EINVAL },
	{ "/a/./b", -EINVAL },	  { "/a/..", -EINVAL }, { "/a/../b", -EINVAL },
	{ "/../a", -EINVAL },	  { "/a\nb", -EINVAL }, { "/a\n", -EINVAL },
	{ "\n", -EINVAL },	  { " /a", -EINVAL },
};

static int test_paths(void)
{
	char *path;
	size_t i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		if (chos_path_check(paths[i].path, strlen(paths[i].path)) == paths[i].result)
			continue;
		pr_err("self test: path \"%s\"\n", paths[i].path);
		return -EINVAL;
	}
	path = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	memset(path, 'a', PATH_MAX);
	path[0] = '/';
	if (chos_path_check(path, PATH_MAX) != -ENAMETOOLONG || chos_path_check(path, PATH_MAX - 1))
		err = -EINVAL;
	path[1] = '\0';
	if (chos_path_check(path, 2) != -EINVAL)
		err = -EINVAL;
	kfree(path);
	if (err)
		pr_err("self test: length of a path\n");
	return err;
}

int chos_self_test(void)
{
	int err = test_paths();

	if (!err)
		pr_info("self tests passed\n");
	return err;
}
