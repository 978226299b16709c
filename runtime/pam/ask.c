/*
 * Asking the login program. It is nobody's child that waits: the process between us and it ends at once and raises no SIGCHLD, so that callers with a table of their
 * children (sshd, su, sudo) notice nothing, and one that hangs at a dead file server can be left to process 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "entrance.h"

#define ANSWER_MOST (1U << 20)
#define GROUPS_MOST 65536 /* NGROUPS_MAX of the kernel */

struct call {
	char **argv, **envp;
	gid_t gid, *groups;
	int group_count, out, err;
};

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* More than the kernel takes are cut, as the login itself could not have them. */
static bool find_groups(const struct passwd *user, struct call *c)
{
	int room = 64;

	for (;;) {
		gid_t *more = realloc(c->groups, (size_t)room * sizeof(*more));

		if (!more)
			return false;
		c->groups = more;
		c->group_count = room;
		if (getgrouplist(user->pw_name, user->pw_gid, c->groups, &c->group_count) >= 0)
			break;
		room = c->group_count > room ? c->group_count : room * 2;
		if (room > 1 << 24)
			return false;
	}
	if (c->group_count > GROUPS_MOST)
		c->group_count = GROUPS_MOST;
	return true;
}

/*
 * By the kernel's calls: those of libc would do it to all threads of a process of which this is a copy. Real ids too, or it would start with more rights than its
 * caller (su) has. Nothing of the caller stays open, a connection for example.
 */
static _Noreturn void be_login_program(const struct call *c)
{
	if (dup2(c->out, 1) == 1 && dup2(c->err, 2) == 2 && !syscall(SYS_close_range, 3U, ~0U, 0U)) {
		close(0);
		if (open("/dev/null", O_RDONLY) == 0 && !syscall(SYS_setgroups, (long)c->group_count, c->groups) &&
		    !syscall(SYS_setresgid, c->gid, c->gid, c->gid) && !syscall(SYS_setresuid, 0, 0, 0))
			execve(c->argv[0], c->argv, c->envp);
	}
	_exit(127);
}

