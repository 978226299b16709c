// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving a process's root to the skeleton and back.
 *
 * Anybody may write to /proc/chos/setchos, in any procfs, inside a container too. A
 * change of root for a process that could not make it itself is a way out of
 * containers and into setuid programs unless it is narrow, so all of these hold or
 * it is EPERM (each has a case in conformance/kernel-link):
 *
 *  1. no_new_privs is set: no setuid program will run in a root that its caller
 *     chose. This rule alone can be lifted, when the module is loaded.
 *  2. The process has one thread, and nobody shares its fs_struct (CLONE_FS):
 *     no_new_privs belongs to a thread, and a sibling may not have it.
 *  3. Its mount namespace is that of PID 1.
 *  4. Its root is that of PID 1: it is not in a chroot, which it would leave.
 *  5. It is in the initial user namespace.
 *
 * Leaving gives back the root of rule 4, which is the one it had. It is for a
 * process that was moved from here, whose root is exactly the skeleton.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "../compat/fs_struct.h"
#include "chos.h"

static bool require_no_new_privs = true;
module_param(require_no_new_privs, bool, 0444);
MODULE_PARM_DESC(require_no_new_privs, "move only processes with no_new_privs to the skeleton (default Y)");

/**
 * struct place - where processes are moved, and from where
 * @skeleton: the new root
 * @root: the root of PID 1
 * @mounts: the mount namespace of PID 1. Only compared; that of PID 1 stays.
 * @name: the path of @skeleton
 */
struct place {
	struct path skeleton;
	struct path root;
	const struct mnt_namespace *mounts;
	char *name;
};

/* Empty (no name): nothing is registered. */
static struct place place;
static DEFINE_MUTEX(place_lock);

/* The module's parameter; holds a path before the module is ready to look at it. */
static char skeleton_name[PATH_MAX] = "/chos";
static bool ready;

static void place_put(struct place *old)
{
	if (!old->name)
		return;
	path_put(&old->skeleton);
	path_put(&old->root);
	kfree(old->name);
}

/* A counted copy of what is registered. Returns -ENXIO if that is nothing. */
static int place_get(struct place *copy)
{
	int err = -ENXIO;

	mutex_lock(&place_lock);
	if (place.name) {
		*copy = place;
		copy->name = kstrdup(place.name, GFP_KERNEL);
		err = copy->name ? 0 : -ENOMEM;
	}
	if (!err) {
		path_get(&copy->skeleton);
		path_get(&copy->root);
	}
	mutex_unlock(&place_lock);
	return err;
}

/* PID 1's root, counted, and its mount namespace. */
static int host_view(struct place *host)
{
	struct task_struct *init;
	int err = -ESRCH;

	rcu_read_lock();
	init = READ_ONCE(init_pid_ns.child_reaper);
	get_task_struct(init);
	rcu_read_unlock();
	task_lock(init);
	if (init->fs && init->nsproxy) {
		get_fs_root(init->fs, &host->root);
		host->mounts = init->nsproxy->mnt_ns;
		err = 0;
	}
	task_unlock(init);
	put_task_struct(init);
	return err;
}

static bool sees_as_host(const struct place *host)
{
	struct path root;
	bool same;

	get_fs_root(current->fs, &root);
	same = path_equal(&root, &host->root) && current->nsproxy->mnt_ns == host->mounts;
	path_put(&root);
	return same;
}

/*
 * Registers a skeleton, or none with an empty name.
 * Returns -EPERM if the caller does not see what PID 1 sees.
 */
static int place_set(const char *name)
{
	struct place next = {}, old;
	int err;

	if (*name) {
		err = chos_path_check(name, strlen(name));
		if (err)
			return err;
		next.name = kstrdup(name, GFP_KERNEL);
		if (!next.name)
			return -ENOMEM;
		err = host_view(&next);
		if (err)
			goto err_name;
		err = -EPERM;
		if (!sees_as_host(&next))
			goto err_root;
		err = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &next.skeleton);
		if (err)
			goto err_root;
	}

	mutex_lock(&place_lock);
	old = place;
	place = next;
	mutex_unlock(&place_lock);
	place_put(&old);
	return 0;

err_root:
	path_put(&next.root);
err_name:
	kfree(next.name);
	return err;
}

