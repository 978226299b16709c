// SPDX-License-Identifier: GPL-2.0-only
/*
 * chos_link: the link /proc/chos/link and the table behind it. The part of the
 * kernel link that stays: see symlink.c for why it cannot be unloaded. All that
 * may want a repair later is in chos.ko.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>

#include "../version.h"
#include "parts.h"

static bool works;

/* The interface that a chos.ko must have been built for; 0 if the link does not work. */
u32 chos_link_abi(void)
{
	return works ? CHOS_LINK_ABI : 0;
}
EXPORT_SYMBOL_GPL(chos_link_abi);

static int __init chos_link_init(void)
{
	int err;

	err = chos_follow_find();
	if (err) {
		pr_err("this kernel has no tracepoints for fork and exit, not loaded\n");
		return err;
	}
	err = chos_tasks_init();
	if (err)
		return err;
	err = chos_symlink_create();
	if (err) {
		chos_tasks_exit();
		return err;
	}

	/* Too late to refuse: somebody may have opened the link. chos.ko refuses. */
	works = chos_symlink_works();
	if (!works)
		pr_err("/proc/chos/link is not the one that was made here, not used\n");
	else if (chos_link_self_test())
		works = false;
	return 0;
}
module_init(chos_link_init);

MODULE_DESCRIPTION("CHOS process-dependent link");
MODULE_AUTHOR("The chos-runtime authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(CHOS_VERSION);
