/* Beginning and end of a hook. */
#include <linux/poll.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <stdarg.h>

#include "frame.h"

#define ARENA_SIZE (64u << 20)
#define LINE 4096
#define KERNEL_LINE 900
#define MADE 16
#define SPEAK_MS 900
#define END_MS 3000 /* for all that a failure does */

static char arena[ARENA_SIZE] __attribute__((aligned(4096)));
static size_t arena_used;
static const char *at_what;
static u64 deadline_ms;
static bool to_kernel_log;
static struct {
	void (*undo)(const char *object);
	const char *object;
} made[MADE];
static unsigned made_count;

void *room_for(size_t size)
{
	void *at = arena + arena_used;

	size = (size + 15) & ~(size_t)15;
	if (size > ARENA_SIZE - arena_used)
		fail("needs more than ", decimal(ARENA_SIZE >> 20), " MiB of memory");
	arena_used += size;
	return at;
}

size_t room_used(void)
{
	return arena_used;
}

void give_back_to(size_t used)
{
	arena_used = used;
}

static void put_words(struct text *t, va_list words)
{
	const char *word;

	while ((word = va_arg(words, const char *)))
		put_string(t, word);
}

const char *join_words(const char *first, ...)
{
	struct text t;
	const char *word;
	size_t size = strlen(first) + 1;
	va_list words;

	va_start(words, first);
	while ((word = va_arg(words, const char *)))
		size += strlen(word);
	va_end(words);
	t = text_in(room_for(size), size);
	put_string(&t, first);
	va_start(words, first);
	put_words(&t, words);
	va_end(words);
	put_char(&t, 0);
	return t.at;
}

const char *decimal(i64 value)
{
	char digits[24];
	struct text t = text_in(digits, sizeof(digits));
	char *at;

	put_decimal(&t, value);
	at = room_for(t.used + 1);
	memcpy(at, digits, t.used);
	at[t.used] = 0;
	return at;
}

const char *words_of_errno(long number)
{
	char words[128];
	struct text t = text_in(words, sizeof(words) - 1);

	put_errno(&t, number);
	put_char(&t, 0);
	return joined(words, "");
}

u64 now_in(int clock)
{
	struct __kernel_timespec now = {0};

	sys(clock_gettime, clock, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

void fail_in_kernel_log_too(void)
{
	to_kernel_log = true;
}

void now_at(const char *what)
{
	at_what = what;
}

void take_back_by(void (*undo)(const char *object), const char *object)
{
	if (made_count == MADE)
		fail("makes more than it can take back");
	made[made_count].undo = undo;
	made[made_count].object = object;
	made_count++;
}

void keep_all(void)
{
	made_count = 0;
}

static _Noreturn void end(int code)
{
	for (;;)
		sys(exit_group, code);
}

static void on_signal(int signal, void (*handler)(int))
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		u64 mask;
	} action = {.handler = handler, .flags = 0x04000000 /* SA_RESTORER */};

	sys(rt_sigaction, signal, &action, NULL, 8);
}

/* Never returns, so that what it interrupts need not be whole, and there is no way back for the kernel to know. */
static void let_alarm_come(void (*handler)(int))
{
	u64 alarm = 1ull << (SIGALRM - 1);

	/* Callers may have left it blocked, and so it is in its own handler. */
	on_signal(SIGALRM, handler);
	sys(rt_sigprocmask, SIG_UNBLOCK, &alarm, NULL, 8);
}

static void end_without_words(int signal)
{
	(void)signal;
	end(1);
}

void set_deadline(u64 milliseconds)
{
	struct {
		struct __kernel_old_timeval interval, value;
	} timer = {.value = {.tv_sec = (long)(milliseconds / 1000), .tv_usec = (long)(milliseconds % 1000 * 1000)}};

	deadline_ms = milliseconds;
	sys(setitimer, 0 /* ITIMER_REAL */, &timer, NULL);
}

/* No handler runs in a wait for a file server, but what kills ends it. */
void let_deadline_kill(void)
{
	on_signal(SIGALRM, SIG_DFL);
}

