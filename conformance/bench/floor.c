/* SPDX-License-Identifier: MIT */
/*
 * The floor of `make bench`: the default bundle of `runc spec` started by hand-written C, with every duty and every
 * system call a correct runtime has, and nothing else: no config.json, no choices, no words. What a runtime takes
 * longer than this is the price of its generality. Duties are those of the runtime specification, and of what Podman expects.
 *
 *   floor [--root DIR] [--cgroups] [--seccomp BPF] [--shares FILE] [--pid-file FILE] run|create ROOTFS ID ARGS...
 *   floor [--root DIR] state|start|delete ID        floor [--root DIR] kill ID SIGNAL
 *
 * BPF is a raw array of struct sock_filter; FILE of shares has one "SOURCE DESTINATION" per line.
 */
#include "freestanding.h"

#define MAX_CONTROLLERS 24

struct controller {
	const char *name; /* directory below /sys/fs/cgroup */
	const char *own;  /* path of the caller's own group in it */
	int tasks;        /* open for the init to join, or -1 */
};

/* One container start. The init track works on its own copy: clone3 without CLONE_VM. */
struct launch {
	const char *root, *id, *rootfs, *seccomp, *shares, *pid_file;
	char **args;
	int cgroups, wait_for_start;
	int state_dir, lock, channel, controllers, pid, pid_fd;
	struct controller controller[MAX_CONTROLLERS];
	struct sock_fprog filter;
	char *share_list;
	unsigned long created, start_time;
};

static char groups[4096], filter_bytes[65536], share_bytes[262144];
static void undo(struct launch *l);
static struct launch *undoable; /* set while there is something to undo: host track only */
static int error_channel = -1;  /* set in the init track only */

_Noreturn static void leave(int code)
{
	for (;;)
		SYS(exit_group, code);
}

_Noreturn static void fail(const char *what, long error)
{
	char line[256], *end = put(put(line, what), ": errno ");
	end = put(put_number(end, (unsigned long)-error, 1), "\n");
	if (error_channel >= 0) {
		SYS(write, error_channel, line, end - line);
		leave(1);
	}
	SYS(write, 2, "floor: ", 7);
	SYS(write, 2, line, end - line);
	if (undoable)
		undo(undoable);
	leave(1);
}

static long must(long result, const char *what)
{
	if (result < 0)
		fail(what, result);
	return result;
}

static long read_all(int dir, const char *path, char *to, size_t size)
{
	long fd = SYS(openat, dir, path, O_RDONLY | O_CLOEXEC), got, all = 0;
	if (fd < 0)
		return fd;
	while ((got = SYS(read, fd, to + all, size - 1 - (size_t)all)) > 0)
		all += got;
	SYS(close, fd);
	to[all] = 0;
	return got < 0 ? got : all;
}

static long write_text(int dir, const char *path, const char *text)
{
	long fd = SYS(openat, dir, path, O_WRONLY | O_CLOEXEC), result;
	if (fd < 0)
		return fd;
	result = SYS(write, fd, text, length(text));
	SYS(close, fd);
	return result;
}

