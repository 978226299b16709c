/* SPDX-License-Identifier: MIT */
/*
 * Runs whole commands of several contenders in interleaved rounds and times each from before the fork to after the
 * wait. Everything happens in a mount and pid namespace of its own, so that what a plan mounts, and what a broken
 * contender leaves running, is gone when the timer is.
 *
 *   timer PLAN STDERR-FILE > result.json      timer noop (exits at once: what an empty process costs)
 *   timer here PLAN STDERR-FILE > result.json     without namespaces of its own, in a machine that is thrown away afterwards
 *
 * A plan is lines of tab-separated words:
 *   seed N | rounds N | warmup N | gap MILLISECONDS     order of contenders is drawn anew each round
 *   user UID      who runs what is measured; root, if it is not there
 *   umount PATH | tmpfs PATH | proc | null | binds DIR N | setup ARGV...     once, before the rounds
 *   contender NAME                                      the lines below are its steps, run in order each round
 *   time LABEL ARGV... | quiet ARGV... | try ARGV...    measured | must succeed | may fail
 *   burst LABEL COUNT ARGV...                           so many at the same moment, each measured from that moment to its end
 *   series LABEL COUNT ARGV...                          so many one after the other, each measured
 *   await PIDFILE | resident LABEL PIDFILE              until that process is gone | memory of that process
 *   status LABEL KEY PIDFILE | last LABEL KEY PIDFILE   that line of its /proc/PID/status or smaps_rollup, in KiB; last: once, when all else is over
 *   once ARGV... | finish ARGV...                       before the first round (must succeed) | after the last one
 * In arguments {n} is the number of the round, with four digits, the first is 0000, and {i} that of the command in a burst or series.
 * Times are nanoseconds of CLOCK_MONOTONIC, memory is KiB. A contender that fails once is out of the later rounds.
 */
#include "freestanding.h"

#define MAX_CONTENDERS 12
#define MAX_STEPS 24
#define MAX_VALUES 10240
#define MAX_WORDS 64
#define MAX_BURST 256

struct step {
	const char *kind, *label;
	char **argv;
	unsigned each, done; /* commands of a round; values so far */
	uint64_t value[MAX_VALUES]; /* ns, or KiB */
	uint32_t memory[MAX_VALUES]; /* peak, or Pss */
};

struct contender {
	const char *name;
	int steps, failed_step, exit_code;
	struct step step[MAX_STEPS];
};

static struct contender contenders[MAX_CONTENDERS];
static char plan[262144], *words[8192], **environment;
static int count;
static unsigned long rounds = 10, warmup = 1, gap, user, round_number;
static uint64_t random_state = 1;

_Noreturn static void leave(int code)
{
	for (;;)
		SYS(exit_group, code);
}

static long must(long result, const char *what)
{
	if (result < 0) {
		char line[512], *end = put_number(put(put(put(line, "timer: "), what), ": errno "), (unsigned long)-result, 1);
		SYS(write, 2, line, put(end, "\n") - line);
		leave(1);
	}
	return result;
}

/* xorshift64: the same seed gives the same order on every machine. */
static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

static uint64_t now(void)
{
	long t[2];
	SYS(clock_gettime, 1 /* CLOCK_MONOTONIC */, t);
	return (uint64_t)t[0] * 1000000000u + (uint64_t)t[1];
}

static long spawn(uint64_t flags)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
	return must(SYS(clone3, &args, sizeof args), "clone3");
}

/* The arguments of one command, with its numbers in place; good until the next call. */
static char **numbered(char **argv, unsigned long each)
{
	static char text[16384], *filled[MAX_WORDS];
	char *end = text;
	int i = 0;
	for (; argv[i]; i++) {
		must(i < MAX_WORDS - 1 && end + length(argv[i]) < text + sizeof text - 1024 ? 0 : -E2BIG, "arguments");
		filled[i] = end;
		for (const char *p = argv[i]; *p;)
			if (p[0] == '{' && (p[1] == 'n' || p[1] == 'i') && p[2] == '}') {
				end = p[1] == 'n' ? put_number(end, round_number, 4) : put_number(end, each, 1);
				p += 3;
			} else {
				*end++ = *p++;
			}
		*end++ = 0;
	}
	filled[i] = 0;
	return filled;
}

_Noreturn static void become(char **argv, unsigned long as)
{
	if (as && (SYS(setgroups, 0, 0) || SYS(setresgid, as, as, as) || SYS(setresuid, as, as, as)))
		leave(126);
	SYS(execve, argv[0], argv, environment);
	leave(127);
}

static int exit_code(int status)
{
	return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}

