/*
 * Before a container starts, each share that it will use answers, or the start fails and says which does not. The asking is done by children, since a
 * process that waits for a dead NFS server may not be killable: one child asks all of them, as long as they are quick; then one for each that has not answered,
 * so that none hides another. All are killed at the end. What the kernel does not let go yet is left behind: it holds no descriptor of the caller's and ends when its
 * server comes back.
 */
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/signal.h>

#include "frame.h"

const char hook_name[] = "share-check";
const unsigned hook_seconds = 65;

/* More entries than a config.json of chos-runtime may have. */
#define MOST 20480
#define TOGETHER_MS 50
#define MOUNTINFO_MOST (64u << 20)

static struct share {
	const char *path, *because;
	bool optional, answered;
	int error;
} shares[MOST];
static unsigned count;

/* Nobody waits for them, so that their numbers stay theirs. */
static long children[MOST + 1];
static unsigned children_count;

struct answer {
	u32 index;
	int error;
};

static void add(const char *path, const char *because, bool optional)
{
	for (unsigned i = 0; i < count; i++)
		if (equal(shares[i].path, path)) {
			/* Whoever cannot do without it has the last word. */
			if (shares[i].optional && !optional)
				shares[i] = (struct share){.path = path, .because = because};
			return;
		}
	if (count == MOST)
		fail("more than ", decimal(MOST), " shares");
	shares[count++] = (struct share){.path = path, .because = because, .optional = optional};
}

static bool has_option(struct json options, const char *name)
{
	const char *inside = NULL, *text;
	struct json one;

	while ((one = next_in(options, &inside, NULL)).at)
		if ((text = text_of(one)) && equal(text, name))
			return true;
	return false;
}

static void add_mounts(struct json config, const char *bundle)
{
	struct json mounts = member(config, "mounts"), one;
	const char *inside = NULL;

	for (i64 i = 0; (one = next_in(mounts, &inside, NULL)).at; i++) {
		const char *source = text_of(member(one, "source")), *type = text_of(member(one, "type"));
		struct json options = member(one, "options");

		if (!source || !(has_option(options, "bind") || has_option(options, "rbind") || (type && equal(type, "bind"))))
			continue;
		if (*source == '/' || bundle)
			add(*source == '/' ? source : joined(bundle, "/", source), joined("config.json mounts[", decimal(i), "]"), false);
	}
}

static void add_shares(struct json list, const char *because)
{
	struct json one;
	const char *inside = NULL;

	if (list.at && kind_of(list) != '[')
		fail(because, ": it is not a list");
	while ((one = next_in(list, &inside, NULL)).at) {
		const char *path = kind_of(one) == '"' ? text_of(one) : text_of(member(one, "path"));

		if (!path || *path != '/')
			fail(because, ": a share is no absolute path");
		add(path, because, kind_of(member(one, "optional")) == 't');
	}
}

/* The tree is that of the annotation, or that of the generation (`debian12@7`) in config.json. */
static void add_environment(struct json annotations)
{
	const char *tree = chosen_tree(annotations);

	if (tree)
		each_list_of_shares(tree, add_shares);
}

