/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What chos_link.ko, the part that stays loaded, offers to chos.ko, the part that
 * can be replaced. A change that an older chos.ko or chos_link.ko would not
 * survive gets a new CHOS_LINK_ABI.
 */
#ifndef CHOS_LINK_H
#define CHOS_LINK_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>

#define CHOS_LINK_ABI 1
#define CHOS_DIRECTORY "chos"

/**
 * struct chos_text - the text of a link, one object for each path
 * @refs: who may use @path; the last one unhashes and frees it after a grace period
 * @users: processes whose link this is
 * @node: in the table of texts
 * @rcu: for freeing
 * @len: bytes in @path without its NUL
 * @path: never changes
 */
struct chos_text {
	refcount_t refs;
	atomic_t users;
	struct hlist_node node;
	struct rcu_head rcu;
	u16 len;
	char path[];
};

u32 chos_link_abi(void);

/**
 * chos_text_get - the text object of a path, made if there is none
 * @path: needs no NUL
 * @len: its bytes
 *
 * Sleeps. Returns a counted reference, or NULL without memory.
 */
struct chos_text *chos_text_get(const char *path, size_t len);

/* Drops a reference, NULL is allowed. Does not sleep. */
void chos_text_put(struct chos_text *text);

/* Calls @fn for each text, under a spinlock, until it returns false. */
void chos_text_each(bool (*fn)(const struct chos_text *text, void *arg), void *arg);

/**
 * chos_link_set - set or forget the link of a process
 * @tgid: the process
 * @text: the new text, or NULL to forget; takes its own reference
 *
 * Sleeps. Returns -ENOMEM, -ESRCH if the process has ended.
 */
int chos_link_set(struct pid *tgid, struct chos_text *text);

/* The counted text of a process's link, or NULL. Does not sleep. */
struct chos_text *chos_link_get(struct pid *tgid);

/*
 * Whether chos.ko has moved the process's root to the skeleton. Kept here so that
 * it outlives the replacement of chos.ko. Not inherited: a child was born there.
 * Setting does nothing for a process without a link.
 */
void chos_link_set_entered(struct pid *tgid, bool entered);
bool chos_link_entered(struct pid *tgid);

/* Processes that have a link or were moved. Walks the whole table. */
unsigned long chos_link_count(void);

#endif
