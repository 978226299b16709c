/*
 * Which tree a job used, down to its content. The digest is made once for each generation and kept in /run: by hand or at the end of `tree prepare`
 * (`--make`), or in the background when the first job of a generation starts. `precreate` writes it into config.json as an annotation; job-report takes it from
 * the same place.
 */
#include <linux/signal.h>

#include "digest.h"

const char hook_name[] = "tree-digest";
const unsigned hook_seconds = 10;

#define PINS "/run/chos-trees/"

struct tree {
	const char *name, *path, *generation;
};

static void find_path(struct json file, const char *path, void *context)
{
	struct tree *tree = context;
	const char *found = text_of(member(member(member(file, "trees"), tree->name), "path"));

	(void)path;
	if (found)
		tree->path = found;
}

/*
 * It changes with the tree's directory: another one of the same name, or something made or removed in its root. FORM: of the records (walk.c), so that no
 * digest of another form is taken for one of this.
 */
#define FORM "links-hashed "
static const char *identity(const char *path)
{
	struct statx st;
	long error = sys(statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &st);

	if (error)
		fail_errno(error, "look at the tree ", path);
	return joined(FORM, decimal(st.stx_dev_major), ":", decimal(st.stx_dev_minor), " ", decimal((i64)st.stx_ino), " ", decimal(st.stx_ctime.tv_sec), ".",
		      decimal(st.stx_ctime.tv_nsec));
}

static const char *file_of(const struct tree *tree)
{
	const char *name = tree->generation ? tree->generation : tree->name;

	for (const char *at = name; *at; at++)
		if (*at == '/')
			fail("the name ", name, " is no file name");
	return joined(TREE_DIGESTS, name);
}

/* NULL: there is none, or it is that of another state of the tree. */
static const char *kept_digest(const struct tree *tree)
{
	const char *path = file_of(tree), *of;
	struct bytes bytes;
	struct json kept;

	if (read_path(AT_FDCWD, path, 65536, &bytes) || !bytes.size)
		return NULL;
	kept = parse_json(bytes, path);
	of = text_of(member(kept, "identity"));
	return of && equal(of, identity(tree->path)) ? text_of(member(kept, "digest")) : NULL;
}

static void unlink_path(const char *path)
{
	sys(unlinkat, AT_FDCWD, path, 0);
}