/* Returns the exit code (128 + signal), with the time and the peak memory of the command alone. */
static int run(char **argv, unsigned long as, uint64_t *took, uint32_t *peak)
{
	struct rusage use;
	int status;
	uint64_t begin = now();
	long pid = spawn(CLONE_VFORK);
	if (pid == 0)
		become(argv, as);
	while (SYS(wait4, -1, &status, 0, &use) != pid) /* as pid 1 the timer inherits the inits of containers */
		;
	*took = now() - begin;
	*peak = (uint32_t)use.ru_maxrss;
	return exit_code(status);
}

/* All are there and wait before the first begins. */
static int run_burst(const struct step *s, uint64_t *took, uint32_t *peak)
{
	long pids[MAX_BURST];
	int gate[2], status, code = 0;
	struct rusage use;
	must(s->each <= MAX_BURST ? 0 : -E2BIG, "burst");
	must(SYS(pipe2, gate, O_CLOEXEC), "pipe");
	for (unsigned i = 0; i < s->each; i++) {
		char **argv = numbered(s->argv, i);
		if ((pids[i] = spawn(0)) == 0) {
			SYS(close, gate[1]);
			SYS(read, gate[0], &status, 1);
			become(argv, user);
		}
	}
	SYS(close, gate[0]);
	uint64_t begin = now();
	SYS(close, gate[1]);
	for (unsigned left = s->each; left;) {
		long pid = must(SYS(wait4, -1, &status, 0, &use), "wait for a burst");
		for (unsigned i = 0; i < s->each; i++)
			if (pids[i] == pid) {
				took[i] = now() - begin;
				peak[i] = (uint32_t)use.ru_maxrss;
				code = code ? code : exit_code(status);
				pids[i] = 0;
				left--;
			}
	}
	return code;
}

static int run_series(const struct step *s, uint64_t *took, uint32_t *peak)
{
	int code = 0;
	for (unsigned i = 0; i < s->each && !code; i++)
		code = run(numbered(s->argv, i), user, took + i, peak + i);
	return code;
}

static unsigned long read_number(const char *path, const char *after)
{
	static char text[8192];
	long fd = SYS(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), got;
	if (fd < 0)
		return 0;
	got = SYS(read, fd, text, sizeof text - 1);
	SYS(close, fd);
	text[got > 0 ? got : 0] = 0;
	for (char *p = text; *p; p++) {
		size_t i = 0;
		while (after[i] && p[i] == after[i])
			i++;
		if (after[i])
			continue;
		for (p += i; *p == ' ' || *p == '\t';)
			p++;
		return number(p);
	}
	return 0;
}

static char *file_of(char *path, unsigned long pid, const char *name)
{
	put(put_number(put(path, "/proc/"), pid, 1), name);
	return path;
}

static int run_step(struct step *s, uint64_t *value, uint32_t *memory)
{
	char path[64];
	unsigned long pid;
	if (same(s->kind, "await")) {
		int status;
		for (pid = read_number(s->argv[0], ""); pid && SYS(kill, pid, 0) == 0;)
			must(SYS(wait4, -1, &status, 0, 0), "wait for a container");
		return 0;
	}
	if (same(s->kind, "resident")) {
		pid = read_number(s->argv[0], "");
		*value = read_number(file_of(path, pid, "/status"), "VmRSS:");
		*memory = (uint32_t)read_number(file_of(path, pid, "/smaps_rollup"), "\nPss:");
		return *value ? 0 : 1;
	}
	if (same(s->kind, "status") || same(s->kind, "last")) {
		pid = read_number(s->argv[1], "");
		*memory = 0;
		*value = read_number(file_of(path, pid, "/status"), s->argv[0]);
		if (!*value)
			*value = read_number(file_of(path, pid, "/smaps_rollup"), s->argv[0]);
		return *value ? 0 : 1;
	}
	if (same(s->kind, "burst"))
		return run_burst(s, value, memory);
	if (same(s->kind, "series"))
		return run_series(s, value, memory);
	int code = run(numbered(s->argv, 0), same(s->kind, "time") ? user : 0, value, memory);
	return same(s->kind, "try") || same(s->kind, "finish") ? 0 : code;
}

static int is_outside(const struct step *s)
{
	return same(s->kind, "finish") || same(s->kind, "once") || same(s->kind, "last");
}

/* Runs the steps of a kind that stands outside the rounds. */
static void play_outside(struct contender *c, const char *kind)
{
	for (int i = 0; i < c->steps; i++) {
		struct step *s = &c->step[i];
		if (!same(s->kind, kind) || c->failed_step)
			continue;
		int code = run_step(s, s->value, s->memory);
		s->done = 1;
		if (code) {
			c->failed_step = i + 1;
			c->exit_code = code;
		}
	}
}

