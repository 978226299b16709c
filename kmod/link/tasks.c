// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which process has which link.
 *
 * A link belongs to a process, not to a thread: threads share a view of the
 * file system in every program that exists, and a thread that resolved paths in
 * another tree than its siblings would be a trap. The key is the struct pid of
 * the thread group, held by the entry: it is the same before and after an exec by
 * another thread than the leader (de_thread() swaps tasks, not this), and it
 * cannot be reused while the entry is there. Numbers play no part, so pid
 * namespaces do not either.
 *
 * The table has a fixed number of buckets and is not an rhashtable, because an
 * insertion into that may fail while it grows, and the fork that needs it can
 * not be made to fail any more.
 */
#include <linux/hash.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "parts.h"

#ifdef CONFIG_PREEMPT_RT
#error "chos: the fork tracepoint may not allocate under PREEMPT_RT"
#endif

#define TABLE_BITS 13

/* Entries set aside for forks that find the allocator empty. */
#define RESERVE 64

struct entry {
	struct hlist_node node;
	struct pid *tgid;
	struct chos_text __rcu *text;
	bool entered;
	struct rcu_head rcu;
};

struct bucket {
	spinlock_t lock;
	struct hlist_head entries;
};

static struct bucket *table;
static struct kmem_cache *entry_cache;
static mempool_t *entry_pool;

static struct bucket *bucket_of(const struct pid *tgid)
{
	return &table[hash_ptr(tgid, TABLE_BITS)];
}

static struct entry *find(const struct bucket *bucket, const struct pid *tgid)
{
	struct entry *entry;

	hlist_for_each_entry_rcu(entry, &bucket->entries, node, lockdep_is_held(&bucket->lock))
		if (entry->tgid == tgid)
			return entry;
	return NULL;
}

static void entry_free(struct rcu_head *rcu)
{
	mempool_free(container_of(rcu, struct entry, rcu), entry_pool);
}

/*
 * The pid goes at once: a reader that can still see the entry began before it was
 * unlinked, and so is not a process that got the freed pid.
 */
static void entry_release(struct entry *entry)
{
	put_pid(entry->tgid);
	call_rcu(&entry->rcu, entry_free);
}

static void entry_add(struct bucket *bucket, struct entry *entry, struct pid *tgid,
		      struct chos_text *text)
{
	lockdep_assert_held(&bucket->lock);
	entry->tgid = get_pid(tgid);
	entry->entered = false;
	RCU_INIT_POINTER(entry->text, text);
	hlist_add_head_rcu(&entry->node, &bucket->entries);
}

/* For an entry that takes or gives up a text. */
static struct chos_text *use(struct chos_text *text)
{
	if (text) {
		refcount_inc(&text->refs);
		atomic_inc(&text->users);
	}
	return text;
}

static void unuse(struct chos_text *text)
{
	if (text) {
		atomic_dec(&text->users);
		chos_text_put(text);
	}
}

/* Whether the process has threads that have not passed the exit tracepoint's test. */
static bool process_lives(struct pid *tgid)
{
	struct task_struct *task;
	bool lives;

	rcu_read_lock();
	task = pid_task(tgid, PIDTYPE_TGID);
	lives = task && atomic_read(&task->signal->live) > 0;
	rcu_read_unlock();
	return lives;
}