/* Only root can have it: nobody else can open it, nor put another in its place. */
static long open_lock(const char *path)
{
	long directory = sys(openat, AT_FDCWD, TREE_DIGESTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (directory < 0)
		fail_errno(directory, "make " TREE_DIGESTS);
	insist_on_trusted(directory, TREE_DIGESTS, S_IFDIR);
	sys(close, directory);
	fd = sys(openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (fd < 0)
		fail_errno(fd, "make ", path);
	insist_on_trusted(fd, path, S_IFREG);
	return fd;
}

/* The lock is that of the file which will take the name: who waits for it finds the digest made. By hand that takes as long as another tree does, and a line says so. */
static bool lock_digest(const char *path, bool wait)
{
	long fd = open_lock(path), error = sys(flock, fd, 2 | 4);

	if (error == -EAGAIN && !wait)
		return false;
	if (error == -EAGAIN) {
		say("waits for another that makes it and holds ", path);
		error = sys(flock, fd, 2);
	}
	if (error)
		fail_errno(error, "lock ", path);
	return true;
}

static const char *make_digest(const struct tree *tree, bool wait)
{
	const char *path = file_of(tree), *part = joined(path, ".part"), *of = identity(tree->path), *kept;
	struct text line = text_in(room_for(16384), 16384);
	struct digest digest;
	long fd, error;

	make_way_to(path, 0755);
	if (!lock_digest(joined(path, ".lock"), wait))
		return NULL;
	kept = kept_digest(tree);
	if (kept)
		return kept;
	digest = digest_of(tree->path);
	put_string(&line, "{\"digest\":\"sha256:");
	put_string(&line, digest.hex);
	put_string(&line, "\",\"tree\":");
	put_string(&line, quoted(tree->name));
	put_string(&line, ",\"path\":");
	put_string(&line, quoted(tree->path));
	put_string(&line, ",\"entries\":");
	put_decimal(&line, (i64)digest.entries);
	put_string(&line, ",\"bytes\":");
	put_decimal(&line, (i64)digest.bytes);
	put_string(&line, ",\"identity\":");
	put_string(&line, quoted(of));
	put_string(&line, "}\n");
	fd = sys(openat, AT_FDCWD, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		fail_errno(fd, "make ", part);
	take_back_by(unlink_path, part);
	error = write_all((int)fd, line.at, line.used);
	if (!error)
		error = sys(renameat, AT_FDCWD, part, AT_FDCWD, path);
	if (error)
		fail_errno(error, "write ", path);
	keep_all();
	return joined("sha256:", digest.hex, "");
}

/* With nothing of the caller's, and in nobody's way. */
static void make_in_background(const struct tree *tree)
{
	long pid = sys(clone, SIGCHLD, 0, 0, 0, 0), null;

	if (pid < 0)
		fail_errno(pid, "start a child");
	if (pid)
		return;
	sys(setsid);
	sys(chdir, "/");
	null = sys(openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		sys(dup3, null, fd, 0);
	sys(close_range, 3, ~0u, 0);
	sys(setpriority, 0, 0, 19);
	sys(ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, 3 << 13 /* idle */);
	make_digest(tree, false);
	for (;;)
		sys(exit_group, 0);
}

/* Of this tree, and pinned: what else stands in the annotation is not the runtime's word. */
static bool is_generation(const char *generation, const char *tree)
{
	const char *named = tree_of_generation(generation);

	for (const char *at = generation; *at; at++)
		if (*at == '/')
			return false;
	return named && equal(named, tree) && !sys(faccessat, AT_FDCWD, joined(PINS, generation), 0);
}

static bool find_tree(struct tree *tree, struct json annotations, bool required)
{
	tree->name = chosen_tree(annotations);
	tree->generation = text_of(member(annotations, "org.chos.environment"));
	tree->path = NULL;
	if (!tree->name)
		return false;
	if (tree->generation && !is_generation(tree->generation, tree->name))
		tree->generation = NULL;
	each_registry_file(find_path, tree);
	if (!tree->path && required)
		fail("there is no tree ", tree->name, " in /etc/chos.d");
	return tree->path != NULL;
}

static const char *insist_on_digest(const struct tree *tree, bool required)
{
	const char *digest;

	now_at("looking for the digest");
	digest = kept_digest(tree);
	if (!digest && required)
		fail("there is no digest of ", tree->generation ? tree->generation : tree->name, " yet: tree-digest --make ",
		     tree->generation ? tree->generation : tree->name);
	if (!digest)
		make_in_background(tree);
	return digest;
}

static void by_hand(const char *name)
{
	struct tree tree = {.name = tree_of_generation(name), .generation = name};
	const char *digest;

	if (!tree.name)
		tree = (struct tree){.name = tree_named(name)};
	set_deadline(0);
	each_registry_file(find_path, &tree);
	if (!tree.path)
		fail("there is no tree ", tree.name, " in /etc/chos.d");
	if (tree.generation && !is_generation(name, tree.name))
		fail("there is no generation ", name);
	digest = joined(make_digest(&tree, true), "\n");
	write_all(1, digest, strlen(digest));
}

/* One that is there already is not our word; without a digest it is empty. */
static void put_annotation(struct json annotations, const char *digest)
{
	const char *inside = NULL, *name = NULL;
	struct json one;
	bool found = false;

	while ((one = next_in(annotations, &inside, &name)).at)
		if (name && equal(name, "org.chos.tree.digest")) {
			put_instead(one, quoted(digest ? digest : ""));
			found = true;
		}
	if (!found && digest)
		add_into(annotations, joined("\"org.chos.tree.digest\":", quoted(digest)));
}

void run_hook(void)
{
	const char *make = option("make");
	struct json whole, annotations;
	struct bytes bytes;
	struct tree tree;
	const char *digest = NULL;
	bool required;
	long error;

	if (make) {
		by_hand(make);
		return;
	}
	now_at("reading stdin");
	error = read_all(0, 16u << 20, &bytes);
	if (error)
		fail_errno(error, "read stdin");
	whole = parse_json(bytes, "stdin");
	if (!member(whole, "id").at)
		fail_in_kernel_log_too();
	required = setting_flag(read_settings("required "), "required", false);
	annotations = member(whole, "annotations");
	if (find_tree(&tree, annotations, required))
		digest = insist_on_digest(&tree, required);
	/* A state has an id; what has none is the config.json of the stage precreate, and goes on to stdout. */
	if (member(whole, "id").at)
		return;
	if (kind_of(whole) != '{' || !member(whole, "ociVersion").at)
		fail("stdin is neither a state nor a config.json");
	put_annotation(annotations, digest);
	print_edited(1, whole);
}
