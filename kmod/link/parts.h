/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of chos_link.ko offer to each other. */
#ifndef CHOS_LINK_PARTS_H
#define CHOS_LINK_PARTS_H

#include "chos_link.h"

/* tasks.c */
int chos_tasks_init(void);
void chos_tasks_exit(void);
int chos_link_inherit(struct pid *parent, struct pid *child);
void chos_link_drop(struct pid *tgid);

/* follow.c */
int chos_follow_find(void);
int chos_follow_start(void);

/* symlink.c */
int chos_symlink_create(void);
bool chos_symlink_works(void);

#ifdef CHOS_SELF_TEST
int chos_link_self_test(void);
extern bool chos_fail_inherit;
#else
static inline int chos_link_self_test(void)
{
	return 0;
}
#define chos_fail_inherit false
#endif

#endif
