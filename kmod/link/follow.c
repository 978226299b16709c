// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows forks and exits by the scheduler's tracepoints.
 *
 * sched_process_fork runs in the parent, after the child is complete and before
 * it is woken (kernel_clone()), for fork, vfork, clone and clone3 alike; threads
 * pass it too and have the process's link already. sched_process_exit runs for
 * each thread after it has counted signal->live down (do_exit()), so the last
 * thread, whichever it is, sees zero.
 *
 * The tracepoints are switched on when the first link is set: a kernel that has the
 * module loaded and no links executes the same no-ops as one without it. They stay
 * on, for this module stays loaded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/tracepoint.h>

#include "../compat/tracepoint.h"
#include "parts.h"

static struct tracepoint *fork_point;
static struct tracepoint *exit_point;
static DEFINE_MUTEX(start_lock);
static bool started;

static void on_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct pid *from = task_tgid(parent), *to = task_tgid(child);

	if (from == to || !chos_link_inherit(from, to))
		return;
	/*
	 * No memory, not even in the reserve. The child would run in the host's tree
	 * instead of its parent's, so it does not run: the signal is there before it is
	 * woken for the first time.
	 */
	pr_warn_ratelimited("no memory for the link of process %d, killed\n", task_pid_nr(child));
	send_sig(SIGKILL, child, 1);
}

static void on_exit(CHOS_EXIT_PROBE_PARAMETERS)
{
	if (!atomic_read(&task->signal->live))
		chos_link_drop(task_tgid(task));
}

static void look_at(struct tracepoint *point, void *unused)
{
	if (!strcmp(point->name, "sched_process_fork"))
		fork_point = point;
	else if (!strcmp(point->name, "sched_process_exit"))
		exit_point = point;
}

/* Finds the tracepoints. Returns -ENOENT in a kernel without them. */
int chos_follow_find(void)
{
	for_each_kernel_tracepoint(look_at, NULL);
	return fork_point && exit_point ? 0 : -ENOENT;
}

/* Follows from now on. Sleeps the first time. */
int chos_follow_start(void)
{
	int err = 0;

	if (smp_load_acquire(&started))
		return 0;
	mutex_lock(&start_lock);
	if (started)
		goto out;
	/* Exits first: an entry that comes by a fork must go by an exit. */
	err = tracepoint_probe_register(exit_point, on_exit, NULL);
	if (err)
		goto out;
	err = tracepoint_probe_register(fork_point, on_fork, NULL);
	if (err) {
		tracepoint_probe_unregister(exit_point, on_exit, NULL);
		goto out;
	}
	smp_store_release(&started, true);
out:
	mutex_unlock(&start_lock);
	return err;
}
