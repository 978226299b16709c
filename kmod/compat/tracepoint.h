/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHOS_COMPAT_TRACEPOINT_H
#define CHOS_COMPAT_TRACEPOINT_H

#include <linux/version.h>

/* Linux 6.16 added an argument to sched_process_exit. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define CHOS_EXIT_PROBE_PARAMETERS void *data, struct task_struct *task
#else
#define CHOS_EXIT_PROBE_PARAMETERS void *data, struct task_struct *task, bool group_dead
#endif

#endif
