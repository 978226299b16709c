/*
 * The cold way: start Node with the compiler, hand it the request, read its answer (spec/wire.ts), and end it before anything else is done,
 * so that it is never an ancestor of a container.
 */
#include <linux/prctl.h>
#include <linux/sched.h>

#include "compiler.h"

_Static_assert(sizeof(NODE_PATH) > 1, "there is no Node in PATH: give NODE=/path/to/node");
#ifndef NODE_FLAGS
#define NODE_FLAGS "" /* each ends in "\0" */
#endif
#ifndef SERVICE_FLAGS
#define SERVICE_FLAGS ""
#endif
#define SIGKILL 9
#define RLIMIT_NOFILE 7
#define SIG_SETMASK 2
#define TCGETS 0x5401

/* Node knows nothing of it. Without a home Bun would look for translated code in /tmp, where anybody may put some. */
#define NO_CACHE "BUN_RUNTIME_TRANSPILER_CACHE_PATH=0"
#define KEEP_HASHES "--no-rehash-snapshot"

/* ---- Starting it ---- */

/* Node needs some twenty descriptors; what the container may have is not decided by that. */
static void allow_descriptors(void)
{
	struct {
		u64 soft, hard;
	} limit;

	if (sys(prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) || limit.soft >= COMPILER_DESCRIPTORS)
		return;
	limit.soft = limit.hard < COMPILER_DESCRIPTORS ? limit.hard : COMPILER_DESCRIPTORS;
	sys(prlimit64, 0, RLIMIT_NOFILE, &limit, NULL);
}

