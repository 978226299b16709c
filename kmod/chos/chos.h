/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of chos.ko offer to each other. */
#ifndef CHOS_CHOS_H
#define CHOS_CHOS_H

#include <linux/list.h>
#include <linux/path.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "../link/chos_link.h"

struct file;
struct seq_file;

/* path.c */
int chos_path_check(const char *path, size_t len);
char *chos_path_from_user(const char __user *from, size_t count);

/**
 * struct chos_tree - a tree that may be chosen
 * @refs: one for the list, one for each caller that uses it
 * @listed: in the list
 * @hashed: in the table by path
 * @root: the directory that was made valid, pinned
 * @text: its path, as in the links
 */
struct chos_tree {
	refcount_t refs;
	struct list_head listed;
	struct hlist_node hashed;
	struct path root;
	struct chos_text *text;
};

/* trees.c */
int chos_trees_add(const char *path);
void chos_trees_clear(void);
struct chos_tree *chos_trees_find(const char *path);
void chos_tree_put(struct chos_tree *tree);
int chos_tree_check(const struct chos_tree *tree, const struct path *root);
void *chos_trees_seq_start(struct seq_file *m, loff_t *pos);
void *chos_trees_seq_next(struct seq_file *m, void *entry, loff_t *pos);
void chos_trees_seq_stop(struct seq_file *m, void *entry);

/* enter.c */
int chos_choose(const char *path);
int chos_leave(void);
void chos_skeleton_init(void);
void chos_skeleton_exit(void);

/* files.c */
int chos_files_create(void);
void chos_files_remove(void);

/* ioctl.c */
long chos_ioctl(struct file *file, unsigned int command, unsigned long argument);

#ifdef CHOS_SELF_TEST
int chos_self_test(void);
#else
static inline int chos_self_test(void)
{
	return 0;
}
#endif

#endif
