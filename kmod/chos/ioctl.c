// SPDX-License-Identifier: GPL-2.0-only
/* The calls of uapi/linux/chos.h. */
#include <linux/capability.h>
#include <linux/chos.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../compat/pidfd.h"
#include "chos.h"

/* Longest list of trees that is put together, in bytes. */
#define LIST_MAX SZ_16M

/**
 * copy_argument - copy a size-first struct
 * @to: where to
 * @known: its size here
 * @first: its size in the first version
 * @from: the caller's
 *
 * Returns -EINVAL, -E2BIG, -EFAULT.
 */
static int copy_argument(void *to, size_t known, u32 first, const void __user *from)
{
	u32 size;

	if (get_user(size, (const u32 __user *)from))
		return -EFAULT;
	if (size < first)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, known, from, size);
}

/**
 * process_of - the process that a call is about
 * @pidfd: its pidfd, or CHOS_SELF
 *
 * Returns a counted struct pid of a thread group, or -EBADF, -EPERM, -ESRCH.
 */
static struct pid *process_of(int pidfd)
{
	struct pid *pid, *self = task_tgid(current);
	struct task_struct *task;
	struct file *file;

	if (pidfd == CHOS_SELF)
		return get_pid(self);
	file = fget(pidfd);
	if (!file)
		return ERR_PTR(-EBADF);
	pid = chos_pidfd_pid(file);
	if (!IS_ERR(pid)) {
		/* Also a thread's pidfd, of Linux 6.9, stands for its process. */
		rcu_read_lock();
		task = pid_task(pid, PIDTYPE_PID);
		pid = task ? get_pid(task_tgid(task)) : NULL;
		rcu_read_unlock();
	}
	fput(file);
	if (!IS_ERR(pid) && pid != self && !capable(CAP_SYS_ADMIN)) {
		put_pid(pid);
		return ERR_PTR(-EPERM);
	}
	return pid ?: ERR_PTR(-ESRCH);
}

static int set_to(struct pid *process, const struct chos_link *args)
{
	struct chos_tree *tree = NULL;
	char *path;
	int err;

	if (!args->path_len)
		return chos_link_set(process, NULL);
	if (args->path_len >= PATH_MAX)
		return -ENAMETOOLONG;
	path = memdup_user_nul(u64_to_user_ptr(args->path), args->path_len);
	if (IS_ERR(path))
		return PTR_ERR(path);
	err = chos_path_check(path, args->path_len);
	if (!err) {
		tree = chos_trees_find(path);
		err = tree ? chos_tree_check(tree, NULL) : -ENOENT;
	}
	if (!err)
		err = chos_link_set(process, tree->text);
	if (tree)
		chos_tree_put(tree);
	kfree(path);
	return err;
}

static int get_from(struct pid *process, const struct chos_link *args)
{
	struct chos_text *text = chos_link_get(process);
	int result;

	if (!text)
		return 0;
	result = text->len;
	if (args->path_len < text->len)
		result = -ERANGE;
	else if (copy_to_user(u64_to_user_ptr(args->path), text->path, text->len))
		result = -EFAULT;
	chos_text_put(text);
	return result;
}

static int link_call(const void __user *argument,
		     int (*call)(struct pid *process, const struct chos_link *args))
{
	struct chos_link args;
	struct pid *process;
	int result;

	BUILD_BUG_ON(sizeof(args) != CHOS_LINK_SIZE_VER0);
	result = copy_argument(&args, sizeof(args), CHOS_LINK_SIZE_VER0, argument);
	if (result)
		return result;
	if (args.flags)
		return -EINVAL;
	process = process_of(args.pidfd);
	if (IS_ERR(process))
		return PTR_ERR(process);
	result = call(process, &args);
	put_pid(process);
	return result;
}

struct listing {
	char *buffer;
	size_t room;
	size_t used;
};

static size_t record_size(const struct chos_text *text)
{
	return ALIGN(struct_size((struct chos_tree_record *)0, path, text->len + 1), 8);
}

/* Counts the bytes, and fills in the record if there is room. */
static bool add_record(const struct chos_text *text, void *arg)
{
	struct listing *list = arg;
	struct chos_tree_record *record;
	size_t size = record_size(text);

	if (list->used + size <= list->room) {
		record = (void *)list->buffer + list->used;
		memset(record, 0, size);
		record->size = size;
		record->users = atomic_read(&text->users);
		memcpy(record->path, text->path, text->len);
	}
	list->used += size;
	return list->used <= LIST_MAX;
}

/* Under the texts' lock nothing may sleep, so what is in the list is asked for afterwards. */
static void mark_valid(struct listing *list)
{
	struct chos_tree_record *record;
	struct chos_tree *tree;
	size_t at;

	for (at = 0; at < list->used; at += record->size) {
		record = (void *)list->buffer + at;
		tree = chos_trees_find(record->path);
		if (!tree)
			continue;
		record->flags = CHOS_TREE_VALID;
		chos_tree_put(tree);
	}
}

static int list_trees(const void __user *argument)
{
	struct listing list = {};
	struct chos_trees args;
	int result;

	BUILD_BUG_ON(sizeof(args) != CHOS_TREES_SIZE_VER0);
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	result = copy_argument(&args, sizeof(args), CHOS_TREES_SIZE_VER0, argument);
	if (result)
		return result;
	if (args.flags || args.reserved)
		return -EINVAL;
	list.room = min_t(size_t, args.buffer_len, LIST_MAX);
	if (list.room) {
		list.buffer = kvmalloc(list.room, GFP_KERNEL_ACCOUNT);
		if (!list.buffer)
			return -ENOMEM;
	}
	chos_text_each(add_record, &list);
	result = list.used;
	if (list.buffer && list.used > list.room)
		result = -ERANGE;
	else if (list.buffer) {
		mark_valid(&list);
		if (copy_to_user(u64_to_user_ptr(args.buffer), list.buffer, list.used))
			result = -EFAULT;
	}
	kvfree(list.buffer);
	return result;
}

long chos_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	const void __user *from = (const void __user *)argument;

	if (_IOC_TYPE(command) != CHOS_IOC_TYPE)
		return -ENOTTY;
	switch (_IOC_NR(command)) {
	case _IOC_NR(CHOS_IOC_SET_LINK):
		return link_call(from, set_to);
	case _IOC_NR(CHOS_IOC_GET_LINK):
		return link_call(from, get_from);
	case _IOC_NR(CHOS_IOC_LIST_TREES):
		return list_trees(from);
	default:
		return -ENOTTY;
	}
}
