/*
 * The shares of a tree for a container that another runtime starts (crun, runc), from the pinned generation: each is cloned in the generation's mount
 * namespace, where `tree prepare` has looked at it, and attached below the container's root before the runtime makes that the root. A clone is a slave of the host's mount, so that
 * what is mounted later shows up, unless the runtime makes it private afterwards.
 */
#include <asm/statfs.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>

#include "frame.h"

const char hook_name[] = "chos-environment";
const unsigned hook_seconds = 10;

#define PINS "/run/chos-trees"
#define MOST 1024
#define CLONE_NEWNS_ 0x20000
#define AT_RECURSIVE_ 0x8000

static struct share {
	const char *path, *place; /* place: without symlinks, in the generation */
	long mount;
} shares[MOST];
static unsigned count;

struct entry {
	u64 inode, next;
	u16 length;
	u8 type;
	char name[];
};

/* The name of a tree as part of file names (spec/records/names.ts). */
static const char *file_name(const char *tree)
{
	size_t size = strlen(tree) * 3 + 1;
	struct text t = text_in(room_for(size), size);

	for (; *tree; tree++)
		if (*tree == '%')
			put_string(&t, "%25");
		else if (*tree == '/')
			put_string(&t, "%2F");
		else
			put_char(&t, *tree);
	put_char(&t, 0);
	return t.at;
}

/* The number of `TREE@N.json`; 0: it is another file. */
static i64 generation_in(const char *name, const char *tree)
{
	const char *at = after(name, tree);
	i64 number = 0;

	if (!at || *at++ != '@')
		return 0;
	for (; *at >= '0' && *at <= '9' && number < 1000000000; at++)
		number = number * 10 + (*at - '0');
	return equal(at, ".json") ? number : 0;
}