/* At once or not at all: nobody may read at the other end. A pipe that poll() calls writable has room for a line. */
static void speak(const struct text *t)
{
	struct pollfd poll = {.fd = 2, .events = POLLOUT};
	struct __kernel_timespec timeout = {.tv_nsec = SPEAK_MS * 1000000};

	if (sys(ppoll, &poll, 1, &timeout, NULL, 8) > 0 && poll.revents & POLLOUT)
		sys(write, 2, t->at, t->used);
}

/* The kernel takes a line of about 1000 bytes, or none (EINVAL). */
void say_in_kernel_log(const struct text *t)
{
	char line[KERNEL_LINE];
	size_t length = t->used < KERNEL_LINE ? t->used : KERNEL_LINE;
	long log = sys(openat, AT_FDCWD, "/dev/kmsg", O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);

	if (log < 0)
		return;
	memcpy(line, t->at, length);
	if (length < t->used)
		memcpy(line + KERNEL_LINE - 4, "...\n", 4);
	sys(write, log, line, length);
}

/* Whatever names are in it. */
static void make_one_line(struct text *t)
{
	end_in_dots(t);
	for (size_t i = 0; i < t->used; i++)
		if ((u8)t->at[i] < ' ' || t->at[i] == 0x7f)
			t->at[i] = t->at[i] == '\n' ? ' ' : '?';
	t->at[t->used++] = '\n';
}

/* One line. Neither what is undone nor a stream keeps the hook from its end. */
static _Noreturn void fail_in(struct text *t)
{
	let_alarm_come(end_without_words);
	set_deadline(END_MS);
	make_one_line(t);
	while (made_count) {
		made_count--;
		made[made_count].undo(made[made_count].object);
	}
	if (to_kernel_log)
		say_in_kernel_log(t);
	speak(t);
	end(1);
}

_Noreturn void fail_with(long number, ...)
{
	static char line[LINE];
	struct text t = text_in(line, LINE - 1);
	va_list words;

	put_string(&t, hook_name);
	put_string(&t, ": ");
	va_start(words, number);
	put_words(&t, words);
	va_end(words);
	if (number) {
		put_string(&t, ": ");
		put_errno(&t, number);
	}
	fail_in(&t);
}

void say_words(const char *first, ...)
{
	static char line[LINE];
	struct text t = text_in(line, LINE - 1);
	va_list words;

	put_string(&t, hook_name);
	put_string(&t, ": ");
	put_string(&t, first);
	va_start(words, first);
	put_words(&t, words);
	va_end(words);
	make_one_line(&t);
	speak(&t);
}

static void out_of_time(int signal)
{
	static char line[LINE];
	struct text t = text_in(line, LINE - 1);

	(void)signal;
	put_string(&t, hook_name);
	put_string(&t, ": not done within ");
	put_decimal(&t, (i64)(deadline_ms / 1000));
	put_string(&t, " s: it was at ");
	put_string(&t, at_what);
	fail_in(&t);
}

static void begin(void)
{
	at_what = "its beginning";
	let_alarm_come(out_of_time);
	/* A reader that is gone is an error like others; a child's number is its own until somebody has waited for it. */
	on_signal(SIGPIPE, SIG_IGN);
	/* So is a file that may not become so large: what was begun is taken back. */
	on_signal(SIGXFSZ, SIG_IGN);
	on_signal(SIGCHLD, SIG_DFL);
	set_deadline(hook_seconds * 1000ull);
}

_Noreturn void engine_start(u64 *stack);

_Noreturn void engine_start(u64 *stack)
{
	/* A closed stream would be the next file that is opened. */
	for (long fd; (fd = sys(openat, AT_FDCWD, "/dev/null", O_RDWR)) >= 0;)
		if (fd > 2) {
			sys(close, fd);
			break;
		}
	if (read_stack(stack))
		fail("does not run with rights that its caller has not got");
	begin();
	run_hook();
	end(0);
}
