// SPDX-License-Identifier: GPL-2.0-only
/*
 * chos: who may choose which tree. All of the kernel link that may be replaced
 * while links are in use; the link and the table of processes are in chos_link.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>

#include "../version.h"
#include "chos.h"

static int __init chos_init(void)
{
	int err;

	if (chos_link_abi() != CHOS_LINK_ABI) {
		pr_err("the loaded chos_link has interface %u, this needs %u, not loaded\n",
		       chos_link_abi(), CHOS_LINK_ABI);
		return -ENODEV;
	}
	err = chos_self_test();
	if (err)
		return err;
	chos_skeleton_init();
	err = chos_files_create();
	if (err)
		chos_skeleton_exit();
	return err;
}

/* Links stay: the list must be loaded anew, nothing else. */
static void __exit chos_exit(void)
{
	chos_files_remove();
	chos_trees_clear();
	chos_skeleton_exit();
}

module_init(chos_init);
module_exit(chos_exit);

MODULE_DESCRIPTION("CHOS trees: choosing what the process-dependent link leads to");
MODULE_AUTHOR("The chos-runtime authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(CHOS_VERSION);
