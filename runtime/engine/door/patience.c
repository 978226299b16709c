/*
 * Waiting for the compiler, and its end. Node that is refused a thread, memory or descriptors does not always end: it may wait for ever, for
 * nothing. So it has deadlines (spec/wire.ts), and the cause is told in one line.
 */
#include <linux/wait.h>

#include "compiler.h"

#define SIGBUS 7
#define SIGKILL 9
#define RLIMIT_NOFILE 7
#define RLIMIT_AS 9
#define TIOCOUTQ 0x5411
#define ERRORS_SIZE 4096
#define NANOSECONDS 1000000000

/* What Node, V8 and libuv print when the system refuses them something, and what that is for whoever can change it. */
enum cause { UNKNOWN, THREADS, DESCRIPTORS, MEMORY };
static const struct {
	char words[24];
	enum cause cause;
} telling[] = {
	{"uv_thread_create", THREADS},  {"pthread_create", THREADS},	 {"uv_loop_init", DESCRIPTORS},
	{"Too many open files", DESCRIPTORS}, {"out of memory", MEMORY}, {"process OOM", MEMORY},
	{"allocate memory", MEMORY},
};
static const char causes[][120] = {
	[UNKNOWN] = "perhaps a share does not answer, or it is refused a thread or memory (pids or memory limit of the cgroup, ulimit)",
	[THREADS] = "no thread more is allowed (pids limit of the cgroup, or ulimit -u)",
	[DESCRIPTORS] = "there are too few descriptors (ulimit -n)",
	[MEMORY] = "there is too little memory (memory limit of the cgroup, or ulimit -v)",
};

/* In the place of a status of wait4(2). */
#define HUNG (-1)

static int killed; /* a compiler that was not waited for yet */

void reap_compiler(void)
{
	while (killed && sys(wait4, killed, NULL, 0, NULL) == -EINTR)
		;
	killed = 0;
}

/* Its memory takes the kernel about 4 ms to free: that goes on while the program runs. */
void kill_compiler(const struct compiler *c)
{
	sys(kill, c->pid, SIGKILL);
	killed = c->pid;
}

void stop_compiler(const struct compiler *c)
{
	kill_compiler(c);
	reap_compiler();
}

/* Its socket is closed a moment before it can be waited for. */
static bool ended_soon(const struct compiler *c, int *status)
{
	for (unsigned i = 0; i < 100; i++) {
		struct __kernel_timespec pause = {.tv_nsec = NANOSECONDS / 100};

		if (sys(wait4, c->pid, status, WNOHANG, NULL) == c->pid)
			return true;
		sys(ppoll, NULL, 0, &pause, NULL, 8);
	}
	return false;
}

/* ---- Why it failed ---- */

static const char *find(const char *text, const char *words)
{
	for (; *text; text++)
		if (after(text, words))
			return text;
	return NULL;
}

/* The line that says most of what Node (or Bun) printed: the first with "Error: " (or "panic"), else the first with words in it. Ends it. */
static char *telling_line(char *text)
{
	const char *error = find(text, "Error: "), *panic = find(text, "panic(");
	char *line = text, *end;

	error = error ? error : panic;
	if (error)
		for (line = text + (error - text); line > text && line[-1] != '\n'; line--)
			;
	else
		while (*line && (*line == '#' || *line == ' ' || *line == '\n'))
			line++;
	for (end = line; *end && *end != '\n'; end++)
		;
	*end = 0;
	return line;
}

static bool limit_below(int resource, u64 wanted)
{
	struct {
		u64 soft, hard;
	} limit;

	return !sys(prlimit64, 0, resource, NULL, &limit) && limit.hard < wanted;
}

