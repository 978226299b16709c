/*
 * The shares of a tree for a container that another runtime starts (crun, runc), from the pinned generation: each is cloned in the generation's mount
 * namespace, where `tree prepare` has looked at it, and attached below the container's root before the runtime makes that the root. A clone is a slave of the host's mount, so that
 * what is mounted later shows up, unless the runtime makes it private afterwards.
 */
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
	static char buffer[32768] __attribute__((aligned(8)));
	i64 best = 0, number;
	long n;

	while ((n = sys(getdents64, pins, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			struct entry *entry = (struct entry *)(buffer + at);

			at += entry->length;
			number = generation_in(entry->name, tree);
			best = number > best ? number : best;
		}
	if (!best)
		fail("the tree ", tree, " has no generation: chos-runtime tree prepare ", tree);
	return joined(tree, "@", decimal(best));
}

static void read_shares(long pins, const char *generation)
{
	const char *path = joined(PINS "/", generation, ".json"), *inside = NULL;
	struct bytes bytes;
	struct json one;
	long error = read_path(pins, joined(generation, ".json"), 16u << 20, &bytes);

	if (error)
		fail_errno(error, "read ", path);
	one = member(parse_json(bytes, path), "shares");
	for (struct json list = one; (one = next_in(list, &inside, NULL)).at; count++) {
		const char *share = text_of(member(one, "path"));

		if (!share || *share != '/' || count == MOST)
			fail(path, ": its shares cannot be read");
		shares[count].path = share;
		shares[count].place = text_of(member(one, "place"));
		if (!shares[count].place)
			shares[count].place = share;
	}
}

static void enter(long namespace, const char *what)
{
	long error = sys(setns, namespace, CLONE_NEWNS_);

	if (error)
		fail_errno(error, "enter the mount namespace of ", what);
}

static void clone_shares(const char *generation)
{
	for (unsigned i = 0; i < count; i++) {
		shares[i].mount = sys(open_tree, AT_FDCWD, shares[i].place, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE_ | AT_SYMLINK_NOFOLLOW);
		if (shares[i].mount < 0)
			fail_errno(shares[i].mount, "clone ", shares[i].path, " of ", generation);
	}
}

/* Below the container's root, whatever links lead there; nothing is made in a tree. */
static void attach_shares(const char *root)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	long top = sys(openat, AT_FDCWD, root, O_PATH | O_DIRECTORY | O_CLOEXEC), place, error;

	if (top < 0)
		fail_errno(top, "open the root ", root);
	for (unsigned i = 0; i < count; i++) {
		place = sys(openat2, top, shares[i].path, &how, sizeof(how));
		if (place < 0)
			fail_errno(place, "find the place of ", shares[i].path, " in ", root);
		error = sys(move_mount, shares[i].mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		if (error)
			fail_errno(error, "show ", shares[i].path, " in ", root);
		sys(close, place);
	}
}

/* What config.json mounts at that place itself, it wants there. */
static void leave_to_config(struct json config)
{
	const char *inside = NULL, *target;
	struct json one;
	unsigned kept;

	while ((one = next_in(member(config, "mounts"), &inside, NULL)).at) {
		target = text_of(member(one, "destination"));
		kept = 0;
		for (unsigned i = 0; i < count; i++)
			if (!target || !equal(shares[i].path, target))
				shares[kept++] = shares[i];
		count = kept;
	}
}

void run_hook(void)
{
	struct state state;
	const char *tree, *root, *generation;
	struct json config;
	long pins, theirs, pin;

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
	read_shares(pins, generation);
	leave_to_config(config);
	pin = sys(openat, pins, generation, O_RDONLY | O_CLOEXEC);
	if (pin < 0)
		fail_errno(pin, "open " PINS "/", generation);
	theirs = sys(openat, AT_FDCWD, joined("/proc/", decimal(state.pid), "/ns/mnt"), O_RDONLY | O_CLOEXEC);
	if (theirs < 0)
		fail_errno(theirs, "open the mount namespace of the container");
	enter(pin, generation);
	clone_shares(generation);
	enter(theirs, "the container");
	attach_shares(root);
}
