// SPDX-License-Identifier: GPL-2.0-only
/*
 * The texts of links: one immutable, counted object for each path, shared by all
 * processes that have it, so that a fork costs a count and not a copy.
 *
 * A path walk may hold a text at any time, in RCU mode too, and goes on using it
 * after leaving RCU mode. It therefore always takes a reference (chos_get_link());
 * RCU only protects the step from a table entry to that reference.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stringhash.h>

#include "parts.h"

static DEFINE_HASHTABLE(texts, 10);
static DEFINE_SPINLOCK(texts_lock);

static struct chos_text *find(u32 hash, const char *path, size_t len)
{
	struct chos_text *text;

	lockdep_assert_held(&texts_lock);
	hash_for_each_possible(texts, text, node, hash)
		if (text->len == len && !memcmp(text->path, path, len))
			return text;
	return NULL;
}

struct chos_text *chos_text_get(const char *path, size_t len)
{
	u32 hash = full_name_hash(NULL, path, len);
	struct chos_text *text, *fresh;

	fresh = kmalloc(struct_size(fresh, path, len + 1), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;
	refcount_set(&fresh->refs, 1);
	atomic_set(&fresh->users, 0);
	fresh->len = len;
	memcpy(fresh->path, path, len);
	fresh->path[len] = '\0';

	spin_lock(&texts_lock);
	text = find(hash, path, len);
	if (text) {
		/* Not zero: the last reference goes under this lock. */
		refcount_inc(&text->refs);
	} else {
		hash_add(texts, &fresh->node, hash);
		swap(text, fresh);
	}
	spin_unlock(&texts_lock);
	kfree(fresh);
	return text;
}
EXPORT_SYMBOL_GPL(chos_text_get);

/* refcount_dec_and_lock() in two halves, which sparse can follow. */
void chos_text_put(struct chos_text *text)
{
	bool last;

	if (!text || refcount_dec_not_one(&text->refs))
		return;
	spin_lock(&texts_lock);
	last = refcount_dec_and_test(&text->refs);
	if (last)
		hash_del(&text->node);
	spin_unlock(&texts_lock);
	if (last)
		kfree_rcu(text, rcu);
}
EXPORT_SYMBOL_GPL(chos_text_put);

void chos_text_each(bool (*fn)(const struct chos_text *text, void *arg), void *arg)
{
	struct chos_text *text;
	int bucket;

	spin_lock(&texts_lock);
	hash_for_each(texts, bucket, text, node)
		if (!fn(text, arg))
			break;
	spin_unlock(&texts_lock);
}
EXPORT_SYMBOL_GPL(chos_text_each);
