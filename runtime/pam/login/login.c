/*
 * What pam_chos asks (docs/login.md): which environment a user logs in to, and what enters it. A program of its own, so that the choice is that of `chos`, with its
 * code, and that what waits for a user's home has a deadline and can be left behind. Runs as root with the groups of the user and the environment of PAM:
 *
 *     chos-login USER UID HOME SHELL default|refuse SECONDS [IDENTITY newest|refuse]
 *
 * IDENTITY is of the generation that CHOS names, on the machine where it was named (runtime/compile/pins/publish.ts); the word is for one of which another machine
 * has nothing to compare.
 *
 * The answer is on stdout, texts with a NUL behind each, a key and its value in turn; `end` is the last, and without `tree` it is the host.
 * What is wrong is one line on stderr, and the answer has no end.
 */
#include <linux/signal.h>

#include "chos.h"

/* After it: there, `joined` takes any number of words. */
#include "environment.h"

const char hook_name[] = "pam_chos";
const unsigned hook_seconds = 5;

#define EXIT_FAULT 1
#define LINK "/proc/chos/setchos"
#define LINK_MOST 16384
/* As spec/environment.ts has it. */
#define PUBLIC_RECORDS PINS ".public/"
#define IDENTITY_MOST 256

static struct {
	const char *user, *tree, *by;
	i64 generation; /* 0: the newest */
	const char *boot, *digest; /* of the generation; NULL: the number is one of this machine; no digest is known */
	bool else_default, else_newest;
	struct trees trees;
} asked;

static void put(const char *key, const char *value)
{
	print(key, strlen(key) + 1);
	print(value, strlen(value) + 1);
}

static i64 number_in(const char *text)
{
	i64 number = 0;

	while (*text >= '0' && *text <= '9' && number < UINT32_MAX)
		number = number * 10 + (*text++ - '0');
	if (*text)
		fail("is asked by pam_chos.so only");
	return number;
}

/* Of the user's files. */
static void read_as(u32 uid)
{
	sys(setfsuid, uid);
	if ((u32)sys(setfsuid, uid) != uid)
		fail("cannot become user ", decimal(uid));
}

static void warn(const char *words)
{
	report(LEVEL_WARNING, words, strlen(words));
}

/* False: the host it is. */
static bool find_tree(const struct choice *c)
{
	asked.by = c->by;
	asked.tree = c->name;
	if (tree_records(&asked.trees, c->name))
		return true;
	asked.generation = generation_of(c->name, &asked.tree);
	if (asked.generation && tree_records(&asked.trees, asked.tree))
		return true;
	if (!asked.else_default) {
		put("unknown", c->name);
		die_of_unknown(&asked.trees, asked.tree, NULL);
	}
	asked.generation = 0;
	asked.tree = default_tree(&asked.trees);
	if (asked.tree && !tree_records(&asked.trees, asked.tree))
		asked.tree = NULL;
	asked.by = "default of the registry";
	warn(joined("there is no tree \"", c->name, "\" (", c->by, "); goes on ", asked.tree ? "in the default, " : "on the host", asked.tree ? asked.tree : ""));
	return asked.tree;
}

static bool choose_environment(const struct account *a)
{
	struct choice c;
	bool chosen;

	now_at(joined("reading ~/.chos of ", asked.user));
	read_as(a->uid);
	chosen = choose_name(&asked.trees, a, NULL, &c);
	read_as(0);
	return chosen && !equal(c.name, "/") && find_tree(&c);
}

