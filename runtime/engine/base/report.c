/* The one place where the engine speaks: an error is one line on stderr, and in the log if there is one; a warning goes to the log, or else to stderr. */
#include <linux/poll.h>
#include <linux/time_types.h>

#include "base.h"

/* In the scratch buffer the line stands first, what is made of it for the log behind, with room for an escape of each byte. */
_Static_assert(SCRATCH_SIZE >= 3 * LINE_SIZE + 256, "room for the line and for its log record");

static struct {
	int fd;
	enum log_format format;
	bool warnings;
	/* syslog and journald: who speaks. */
	const char *name;
} log_file = {.fd = -1, .warnings = true};

/* Filled in at run time, since the address of a text would need a relocation. */
static struct {
	const char *name;
	int failure;
} speaker;

/* Another command than chos-runtime speaks: its name stands before each line, and what ends it has that exit code. */
void report_as(const char *name, int failure)
{
	speaker.name = name;
	speaker.failure = failure;
}

/* From now on errors go into that file or to that socket as well, and warnings only there. */
void report_to(int fd, enum log_format format, const char *name)
{
	log_file.fd = fd;
	log_file.format = format;
	log_file.name = name;
}

void report_warnings_if(bool wanted)
{
	log_file.warnings = wanted;
}

/* Returns what kept it from being written whole. A descriptor that would block (somebody else set O_NONBLOCK) is waited for. */
int write_all(int fd, const char *at, size_t size)
{
	while (size) {
		long n = sys(write, fd, at, size);
		struct pollfd room = {.fd = fd, .events = POLLOUT};

		if (n == -EAGAIN)
			sys(ppoll, &room, 1, NULL, NULL, 8);
		else if (n < 0 && n != -EINTR)
			return (int)-n;
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* What a command prints is whole, or the command has failed. */
void print(const char *text, size_t size)
{
	int error = write_all(1, text, size);

	if (error)
		die("write to standard output", NULL, error);
}

/*
 * One datagram for each. syslog: RFC 3164 with facility user; the daemon adds the time itself, as all
 * of journald, rsyslog and busybox do. journald: its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), the field ID as with crun.
 */
static void write_to_daemon(enum level level, const char *message, size_t length)
{
	struct text t = text_in(REPORT_TEXT, REPORT_TEXT_SIZE);
	unsigned priority = level == LEVEL_ERROR ? 3 : 4;

	if (log_file.format == LOG_SYSLOG) {
		put_char(&t, '<');
		put_decimal(&t, 1 << 3 | priority);
		put_char(&t, '>');
		put_string(&t, *log_file.name ? log_file.name : "chos-runtime");
		put_string(&t, ": ");
		put_bytes(&t, message, length);
	} else {
		put_string(&t, "PRIORITY=");
		put_decimal(&t, priority);
		put_string(&t, "\nSYSLOG_IDENTIFIER=chos-runtime\nID=");
		put_string(&t, log_file.name);
		put_string(&t, "\nMESSAGE=");
		put_bytes(&t, message, length);
		put_char(&t, '\n');
	}
	sys(write, log_file.fd, t.at, t.used);
}

static void write_log(const char *level, const char *message, size_t length)
{
	struct text t = text_in(REPORT_TEXT, REPORT_TEXT_SIZE);
	struct __kernel_timespec now = {0};

	sys(clock_gettime, 0 /* CLOCK_REALTIME */, &now);
	put_string(&t, log_file.format == LOG_JSON ? "{\"msg\":\"" : "time=\"");
	if (log_file.format == LOG_JSON) {
		put_json(&t, message, length);
		put_string(&t, "\",\"level\":\"");
		put_string(&t, level);
		put_string(&t, "\",\"time\":\"");
		put_time(&t, now.tv_sec, now.tv_nsec, true);
		put_string(&t, "\"}\n");
	} else {
		put_time(&t, now.tv_sec, now.tv_nsec, true);
		put_string(&t, "\" level=");
		put_string(&t, level);
		put_string(&t, " msg=\"");
		put_json(&t, message, length);
		put_string(&t, "\"\n");
	}
	write_all(log_file.fd, t.at, t.used);
}

void report(enum level level, const char *message, size_t length)
{
	struct text t = text_in(scratch, LINE_SIZE - 1);
	size_t prefix;

	if (level == LEVEL_WARNING && !log_file.warnings)
		return;
	put_string(&t, speaker.name ? speaker.name : "chos-runtime");
	put_string(&t, level == LEVEL_ERROR ? ": " : ": warning: ");
	prefix = t.used;
	put_bytes(&t, message, length);
	end_in_dots(&t);
	/* Callers show one line only; names from a config.json do not get to move the cursor. */
	for (size_t i = prefix; i < t.used; i++)
		if ((u8)t.at[i] < ' ' || t.at[i] == 0x7f)
			t.at[i] = t.at[i] == '\n' ? ' ' : '?';
	if (log_file.fd < 0)
		;
	else if (log_file.format == LOG_SYSLOG || log_file.format == LOG_JOURNALD)
		write_to_daemon(level, t.at + prefix, t.used - prefix);
	else
		write_log(level == LEVEL_ERROR ? "error" : "warning", t.at + prefix, t.used - prefix);
	t.at[t.used++] = '\n';
	if (level == LEVEL_ERROR || log_file.fd < 0)
		write_all(2, t.at, t.used);
}

/* The engine's own failures, before and outside programs: "what object: errno words"; object and number may be missing. */
_Noreturn void die(const char *what, const char *object, int number)
{
	struct text t = text_in(REPORT_TEXT, REPORT_TEXT_SIZE);

	put_string(&t, what);
	if (object) {
		put_char(&t, ' ');
		put_string(&t, object);
	}
	if (number) {
		put_string(&t, ": ");
		put_errno(&t, number);
	}
	report(LEVEL_ERROR, t.at, t.used);
	for (;;)
		sys(exit_group, speaker.failure ? speaker.failure : 1);
}
