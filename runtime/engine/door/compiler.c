/*
 * The cold way: start Node with the compiler, hand it the request, read its answer (spec/wire.ts), and end it before anything else is done,
 * so that it is never an ancestor of a container.
 */
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#include "compiler.h"

#if !defined(NODE_PATH) || !defined(COMPILER_PATH)
#error "NODE_PATH and COMPILER_PATH: absolute paths of Node and of the compiler's bundle"
#endif
_Static_assert(sizeof(NODE_PATH) > 1, "there is no Node in PATH: give NODE=/path/to/node");
#ifndef NODE_FLAGS
#define NODE_FLAGS "" /* each ends in "\0" */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif
#define SIGKILL 9
#define RLIMIT_NOFILE 7
#define SIGCHLD 17
#define SIG_SETMASK 2
#define SOCK_STREAM 1
#define AF_UNIX 1
#define MSG_NOSIGNAL 0x4000
#define MSG_DONTWAIT 0x40
#define TCGETS 0x5401
#define SEEK_SET 0
#define ANSWER_LIMIT (64U << 20)
#define PATH_SIZE 4096

struct request_header {
	u32 magic, version, size, argc, envc;
	int config, program;
	u32 cwd_length, unusable;
};
struct answer_header {
	u32 magic, version, size, kind;
	int exit_code;
	u32 entry, image_size, out_length, message_length, detail_length, values, reserved;
};
struct value_header {
	u16 number, kind;
	u32 length;
	i64 value;
};
_Static_assert(sizeof(struct request_header) == REQUEST_HEADER_SIZE, "request header");
_Static_assert(sizeof(struct answer_header) == ANSWER_HEADER_SIZE, "answer header");

#define KEEP_HASHES "--no-rehash-snapshot"

/* ---- Starting it ---- */

