// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/chos/{setchos,resetchos,valid,version}. procfs itself keeps calls out of a
 * module that is being unloaded, and closes what is open.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../version.h"
#include "chos.h"

/*
 * Whether the writer is who opened the file. Else a setuid program could be made to
 * choose a tree by its standard output.
 */
static bool opened_by_writer(const struct file *file)
{
	return uid_eq(file->f_cred->euid, current_euid()) &&
	       file->f_cred->user_ns == current_user_ns();
}

static ssize_t setchos_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	char *path;
	int err;

	if (!opened_by_writer(file))
		return -EPERM;
	path = chos_path_from_user(from, count);
	if (IS_ERR(path))
		return PTR_ERR(path);
	err = strcmp(path, "/") ? chos_choose(path) : chos_leave();
	kfree(path);
	return err ?: count;
}

static ssize_t resetchos_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	int err;

	if (!opened_by_writer(file))
		return -EPERM;
	/* Any text will do, but it is one that could be a path. */
	if (!count)
		return -EINVAL;
	if (count > PATH_MAX)
		return -ENAMETOOLONG;
	err = chos_link_set(task_tgid(current), NULL);
	return err ?: count;
}

/* Mode 0600 lets in root of a container that has no user namespace. */
static bool may_see_list(const struct file *file)
{
	return capable(CAP_SYS_ADMIN) && file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN);
}

static ssize_t valid_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	char *path;
	int err = 0;

	if (!may_see_list(file))
		return -EPERM;
	path = chos_path_from_user(from, count);
	if (IS_ERR(path))
		return PTR_ERR(path);
	if (strcmp(path, "-"))
		err = chos_trees_add(path);
	else
		chos_trees_clear();
	kfree(path);
	return err ?: count;
}

static int valid_show(struct seq_file *m, void *entry)
{
	seq_printf(m, "%s\n", list_entry(entry, struct chos_tree, listed)->text->path);
	return 0;
}

static const struct seq_operations valid_sequence = {
	.start = chos_trees_seq_start,
	.next = chos_trees_seq_next,
	.stop = chos_trees_seq_stop,
	.show = valid_show,
};

static int valid_open(struct inode *inode, struct file *file)
{
	return may_see_list(file) ? seq_open(file, &valid_sequence) : -EPERM;
}

static int version_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "version %s\n", CHOS_VERSION);
	seq_printf(m, "link-abi %u\n", CHOS_LINK_ABI);
	seq_puts(m, "fork followed\n");
	seq_printf(m, "processes %lu\n", chos_link_count());
	return 0;
}

static int version_open(struct inode *inode, struct file *file)
{
	return single_open(file, version_show, NULL);
}

#ifdef CONFIG_COMPAT
static long compat_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return chos_ioctl(file, command, (unsigned long)compat_ptr(argument));
}
#endif

static const struct proc_ops setchos_ops = {
	.proc_write = setchos_write,
	.proc_lseek = noop_llseek,
	.proc_ioctl = chos_ioctl,
#ifdef CONFIG_COMPAT
	.proc_compat_ioctl = compat_ioctl,
#endif
};

static const struct proc_ops resetchos_ops = {
	.proc_write = resetchos_write,
	.proc_lseek = noop_llseek,
};

static const struct proc_ops valid_ops = {
	.proc_open = valid_open,
	.proc_read = seq_read,
	.proc_write = valid_write,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release,
};

static const struct proc_ops version_ops = {
	.proc_open = version_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static const struct {
	const char *name;
	umode_t mode;
	const struct proc_ops *ops;
} files[] = {
	{ CHOS_DIRECTORY "/setchos", 0666, &setchos_ops },
	{ CHOS_DIRECTORY "/resetchos", 0666, &resetchos_ops },
	{ CHOS_DIRECTORY "/valid", 0600, &valid_ops },
	{ CHOS_DIRECTORY "/version", 0444, &version_ops },
};

static struct proc_dir_entry *entries[ARRAY_SIZE(files)];

int chos_files_create(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		entries[i] = proc_create(files[i].name, files[i].mode, NULL, files[i].ops);
		if (!entries[i]) {
			chos_files_remove();
			return -ENOMEM;
		}
	}
	return 0;
}

void chos_files_remove(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		proc_remove(entries[i]);
}