/* By what it printed; where it printed nothing, by the limits that it was started under. */
static enum cause cause_of(const char *text)
{
	for (unsigned i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
		if (find(text, telling[i].words))
			return telling[i].cause;
	if (*text)
		return UNKNOWN;
	if (limit_below(RLIMIT_NOFILE, COMPILER_DESCRIPTORS / 8))
		return DESCRIPTORS;
	return limit_below(RLIMIT_AS, ~0UL) ? MEMORY : UNKNOWN;
}

/* `what`, and why: the cause if that is known, else what Node had to say, else how it ended (status). */
static _Noreturn void tell(const struct compiler *c, const char *what, int status)
{
	char *text = scratch_part(0, ERRORS_SIZE), *line;
	enum cause cause;
	long length = sys(pread64, c->errors, text, ERRORS_SIZE - 1, 0);
	struct text t = text_in(scratch_part(ERRORS_SIZE, ERRORS_SIZE), ERRORS_SIZE);

	text[length > 0 ? length : 0] = 0;
	cause = cause_of(text);
	line = telling_line(text);
	put_string(&t, cause == UNKNOWN && *line ? "the compiler failed" : what);
	if (cause != UNKNOWN || *line || status)
		put_string(&t, ": ");
	if (cause == UNKNOWN && *line) {
		put_string(&t, line);
	} else if (status == HUNG) {
		put_string(&t, causes[cause]);
	} else if (cause == UNKNOWN && (status & 0x7f) == SIGKILL) {
		put_string(&t, "it was killed, as the kernel does where memory runs out (memory limit of the cgroup?)");
	} else if (cause == UNKNOWN && (status & 0x7f) == SIGBUS) {
		put_string(&t, "not all of " NODE_PATH " can be read: it was cut off, its disk fails, or a tmpfs is full");
	} else if (cause == UNKNOWN && status & 0x7f) {
		put_string(&t, "signal ");
		put_decimal(&t, status & 0x7f);
	} else if (cause == UNKNOWN && status) {
		put_string(&t, "exit code ");
		put_decimal(&t, status >> 8);
	} else if (cause != UNKNOWN) {
		put_string(&t, causes[cause]);
	}
	put_char(&t, 0);
	die(t.at, NULL, 0);
}

/* fork(2) or what comes before it failed. */
_Noreturn void die_of_start(int error)
{
	const char *cause = error == EAGAIN   ? causes[THREADS]
			    : error == EMFILE ? causes[DESCRIPTORS]
			    : error == ENOMEM ? causes[MEMORY]
					      : NULL;

	die(cause ? "cannot start the compiler:" : "cannot start the compiler", cause, cause ? 0 : error);
}

/* It has closed its end. If it is still there, that was no answer either. */
_Noreturn void die_of_compiler(struct compiler *c, const char *what)
{
	int status = 0;
	bool ended = ended_soon(c, &status);

	if (!ended)
		stop_compiler(c);
	end_by_signal(c);
	/* Bun starts nowhere without it. Node does, and the command says it in the same words. */
	if (sys(faccessat, AT_FDCWD, "/proc/self", 0))
		die("there is no procfs on /proc", NULL, 0);
	tell(c, what, ended ? status : 0);
}

/* ---- Deadlines ---- */

/* Processor time of all its threads (CPUCLOCK_SCHED of clock_getcpuclockid(3)). */
static i64 time_spent(const struct compiler *c)
{
	struct __kernel_timespec spent = {0};

	sys(clock_gettime, (int)(~(u32)c->pid << 3 | 2), &spent);
	return spent.tv_sec * NANOSECONDS + spent.tv_nsec;
}

static bool has_read_request(const struct compiler *c)
{
	int unread = 0;

	return !sys(ioctl, c->socket, TIOCOUTQ, &unread) && !unread;
}

static u64 number_at(const char **at)
{
	u64 number = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		number = number * 10 + (u64)(**at - '0');
	if (**at)
		(*at)++;
	return number;
}

/* Where /proc is that of another pid namespace, the number of ours is somebody else's in it. */
static bool procfs_is_ours(void)
{
	char name[24], own[24] = "";
	struct text t = text_in(own, sizeof(own));
	long length = sys(readlinkat, AT_FDCWD, "/proc/self", name, sizeof(name));

	put_decimal(&t, sys(getpid));
	return length == (long)t.used && !memcmp(name, own, t.used);
}

/* What it has in memory beside files and what is shared, in bytes (proc_pid_statm(5)); 0 where /proc does not tell. */
static u64 memory_of(const struct compiler *c)
{
	char path[32], text[128] = "";
	const char *at = text;
	struct text t = text_in(path, sizeof(path));
	u64 resident;
	long fd;

	if (!procfs_is_ours())
		return 0;
	put_string(&t, "/proc/");
	put_decimal(&t, c->pid);
	put_string(&t, "/statm");
	put_char(&t, 0);
	fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	sys(read, fd, text, sizeof(text) - 1);
	sys(close, fd);
	number_at(&at);
	resident = number_at(&at);
	return (resident - number_at(&at)) * process.page;
}

/* Whatever it hangs in may hold it although it is killed. */
static void end_compiler(struct compiler *c)
{
	sys(kill, c->pid, SIGKILL);
	ended_soon(c, NULL);
	end_by_signal(c);
}

static _Noreturn void end_excess(struct compiler *c, i64 limit, const char *unit)
{
	char what[160];
	struct text t = text_in(what, sizeof(what));

	end_compiler(c);
	put_string(&t, "the compiler took more than ");
	put_decimal(&t, limit);
	put_string(&t, unit);
	put_string(&t, " and was ended");
	if (c->input.kind == GIVEN_BYTES)
		put_string(&t, ": what it was given is too large (config.json, process.json or the registry)");
	put_char(&t, 0);
	die(what, NULL, 0);
}

/* Another second has passed. Seconds are counted instead of compared with a clock, which goes on while all of us are stopped or frozen. */
static void second_passed(struct compiler *c)
{
	char what[64];
	struct text t = text_in(what, sizeof(what));
	i64 spent = time_spent(c);
	bool hangs;

	c->idle = spent - c->spent < COMPILER_LEAST_WORK ? c->idle + 1 : 0;
	c->spent = spent;
	c->seconds++;
	if (c->waits && has_read_request(c))
		return;
	if (spent > COMPILER_WORK_SECONDS * (i64)NANOSECONDS)
		end_excess(c, COMPILER_WORK_SECONDS, " s of processor time");
	hangs = c->idle >= COMPILER_IDLE_SECONDS;
	if (!hangs && c->seconds < COMPILER_SECONDS)
		return;
	end_compiler(c);
	put_string(&t, "the compiler ");
	put_string(&t, hangs ? "did nothing for " : "did not come to an end in ");
	put_decimal(&t, hangs ? COMPILER_IDLE_SECONDS : COMPILER_SECONDS);
	put_string(&t, " s and was ended");
	put_char(&t, 0);
	tell(c, what, HUNG);
}

static void beat_passed(struct compiler *c)
{
	if (memory_of(c) > (u64)COMPILER_MEMORY_MIB << 20 && !(c->waits && has_read_request(c)))
		end_excess(c, COMPILER_MEMORY_MIB, " MiB of memory");
	if (!(++c->beats % COMPILER_BEATS))
		second_passed(c);
}

/* What remains of the time is left in it. */
static bool await_service(struct compiler *c, int events)
{
	struct pollfd fd = {.fd = c->socket, .events = (short)events};
	long ready;

	while ((ready = sys(ppoll, &fd, 1, &c->left, NULL, 8)) == -EINTR)
		;
	return ready > 0;
}

/* Until the socket can be read from or written to. False, of a service alone: it has let its time pass. */
bool await_compiler(struct compiler *c, int events)
{
	struct pollfd fds[2] = {{.fd = c->socket, .events = (short)events}, {.fd = c->signals, .events = POLLIN}};
	struct __kernel_timespec beat = {.tv_nsec = NANOSECONDS / COMPILER_BEATS};

	if (!c->pid)
		return await_service(c, events);
	for (;;) {
		/* It leaves in `beat` what remains of it. */
		long ready = sys(ppoll, fds, 2, &beat, NULL, 8);

		if (ready > 0 && fds[1].revents)
			take_signals(c);
		if ((ready > 0 && fds[0].revents) || (ready < 0 && ready != -EINTR))
			return true;
		if (!ready) {
			beat_passed(c);
			beat.tv_nsec = NANOSECONDS / COMPILER_BEATS;
		}
	}
}
