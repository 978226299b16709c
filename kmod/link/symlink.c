// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/chos/link, a symlink of procfs whose text depends on who reads it.
 *
 * procfs offers only symlinks of fixed text. A directory entry, though, names the
 * inode operations of the inodes made from it, and every procfs instance makes
 * them from the same entry, a container's own procfs as well. struct
 * proc_dir_entry is private; so the place of that pointer is found, not known: the
 * operations are read from an inode of a trial entry, then looked for in the
 * entry's memory. They must be there exactly once.
 *
 * From then on an inode of any procfs may point to this module for as long as
 * somebody holds it, with O_PATH|O_NOFOLLOW for example. procfs waits for nobody
 * there. That is why this module has no exit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>

#include "../compat/namei.h"
#include "parts.h"

#define TRIAL "self-check"
#define NAME "link"

/* What the link is for a process that has none: the reader's root. */
static char no_link[] = "/";

static struct inode_operations operations;

static void put_text(void *text)
{
	chos_text_put(text);
}

/*
 * Without a dentry the walk is in RCU mode. Counting does not sleep, so it makes no
 * difference; it is needed there as well, because the walk may leave RCU mode while
 * it still has components of the text to go.
 */
static const char *get_link(struct dentry *dentry, struct inode *inode, struct delayed_call *done)
{
	struct chos_text *text = chos_link_get(task_tgid(current));

	if (!text)
		return no_link;
	set_delayed_call(done, put_text, text);
	return text->path;
}

/* The operations of CHOS_DIRECTORY/@name in a procfs of our own, or an error. */
static const struct inode_operations *operations_of(const char *name)
{
	struct file_system_type *type = get_fs_type("proc");
	const struct inode_operations *found;
	struct vfsmount *proc;
	struct path path;
	int err;

	if (!type)
		return ERR_PTR(-ENODEV);
	proc = kern_mount(type);
	if (IS_ERR(proc))
		return ERR_CAST(proc);
	err = vfs_path_lookup(proc->mnt_root, proc, name, 0, &path);
	if (err) {
		found = ERR_PTR(err);
	} else {
		found = d_inode(path.dentry)->i_op;
		path_put(&path);
	}
	kern_unmount(proc);
	return found;
}

/* Where @value is in the @size bytes at @memory, if that is one place only. */
static const void **only_place(void *memory, size_t size, const void *value)
{
	const void **place = NULL, **word = memory;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++) {
		if (word[i] != value)
			continue;
		if (place)
			return NULL;
		place = &word[i];
	}
	return place;
}

/* Finds the offset of the operations in an entry, and copies them. */
static int look_inside(struct proc_dir_entry *directory, ptrdiff_t *offset)
{
	const struct inode_operations *original;
	struct proc_dir_entry *trial;
	const void **place;
	int err = 0;

	trial = proc_symlink(TRIAL, directory, no_link);
	if (!trial)
		return -ENOMEM;
	original = operations_of(CHOS_DIRECTORY "/" TRIAL);
	if (IS_ERR(original)) {
		err = PTR_ERR(original);
		pr_err("cannot look at an own entry in procfs (%d), not loaded\n", err);
		goto out;
	}
	place = only_place(trial, ksize(trial), original);
	if (!place || !original->get_link) {
		pr_err("procfs is not built as expected in this kernel, not loaded\n");
		err = -ENODEV;
		goto out;
	}
	*offset = (void *)place - (void *)trial;
	operations = *original;
	operations.get_link = get_link;
out:
	proc_remove(trial);
	return err;
}

/*
 * Makes the directory and the link. Nothing can fail after the link has the new
 * operations: somebody may hold its inode from then on.
 */
int chos_symlink_create(void)
{
	struct proc_dir_entry *directory, *link;
	const void **place;
	ptrdiff_t offset;
	int err;

	directory = proc_mkdir(CHOS_DIRECTORY, NULL);
	if (!directory)
		return -ENOMEM;
	err = look_inside(directory, &offset);
	if (err)
		goto err_directory;
	link = proc_symlink(NAME, directory, no_link);
	if (!link) {
		err = -ENOMEM;
		goto err_directory;
	}
	place = (void *)link + offset;
	/*
	 * A reader who comes between these lines has an inode with the text "/", the
	 * same as without a link; there cannot be one before the module is loaded.
	 */
	WRITE_ONCE(*place, &operations);
	return 0;

err_directory:
	proc_remove(directory);
	return err;
}

/* Whether the link that everybody sees is the one made here. */
bool chos_symlink_works(void)
{
	return operations_of(CHOS_DIRECTORY "/" NAME) == &operations;
}