int chos_link_set(struct pid *tgid, struct chos_text *text)
{
	struct bucket *bucket = bucket_of(tgid);
	struct chos_text *old = NULL;
	struct entry *entry, *fresh = NULL;
	int err;

	if (text) {
		/* Before the entry is there, or a fork could be missed. */
		err = chos_follow_start();
		if (err)
			return err;
		fresh = kmem_cache_alloc(entry_cache, GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
	}

	spin_lock(&bucket->lock);
	entry = find(bucket, tgid);
	if (entry) {
		old = rcu_dereference_protected(entry->text, lockdep_is_held(&bucket->lock));
		rcu_assign_pointer(entry->text, use(text));
		if (!text && !entry->entered)
			hlist_del_rcu(&entry->node);
		else
			entry = NULL;
	} else if (text) {
		entry_add(bucket, fresh, tgid, use(text));
		fresh = NULL;
	}
	spin_unlock(&bucket->lock);

	if (entry)
		entry_release(entry);
	if (fresh)
		mempool_free(fresh, entry_pool);
	unuse(old);

	/*
	 * Another process may be dying: it counts signal->live down, then looks for
	 * its entry; this side adds the entry, then looks at the count. One of the
	 * two sees the other.
	 */
	smp_mb();
	if (text && !process_lives(tgid)) {
		chos_link_drop(tgid);
		return -ESRCH;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(chos_link_set);

struct chos_text *chos_link_get(struct pid *tgid)
{
	const struct bucket *bucket = bucket_of(tgid);
	struct chos_text *text = NULL;
	struct entry *entry;

	rcu_read_lock();
	do {
		entry = find(bucket, tgid);
		if (!entry)
			text = NULL;
		else
			text = rcu_dereference(entry->text);
		/* Zero: the entry has another text by now. */
	} while (text && !refcount_inc_not_zero(&text->refs));
	rcu_read_unlock();
	return text;
}
EXPORT_SYMBOL_GPL(chos_link_get);

void chos_link_set_entered(struct pid *tgid, bool entered)
{
	struct bucket *bucket = bucket_of(tgid);
	struct entry *entry;

	spin_lock(&bucket->lock);
	entry = find(bucket, tgid);
	if (entry)
		WRITE_ONCE(entry->entered, entered);
	if (entry && !entered && !rcu_access_pointer(entry->text))
		hlist_del_rcu(&entry->node);
	else
		entry = NULL;
	spin_unlock(&bucket->lock);
	if (entry)
		entry_release(entry);
}
EXPORT_SYMBOL_GPL(chos_link_set_entered);

bool chos_link_entered(struct pid *tgid)
{
	const struct entry *entry;
	bool entered;

	rcu_read_lock();
	entry = find(bucket_of(tgid), tgid);
	entered = entry && READ_ONCE(entry->entered);
	rcu_read_unlock();
	return entered;
}
EXPORT_SYMBOL_GPL(chos_link_entered);

/**
 * chos_link_inherit - give a process that has not run yet its parent's link
 * @parent: the process that forks, which is not always the child's parent
 * @child: the new one
 *
 * Does not sleep. If another process was quick enough to set the child's link
 * before, that stays. Returns -ENOMEM: the child must not run.
 */
int chos_link_inherit(struct pid *parent, struct pid *child)
{
	struct bucket *bucket = bucket_of(child);
	struct chos_text *text;
	struct entry *fresh;

	text = chos_link_get(parent);
	if (!text)
		return 0;
	fresh = chos_fail_inherit ? NULL : mempool_alloc(entry_pool, GFP_ATOMIC);
	if (!fresh) {
		chos_text_put(text);
		return -ENOMEM;
	}

	spin_lock(&bucket->lock);
	if (!find(bucket, child)) {
		entry_add(bucket, fresh, child, text);
		atomic_inc(&text->users);
		text = NULL;
		fresh = NULL;
	}
	spin_unlock(&bucket->lock);
	if (fresh)
		mempool_free(fresh, entry_pool);
	chos_text_put(text);
	return 0;
}

/* Forgets all about a process that has ended. Does not sleep. */
void chos_link_drop(struct pid *tgid)
{
	struct bucket *bucket = bucket_of(tgid);
	struct entry *entry;

	/* Without the lock: what chos_link_set() adds now, it takes away itself. */
	if (hlist_empty(&bucket->entries))
		return;
	spin_lock(&bucket->lock);
	entry = find(bucket, tgid);
	if (entry)
		hlist_del_rcu(&entry->node);
	spin_unlock(&bucket->lock);
	if (!entry)
		return;
	unuse(rcu_dereference_protected(entry->text, true));
	entry_release(entry);
}

unsigned long chos_link_count(void)
{
	unsigned long count = 0;
	const struct entry *entry;
	size_t i;

	for (i = 0; i < BIT(TABLE_BITS); i++) {
		rcu_read_lock();
		hlist_for_each_entry_rcu(entry, &table[i].entries, node)
			count++;
		rcu_read_unlock();
	}
	return count;
}
EXPORT_SYMBOL_GPL(chos_link_count);

int chos_tasks_init(void)
{
	size_t i;

	/*
	 * Entries are not accounted to memory cgroups: there is at most one for a
	 * process, whose task alone is accounted with a hundred times as much, and one
	 * that is set aside in the reserve would hold a removed cgroup.
	 */
	entry_cache = kmem_cache_create("chos_link", sizeof(struct entry), 0, 0, NULL);
	if (!entry_cache)
		return -ENOMEM;
	entry_pool = mempool_create_slab_pool(RESERVE, entry_cache);
	if (!entry_pool)
		goto err_cache;
	table = kvmalloc_array(BIT(TABLE_BITS), sizeof(*table), GFP_KERNEL);
	if (!table)
		goto err_pool;
	for (i = 0; i < BIT(TABLE_BITS); i++) {
		spin_lock_init(&table[i].lock);
		INIT_HLIST_HEAD(&table[i].entries);
	}
	return 0;

err_pool:
	mempool_destroy(entry_pool);
err_cache:
	kmem_cache_destroy(entry_cache);
	return -ENOMEM;
}

/* Only for a module that could not be loaded: there never was an entry. */
void chos_tasks_exit(void)
{
	kvfree(table);
	mempool_destroy(entry_pool);
	kmem_cache_destroy(entry_cache);
}
