/* --log: a file, syslog: or journald:, and --log-level. What is written is made in report.c. */
#include "door.h"

/* linux/net.h and include/linux/net.h */
#define AF_UNIX 1
#define SOCK_DGRAM 2
#define SOCK_NONBLOCK O_NONBLOCK
#define SOCK_CLOEXEC O_CLOEXEC

/* Connected, so that write(2) sends one message; nobody has to wait for a daemon that does not read. */
static void open_log_socket(const struct request *q, const char *path, enum log_format format, const char *name)
{
	struct {
		u16 family;
		char path[108];
	} address = {.family = AF_UNIX};
	long fd = sys(socket, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	memcpy(address.path, path, strlen(path));
	error = fd < 0 ? fd : sys(connect, fd, &address, sizeof(address));
	if (error < 0)
		die("cannot open the log", q->log, (int)-error);
	report_to(keep_descriptor(q, (int)fd), format, name);
}

void open_log(const struct request *q)
{
	long fd;

	/* Callers of some commands parse what comes on stderr together with stdout. */
	report_warnings_if(q->warnings && (q->log || !q->command || !q->command->parsed));
	if (!q->log)
		return;
	if (after(q->log, "syslog:"))
		return open_log_socket(q, "/dev/log", LOG_SYSLOG, after(q->log, "syslog:"));
	if (after(q->log, "journald:"))
		return open_log_socket(q, "/run/systemd/journal/socket", LOG_JOURNALD, after(q->log, "journald:"));
	fd = sys(openat, AT_FDCWD, q->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		die("cannot open the log file", q->log, (int)-fd);
	report_to(keep_descriptor(q, (int)fd), q->json ? LOG_JSON : LOG_TEXT, NULL);
}
