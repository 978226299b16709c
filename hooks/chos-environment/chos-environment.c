/*
 * The environment of a tree for a container that another runtime starts (crun, runc). The shares are cloned in a mount namespace where they were looked at, that of the
 * kernel's skeleton or of the tree's generation, and attached below the container's root before the runtime makes that the root. A clone is a slave of the host's mount, so that
 * what is mounted later shows up, unless the runtime makes it private afterwards. The variables come at the stage `precreate` of Podman, when config.json can be changed.
 */
#include "environment.h"

const char hook_name[] = "chos-environment";
const unsigned hook_seconds = 10;

#define CLONE_NEWNS_ 0x20000

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

/* By the kernel's link, else from the tree's own generation. */
static void find_shares(struct place *place, const char *tree, i64 pid)
{
	const char *again = joined("chos-runtime tree prepare ", tree), *unlinked = take_link(place, tree, pid);

	if (!unlinked)
		return;
	if (place->pins < 0)
		fail_errno(place->pins, "open " PINS " (", again, "; no link: ", unlinked, ")");
	if (!find_generation(place, tree, NULL))
		fail("the tree ", tree, " has no generation: ", again, " (no link: ", unlinked, ")");
	open_generation(place, again);
}

static void show_shares(const struct state *state, const char *tree)
{
	struct json config = read_config(state);
	const char *root = text_of(member(member(config, "root"), "path"));
	struct place place = {.pins = sys(openat, AT_FDCWD, PINS, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

	if (!root || state->pid <= 0)
		fail("config.json has no root.path, or the state no pid");
	root = *root == '/' ? root : joined(state->bundle, "/", root);
	now_at("showing the shares");
	if (place.pins >= 0)
		insist_on_trusted(place.pins, PINS, S_IFDIR);
	place.theirs = sys(openat, AT_FDCWD, joined("/proc/", decimal(state->pid), "/ns/mnt"), O_RDONLY | O_CLOEXEC);
	if (place.theirs < 0)
		fail_errno(place.theirs, "open the mount namespace of the container");
	find_shares(&place, tree, state->pid);
	leave_to_config(config);
	insist_on_own_namespace(place.theirs, place.pin);
	enter(place.pin, place.generation);
	clone_shares(&place);
	enter(place.theirs, "the container");
	attach_shares(root, config);
}

static void change_config(struct json config)
{
	const char *tree = text_of(member(member(config, "annotations"), "org.chos.tree"));

	if (tree)
		add_variables(config, tree_named(tree));
}

static void change_bundle(const char *path)
{
	struct json config = read_config_at(path);

	change_config(config);
	write_edited(config, path);
}

void run_hook(void)
{
	const char *bundle = option("bundle"), *tree;
	struct state state;
	struct json config;
	bool is_config = !bundle && read_state_or_config(&state, &config);

	/* Now Podman's precreate is known, where words go to the kernel's log, too. */
	read_settings("");
	if (bundle) {
		change_bundle(joined(bundle, "/config.json"));
		return;
	}
	if (is_config) {
		change_config(config);
		print_edited(1, config);
		return;
	}
	tree = annotation(&state, "org.chos.tree");
	/* chos-runtime has done it. */
	if (tree && !annotation(&state, "org.chos.environment") &&
	    sys(faccessat, AT_FDCWD, joined("/run/chos-runtime/", state.id, "/state.json"), 0))
		show_shares(&state, tree_named(tree));
}