static int skeleton_write(const char *value, const struct kernel_param *parameter)
{
	size_t len = strcspn(value, "\n");
	char *name;
	int err = 0;

	if (len >= sizeof(skeleton_name))
		return -ENAMETOOLONG;
	if (value[len] && value[len + 1])
		return -EINVAL;
	name = kstrndup(value, len, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	/* The file's mode would let in root of any container that sees it. */
	if (ready)
		err = capable(CAP_SYS_ADMIN) ? place_set(name) : -EPERM;
	if (!err)
		strscpy(skeleton_name, name, sizeof(skeleton_name));
	kfree(name);
	return err;
}

static int skeleton_read(char *buffer, const struct kernel_param *parameter)
{
	/* One page; the parameters' lock is held here and above. */
	return scnprintf(buffer, PAGE_SIZE, "%.*s\n", (int)PAGE_SIZE - 2, skeleton_name);
}

static const struct kernel_param_ops skeleton_ops = {
	.set = skeleton_write,
	.get = skeleton_read,
};
module_param_cb(skeleton, &skeleton_ops, NULL, 0644);
MODULE_PARM_DESC(skeleton, "the directory to which processes are moved (default /chos; empty: none)");

/* A skeleton that is not there yet is none: the parameter can be written again. */
void chos_skeleton_init(void)
{
	int err;

	kernel_param_lock(THIS_MODULE);
	err = place_set(skeleton_name);
	ready = true;
	kernel_param_unlock(THIS_MODULE);
	if (err)
		pr_info("no skeleton at %s (%d): links only, until the parameter is written\n",
			skeleton_name, err);
}

/* The parameter can be written until after the module's exit. */
void chos_skeleton_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	ready = false;
	place_put(&place);
	place = (struct place){};
	kernel_param_unlock(THIS_MODULE);
}

/* Replaces the root, if it is @from and nobody shares it; the working directory with @pwd. */
static int replace_root(const struct path *from, const struct path *to, bool pwd)
{
	struct fs_struct *fs = current->fs;
	struct path old_root = {}, old_pwd = {};
	int err = -EPERM;

	chos_fs_write_lock(fs);
	if (fs->users == 1 && path_equal(&fs->root, from)) {
		old_root = fs->root;
		path_get(to);
		fs->root = *to;
		if (pwd) {
			old_pwd = fs->pwd;
			path_get(to);
			fs->pwd = *to;
		}
		err = 0;
	}
	chos_fs_write_unlock(fs);
	path_put(&old_root);
	path_put(&old_pwd);
	return err;
}

/* Rules 2, 3 and 5, for both ways. replace_root() has rule 4 and the rest of 2. */
static bool may_move(const struct place *from)
{
	return get_nr_threads(current) == 1 && current_user_ns() == &init_user_ns &&
	       current->nsproxy->mnt_ns == from->mounts;
}

static int enter(const struct place *to, struct chos_tree *tree)
{
	struct pid *self = task_tgid(current);
	struct chos_text *before;
	struct path now;
	int err;

	if (require_no_new_privs && !task_no_new_privs(current))
		return -EPERM;
	if (!may_move(to) || !sees_as_host(to))
		return -EPERM;

	/* A skeleton that was unmounted or covered is not entered. */
	err = kern_path(to->name, LOOKUP_FOLLOW, &now);
	if (err)
		return err;
	if (!path_equal(&now, &to->skeleton))
		err = -ESTALE;
	path_put(&now);
	if (err)
		return err;
	err = chos_tree_check(tree, &to->skeleton);
	if (err)
		return err;

	before = chos_link_get(self);
	err = chos_link_set(self, tree->text);
	if (err)
		goto out;
	/* The working directory would be outside of the new root. */
	err = replace_root(&to->root, &to->skeleton, true);
	if (err)
		chos_link_set(self, before);
	else
		chos_link_set_entered(self, true);
out:
	chos_text_put(before);
	return err;
}

/**
 * chos_choose - choose a tree, as a write to setchos does
 * @path: a path in the list
 *
 * Sets the caller's link; moves its root to the skeleton unless it is there. Returns
 * -EINVAL, -ENOENT (not in the list, or no such path), -ESTALE, -EPERM (not one of
 * those who may be moved), -ENXIO (no skeleton), -ENOMEM. Changes nothing then.
 */
int chos_choose(const char *path)
{
	struct chos_tree *tree;
	struct place to;
	struct path root;
	bool inside;
	int err;

	err = chos_path_check(path, strlen(path));
	if (err)
		return err;
	tree = chos_trees_find(path);
	if (!tree)
		return -ENOENT;
	err = place_get(&to);
	if (err)
		goto out_tree;

	/* Of any mount: in a container's copy of the skeleton only the link changes. */
	get_fs_root(current->fs, &root);
	inside = root.dentry == to.skeleton.dentry;
	path_put(&root);
	if (inside)
		err = chos_tree_check(tree, NULL) ?: chos_link_set(task_tgid(current), tree->text);
	else
		err = enter(&to, tree);
	place_put(&to);
out_tree:
	chos_tree_put(tree);
	return err;
}

/* Gives a moved process its root back and forgets its link. Returns -EPERM, -ENXIO. */
int chos_leave(void)
{
	struct pid *self = task_tgid(current);
	struct place from;
	int err;

	err = place_get(&from);
	if (err)
		return err;
	if (!may_move(&from) || !chos_link_entered(self))
		err = -EPERM;
	else
		err = replace_root(&from.skeleton, &from.root, false);
	if (!err) {
		chos_link_set_entered(self, false);
		chos_link_set(self, NULL);
	}
	place_put(&from);
	return err;
}
