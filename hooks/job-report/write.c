/* Where the report goes: opened before the job begins, so that what is wrong with it ends the start; written when the job has ended. */
#include <linux/un.h>

#include "report.h"

#define TEXT_SIZE (4u << 20)
#define AF_UNIX_ 1
#define SOCK_STREAM_ 1
#define SOCK_DGRAM_ 2
#define SOCK_CLOEXEC_ 02000000
#define MSG_NOSIGNAL_ 0x4000

static char line_room[TEXT_SIZE], xml_room[TEXT_SIZE];

static void unlink_made(const char *path)
{
	sys(unlinkat, AT_FDCWD, path, 0);
}

static long open_file(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
	long fd = sys(openat, AT_FDCWD, path, flags | O_CREAT | O_EXCL, 0644);

	if (fd >= 0)
		take_back_by(unlink_made, path);
	else if (fd == -EEXIST)
		fd = sys(openat, AT_FDCWD, path, flags);
	if (fd < 0)
		fail_errno(fd, "open the file of reports ", path);
	return fd;
}

static long open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX_};
	long error = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		fail("the socket ", path, " has too long a name");
	memcpy(address.sun_path, path, strlen(path) + 1);
	for (int type = SOCK_DGRAM_; type >= SOCK_STREAM_; type--) {
		long fd = sys(socket, AF_UNIX_, type | SOCK_CLOEXEC_, 0);

		error = fd < 0 ? fd : sys(connect, fd, &address, sizeof(address));
		if (!error)
			return fd;
		sys(close, fd);
	}
	fail_errno(error, "connect to the socket ", path);
}

void open_targets(struct job *job, struct json settings)
{
	const char *junit = setting_text(settings, "junit", NULL), *socket = setting_text(settings, "socket", NULL);
	bool journal = setting_flag(settings, "journal", false);

	job->to.file_path = setting_text(settings, "file", junit || socket || journal ? NULL : "/var/log/chos-jobs.jsonl");
	job->to.exits = setting_text(settings, "exits", "/run/libpod/exits");
	job->to.file = job->to.junit = job->to.journal = job->to.socket = -1;
	if (junit) {
		job->to.junit = sys(openat, AT_FDCWD, junit, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (job->to.junit < 0)
			fail_errno(job->to.junit, "open the folder of JUnit reports ", junit);
	}
	if (journal)
		job->to.journal = open_socket("/run/systemd/journal/socket");
	if (socket)
		job->to.socket = open_socket(socket);
	if (job->to.file_path)
		job->to.file = open_file(job->to.file_path);
}

/* Nobody listens to the watcher any more: the kernel's log is what is left. */
static void complain(const char *what, const char *object, long error)
{
	static char room[1024];
	struct text t = text_in(room, sizeof(room) - 1);
	long log = sys(openat, AT_FDCWD, "/dev/kmsg", O_WRONLY | O_CLOEXEC);

	put_string(&t, "job-report: ");
	put_string(&t, what);
	put_string(&t, object);
	put_string(&t, ": ");
	put_errno(&t, error);
	put_char(&t, '\n');
	if (log >= 0)
		sys(write, log, t.at, t.used);
}

/* A line is in the file as a whole or not at all, also when the file system is full. */
static void append(const struct job *job, const struct text *line)
{
	struct statx st;
	int error;

	sys(flock, job->to.file, 2 /* LOCK_EX */);
	if (sys(statx, job->to.file, "", AT_EMPTY_PATH, STATX_SIZE, &st))
		st.stx_size = 0;
	error = write_all((int)job->to.file, line->at, line->used);
	if (error) {
		sys(ftruncate, job->to.file, st.stx_size);
		complain("write ", job->to.file_path, error);
	}
	sys(close, job->to.file);
}

static void write_junit(const struct job *job)
{
	struct text t = text_in(xml_room, sizeof(xml_room));
	const char *name = joined(job->id, ".xml"), *temporary = joined(".", job->id, ".part");
	long fd = sys(openat, job->to.junit, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644), error;

	put_junit(&t, job);
	error = fd < 0 ? fd : write_all((int)fd, t.at, t.used);
	if (!error)
		error = sys(renameat, job->to.junit, temporary, job->to.junit, name);
	if (error) {
		sys(unlinkat, job->to.junit, temporary, 0);
		complain("write the JUnit report ", name, error);
	}
}

/* systemd.io/JOURNAL_NATIVE_PROTOCOL */
static void write_journal(const struct job *job, const struct text *line)
{
	struct text t = text_in(xml_room, sizeof(xml_room));
	long error;

	put_string(&t, "PRIORITY=6\nSYSLOG_IDENTIFIER=job-report\nCONTAINER_ID=");
	put_json(&t, job->id, strlen(job->id));
	put_string(&t, "\nMESSAGE=");
	put_bytes(&t, line->at, line->used);
	error = sys(sendto, job->to.journal, t.at, t.used, MSG_NOSIGNAL_, NULL, 0);
	if (error < 0)
		complain("write to the journal", "", error);
}

void write_report(const struct job *job)
{
	struct text line = text_in(line_room, sizeof(line_room));
	long sent;

	put_line(&line, job);
	if (job->to.file >= 0)
		append(job, &line);
	if (job->to.junit >= 0)
		write_junit(job);
	if (job->to.journal >= 0)
		write_journal(job, &line);
	if (job->to.socket >= 0 && (sent = sys(sendto, job->to.socket, line.at, line.used, MSG_NOSIGNAL_, NULL, 0)) != (long)line.used)
		complain("write to the socket", "", sent < 0 ? sent : EPIPE);
}