static void play(struct contender *c, int keep)
{
	for (int i = 0; i < c->steps; i++) {
		struct step *s = &c->step[i];
		if (is_outside(s))
			continue;
		if (gap && same(s->kind, "time")) {
			long pause[2] = {(long)(gap / 1000), (long)(gap % 1000 * 1000000)};
			SYS(nanosleep, pause, 0);
		}
		must(s->done + s->each <= MAX_VALUES ? 0 : -E2BIG, "values");
		int code = run_step(s, s->value + s->done, s->memory + s->done);
		if (code) {
			c->failed_step = i + 1;
			c->exit_code = code;
			return;
		}
		if (keep)
			s->done += s->each;
	}
}

static void play_rounds(void)
{
	int order[MAX_CONTENDERS];
	for (int i = 0; i < count; i++)
		play_outside(&contenders[i], "once");
	for (unsigned long round = 0; round < warmup + rounds; round++) {
		round_number = round;
		for (int i = 0; i < count; i++) { /* Fisher-Yates, inside out */
			int j = (int)(draw() % (unsigned)(i + 1));
			order[i] = order[j];
			order[j] = i;
		}
		for (int i = 0; i < count; i++)
			if (!contenders[order[i]].failed_step)
				play(&contenders[order[i]], round >= warmup);
	}
	SYS(dup3, 1, 2, 0); /* "no such container" is the expected answer from here on */
	for (int i = 0; i < count; i++) {
		int failed = contenders[i].failed_step;
		contenders[i].failed_step = 0; /* tidying up is for those who failed, too */
		play_outside(&contenders[i], "finish");
		contenders[i].failed_step = failed;
	}
	for (int i = 0; i < count; i++)
		play_outside(&contenders[i], "last");
}

/* Runtimes change owner and mode of the null device they are given: let it be one of ours. */
static void replace_null(void)
{
	must(SYS(mknodat, AT_FDCWD, "/run/null", S_IFCHR | 0666, 1 << 8 | 3), "make null");
	must(SYS(fchmodat, AT_FDCWD, "/run/null", 0666), "open up null");
	must(SYS(mount, "/run/null", "/dev/null", 0, 4096 /* MS_BIND */, 0), "bind null");
}

static void bind_many(const char *dir, unsigned long n)
{
	char path[512];
	for (unsigned long i = 0; i < n; i++) {
		put_number(put(put(path, dir), "/m"), i, 4);
		long made = SYS(mkdirat, AT_FDCWD, path, 0755);
		if (made != -EEXIST)
			must(made, path);
		must(SYS(mount, path, path, 0, 4096 /* MS_BIND */, 0), path);
	}
}

static void prepare(char **w)
{
	uint64_t value;
	uint32_t memory;
	if (same(w[0], "seed"))
		random_state = number(w[1]) | 1;
	else if (same(w[0], "rounds"))
		rounds = number(w[1]);
	else if (same(w[0], "warmup"))
		warmup = number(w[1]);
	else if (same(w[0], "gap"))
		gap = number(w[1]);
	else if (same(w[0], "user"))
		user = number(w[1]);
	else if (same(w[0], "umount"))
		must(SYS(umount2, w[1], MNT_DETACH_), w[1]);
	else if (same(w[0], "tmpfs"))
		must(SYS(mount, "tmpfs", w[1], "tmpfs", 0, "mode=755"), w[1]);
	else if (same(w[0], "proc"))
		must(SYS(mount, "proc", "/proc", "proc", 14 /* nosuid, nodev, noexec */, 0), "proc");
	else if (same(w[0], "null"))
		replace_null();
	else if (same(w[0], "binds"))
		bind_many(w[1], number(w[2]));
	else if (same(w[0], "setup"))
		must(run(w + 1, 0, &value, &memory) ? -ECANCELED : 0, w[1]);
	else
		must(-EINVAL, w[0]);
}

static void read_line(char **w)
{
	if (same(w[0], "contender")) {
		must(count < MAX_CONTENDERS ? 0 : -E2BIG, "contenders");
		contenders[count++].name = w[1];
		return;
	}
	if (!count) {
		prepare(w);
		return;
	}
	struct contender *c = &contenders[count - 1];
	must(c->steps < MAX_STEPS ? 0 : -E2BIG, "steps");
	static const char *const with_label[] = {"time", "resident", "burst", "series", "status", "last"};
	int labelled = 0, counted = same(w[0], "burst") || same(w[0], "series");
	for (unsigned i = 0; i < sizeof with_label / sizeof *with_label; i++)
		labelled |= same(w[0], with_label[i]);
	struct step *s = &c->step[c->steps++]; /* field by field: the arrays stay untouched, and so not resident */
	s->kind = w[0];
	s->label = labelled ? w[1] : "";
	s->each = counted ? (unsigned)number(w[2]) : 1;
	s->argv = w + 1 + labelled + counted;
}

