/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHOS_COMPAT_FS_STRUCT_H
#define CHOS_COMPAT_FS_STRUCT_H

#include <linux/fs_struct.h>
#include <linux/version.h>

/* set_fs_root() is not exported. Linux 6.18 made a seqlock of the two fields. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
static inline void chos_fs_write_lock(struct fs_struct *fs) __acquires(&fs->lock)
{
	spin_lock(&fs->lock);
	write_seqcount_begin(&fs->seq);
}

static inline void chos_fs_write_unlock(struct fs_struct *fs) __releases(&fs->lock)
{
	write_seqcount_end(&fs->seq);
	spin_unlock(&fs->lock);
}
#else
static inline void chos_fs_write_lock(struct fs_struct *fs)
{
	write_seqlock(&fs->seq);
}

static inline void chos_fs_write_unlock(struct fs_struct *fs)
{
	write_sequnlock(&fs->seq);
}
#endif

#endif