/* A session that already is somewhere else, by pam_namespace for example, would lose that. */
static void insist_on_host(struct json record)
{
	struct json host = member(record, "host"), root = member(host, "root");
	struct statx here, top = look_at(sys(openat, AT_FDCWD, "/", O_PATH | O_CLOEXEC), "/");
	i64 namespace = 0, major = 0, minor = 0, inode = 0;
	long error = sys(statx, AT_FDCWD, "/proc/self/ns/mnt", 0, STATX_INO, &here);

	if (error)
		fail_errno(error, "look at /proc/self/ns/mnt");
	if (!number_of(member(host, "namespace"), &namespace) || !number_of(member(root, "inode"), &inode) ||
	    !number_of(member(root, "major"), &major) || !number_of(member(root, "minor"), &minor))
		fail("the record of ", asked.tree, " cannot be read: chos-runtime tree prepare ", asked.tree);
	if ((u64)namespace != here.stx_ino || (u64)inode != top.stx_ino || major != top.stx_dev_major || minor != top.stx_dev_minor)
		fail("the mount namespace or root of the login is not the one in which ", asked.tree, " was prepared (pam_namespace, PrivateTmp?)");
}

static struct place open_place(void)
{
	struct place place = {.pins = sys(openat, AT_FDCWD, PINS, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

	now_at("looking at the generation");
	if (place.pins >= 0)
		insist_on_trusted(place.pins, PINS, S_IFDIR);
	return place;
}

static bool is_asked(i64 number)
{
	return number == asked.generation;
}

/* What is behind the boot; NULL: no digest is known. */
static const char *split_identity(char *line)
{
	while (*line && *line != ' ' && *line != '\n')
		line++;
	if (*line != ' ') {
		*line = 0;
		return NULL;
	}
	*line++ = 0;
	for (char *end = line; *end; end++)
		if (*end == '\n')
			*end = 0;
	return *line ? line : NULL;
}

static bool has_digest(i64 number)
{
	long directory = sys(openat, AT_FDCWD, PUBLIC_RECORDS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error;
	struct bytes line;
	const char *digest;

	if (directory < 0)
		return false;
	insist_on_trusted(directory, PUBLIC_RECORDS, S_IFDIR);
	error = read_path(directory, joined(file_name(asked.tree), "@", decimal(number)), IDENTITY_MOST, &line);
	sys(close, directory);
	if (error)
		return false;
	digest = split_identity(line.at);
	return digest && equal(digest, asked.digest) && equal(line.at, boot_id());
}

/* A number of another machine becomes one of this: never silently another state of the tree, unless nothing is known of either. */
static void translate_generation(void)
{
	const char *again = joined("chos-runtime tree prepare ", asked.tree), *number = decimal(asked.generation), *file;
	bool is_here = equal(asked.boot, boot_id());
	struct place place = open_place();

	if (is_here && place.pins >= 0 && find_generation(&place, asked.tree, is_asked))
		return;
	if (asked.digest && place.pins >= 0 && find_generation(&place, asked.tree, has_digest))
		asked.generation = generation_of(place.generation, &file);
	else if (asked.digest)
		fail("there is no generation of ", asked.tree, " with the digest ", asked.digest, ", that of the submission: root brings in that version (tree update, tree rollback) and runs ",
		     again);
	else if (!is_here && asked.else_newest)
		asked.generation = 0;
	else if (!is_here)
		fail("generation ", asked.tree, "@", number, " is one of another machine or boot, and no digest of it is known: choose one of this node, or none");
}

static void answer_generation(void)
{
	const char *again = joined("chos-runtime tree prepare ", asked.tree);
	struct place place = open_place();
	bool found = place.pins >= 0 && find_generation(&place, asked.tree, asked.generation ? is_asked : NULL);

	if (!found && asked.generation)
		fail("there is no generation ", asked.tree, "@", decimal(asked.generation), " (any more)");
	if (!found)
		fail("the tree ", asked.tree, " has no generation: root runs ", again);
	insist_on_host(open_pin(&place, again));
	put("pin", joined(PINS "/", place.generation));
	put("inode", decimal((i64)look_at(place.pin, place.generation).stx_ino));
}

/* `text` without its first line, which is ended; NULL: there is none. */
static char *next_line_of(char *text)
{
	while (*text && *text != '\n')
		text++;
	if (!*text)
		return NULL;
	*text = 0;
	return text + 1;
}

/* False: it is not entered that way, or the module is not loaded now. */
static bool answer_link(void)
{
	char *link = NULL, *skeleton;
	size_t length;
	u64 size;
	long fd;

	if (asked.generation || sys(faccessat, AT_FDCWD, LINK, 0))
		return false;
	fd = open_public("links", file_name(asked.tree), &size);
	if (fd >= 0) {
		link = read_file(fd, LINK_MOST, &length);
		sys(close, fd);
	}
	skeleton = link ? next_line_of(link) : NULL;
	if (!skeleton || !next_line_of(skeleton))
		return false;
	put("link", link);
	put("skeleton", skeleton);
	put("record", joined(PUBLIC_RECORDS, file_name(skeleton), ".json"));
	return true;
}

/* What PAM has for the user's environment, and what becomes of it. */
static void answer_variables(void)
{
	char **envp = environment(&asked.trees, asked.tree);

	for (; *envp; envp++)
		if (!after(*envp, "CHOS="))
			put("env", *envp);
	put("env", joined("CHOS=", asked.tree, asked.generation ? "@" : "", asked.generation ? decimal(asked.generation) : ""));
}

static bool differ(const char *one, const char *other)
{
	struct statx a, b;

	return !sys(statx, AT_FDCWD, one, 0, STATX_INO, &a) && !sys(statx, AT_FDCWD, other, 0, STATX_INO, &b) &&
	       (a.stx_ino != b.stx_ino || a.stx_dev_major != b.stx_dev_major || a.stx_dev_minor != b.stx_dev_minor);
}

/*
 * A su or sudo of a tree: it stays where it is. The list of the host is seen there only if /run is shared; a view of its own that has it and the host's root is one of the
 * host (pam_namespace, PrivateTmp), about which there is a word to say.
 */
static bool is_in_tree(void)
{
	char link[2];

	return sys(readlinkat, AT_FDCWD, "/proc/chos/link", link, sizeof(link)) > 1 ||
	       (differ("/proc/self/ns/mnt", "/proc/1/ns/mnt") && (!has_trees() || differ("/", "/proc/1/root/")));
}

/* A wait for a file server lets no handler run, but dies. A little later than the words of the deadline. */
static void die_after(i64 seconds)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
	struct __kernel_itimerspec time = {.it_value = {.tv_sec = seconds, .tv_nsec = 300000000}};
	int timer;

	/* None is to be had with the caller's RLIMIT_SIGPENDING, which su and sudo leave as their user has set it. */
	if (sys(timer_create, 1 /* CLOCK_MONOTONIC */, &event, &timer))
		let_deadline_kill();
	else
		sys(timer_settime, timer, 0, &time, NULL);
}

void run_hook(void)
{
	char **argv = process.argv;
	struct account a;

	report_as(hook_name, EXIT_FAULT);
	if (process.argc != 7 && process.argc != 9)
		fail("is asked by pam_chos.so only");
	a = (struct account){.uid = (u32)number_in(argv[2]), .name = argv[1], .home = *argv[3] == '/' ? argv[3] : NULL, .shell = argv[4]};
	asked.user = a.name;
	asked.else_default = equal(argv[5], "default");
	if (process.argc == 9) {
		asked.digest = split_identity(argv[7]);
		asked.boot = argv[7];
		asked.else_newest = equal(argv[8], "newest");
	}
	set_deadline((u64)number_in(argv[6]) * 1000);
	die_after(number_in(argv[6]));
	now_at("reading the list of trees");
	if (is_in_tree()) {
		put("end", "");
		return;
	}
	read_trees(&asked.trees);
	if (choose_environment(&a)) {
		if (asked.generation && asked.boot)
			translate_generation();
		if (!answer_link())
			answer_generation();
		put("tree", asked.tree);
		put("by", asked.by);
		answer_variables();
	}
	put("end", "");
}