/* The newest that is recorded: a generation counts from then on. */
static const char *newest_generation(long pins, const char *tree)
{
	const char *file = file_name(tree);
	static char buffer[32768] __attribute__((aligned(8)));
	i64 best = 0, number;
	long n;

	while ((n = sys(getdents64, pins, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			struct entry *entry = (struct entry *)(buffer + at);

			at += entry->length;
			number = generation_in(entry->name, file);
			best = number > best ? number : best;
		}
	if (!best)
		fail("the tree ", tree, " has no generation: chos-runtime tree prepare ", tree);
	return joined(file, "@", decimal(best));
}

static void read_shares(struct json record, const char *path)
{
	struct json list = member(record, "shares"), one;
	const char *inside = NULL;

	if (kind_of(list) != '[')
		fail(path, ": it has no list of shares");
	for (; (one = next_in(list, &inside, NULL)).at; count++) {
		const char *share = text_of(member(one, "path"));

		if (!share || *share != '/' || count == MOST)
			fail(path, ": its shares cannot be read");
		shares[count].path = share;
		shares[count].place = text_of(member(one, "place"));
		if (!shares[count].place)
			shares[count].place = share;
	}
}

static struct statx look_at(long fd, const char *what)
{
	struct statx st;
	long error = sys(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &st);

	if (error)
		fail_errno(error, "look at ", what);
	return st;
}

/* The record is that of this pin and of this boot; numbers of inodes come again. */
static void insist_on_pinned(struct json record, long pin, const char *path, const char *tree)
{
	const char *boot = text_of(member(record, "boot"));
	struct statx st = look_at(pin, path);
	i64 inode = 0;
	struct bytes now;
	long error = read_path(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 4096, &now);

	if (error)
		fail_errno(error, "read /proc/sys/kernel/random/boot_id");
	while (now.size && now.at[now.size - 1] == '\n')
		now.at[--now.size] = 0;
	if (!boot || !equal(boot, now.at))
		fail(path, " is of an earlier boot: chos-runtime tree prepare ", tree);
	if (!number_of(member(record, "inode"), &inode) || inode != (i64)st.stx_ino)
		fail(path, " is not of the mount namespace that is pinned there: chos-runtime tree prepare ", tree);
}

static bool are_same(struct statx a, struct statx b)
{
	return a.stx_mnt_id == b.stx_mnt_id && a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
}

/* Else the shares would come upon the tree of the host, or of all jobs. */
static void insist_on_own_namespace(long theirs, long pin)
{
	const char *what = "the mount namespace of the container";
	long ours = sys(openat, AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	struct statx st = look_at(theirs, what);

	if (ours < 0)
		fail_errno(ours, "open /proc/self/ns/mnt");
	if (are_same(st, look_at(ours, "/proc/self/ns/mnt")) || are_same(st, look_at(pin, what)))
		fail("the container has no mount namespace of its own");
	sys(close, ours);
}

static void enter(long namespace, const char *what)
{
	long error = sys(setns, namespace, CLONE_NEWNS_);

	if (error)
		fail_errno(error, "enter the mount namespace of ", what);
}

/* Whoever owns a directory on the way may have put a link there since: it is not followed. */
static void clone_shares(const char *generation)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};

	for (unsigned i = 0; i < count; i++) {
		long fd = sys(openat2, AT_FDCWD, shares[i].place, &how, sizeof(how));

		if (fd < 0)
			fail_errno(fd, "open ", shares[i].path, " of ", generation);
		shares[i].mount = sys(open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE_ | AT_EMPTY_PATH);
		if (shares[i].mount < 0)
			fail_errno(shares[i].mount, "clone ", shares[i].path, " of ", generation);
		sys(close, fd);
	}
}

/* An image may have a link there that leads to it. */
static void insist_on_no_procfs(long place, const char *path, const char *root)
{
	struct statfs st;
	long error = sys(fstatfs, place, &st);

	if (error)
		fail_errno(error, "look at ", path, " in ", root);
	if (st.f_type == PROC_SUPER_MAGIC)
		fail("the place of ", path, " in ", root, " is on procfs");
}

/* `/home//alice/` is /home/alice. */
static const char *plain_path(const char *path)
{
	size_t size = strlen(path) + 2;
	struct text t = text_in(room_for(size), size);

	while (*path) {
		const char *from = path;

		while (*path && *path != '/')
			path++;
		if (path - from == 2 && from[0] == '.' && from[1] == '.') {
			while (t.used && t.at[--t.used] != '/')
				;
		} else if (path > from && !(path - from == 1 && *from == '.')) {
			put_char(&t, '/');
			put_bytes(&t, from, (size_t)(path - from));
		}
		while (*path == '/')
			path++;
	}
	if (!t.used)
		put_char(&t, '/');
	put_char(&t, 0);
	return t.at;
}

/* What config.json mounts at that place itself, it wants there. What it mounts below, nobody would see any more. */
static void leave_to_config(struct json config)
{
	const char *inside = NULL, *target, *below;
	struct json one;
	unsigned kept;

	while ((one = next_in(member(config, "mounts"), &inside, NULL)).at) {
		target = text_of(member(one, "destination"));
		if (!target)
			continue;
		target = plain_path(target);
		kept = 0;
		for (unsigned i = 0; i < count; i++) {
			below = after(target, plain_path(shares[i].path));
			if (below && *below == '/')
				fail("the share ", shares[i].path, " would hide what config.json mounts on ", target);
			if (!below || *below)
				shares[kept++] = shares[i];
		}
		count = kept;
	}
}

static long open_below(long top, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	return sys(openat2, top, path, &how, sizeof(how));
}

static const char *around(const char *path)
{
	char *copy = (char *)joined(path, ""), *end = copy + strlen(copy);

	while (end > copy && *end != '/')
		end--;
	*end = 0;
	return *copy ? copy : "/";
}

/* From the place of a mount upwards to the root; a file has no `..`. */
static void insist_on_seen(long top, const char *target, const struct statx *places)
{
	struct statx above = look_at(top, "the root"), st;
	long fd = open_below(top, target), next, steps = 4096;

	while (fd >= 0 && steps-- && !are_same(st = look_at(fd, target), above)) {
		for (unsigned i = 0; i < count; i++)
			if (are_same(st, places[i]))
				fail("the share ", shares[i].path, " would hide what config.json mounts on ", target);
		next = (st.stx_mode & S_IFMT) == S_IFDIR ? sys(openat, fd, "..", O_PATH | O_CLOEXEC) : open_below(top, around(target));
		sys(close, fd);
		fd = next;
	}
	if (fd >= 0)
		sys(close, fd);
}

/* Two paths may be one place, by a link in the tree. What is not there has nothing below it. */
static void insist_on_nothing_hidden(long top, struct json config)
{
	struct statx *places = room_for(count * sizeof(*places));
	const char *inside = NULL, *target;
	struct json one;

	for (unsigned i = 0; i < count; i++) {
		long fd = open_below(top, shares[i].path);

		places[i] = (struct statx){0};
		if (fd < 0)
			continue;
		places[i] = look_at(fd, shares[i].path);
		sys(close, fd);
	}
	while ((one = next_in(member(config, "mounts"), &inside, NULL)).at)
		if ((target = text_of(member(one, "destination"))))
			insist_on_seen(top, plain_path(target), places);
}

/* Below the container's root, whatever links lead there; nothing is made in a tree. */
static void attach_shares(const char *root, struct json config)
{
	long top = sys(openat, AT_FDCWD, root, O_PATH | O_DIRECTORY | O_CLOEXEC), place, error;

	if (top < 0)
		fail_errno(top, "open the root ", root);
	insist_on_nothing_hidden(top, config);
	for (unsigned i = 0; i < count; i++) {
		place = open_below(top, shares[i].path);
		if (place < 0)
			fail_errno(place, "find the place of ", shares[i].path, " in ", root);
		insist_on_no_procfs(place, shares[i].path, root);
		error = sys(move_mount, shares[i].mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		if (error)
			fail_errno(error, "show ", shares[i].path, " in ", root);
		sys(close, place);
	}
}

void run_hook(void)
{
	struct state state;
	const char *tree, *root, *generation, *path;
	struct json config, record;
	struct bytes bytes;
	long pins, theirs, pin, error;

	read_settings("");
	state = read_state();
	tree = annotation(&state, "org.chos.tree");
	/* chos-runtime has done it. */
	if (!tree || annotation(&state, "org.chos.environment") ||
	    !sys(faccessat, AT_FDCWD, joined("/run/chos-runtime/", state.id, "/state.json"), 0))
		return;
	tree = tree_named(tree);
	config = read_config(&state);
	root = text_of(member(member(config, "root"), "path"));
	if (!root || state.pid <= 0)
		fail("config.json has no root.path, or the state no pid");
	root = *root == '/' ? root : joined(state.bundle, "/", root);
	now_at("showing the shares");
	pins = sys(openat, AT_FDCWD, PINS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pins < 0)
		fail_errno(pins, "open " PINS " (chos-runtime tree prepare ", tree, ")");
	insist_on_trusted(pins, PINS, S_IFDIR);
	generation = newest_generation(pins, tree);
	path = joined(PINS "/", generation, ".json");
	error = read_path(pins, joined(generation, ".json"), 16u << 20, &bytes);
	if (error)
		fail_errno(error, "read ", path);
	record = parse_json(bytes, path);
	pin = sys(openat, pins, generation, O_RDONLY | O_CLOEXEC);
	if (pin < 0)
		fail_errno(pin, "open " PINS "/", generation);
	insist_on_pinned(record, pin, path, tree);
	read_shares(record, path);
	leave_to_config(config);
	theirs = sys(openat, AT_FDCWD, joined("/proc/", decimal(state.pid), "/ns/mnt"), O_RDONLY | O_CLOEXEC);
	if (theirs < 0)
		fail_errno(theirs, "open the mount namespace of the container");
	insist_on_own_namespace(theirs, pin);
	enter(pin, generation);
	clone_shares(generation);
	enter(theirs, "the container");
	attach_shares(root, config);
}
