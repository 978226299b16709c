/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHOS_COMPAT_NAMEI_H
#define CHOS_COMPAT_NAMEI_H

#include <linux/namei.h>

/* Exported, but before Linux 6.5 declared only in fs/internal.h. */
int vfs_path_lookup(struct dentry *dentry, struct vfsmount *mount, const char *name,
		    unsigned int flags, struct path *path);

#endif
