/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHOS_COMPAT_PIDFD_H
#define CHOS_COMPAT_PIDFD_H

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/pid.h>
#include <linux/string.h>
#include <linux/version.h>

/*
 * The struct pid behind a pidfd, not counted: the caller holds @file. pidfd_pid()
 * is not exported. Before Linux 6.9 a pidfd is a file on the anonymous inode, whose
 * name only the kernel gives; since then, a file of pidfs.
 */
static inline struct pid *chos_pidfd_pid(const struct file *file)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
	const struct dentry *dentry = file->f_path.dentry;

	if (dentry->d_sb->s_magic == ANON_INODE_FS_MAGIC &&
	    !strcmp(dentry->d_name.name, "[pidfd]"))
		return file->private_data;
#else
	const struct inode *inode = file_inode(file);

	if (inode->i_sb->s_magic == PID_FS_MAGIC && inode->i_private)
		return inode->i_private;
#endif
	return ERR_PTR(-EBADF);
}

#endif