static long memory_file(const char *name)
{
	long fd = sys(memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	return fd == -EINVAL ? sys(memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

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
	const char *argv[16], *environment[1] = {NULL};
	long fds[6], null = sys(openat, AT_FDCWD, "/dev/null", O_RDWR), result;
	unsigned argc = 0;
	struct text t = text_in(scratch, SCRATCH_SIZE);

	allow_descriptors();
	/* First out of the way of the final numbers, then into place. */
	fds[0] = null;
	fds[1] = c->streams ? 1 : null;
	fds[2] = c->errors;
	fds[WIRE_FD_SOCKET] = socket;
	fds[WIRE_FD_CONFIG] = c->config;
	fds[WIRE_FD_PROGRAM] = c->program;
	for (unsigned i = 0; i < 6; i++)
		fds[i] = fds[i] < 0 || (i == WIRE_FD_CONFIG && !c->config) ? -1 : sys(fcntl, fds[i], F_DUPFD_CLOEXEC, 6);
	for (unsigned i = 0; i < 6; i++)
		if (fds[i] < 0)
			sys(close, i);
		else
			sys(dup3, fds[i], i, 0);
	sys(close_range, 6, ~0U, 0);
	if (c->signals >= 0)
		sys(rt_sigprocmask, SIG_SETMASK, &c->mask, NULL, 8);
	/* A terminal signals all of a group, and Node does not leave ignored what is ignored, nor blocked what is blocked. */
	if (c->apart)
		sys(setpgid, 0, 0);
	sys(prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (sys(getppid) != parent)
		sys(exit_group, 1);
	for (const char *at = command; *at && argc < 15; at += strlen(at) + 1)
		if (!c->seeded || !equal(at, KEEP_HASHES))
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
	long errors = memory_file("errors"), program = memory_file("program"), pid;
	long result = sys(socketpair, AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, sockets);

	if (errors < 0 || program < 0 || result < 0)
		die_of_start((int)-(errors < 0 ? errors : program < 0 ? program : result));
	c->errors = (int)errors;
	c->program = (int)program;
#ifdef __x86_64__
	pid = sys(fork);
#else
	pid = sys(clone, SIGCHLD);
#endif
	if (!pid)
		become_compiler(c, parent, sockets[1]);
	if (pid < 0)
		die_of_start((int)-pid);
	sys(close, sockets[1]);
	c->pid = (int)pid;
	c->socket = sockets[0];
}

/* ---- The request ---- */

static u32 count_strings(char *const *strings, u64 *bytes)
{
	u32 count = 0;

	for (; strings[count]; count++)
		*bytes += strlen(strings[count]) + 1;
	return count;
}

static void put_strings(struct text *t, char *const *strings)
{
	for (; *strings; strings++)
		put_bytes(t, *strings, strlen(*strings) + 1);
}

/* One that does not take all of it has died, and reading its answer will tell. */
static void send_request(struct compiler *c, int config, bool unusable)
{
	char *cwd = scratch_part(0, PATH_SIZE);
	long cwd_length = sys(getcwd, cwd, PATH_SIZE), at;
	u64 size = sizeof(struct request_header);
	struct request_header h = {
		.magic = REQUEST_MAGIC,
		.version = WIRE_VERSION,
		.argc = count_strings(process.argv, &size),
		.envc = count_strings(process.envp, &size),
		.config = config,
		.program = WIRE_FD_PROGRAM,
		.unusable = unusable,
	};
	struct text t;
	size_t sent = 0;

	if (cwd_length <= 0) { /* removed meanwhile */
		cwd[0] = 0;
		cwd_length = 1;
	}
	h.cwd_length = (u32)cwd_length;
	size += (u64)cwd_length;
	h.size = (u32)size;
	at = sys(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		die_of_start((int)-at);
	t = text_in((void *)at, size);
	put_bytes(&t, &h, sizeof(h));
	put_bytes(&t, cwd, (size_t)cwd_length);
	put_strings(&t, process.argv);
	put_strings(&t, process.envp);
	while (sent < size) {
		long n = sys(sendto, c->socket, t.at + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);

		if (n == -EAGAIN)
			await_compiler(c, POLLOUT);
		else if (n < 0 && n != -EINTR)
			break;
		if (n > 0)
			sent += (size_t)n;
	}
	sys(munmap, at, size);
}

/* ---- The answer ---- */

static bool read_all(struct compiler *c, void *buffer, size_t size)
{
	u8 *at = buffer;

	while (size) {
		long n;

		await_compiler(c, POLLIN);
		n = sys(read, c->socket, at, size);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool header_valid(const struct answer_header *h)
{
	u64 texts = (u64)h->out_length + h->message_length + h->detail_length;

	return h->magic == ANSWER_MAGIC && h->version == WIRE_VERSION && h->size <= ANSWER_LIMIT && h->size >= sizeof(*h) &&
	       texts <= h->size - sizeof(*h) && h->kind >= ANSWER_REPORT && h->kind <= ANSWER_STORED;
}

/* Take over the values, which stay where they are in the answer. */
static bool take_values(struct request *q, const char *at, size_t size, u32 count)
{
	for (; count; count--) {
		struct value_header v;
		size_t padded;

		if (size < sizeof(v))
			return false;
		memcpy(&v, at, sizeof(v));
		at += sizeof(v);
		size -= sizeof(v);
		padded = ((size_t)v.length + 7) & ~(size_t)7;
		if (padded > size || v.number >= PARAMETER_COUNT || v.kind != parameter_kinds[v.number])
			return false;
		if (v.kind == KIND_VECTOR && v.length && at[v.length - 1])
			return false;
		q->values[v.number] =
			(struct value){.given = true, .text = at, .length = v.length, .number = v.value, .vector = NULL};
		at += padded;
		size -= padded;
	}
	return true;
}

/* NULL: there is none, or not a whole one. */
static char *read_answer(struct request *q, struct compiler *c, struct answer_header *h)
{
	size_t size;
	char *rest;
	long at;

	if (!read_all(c, h, sizeof(*h)))
		die_of_compiler(c, "the compiler ended without an answer");
	if (!header_valid(h))
		return NULL;
	size = h->size - sizeof(*h);
	at = sys(mmap, 0, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		return NULL;
	rest = (char *)at;
	if (!read_all(c, rest, size))
		die_of_compiler(c, "the compiler ended in the middle of its answer");
	at = (long)h->out_length + h->message_length + h->detail_length;
	return take_values(q, rest + at, size - (size_t)at, h->values) ? rest : NULL;
}

static _Noreturn void answer_program(struct request *q, const struct compiler *c, const struct answer_header *h)
{
	int fd = keep_descriptor(q, c->program);

	sys(fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	run_image(q, fd, 0, h->image_size, h->entry);
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

_Noreturn void run_cold(struct request *q)
{
	struct compiler c = {.config = open_input(q),
			     .waits = q->command && q->command->waits,
			     .streams = q->command && q->command->streams,
			     .signals = -1};
	struct answer_header h;
	const char *texts, *message;
	char termios[64];

	if (c.streams)
		hold_signals(&c);
	for (;;) {
		start(&c);
		send_request(&c, c.config > 0 ? WIRE_FD_CONFIG : c.config, q->unusable);
		texts = read_answer(q, &c, &h);
		if (!texts || (c.seeded && h.kind == ANSWER_AGAIN) || (q->unusable && h.kind == ANSWER_STORED))
			die_of_compiler(&c, "the compiler gave an answer that makes no sense");
		if (c.signal)
			end_with_answer(&c, &h, texts);
		if (h.kind != ANSWER_AGAIN && h.kind != ANSWER_STORED)
			break;
		stop_compiler(&c);
		sys(close, c.socket);
		sys(close, c.errors);
		sys(close, c.program);
		if (h.kind == ANSWER_STORED)
			run_stored(q, h.entry);
		else
			c.seeded = true;
		if (c.config > 0)
			sys(lseek, c.config, 0, SEEK_SET);
		c.seconds = c.idle = 0;
		c.spent = 0;
	}
	/* The answer is whole: nothing is gained by letting Node clean up. */
	kill_compiler(&c);
	release_signals(&c);
	sys(close, c.socket);
	sys(close, c.errors);
	if (c.config > 0)
		sys(close, c.config);
	message = texts + h.out_length;
	print(texts, h.out_length);
	if (h.kind == ANSWER_REPORT && h.exit_code && h.message_length)
		report(LEVEL_ERROR, message, h.message_length);
	else
		hold_given_warnings(message, h.message_length);
	if (h.kind == ANSWER_PROGRAM)
		answer_program(q, &c, &h);
	report_warnings();
	reap_compiler();
	if (h.detail_length && !sys(ioctl, 2, TCGETS, termios))
		write_all(2, message + h.message_length, h.detail_length);
	for (;;)
		sys(exit_group, h.exit_code);
}