/* In the child. What it has to say about a failure goes where Node's own words would go. */
static _Noreturn void become_compiler(const struct compiler *c, int parent, int socket)
{
	static const char command[] = NODE_PATH "\0" NODE_FLAGS COMPILER_PATH "\0";
	const char *argv[16], *environment[] = {NO_CACHE, NULL};
	long fds[4], null = sys(openat, AT_FDCWD, "/dev/null", O_RDWR), result;
	unsigned argc = 0;
	struct text t = text_in(scratch, SCRATCH_SIZE);

	allow_descriptors();
	/* First out of the way of the final numbers, then into place. */
	fds[0] = null;
	fds[1] = c->streams ? 1 : null;
	fds[2] = c->errors;
	fds[WIRE_FD_SOCKET] = socket;
	for (unsigned i = 0; i < 4; i++)
		fds[i] = sys(fcntl, fds[i], F_DUPFD_CLOEXEC, 4);
	for (unsigned i = 0; i < 4; i++)
		if (fds[i] < 0)
			sys(close, i);
		else
			sys(dup3, fds[i], i, 0);
	sys(close_range, 4, ~0U, 0);
	/* Whatever lies where the caller is, is none of its business. */
	sys(chdir, "/");
	if (c->signals >= 0)
		sys(rt_sigprocmask, SIG_SETMASK, &c->mask, NULL, 8);
	/* A terminal signals all of a group, and Node does not leave ignored what is ignored, nor blocked what is blocked. */
	if (c->apart)
		sys(setpgid, 0, 0);
	sys(prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (sys(getppid) != parent)
		sys(exit_group, 1);
	for (const char *at = command; *at && argc < 15; at += strlen(at) + 1)
		if (!(c->seeded && equal(at, KEEP_HASHES)) && !(c->plain && after(at, "--")))
			argv[argc++] = at;
	argv[argc] = NULL;
	result = sys(execve, NODE_PATH, argv, environment);
	put_string(&t, "cannot start " NODE_PATH ": ");
	put_errno(&t, result);
	sys(write, 2, t.at, t.used);
	for (;;)
		sys(exit_group, 127);
}

static void start(struct compiler *c)
{
	int sockets[2], parent = (int)sys(getpid);
	long errors = memory_file("errors"), pid;
	long result = sys(socketpair, AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, sockets);

	if (errors < 0 || result < 0)
		die_of_start((int)-(errors < 0 ? errors : result));
	c->errors = (int)errors;
	pid = new_process();
	if (!pid)
		become_compiler(c, parent, sockets[1]);
	if (pid < 0)
		die_of_start((int)-pid);
	sys(close, sockets[1]);
	c->pid = (int)pid;
	c->socket = sockets[0];
}

/* ---- What comes of it ---- */

static _Noreturn void answer_program(struct request *q, const struct compiler *c, const struct answer_header *h)
{
	run_image(q, c->program < 0 ? -1 : keep_descriptor(q, c->program), 0, h->image_size, h->entry);
}

/* A signal has come meanwhile: what was done, or why not, is told; what would come next is not done. */
static _Noreturn void end_with_answer(struct compiler *c, const struct answer_header *h, const char *texts)
{
	stop_compiler(c);
	release_signals(c);
	print(texts, h->out_length);
	if (h->kind == ANSWER_REPORT && h->exit_code && h->message_length)
		report(LEVEL_ERROR, texts + h->out_length, h->message_length);
	for (;;)
		end_by_signal(c);
}

/* Node has been replaced since the build, and does not know all of the flags any more: it says so, and ends before it does anything. */
static bool refuses_flags(const struct compiler *c)
{
	char text[512];
	long length = sys(pread64, c->errors, text, sizeof(text) - 1, 0);

	text[length > 0 ? length : 0] = 0;
	for (const char *at = text; *at; at++)
		if (after(at, ": bad option: -"))
			return true;
	return false;
}

static void ask_cold(struct request *q, struct compiler *c, struct answer_header *h, const char **texts)
{
	enum received received;

	start(c);
	send_request(c);
	received = read_answer(q, c, h, texts);
	if (received == NONE_AT_ALL && !c->plain && refuses_flags(c)) {
		c->plain = true;
		h->kind = ANSWER_AGAIN;
		return;
	}
	if (received == NONE_AT_ALL)
		die_of_compiler(c, "the compiler ended without an answer");
	if (received == CUT_OFF)
		die_of_compiler(c, "the compiler ended in the middle of its answer");
	if (received == NO_ROOM) {
		kill_compiler(c);
		die("keep what was compiled in memory", NULL, c->error);
	}
	if (received == SENSELESS || h->kind > ANSWER_STORED || (c->seeded && h->kind == ANSWER_AGAIN) ||
	    (q->unusable && h->kind == ANSWER_STORED))
		die_of_compiler(c, "the compiler gave an answer that makes no sense");
}

/* Until there is an answer that is the last. */
static void insist_on_answer(struct request *q, struct compiler *c, struct answer_header *h, const char **texts)
{
	for (;;) {
		ask_cold(q, c, h, texts);
		if (c->signal)
			end_with_answer(c, h, *texts);
		if (h->kind != ANSWER_AGAIN && h->kind != ANSWER_STORED)
			return;
		stop_compiler(c);
		sys(close, c->socket);
		sys(close, c->errors);
		if (h->kind == ANSWER_STORED) {
			run_stored(q, h->entry);
			c->request->unusable = q->unusable;
		} else {
			c->seeded = true;
		}
		c->seconds = c->idle = 0;
		c->spent = 0;
	}
}

_Noreturn void run_compiled(struct request *q)
{
	struct compiler c = {.waits = q->command && q->command->waits,
			     .streams = q->command && q->command->streams,
			     .signals = -1,
			     .socket = -1,
			     .program = -1};
	struct answer_header h;
	const char *texts = NULL, *message, *looks;
	char termios[64];
	/* Nothing may be open that a program does not know of, a connection neither. */
	bool alone = process.service < 0 && (seems_reusable(q) || seems_left(q));

	if (!alone)
		reach_service(q, &c);
	read_input(q, &c.input);
	make_request(q, &c);
	run_reusable(q, &c, alone);
	run_left(q, &c, alone);
	if (alone)
		reach_service(q, &c);
	if (!ask_service(q, &c, &h, &texts)) {
		if (c.streams)
			hold_signals(&c);
		insist_on_answer(q, &c, &h, &texts);
		/* The answer is whole: nothing is gained by letting Node clean up. */
		kill_compiler(&c);
		release_signals(&c);
		sys(close, c.errors);
	}
	sys(close, c.socket);
	message = texts + h.out_length;
	print(texts, h.out_length);
	if (h.kind == ANSWER_REPORT && h.exit_code && h.message_length)
		report(LEVEL_ERROR, message, h.message_length);
	else
		hold_given_warnings(message, h.message_length);
	if (h.kind == ANSWER_PROGRAM) {
		leave_reusable(q, &c, &h);
		looks = texts + h.size - sizeof(h) - h.looks_length;
		leave_for_others(q, &c, &h, looks);
		give_arguments(q);
		answer_program(q, &c, &h);
	}
	report_warnings();
	reap_compiler();
	if (h.detail_length && !sys(ioctl, 2, TCGETS, termios))
		write_all(2, message + h.message_length, h.detail_length);
	for (;;)
		sys(exit_group, h.exit_code);
}

/* ---- The service ---- */

/* Of the environment Node gets what tells where to listen, and nothing that Node itself obeys. */
_Noreturn void become_service(void)
{
	static const char command[] = NODE_PATH "\0" SERVICE_FLAGS COMPILER_PATH "\0";
	static const char passed[] = "LISTEN_FDS\0LISTEN_PID\0XDG_RUNTIME_DIR\0";
	/* One arena of malloc(3) for all threads spares 10 MB. */
	const char **argv = (const char **)scratch, *environment[6] = {"MALLOC_ARENA_MAX=1", NO_CACHE};
	const char **last = (const char **)(scratch + FREE_SIZE) - 2;
	unsigned variables = 2;
	long result;

	for (const char *at = command; *at; at += strlen(at) + 1)
		*argv++ = at;
	for (int i = 1; i < process.argc && argv < last; i++)
		*argv++ = process.argv[i];
	*argv = NULL;
	for (char **at = process.envp; *at && variables < 5; at++)
		for (const char *name = passed; *name; name += strlen(name) + 1) {
			const char *value = after(*at, name);

			if (value && *value == '=')
				environment[variables++] = *at;
		}
	environment[variables] = NULL;
	sys(chdir, "/");
	result = sys(execve, NODE_PATH, scratch, environment);
	die("cannot start", NODE_PATH, (int)-result);
}
