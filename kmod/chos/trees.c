// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trees that may be chosen: /proc/chos/valid.
 *
 * A tree is the directory that was there when the administrator named it. It is
 * held open, and a path that leads elsewhere later is refused (ESTALE), not
 * followed. What is compared is the inode, so that a bind mount of the same
 * directory, in a skeleton or a container, is the same tree.
 */
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include "../compat/namei.h"
#include "chos.h"

static LIST_HEAD(trees);
static DEFINE_HASHTABLE(table, 10);
static DEFINE_MUTEX(lock);

static struct chos_tree *find(const char *path, size_t len)
{
	struct chos_tree *tree;

	lockdep_assert_held(&lock);
	hash_for_each_possible(table, tree, hashed, full_name_hash(NULL, path, len))
		if (tree->text->len == len && !memcmp(tree->text->path, path, len))
			return tree;
	return NULL;
}

void chos_tree_put(struct chos_tree *tree)
{
	if (!refcount_dec_and_test(&tree->refs))
		return;
	path_put(&tree->root);
	chos_text_put(tree->text);
	kfree(tree);
}

/**
 * chos_trees_add - put a directory into the list
 * @path: its path in the caller's root
 *
 * A path that is there already gets the directory that it leads to now.
 * Returns -EINVAL, -ENAMETOOLONG, -ENOMEM, -ENOENT, -ENOTDIR and the like.
 */
int chos_trees_add(const char *path)
{
	size_t len = strlen(path);
	struct chos_tree *tree, *old;
	int err;

	err = chos_path_check(path, len);
	if (err)
		return err;
	/* "/" is the text of a process without a link. */
	if (len == 1)
		return -EINVAL;
	tree = kmalloc(sizeof(*tree), GFP_KERNEL_ACCOUNT);
	if (!tree)
		return -ENOMEM;
	refcount_set(&tree->refs, 1);
	err = kern_path(path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &tree->root);
	if (err)
		goto err_tree;
	tree->text = chos_text_get(path, len);
	if (!tree->text) {
		err = -ENOMEM;
		goto err_path;
	}

	mutex_lock(&lock);
	old = find(path, len);
	if (old) {
		hash_del(&old->hashed);
		list_replace(&old->listed, &tree->listed);
	} else {
		list_add_tail(&tree->listed, &trees);
	}
	hash_add(table, &tree->hashed, full_name_hash(NULL, path, len));
	mutex_unlock(&lock);
	if (old)
		chos_tree_put(old);
	return 0;

err_path:
	path_put(&tree->root);
err_tree:
	kfree(tree);
	return err;
}

/* Empties the list. Links stay as they are. */
void chos_trees_clear(void)
{
	struct chos_tree *tree, *next;
	LIST_HEAD(gone);

	mutex_lock(&lock);
	list_splice_init(&trees, &gone);
	list_for_each_entry(tree, &gone, listed)
		hash_del(&tree->hashed);
	mutex_unlock(&lock);
	list_for_each_entry_safe(tree, next, &gone, listed)
		chos_tree_put(tree);
}

/* The counted tree of a path, or NULL. */
struct chos_tree *chos_trees_find(const char *path)
{
	struct chos_tree *tree;

	mutex_lock(&lock);
	tree = find(path, strlen(path));
	if (tree)
		refcount_inc(&tree->refs);
	mutex_unlock(&lock);
	return tree;
}

/**
 * chos_tree_check - whether a tree's path leads to it
 * @tree: the tree
 * @root: where the path begins, or NULL for the caller's root
 *
 * With the caller's rights. Returns -ESTALE, or what the lookup says.
 */
int chos_tree_check(const struct chos_tree *tree, const struct path *root)
{
	const char *name = tree->text->path;
	struct path now;
	int err;

	if (root)
		err = vfs_path_lookup(root->dentry, root->mnt, name, LOOKUP_FOLLOW, &now);
	else
		err = kern_path(name, LOOKUP_FOLLOW, &now);
	if (err)
		return err;
	if (d_inode(now.dentry) != d_inode(tree->root.dentry))
		err = -ESTALE;
	path_put(&now);
	return err;
}

void *chos_trees_seq_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&lock);
	return seq_list_start(&trees, *pos);
}

void *chos_trees_seq_next(struct seq_file *m, void *entry, loff_t *pos)
{
	return seq_list_next(entry, &trees, pos);
}

void chos_trees_seq_stop(struct seq_file *m, void *entry)
{
	mutex_unlock(&lock);
}