/* No SIGCHLD, and no libc between: a handler of the caller's must not run in a copy of it. */
static bool start(const struct call *c)
{
	sigset_t all, before;
	int status = 0;
	long pid, second;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
	if (!pid) {
		second = syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
		if (!second)
			be_login_program(c);
		_exit(second < 0);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	while (pid > 0 && waitpid((pid_t)pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* Never one of 0 to 2, which the caller may have closed. */
static bool open_pipe(int fds[2])
{
	int low[2];

	if (pipe2(low, O_CLOEXEC))
		return false;
	for (int i = 0; i < 2; i++) {
		fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
		close(low[i]);
	}
	return fds[0] >= 0 && fds[1] >= 0;
}

/* False: it has ended. */
static bool take(int fd, char *into, size_t size, size_t *used)
{
	char rest[512];
	bool full = *used == size;
	ssize_t n = read(fd, full ? rest : into + *used, full ? sizeof(rest) : size - *used);

	if (n > 0 && !full)
		*used += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

/* False: out of time. */
static bool listen_to(int out, int err, struct answer *a, long deadline)
{
	struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	size_t words = 0;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		long left = deadline - now_ms();

		if (left <= 0)
			return false;
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return false;
		if (fds[0].fd >= 0 && fds[0].revents && !take(out, a->text, ANSWER_MOST, &a->size))
			fds[0].fd = -1;
		if (fds[1].fd >= 0 && fds[1].revents && !take(err, a->words, WORDS_SIZE - 1, &words))
			fds[1].fd = -1;
		fds[0].revents = fds[1].revents = 0;
	}
	return true;
}

/* What follows a text, or NULL: there is no other. */
static const char *behind(const struct answer *a, const char *text)
{
	const char *next = text ? text + strlen(text) + 1 : a->text;

	return next < a->text + a->size ? next : NULL;
}

const char *next_variable(const struct answer *a, const char **at)
{
	const char *key, *value;

	while ((key = behind(a, *at)) && (value = behind(a, key))) {
		*at = value;
		if (!strcmp(key, "env"))
			return value;
	}
	return NULL;
}

bool stays(const struct answer *a, const char *entry)
{
	const char *at = NULL, *kept;
	size_t name = strcspn(entry, "=");

	while ((kept = next_variable(a, &at)))
		if (!strncmp(kept, entry, name) && kept[name] == '=')
			return true;
	return false;
}

/* The last of them says that the answer is whole; one without a tree is the host. */
static bool understand(struct answer *a)
{
	const char *unknown = NULL, *end = NULL, *key = NULL, *value = NULL;
	const struct {
		const char *key, **into;
	} keys[] = {{"tree", &a->tree}, {"by", &a->by}, {"pin", &a->pin}, {"inode", &a->inode}, {"link", &a->link},
		    {"skeleton", &a->skeleton}, {"record", &a->record}, {"unknown", &unknown}, {"end", &end}};

	if (!a->size || a->text[a->size - 1])
		return false;
	while ((key = behind(a, value)) && (value = behind(a, key)))
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (!strcmp(key, keys[i].key))
				*keys[i].into = value;
	a->unknown = unknown;
	return end && (!a->tree || (a->by && ((a->pin && a->inode) || (a->link && a->skeleton && a->record))));
}

/* One line, without the name that it begins with. */
static void tidy(char *words)
{
	static const char name[] = "pam_chos: ";
	char *end = words + strlen(words);

	while (end > words && end[-1] == '\n')
		*--end = 0;
	if (!strncmp(words, name, sizeof(name) - 1))
		memmove(words, words + sizeof(name) - 1, strlen(words + sizeof(name) - 1) + 1);
	for (; *words; words++) {
		unsigned char c = (unsigned char)*words;

		/* U+0080 to U+009F move cursors, too. */
		if (c == 0xc2 && ((unsigned char)words[1] & 0xe0) == 0x80)
			words[0] = words[1] = ' ';
		else if (c < ' ' || c == 0x7f)
			*words = ' ';
	}
}

/* One that had to be killed says nothing. */
static bool judge(const struct question *q, const struct passwd *user, struct answer *a, bool in_time)
{
	bool whole = in_time && understand(a);

	tidy(a->words);
	if (!whole && !*a->words && in_time && a->size == ANSWER_MOST)
		snprintf(a->words, WORDS_SIZE, "the environment of the session is longer than %u KiB", ANSWER_MOST >> 10);
	if (!whole && !*a->words && in_time)
		snprintf(a->words, WORDS_SIZE, "the login program %s has ended without an answer", LOGIN_PATH);
	if (!whole && !*a->words)
		snprintf(a->words, WORDS_SIZE, "reading ~/.chos of %s does not end within %u s: a home on a dead file server?", user->pw_name, q->seconds);
	return whole;
}

bool ask(const struct question *q, const struct passwd *user, struct answer *a)
{
	char uid[16], seconds[16];
	char *argv[] = {(char *)LOGIN_PATH, user->pw_name, uid, user->pw_dir, user->pw_shell, (char *)(q->refuse_unknown ? "refuse" : "default"), seconds, (char *)q->identity,
			(char *)(q->refuse_foreign ? "refuse" : "newest"), NULL};
	struct call c = {.argv = argv, .envp = q->envp, .gid = user->pw_gid};
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	bool started, in_time;
	long began = now_ms(); /* not after the program has begun to count */

	memset(a, 0, sizeof(*a));
	a->text = malloc(ANSWER_MOST);
	snprintf(uid, sizeof(uid), "%u", user->pw_uid);
	snprintf(seconds, sizeof(seconds), "%u", q->seconds);
	started = a->text && c.envp && find_groups(user, &c) && open_pipe(out) && open_pipe(err);
	c.out = out[1];
	c.err = err[1];
	started = started && start(&c);
	if (out[1] >= 0)
		close(out[1]);
	if (err[1] >= 0)
		close(err[1]);
	in_time = started && listen_to(out[0], err[0], a, began + (long)q->seconds * 1000 + 1500);
	/* Killed by its own timer it was as late. */
	in_time = in_time && now_ms() - began < (long)q->seconds * 1000;
	if (out[0] >= 0)
		close(out[0]);
	if (err[0] >= 0)
		close(err[0]);
	free(c.groups);
	if (!started)
		snprintf(a->words, WORDS_SIZE, "start the login program: %s", strerror(errno));
	return started && judge(q, user, a, in_time);
}