static void read_plan(const char *path)
{
	long fd = must(SYS(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), path), used = 0;
	long got = must(SYS(read, fd, plan, sizeof plan - 1), path);
	SYS(close, fd);
	for (char *p = plan; p < plan + got;) {
		long first = used;
		words[used++] = p;
		for (; *p != '\n'; p++)
			if (*p == '\t') {
				*p = 0;
				words[used++] = p + 1;
			}
		*p++ = 0;
		must(used < 8192 - 2 * MAX_WORDS ? 0 : -E2BIG, "words");
		words[used++] = 0;
		read_line(words + first);
	}
}

static char out[65536], *out_end = out;
static int out_fd;

static void emit(const char *text)
{
	if (out_end + length(text) > out + sizeof out - 64) {
		SYS(write, out_fd, out, out_end - out);
		out_end = out;
	}
	out_end = put(out_end, text);
}

static void emit_list(const char *key, struct step *s, unsigned n, int memory)
{
	char digits[32];
	emit(key);
	for (unsigned i = 0; i < n; i++) {
		put_number(digits, memory ? s->memory[i] : s->value[i], 1);
		emit(i ? "," : "");
		emit(digits);
	}
	emit("]");
}

static void print_result(void)
{
	char digits[32];
	emit("{\"contenders\":[");
	for (int i = 0; i < count; i++) {
		struct contender *c = &contenders[i];
		emit(i ? ",\n{\"name\":\"" : "\n{\"name\":\"");
		emit(c->name);
		emit("\",\"failedStep\":\"");
		if (c->failed_step) {
			emit(c->step[c->failed_step - 1].kind);
			emit(" ");
			emit(c->step[c->failed_step - 1].label);
		}
		emit("\",\"exitCode\":");
		put_number(digits, (unsigned long)c->exit_code, 1);
		emit(digits);
		emit(",\"steps\":[");
		for (int j = 0, any = 0; j < c->steps; j++) {
			struct step *s = &c->step[j];
			if (!*s->label)
				continue;
			emit(any++ ? ",{\"label\":\"" : "{\"label\":\"");
			emit(s->label);
			emit("\",\"kind\":\"");
			emit(s->kind);
			put_number(digits, s->each, 1);
			emit("\",\"each\":");
			emit(digits);
			emit_list(",\"values\":[", s, s->done, 0);
			emit_list(",\"memory\":[", s, s->done, 1);
			emit("}");
		}
		emit("]}");
	}
	emit("]}\n");
	SYS(write, out_fd, out, out_end - out);
}

static void be_first_process(void)
{
	SYS(prctl, PR_SET_PDEATHSIG, SIGKILL);
	must(SYS(mount, 0, "/", 0, 0x44000 /* MS_REC | MS_PRIVATE */, 0), "make / private");
}

static void measure(char **argv)
{
	uint64_t none = 0;
	SYS(rt_sigprocmask, 2 /* SIG_SETMASK */, &none, 0, 8);
	out_fd = (int)must(SYS(fcntl, 1, F_DUPFD_CLOEXEC, 3), "keep stdout");
	long errors = must(SYS(openat, AT_FDCWD, argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), argv[2]);
	long null = must(SYS(openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");
	SYS(dup3, null, 1, 0); /* until the plan has made a null device of ours */
	SYS(dup3, null, 0, 0);
	read_plan(argv[1]);
	SYS(dup3, errors, 2, 0);
	null = must(SYS(openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");
	SYS(dup3, null, 0, 0);
	SYS(dup3, null, 1, 0);
	play_rounds();
	print_result();
}

__attribute__((used)) _Noreturn void begin(long *sp);
void begin(long *sp)
{
	char **argv = (char **)(sp + 1);
	int status = 0;
	environment = argv + *sp + 1;
	if (*sp == 2 && same(argv[1], "noop"))
		leave(0);
	if (*sp == 4 && same(argv[1], "here")) {
		measure(argv + 1);
		leave(0);
	}
	if (*sp != 3)
		must(-EINVAL, "usage: timer [here] PLAN STDERR-FILE");
	long pid = spawn(CLONE_NEWNS | CLONE_NEWPID);
	if (pid == 0) {
		be_first_process();
		measure(argv);
		leave(0);
	}
	must(SYS(wait4, pid, &status, 0, 0), "wait");
	leave(status & 0x7f ? 1 : status >> 8 & 0xff);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp,%ebp\n\tmov %rsp,%rdi\n\tand $-16,%rsp\n\tcall begin\n");
#else
__asm__(".globl _start\n_start:\n\tmov x0,sp\n\tbl begin\n");
#endif
