// SPDX-License-Identifier: GPL-2.0-only
/* A symlink of procfs with a fixed text, as deep as the kernel link: what that is measured against. */
#include <linux/module.h>
#include <linux/proc_fs.h>

static struct proc_dir_entry *directory;

static int __init plain_link_init(void)
{
	directory = proc_mkdir("flat", NULL);
	if (!directory)
		return -ENOMEM;
	if (!proc_symlink("link", directory, "/trees/red")) {
		proc_remove(directory);
		return -ENOMEM;
	}
	return 0;
}

static void __exit plain_link_exit(void)
{
	proc_remove(directory);
}

module_init(plain_link_init);
module_exit(plain_link_exit);
MODULE_DESCRIPTION("A symlink to measure against");
MODULE_LICENSE("GPL");
