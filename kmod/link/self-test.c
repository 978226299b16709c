// SPDX-License-Identifier: GPL-2.0-only
/* Built with CHOS_SELF_TEST=y: the module tests its own parts before it offers them. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "parts.h"

bool chos_fail_inherit;
module_param_named(fail_inherit, chos_fail_inherit, bool, 0600);
MODULE_PARM_DESC(fail_inherit, "act as if there were no memory for the link of a child");

#define expect(condition)                                                      \
	do {                                                                   \
		if (!(condition)) {                                            \
			pr_err("self test, line %d: %s\n", __LINE__, #condition); \
			return -EINVAL;                                        \
		}                                                              \
	} while (0)

static int test_texts(void)
{
	struct chos_text *red, *again, *blue;

	red = chos_text_get("/trees/red!", 10);
	again = chos_text_get("/trees/red", 10);
	blue = chos_text_get("/trees/blue", 11);
	expect(red && blue && red == again && red != blue);
	expect(red->len == 10 && !strcmp(red->path, "/trees/red"));
	expect(refcount_read(&red->refs) == 2 && refcount_read(&blue->refs) == 1);
	chos_text_put(again);
	expect(refcount_read(&red->refs) == 1);
	chos_text_put(red);
	chos_text_put(blue);
	chos_text_put(NULL);
	return 0;
}

/* A pid that no process has: the table never looks into it, except to count it. */
static struct pid *made_up_pid(void)
{
	struct pid *pid = kzalloc(sizeof(*pid), GFP_KERNEL);

	if (pid)
		refcount_set(&pid->count, 1);
	return pid;
}

static int test_table(struct pid *parent, struct pid *child)
{
	struct chos_text *text = chos_text_get("/trees/red", 10);
	struct chos_text *seen;

	expect(text && parent && child);
	expect(!chos_link_get(parent) && chos_link_count() == 0);
	expect(!chos_link_inherit(parent, child) && chos_link_count() == 0);

	/* Not a process: like one that ended while its link was set. */
	expect(chos_link_set(parent, text) == -ESRCH);
	expect(chos_link_count() == 0 && refcount_read(&parent->count) == 1);
	expect(refcount_read(&text->refs) == 1 && atomic_read(&text->users) == 0);

	expect(!chos_link_set(task_tgid(current), text));
	expect(!chos_link_inherit(task_tgid(current), child));
	expect(chos_link_count() == 2 && atomic_read(&text->users) == 2);
	expect(refcount_read(&child->count) == 2);
	seen = chos_link_get(child);
	expect(seen == text);
	chos_text_put(seen);
	/* What is there stays. */
	expect(!chos_link_inherit(task_tgid(current), child) && chos_link_count() == 2);

	chos_link_set_entered(child, true);
	expect(chos_link_entered(child) && !chos_link_entered(task_tgid(current)));
	expect(!chos_link_set(child, NULL) && !chos_link_get(child) && chos_link_count() == 2);
	chos_link_set_entered(child, false);
	expect(chos_link_count() == 1 && refcount_read(&child->count) == 1);

	chos_fail_inherit = true;
	expect(chos_link_inherit(task_tgid(current), child) == -ENOMEM);
	chos_fail_inherit = false;
	expect(!chos_link_set(task_tgid(current), NULL));
	chos_link_drop(child);
	expect(chos_link_count() == 0 && atomic_read(&text->users) == 0);
	expect(refcount_read(&text->refs) == 1);
	chos_text_put(text);
	return 0;
}

int chos_link_self_test(void)
{
	struct pid *parent = made_up_pid(), *child = made_up_pid();
	int err = test_texts() ?: test_table(parent, child);

	kfree(parent);
	kfree(child);
	if (!err)
		pr_info("self tests passed\n");
	return err;
}