/* CVE-2019-5736: run from a sealed copy, so that /proc/PID/exe in the container is never the host's file. */
static void seal_self(char **argv, char **envp)
{
	long self = must(SYS(openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC), "open /proc/self/exe");
	struct stat st;
	if (SYS(fcntl, self, F_GET_SEALS) == SEALS) {
		SYS(close, self);
		return;
	}
	must(SYS(fstat, self, &st), "stat self");
	long copy = SYS(memfd_create, "floor", MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x10 /* MFD_EXEC */);
	if (copy == -EINVAL) /* before Linux 6.3 */
		copy = SYS(memfd_create, "floor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	must(copy, "memfd_create");
	if (SYS(sendfile, copy, self, 0, st.st_size) != st.st_size)
		fail("copy self", -EIO);
	must(SYS(fcntl, copy, F_ADD_SEALS, SEALS), "seal");
	fail("execveat", SYS(execveat, copy, "", argv, envp, AT_EMPTY_PATH));
}

/* ---- state ---- */

static unsigned long start_time_of(int pid)
{
	char path[32], stat[1024], *p = stat;
	put(put_number(put(path, "/proc/"), (unsigned long)pid, 1), "/stat");
	if (read_all(AT_FDCWD, path, stat, sizeof stat) <= 0)
		return 0;
	for (char *q = stat; *q; q++)
		if (*q == ')')
			p = q;
	if (p[0] && p[1] && (p[2] == 'Z' || p[2] == 'X'))
		return 0;
	for (int field = 2; field < 22 && *p; p++) /* proc_pid_stat(5): field 22 */
		field += *p == ' ';
	return number(p);
}

static void write_state(struct launch *l, const char *status)
{
	char text[4096], *p = put(put(text, "{\"ociVersion\":\"1.0.2\",\"id\":\""), l->id);
	p = put_number(put(p, "\",\"pid\":"), (unsigned long)l->pid, 1);
	p = put_number(put(p, ",\"startTime\":"), l->start_time, 1);
	p = put(put(put(p, ",\"status\":\""), status), "\",\"rootfs\":\"");
	p = put(put(p, l->rootfs), "\",\"created\":\"");
	p = put(put_time(p, l->created), "\",\"owner\":\"root\",\"cgroup\":\"");
	p = put(put(p, l->cgroups ? l->id : ""), "\"}\n");
	long fd = must(SYS(openat, l->state_dir, "state.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), "open state");
	must(SYS(write, fd, text, p - text), "write state");
	SYS(close, fd);
	must(SYS(renameat, l->state_dir, "state.new", l->state_dir, "state.json"), "rename state");
}

static const char *field(const char *json, const char *key)
{
	size_t n = length(key);
	for (; *json; json++) {
		size_t i = 0;
		while (i < n && json[i] == key[i])
			i++;
		if (i == n)
			return json + n;
	}
	return "";
}

static void open_state(struct launch *l)
{
	char path[512];
	put(put(put(path, l->root), "/"), l->id);
	l->state_dir = (int)must(SYS(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open state directory");
	l->lock = (int)must(SYS(openat, l->state_dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open lock");
	must(SYS(flock, l->lock, LOCK_EX_), "lock");
}

static void make_state(struct launch *l)
{
	char path[512];
	long now[2];
	long made = SYS(mkdirat, AT_FDCWD, l->root, 0700);
	if (made < 0 && made != -EEXIST)
		fail("make state root", made);
	put(put(put(path, l->root), "/"), l->id);
	must(SYS(mkdirat, AT_FDCWD, path, 0711), "make state directory");
	open_state(l);
	SYS(clock_gettime, 0, now);
	l->created = (unsigned long)now[0];
}

static void load_state(struct launch *l, char *text, size_t size)
{
	open_state(l);
	must(read_all(l->state_dir, "state.json", text, size), "read state");
	l->pid = (int)number(field(text, "\"pid\":"));
	l->start_time = number(field(text, "\"startTime\":"));
	l->cgroups = *field(text, "\"cgroup\":\"") != '"';
}

/* Opens the init by pidfd and proves that the pid has not been reused: nothing else may be signalled. */
static int alive(struct launch *l)
{
	l->pid_fd = (int)SYS(pidfd_open, l->pid, 0);
	return l->pid_fd >= 0 && start_time_of(l->pid) == l->start_time;
}

/* ---- cgroup v1 ---- */

static void read_own_groups(struct launch *l)
{
	must(read_all(AT_FDCWD, "/proc/self/cgroup", groups, sizeof groups), "read /proc/self/cgroup");
	for (char *line = groups; *line && l->controllers < MAX_CONTROLLERS;) {
		char *name = line, *path, *next;
		while (*name != ':')
			name++;
		for (path = ++name; *path != ':';)
			path++;
		*path++ = 0;
		for (next = path; *next && *next != '\n';)
			next++;
		if (*next)
			*next++ = 0;
		line = next;
		if (!*name) /* cgroup v2 */
			continue;
		if (same(name, "name=systemd"))
			name += 5;
		l->controller[l->controllers++] = (struct controller){name, path, -1};
	}
}

static char *group_path(char *to, const struct controller *c, const char *below)
{
	return put(put(put(put(to, "/sys/fs/cgroup/"), c->name), *below == '/' ? "" : "/"), below);
}

/* runc's default device list (libcontainer/specconv/spec_linux.go names the same numbers). */
static const char *const device_rules[] = {"c *:* m", "b *:* m", "c 1:3 rwm", "c 1:8 rwm", "c 1:7 rwm", "c 5:0 rwm",
					   "c 1:5 rwm", "c 1:9 rwm", "c 136:* rwm", "c 5:2 rwm"};

static void make_groups(struct launch *l)
{
	for (int i = 0; i < l->controllers; i++) {
		struct controller *c = &l->controller[i];
		char path[512], parent[512], value[256];
		group_path(path, c, l->id);
		group_path(parent, c, "");
		must(SYS(mkdirat, AT_FDCWD, path, 0755), path);
		long dir = must(SYS(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC), path);
		if (same(c->name, "cpuset")) { /* empty at birth, and nobody can join an empty set */
			long above = must(SYS(openat, AT_FDCWD, parent, O_PATH | O_DIRECTORY | O_CLOEXEC), parent);
			must(read_all((int)above, "cpuset.cpus", value, sizeof value), "read cpuset.cpus");
			must(write_text((int)dir, "cpuset.cpus", value), "cpuset.cpus");
			must(read_all((int)above, "cpuset.mems", value, sizeof value), "read cpuset.mems");
			must(write_text((int)dir, "cpuset.mems", value), "cpuset.mems");
			SYS(close, above);
		}
		if (same(c->name, "pids"))
			must(write_text((int)dir, "pids.max", "2048"), "pids.max");
		if (same(c->name, "devices")) {
			must(write_text((int)dir, "devices.deny", "a"), "devices.deny");
			long allow = must(SYS(openat, dir, "devices.allow", O_WRONLY | O_CLOEXEC), "devices.allow");
			for (size_t r = 0; r < sizeof device_rules / sizeof *device_rules; r++)
				must(SYS(write, allow, device_rules[r], length(device_rules[r])), device_rules[r]);
			SYS(close, allow);
		}
		c->tasks = (int)must(SYS(openat, dir, "tasks", O_WRONLY | O_CLOEXEC), "open tasks");
		SYS(close, dir);
	}
}

static void remove_groups(struct launch *l)
{
	long pause[2] = {0, 1000000};
	for (int i = 0; i < l->controllers; i++) {
		char path[512];
		group_path(path, &l->controller[i], l->id);
		for (int tries = 0; tries < 1000 && SYS(unlinkat, AT_FDCWD, path, AT_REMOVEDIR) == -EBUSY; tries++)
			SYS(nanosleep, pause, 0);
	}
}

static void undo(struct launch *l)
{
	char path[512];
	if (l->pid_fd > 0)
		SYS(pidfd_send_signal, l->pid_fd, SIGKILL, 0, 0);
	if (l->pid > 0)
		SYS(wait4, l->pid, 0, 0, 0);
	if (l->cgroups)
		remove_groups(l);
	if (l->wait_for_start) {
		SYS(unlinkat, l->state_dir, "exec.fifo", 0);
		SYS(unlinkat, l->state_dir, "exec.err", 0);
	}
	SYS(unlinkat, l->state_dir, "state.json", 0);
	SYS(unlinkat, l->state_dir, "lock", 0);
	put(put(put(path, l->root), "/"), l->id);
	SYS(unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- init track: the root filesystem ---- */

/* CVE-2021-30465: a destination is what openat2 finds inside the root, and is mounted on through that descriptor. */
static long resolve(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	return SYS(openat2, root, path, &how, sizeof how);
}

static int resolve_or_make(int root, const char *path)
{
	long fd = resolve(root, path), parent = root;
	if (fd != -ENOENT)
		return (int)must(fd, path);
	char above[512];
	size_t cut = length(path);
	while (cut && path[cut - 1] != '/')
		cut--;
	if (cut) {
		put(above, path);
		above[cut - 1] = 0;
		parent = resolve_or_make(root, above);
	}
	must(SYS(mkdirat, parent, path + cut, 0755), path);
	if (parent != root)
		SYS(close, parent);
	return (int)must(resolve(root, path), path);
}

static void attach(int mount, int at, const char *what)
{
	must(SYS(move_mount, mount, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), what);
}

static void set_attributes(int mount, uint64_t set, unsigned recursive)
{
	struct mount_attr attr = {.attr_set = set};
	must(SYS(mount_setattr, mount, "", AT_EMPTY_PATH | recursive, &attr, sizeof attr), "mount_setattr");
}

static int clone_tree(int fd, unsigned recursive)
{
	return (int)must(SYS(open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive), "open_tree");
}

/* Makes one filesystem; `options` is a null-terminated list of key, value. */
static int make_mount(const char *type, const char *source, const char *const *options, unsigned attributes)
{
	long fs = must(SYS(fsopen, type, FSOPEN_CLOEXEC), type);
	must(SYS(fsconfig, fs, FSCONFIG_SET_STRING, "source", source, 0), type);
	for (; *options; options += 2)
		must(SYS(fsconfig, fs, options[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[0], options[1], 0), *options);
	must(SYS(fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0), type);
	long mount = must(SYS(fsmount, fs, FSMOUNT_CLOEXEC, attributes), type);
	SYS(close, fs);
	return (int)mount;
}

static int mount_at(int root, const char *at, const char *type, const char *source, const char *const *options, unsigned attributes)
{
	int mount = make_mount(type, source, options, attributes), place = resolve_or_make(root, at);
	attach(mount, place, at);
	SYS(close, place);
	return mount;
}
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, 0, 0})
#define STRICT (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)

static int make_devices(int dev)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"tty", 5, 0}, {"random", 1, 8}, {"urandom", 1, 9}};
	static const char *const links[][2] = {{"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"},
					       {"/proc/self/fd/2", "stderr"}, {"/proc/kcore", "core"}, {"pts/ptmx", "ptmx"}};
	struct stat st;
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		must(SYS(mknodat, dev, nodes[i].name, S_IFCHR | 0666, nodes[i].major << 8 | nodes[i].minor), nodes[i].name);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		must(SYS(symlinkat, links[i][0], dev, links[i][1]), links[i][1]);
	/* CVE-2025-31133: what masks a file is proven to be the null device */
	int null = (int)must(SYS(openat, dev, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC), "open null");
	must(SYS(fstat, null, &st), "stat null");
	if ((st.st_mode & S_IFMT) != S_IFCHR || st.st_rdev != (1 << 8 | 3))
		fail("null is not the null device", -EINVAL);
	return null;
}

/* A cgroup v1 mount: a tmpfs with the container's own group of each hierarchy, everything read-only. */
static void mount_groups(struct launch *l, int root)
{
	int top = mount_at(root, "sys/fs/cgroup", "tmpfs", "cgroup", OPTIONS("mode", "755", "size", "1024k"), STRICT);
	for (int i = 0; i < l->controllers; i++) {
		struct controller *c = &l->controller[i];
		char path[512];
		group_path(path, c, l->cgroups ? l->id : c->own);
		int tree = (int)must(SYS(open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), path);
		set_attributes(tree, STRICT | MOUNT_ATTR_RDONLY, 0);
		must(SYS(mkdirat, top, c->name, 0755), c->name);
		must(SYS(move_mount, tree, "", top, c->name, MOVE_MOUNT_F_EMPTY_PATH), c->name);
		SYS(close, tree);
		for (const char *p = c->name; *p; p++)
			if (*p == ',') { /* cpu,cpuacct is also known by its parts */
				put(path, c->name)[p - c->name - (long)length(c->name)] = 0;
				SYS(symlinkat, c->name, top, path);
				SYS(symlinkat, c->name, top, p + 1);
			}
	}
	set_attributes(top, MOUNT_ATTR_RDONLY, 0);
	SYS(close, top);
}

static void mount_shares(struct launch *l, int root)
{
	for (char *p = l->share_list; p && *p;) {
		char *source = p, *destination;
		while (*p != ' ')
			p++;
		*p++ = 0;
		for (destination = p; *p != '\n';)
			p++;
		*p++ = 0;
		int tree = (int)must(SYS(open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE), source);
		int place = resolve_or_make(root, destination + (*destination == '/'));
		attach(tree, place, destination);
		SYS(close, place);
		SYS(close, tree);
	}
}

static void hide_paths(int root, int null)
{
	static const char *const masked[] = {"proc/acpi", "proc/asound", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list",
					     "proc/timer_stats", "proc/sched_debug", "sys/firmware", "proc/scsi"};
	static const char *const read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
	int empty = -1;
	for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
		long place = resolve(root, masked[i]);
		struct stat st;
		if (place == -ENOENT)
			continue;
		must(place, masked[i]);
		must(SYS(fstat, place, &st), masked[i]);
		if ((st.st_mode & S_IFMT) != S_IFDIR) {
			int tree = clone_tree(null, 0);
			attach(tree, (int)place, masked[i]);
			SYS(close, tree);
		} else if (empty < 0) {
			empty = make_mount("tmpfs", "tmpfs", OPTIONS("nr_blocks", "1"), MOUNT_ATTR_RDONLY);
			attach(empty, (int)place, masked[i]);
		} else {
			int tree = clone_tree(empty, 0);
			attach(tree, (int)place, masked[i]);
			SYS(close, tree);
		}
		SYS(close, place);
	}
	for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
		long place = resolve(root, read_only[i]);
		if (place == -ENOENT)
			continue;
		int tree = clone_tree((int)must(place, read_only[i]), AT_RECURSIVE);
		set_attributes(tree, MOUNT_ATTR_RDONLY, AT_RECURSIVE);
		attach(tree, (int)place, read_only[i]);
		SYS(close, tree);
		SYS(close, place);
	}
}

static void build_root(struct launch *l)
{
	must(SYS(mount, 0, "/", 0, 0x44000 /* MS_REC | MS_PRIVATE */, 0), "make / private");
	int root = (int)must(SYS(open_tree, AT_FDCWD, l->rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE), l->rootfs);
	must(SYS(move_mount, root, "", AT_FDCWD, l->rootfs, MOVE_MOUNT_F_EMPTY_PATH), "attach root");
	SYS(close, mount_at(root, "proc", "proc", "proc", OPTIONS(0), 0));
	int dev = mount_at(root, "dev", "tmpfs", "tmpfs", OPTIONS("mode", "755", "size", "65536k"), MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
	SYS(close, mount_at(root, "dev/pts", "devpts", "devpts", OPTIONS("newinstance", 0, "ptmxmode", "0666", "mode", "0620", "gid", "5"),
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
	SYS(close, mount_at(root, "dev/shm", "tmpfs", "shm", OPTIONS("mode", "1777", "size", "65536k"), STRICT));
	SYS(close, mount_at(root, "dev/mqueue", "mqueue", "mqueue", OPTIONS(0), STRICT));
	SYS(close, mount_at(root, "sys", "sysfs", "sysfs", OPTIONS(0), STRICT | MOUNT_ATTR_RDONLY));
	mount_groups(l, root);
	mount_shares(l, root);
	int null = make_devices(dev);
	SYS(close, dev);

	must(SYS(fchdir, root), "enter root");
	must(SYS(pivot_root, ".", "."), "pivot_root");
	must(SYS(umount2, ".", MNT_DETACH_), "detach old root");
	must(SYS(chdir, "/"), "chdir /");
	hide_paths(root, null);
	set_attributes(root, MOUNT_ATTR_RDONLY, 0);
	SYS(close, null);
	SYS(close, root);
}

/* ---- init track: the process ---- */

static void bring_loopback_up(void)
{
	struct {
		char name[16];
		short flags;
		char rest[22];
	} request = {.name = "lo", .flags = IFF_UP_RUNNING};
	long fd = must(SYS(socket, AF_INET_, SOCK_DGRAM_ | SOCK_CLOEXEC_, 0), "socket");
	must(SYS(ioctl, fd, SIOCSIFFLAGS_, &request), "lo up");
	SYS(close, fd);
}

/* The host's /dev/null would be a way out of the root; other descriptors go to the container's user (root: as is). */
static void settle_stdio(void)
{
	struct stat st;
	for (int fd = 0; fd < 3; fd++) {
		must(SYS(fstat, fd, &st), "stat stdio");
		if ((st.st_mode & S_IFMT) == S_IFCHR && st.st_rdev == (1 << 8 | 3)) {
			long null = must(SYS(openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC), "open null");
			must(SYS(dup3, null, fd, 0), "dup3");
			SYS(close, null);
		} else if (st.st_uid != 0) {
			SYS(fchown, fd, 0, -1);
		}
	}
}

static void drop_privileges(struct launch *l)
{
	const uint32_t keep = 1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct caps[2] = {{keep, keep, 0}, {0, 0, 0}};
	for (int cap = 0; cap < 64; cap++)
		if ((cap >= 32 || !(keep >> cap & 1)) && SYS(prctl, PR_CAPBSET_DROP, cap) == -EINVAL)
			break; /* past the kernel's last capability */
	must(SYS(prctl, PR_SET_KEEPCAPS, 1), "keep capabilities");
	must(SYS(setgroups, 0, 0), "setgroups");
	must(SYS(setresgid, 0, 0, 0), "setresgid");
	must(SYS(setresuid, 0, 0, 0), "setresuid");
	must(SYS(capset, &header, caps), "capset");
	must(SYS(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear ambient");
	must(SYS(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges");
	if (l->filter.len)
		must(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &l->filter), "seccomp");
}

_Noreturn static void init_track(struct launch *l)
{
	static char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", 0};
	uint64_t none = 0, files[2] = {1024, 1024};
	char go;
	long fifo = -1;
	error_channel = l->channel;
	if (SYS(read, l->channel, &go, 1) != 1) /* the pid is recorded, or the host track is dead */
		leave(1);
	must(SYS(prctl, PR_SET_DUMPABLE, 0), "not dumpable");
	must(SYS(setsid), "setsid");
	must(SYS(rt_sigprocmask, 2 /* SIG_SETMASK */, &none, 0, 8), "signal mask");
	long keyring = SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, l->id);
	if (keyring >= 0)
		SYS(keyctl, KEYCTL_SETPERM, keyring, 0x3f3f0000 | 0x80000);
	for (int i = 0; l->cgroups && i < l->controllers; i++) {
		must(SYS(write, l->controller[i].tasks, "0", 1), "join cgroup");
		SYS(close, l->controller[i].tasks);
	}
	SYS(umask, 0);
	must(SYS(prlimit64, 0, RLIMIT_NOFILE, files, 0), "rlimit");
	must(SYS(sethostname, "runc", 4), "hostname");
	bring_loopback_up();
	if (l->wait_for_start) {
		fifo = must(SYS(openat, l->state_dir, "exec.fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC), "open exec.fifo");
		must(SYS(fcntl, fifo, F_SETFL, 0), "blocking exec.fifo");
		error_channel = (int)must(SYS(openat, l->state_dir, "exec.err", O_RDWR | O_CLOEXEC), "open exec.err");
	}
	build_root(l);
	settle_stdio();
	must(SYS(faccessat, AT_FDCWD, l->args[0], 1 /* X_OK */), l->args[0]);
	SYS(umask, 022);
	must(SYS(close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */), "close_range");
	drop_privileges(l);
	if (l->wait_for_start) {
		SYS(write, l->channel, "", 1); /* created */
		SYS(close, l->channel);
		SYS(close, l->state_dir);
		/* An end of file is a start command that died between opening and writing: the next one may come. */
		while (SYS(read, fifo, &go, 1) != 1) {
			struct {
				int fd;
				short events, revents;
			} wait = {(int)fifo, POLLIN, 0};
			SYS(ppoll, &wait, 1, 0, 0, 8);
		}
	}
	fail(l->args[0], SYS(execve, l->args[0], l->args, environment));
}

/* ---- host track ---- */

static void write_pid_file(struct launch *l)
{
	char text[16];
	long fd = must(SYS(openat, AT_FDCWD, l->pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), l->pid_file);
	must(SYS(write, fd, text, put_number(text, (unsigned long)l->pid, 1) - text), "write pid file");
	SYS(close, fd);
}

/* Forwards signals until the container's process is gone; returns its exit code. */
static int supervise(struct launch *l, long signals)
{
	struct {
		int fd;
		short events, revents;
	} wait[2] = {{(int)signals, POLLIN, 0}, {l->pid_fd, POLLIN, 0}};
	int status = 0;
	for (;;) {
		uint32_t info[32]; /* struct signalfd_siginfo: 128 bytes, the number first */
		must(SYS(ppoll, wait, 2, 0, 0, 8), "ppoll");
		if (wait[1].revents)
			break;
		if (SYS(read, signals, info, sizeof info) == (long)sizeof info && info[0] != SIGCHLD)
			SYS(pidfd_send_signal, l->pid_fd, info[0], 0, 0);
	}
	must(SYS(wait4, l->pid, &status, 0, 0), "wait");
	l->pid = 0;
	return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}

static int launch(struct launch *l)
{
	int pair[2];
	char answer[256];
	uint64_t every = ~0ull;
	read_own_groups(l);
	if (l->seccomp) {
		long got = must(read_all(AT_FDCWD, l->seccomp, filter_bytes, sizeof filter_bytes), l->seccomp);
		l->filter = (struct sock_fprog){(unsigned short)((size_t)got / sizeof(struct sock_filter)), (void *)filter_bytes};
	}
	if (l->shares) {
		must(read_all(AT_FDCWD, l->shares, share_bytes, sizeof share_bytes), l->shares);
		l->share_list = share_bytes;
	}
	make_state(l);
	undoable = l;
	write_state(l, "creating");
	if (l->wait_for_start) {
		must(SYS(mknodat, l->state_dir, "exec.fifo", S_IFIFO | 0600, 0), "make exec.fifo");
		must(SYS(mknodat, l->state_dir, "exec.err", S_IFIFO | 0600, 0), "make exec.err");
	}
	if (l->cgroups)
		make_groups(l);
	must(SYS(socketpair, AF_UNIX_, SOCK_SEQPACKET_ | SOCK_CLOEXEC_, 0, pair), "socketpair");
	must(SYS(rt_sigprocmask, 2 /* SIG_SETMASK */, &every, 0, 8), "signal mask");
	long signals = must(SYS(signalfd4, -1, &every, 8, 02000000 /* SFD_CLOEXEC */), "signalfd");
	struct clone_args clone = {.flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
				   .pidfd = (uint64_t)(uintptr_t)&l->pid_fd,
				   .exit_signal = SIGCHLD};
	long pid = must(SYS(clone3, &clone, sizeof clone), "clone3");
	if (pid == 0) {
		SYS(close, pair[0]);
		SYS(close, l->lock); /* it would stay locked as long as one copy is open */
		l->channel = pair[1];
		init_track(l);
	}
	SYS(close, pair[1]);
	l->pid = (int)pid;
	l->start_time = start_time_of(l->pid);
	write_state(l, "created");
	must(SYS(write, pair[0], "", 1), "let init go");
	long got = SYS(read, pair[0], answer, sizeof answer - 1); /* end of file: exec has happened */
	if (got > 1 || (got <= 0 && l->wait_for_start)) {
		SYS(write, 2, answer, got > 0 ? got : 0);
		fail("init", -EIO);
	}
	if (l->pid_file)
		write_pid_file(l);
	if (l->wait_for_start)
		return 0;
	SYS(flock, l->lock, LOCK_UN_);
	int code = supervise(l, signals);
	must(SYS(flock, l->lock, LOCK_EX_), "lock");
	undo(l);
	return code;
}

static int start(struct launch *l, char *text, size_t size)
{
	char error[256];
	load_state(l, text, size);
	if (!alive(l))
		fail("not running", -ESRCH);
	long errors = must(SYS(openat, l->state_dir, "exec.err", O_RDONLY | O_CLOEXEC), "open exec.err");
	long fifo = must(SYS(openat, l->state_dir, "exec.fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC), "open exec.fifo");
	must(SYS(unlinkat, l->state_dir, "exec.fifo", 0), "remove exec.fifo");
	must(SYS(write, fifo, "", 1), "write exec.fifo");
	long got = SYS(read, errors, error, sizeof error);
	if (got > 0) {
		SYS(write, 2, error, got);
		return 1;
	}
	must(SYS(unlinkat, l->state_dir, "exec.err", 0), "remove exec.err");
	return 0;
}

static int print_state(struct launch *l, char *text, size_t size)
{
	char out[4096];
	load_state(l, text, size);
	const char *status = !alive(l) ? "stopped" : SYS(faccessat, l->state_dir, "exec.fifo", 0) == 0 ? "created" : "running";
	const char *old = field(text, "\"status\":\"");
	put(out, text)[old - text - (long)length(text)] = 0;
	char *end = put(put(out, out), status);
	while (*old != '"')
		old++;
	end = put(end, old);
	must(SYS(write, 1, out, end - out), "print");
	return 0;
}

static int destroy(struct launch *l, char *text, size_t size)
{
	struct {
		int fd;
		short events, revents;
	} gone = {-1, POLLIN, 0};
	load_state(l, text, size);
	if (alive(l)) {
		must(SYS(pidfd_send_signal, l->pid_fd, SIGKILL, 0, 0), "kill");
		gone.fd = l->pid_fd;
		must(SYS(ppoll, &gone, 1, 0, 0, 8), "ppoll");
	}
	if (l->cgroups)
		read_own_groups(l);
	l->pid = l->pid_fd = 0;
	l->wait_for_start = 1;
	undo(l);
	return 0;
}

__attribute__((used)) _Noreturn void begin(long *sp);
void begin(long *sp)
{
	static struct launch l = {.root = "/run/chos-floor"};
	static char text[4096];
	char **argv = (char **)(sp + 1), **envp = argv + *sp + 1;
	for (int fd = 0; fd < 3; fd++)
		if (SYS(fcntl, fd, F_GETFD) == -EBADF)
			must(SYS(openat, AT_FDCWD, "/dev/null", O_RDWR), "open null");
	seal_self(argv, envp);
	for (argv++; *argv && **argv == '-'; argv++) {
		if (same(*argv, "--cgroups"))
			l.cgroups = 1;
		else if (!argv[1])
			break;
		else if (same(*argv, "--root"))
			l.root = *++argv;
		else if (same(*argv, "--seccomp"))
			l.seccomp = *++argv;
		else if (same(*argv, "--shares"))
			l.shares = *++argv;
		else if (same(*argv, "--pid-file"))
			l.pid_file = *++argv;
		else
			break;
	}
	if (!argv[0] || !argv[1])
		fail("usage: floor COMMAND ...", -EINVAL);
	if (same(*argv, "run") || same(*argv, "create")) {
		if (!argv[2] || !argv[3])
			fail("usage: floor run|create ROOTFS ID ARGS...", -EINVAL);
		l.wait_for_start = same(*argv, "create");
		l.rootfs = argv[1];
		l.id = argv[2];
		l.args = argv + 3;
		leave(launch(&l));
	}
	l.id = argv[1];
	if (same(*argv, "start"))
		leave(start(&l, text, sizeof text));
	if (same(*argv, "state"))
		leave(print_state(&l, text, sizeof text));
	if (same(*argv, "delete"))
		leave(destroy(&l, text, sizeof text));
	if (same(*argv, "kill") && argv[2]) {
		load_state(&l, text, sizeof text);
		if (!alive(&l))
			fail("not running", -ESRCH);
		leave((int)-SYS(pidfd_send_signal, l.pid_fd, number(argv[2]), 0, 0));
	}
	fail(*argv, -EINVAL);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp,%ebp\n\tmov %rsp,%rdi\n\tand $-16,%rsp\n\tcall begin\n");
#else
__asm__(".globl _start\n_start:\n\tmov x0,sp\n\tbl begin\n");
#endif