/* A server that answers is well, even if the answer is no. */
static int ask(const char *path)
{
	u64 buffer[32];
	struct statx st;
	long error = sys(statx, AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_TYPE, &st);

	if (!error && (st.stx_mode & S_IFMT) == S_IFDIR) {
		/* What is mounted on demand is mounted now. */
		error = sys(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (error >= 0)
			sys(close, error);
	}
	if (error >= 0)
		error = sys(statfs, path, buffer);
	return error == -EACCES || error == -EPERM || error > 0 ? 0 : (int)error;
}

static void kill_children(const char *unused)
{
	(void)unused;
	while (children_count)
		sys(kill, children[--children_count], SIGKILL);
}

static _Noreturn void ask_in_child(unsigned first, unsigned end, long answers, long parent)
{
	u64 all = ~0ull;

	/* Its caller may kill the hook. */
	sys(prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (sys(getppid) != parent)
		end = first;
	sys(setsid);
	sys(chdir, "/");
	/* SIGKILL is enough for what can be killed. */
	sys(rt_sigprocmask, SIG_BLOCK, &all, NULL, 8);
	answers = sys(dup3, answers, 0, 0);
	sys(close_range, 1, ~0u, 0);
	for (unsigned i = first; i < end; i++) {
		struct answer answer = {.index = i, .error = ask(shares[i].path)};

		sys(write, answers, &answer, sizeof(answer));
	}
	for (;;)
		sys(exit_group, 0);
}

static void ask_from(unsigned first, unsigned end, long answers)
{
	long parent = sys(getpid), pid = sys(clone, SIGCHLD, 0, 0, 0, 0);

	if (pid < 0)
		fail_errno(pid, "start a child");
	if (!pid)
		ask_in_child(first, end, answers, parent);
	children[children_count++] = pid;
}

/* True: all have answered before the moment. */
static bool wait_for_answers(long answers, u64 until, unsigned *left)
{
	while (*left) {
		u64 now = now_in(1 /* CLOCK_MONOTONIC */), rest = now < until ? until - now : 0;
		struct __kernel_timespec timeout = {.tv_sec = (i64)(rest / 1000000000), .tv_nsec = (i64)(rest % 1000000000)};
		struct pollfd poll = {.fd = (int)answers, .events = POLLIN};
		struct answer answer;

		if (sys(ppoll, &poll, 1, &timeout, NULL, 8) == 0)
			return false;
		if (sys(read, answers, &answer, sizeof(answer)) != sizeof(answer) || answer.index >= count || shares[answer.index].answered)
			continue;
		shares[answer.index].answered = true;
		shares[answer.index].error = answer.error;
		--*left;
	}
	return true;
}

static bool is_octal(const char *at)
{
	return at[0] >= '0' && at[0] <= '3' && at[1] >= '0' && at[1] <= '7' && at[2] >= '0' && at[2] <= '7';
}

/* A space, a tab, a newline and a backslash are written as \040 is. */
static const char *next_field(const char **at)
{
	const char *from = *at, *end = from;
	struct text field;

	while (*end && *end != ' ' && *end != '\n')
		end++;
	field = text_in(room_for((size_t)(end - from) + 1), (size_t)(end - from) + 1);
	while (from < end)
		if (*from == '\\' && is_octal(from + 1)) {
			put_char(&field, (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0')));
			from += 4;
		} else {
			put_char(&field, *from++);
		}
	put_char(&field, 0);
	*at = end + (*end == ' ');
	return field.at;
}

/* "nfs4 filer:/home on /home": of the last mount that the path, as it is written, leads to. */
static const char *server_of(const char *path)
{
	struct bytes text;
	const char *found = "a mount that /proc/self/mountinfo does not show";
	size_t best = 0;

	if (read_path(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MOST, &text))
		return found;
	for (const char *line = text.at; *line;) {
		const char *at = line, *point = NULL, *type, *rest;
		size_t length;

		for (int i = 0; i < 5; i++)
			point = next_field(&at);
		length = strlen(point);
		rest = after(path, point);
		if (rest && length >= best && (length == 1 || !*rest || *rest == '/')) {
			while (*at && *at != '\n' && !after(at, "- "))
				next_field(&at);
			if (*at == '-') {
				at += 2;
				type = next_field(&at);
				found = joined(type, " ", next_field(&at), " on ", point);
				best = length;
			}
		}
		while (*line && *line++ != '\n')
			;
	}
	return found;
}

static void insist_on_answers(u64 milliseconds)
{
	const char *others = "";
	struct share *bad = NULL;
	i64 more = 0;

	for (unsigned i = 0; i < count; i++) {
		struct share *share = &shares[i];

		if (share->answered && (!share->error || (share->optional && share->error == -ENOENT)))
			continue;
		if (bad)
			more++;
		else
			bad = share;
	}
	if (!bad)
		return;
	if (more)
		others = joined("; and ", decimal(more), " more");
	if (bad->answered)
		fail(bad->path, " cannot be used: ", bad->error == -ENOENT ? "it does not exist" : words_of_errno(bad->error), " (",
		     server_of(bad->path), "; ", bad->because, ")", others);
	fail(bad->path, " did not answer within ", decimal((i64)milliseconds), " ms: ", server_of(bad->path), " (", bad->because, ")", others);
}

static void ask_all(u64 milliseconds)
{
	u64 began = now_in(1);
	unsigned left = count;
	int answers[2];
	long error;

	if (!count)
		return;
	now_at("asking the shares");
	error = sys(pipe2, answers, O_CLOEXEC);
	if (error)
		fail_errno(error, "make a pipe");
	take_back_by(kill_children, "");
	ask_from(0, count, answers[1]);
	if (!wait_for_answers(answers[0], began + TOGETHER_MS * 1000000ull, &left)) {
		for (unsigned i = 0; i < count; i++)
			if (!shares[i].answered)
				ask_from(i, i + 1, answers[1]);
		wait_for_answers(answers[0], began + milliseconds * 1000000ull, &left);
	}
	insist_on_answers(milliseconds);
	kill_children("");
}

void run_hook(void)
{
	struct state state = {0};
	struct json settings, config;
	bool is_config = read_state_or_config(&state, &config);
	u64 milliseconds;

	/* Now Podman's precreate is known, where words go to the kernel's log, too. */
	settings = read_settings("milliseconds shares ");
	milliseconds = (u64)setting_number(settings, "milliseconds", 3000, 100, 60000);
	add_shares(setting_list(settings, "shares"), "settings: shares");
	/* Podman has no bundle yet, and writes absolute paths. */
	add_mounts(is_config ? config : read_config(&state), state.bundle);
	add_environment(is_config ? member(config, "annotations") : state.annotations);
	ask_all(milliseconds);
	if (is_config)
		print_edited(1, config);
}
