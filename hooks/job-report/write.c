/*
 * Where the report goes: looked at before the job begins, so that what is wrong with it ends the start; written when the job has ended. A target that
 * keeps the watcher waiting takes a bounded time, or comes last.
 */
#include <linux/time.h>
#include <linux/un.h>

#include "report.h"

#define TEXT_SIZE (4u << 20)
#define AF_UNIX_ 1
#define SOCK_STREAM_ 1
#define SOCK_DGRAM_ 2
#define SOCK_CLOEXEC_ 02000000
#define SOL_SOCKET_ 1
#define SO_SNDTIMEO_ 21
#define MSG_NOSIGNAL_ 0x4000
/* Who may open the file of reports can lock it, and would keep all reports away; this one only the caller can open. */
#define LOCK "/run/chos-hooks/job-report.lock"

static char line_room[TEXT_SIZE], xml_room[TEXT_SIZE];

/* A line of another job may be in it by now. */
static void unlink_empty(const char *path)
{
	struct statx st;

	if (!sys(statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_SIZE, &st) && !st.stx_size)
		sys(unlinkat, AT_FDCWD, path, 0);
}

static long open_file(const char *path, bool *made)
{
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
	long fd = sys(openat, AT_FDCWD, path, flags | O_CREAT | O_EXCL, 0644);

	*made = fd >= 0;
	return fd == -EEXIST ? sys(openat, AT_FDCWD, path, flags) : fd;
}

static void try_file(const char *path)
{
	bool made;
	long fd = open_file(path, &made);

	if (made)
		take_back_by(unlink_empty, path);
	if (fd < 0)
		fail_errno(fd, "open the file of reports ", path);
	sys(close, fd);
}

static long open_lock(void)
{
	long fd = sys(openat, AT_FDCWD, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);

	if (fd < 0)
		fail_errno(fd, "make " LOCK);
	insist_on_trusted(fd, LOCK, S_IFREG);
	return fd;
}

static long open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX_};
	struct __kernel_old_timeval most = {.tv_sec = 5};
	long error = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		fail("the socket ", path, " has too long a name");
	memcpy(address.sun_path, path, strlen(path) + 1);
	for (int type = SOCK_DGRAM_; type >= SOCK_STREAM_; type--) {
		long fd = sys(socket, AF_UNIX_, type | SOCK_CLOEXEC_, 0);

		/* A listener that does not listen: for connect() and for each send. */
		if (fd >= 0)
			sys(setsockopt, fd, SOL_SOCKET_, SO_SNDTIMEO_, &most, sizeof(most));
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
	job->to.lock = job->to.junit = job->to.journal = job->to.socket = -1;
	if (junit) {
		job->to.junit = sys(openat, AT_FDCWD, junit, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (job->to.junit < 0)
			fail_errno(job->to.junit, "open the folder of JUnit reports ", junit);
	}
	if (journal)
		job->to.journal = open_socket("/run/systemd/journal/socket");
	if (socket)
		job->to.socket = open_socket(socket);
	if (job->to.file_path) {
		if (*job->to.file_path != '/')
			fail("settings: \"file\" is no absolute path");
		job->to.lock = open_lock();
		try_file(job->to.file_path);
	}
}

/* Nobody listens to the watcher any more: the kernel's log is what is left. */
static void complain(const char *what, const char *object, long error)
{
	static char room[8192];
	struct text t = text_in(room, sizeof(room));

	put_string(&t, "job-report: ");
	put_string(&t, what);
	put_string(&t, object);
	put_string(&t, ": ");
	put_errno(&t, error);
	put_char(&t, '\n');
	say_in_kernel_log(&t);
}

/* A line is in the file as a whole or not at all, also when the file system is full. It is the file that has the name now: logs are rotated. */
static void append(const struct job *job, const struct text *line)
{
	struct statx st;
	bool made;
	long fd, error = sys(flock, job->to.lock, 2 /* LOCK_EX */);

	fd = error ? error : open_file(job->to.file_path, &made);
	error = fd < 0 ? fd : sys(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &st);
	if (!error) {
		error = write_all((int)fd, line->at, line->used);
		if (error)
			sys(ftruncate, fd, st.stx_size);
	}
	if (error)
		complain("write ", job->to.file_path, error);
}

/* What a watcher that was killed has left of it makes room. */
static long make_part(const struct job *job, const char *name)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	long fd = sys(openat, job->to.junit, name, flags, 0644);

	if (fd != -EEXIST)
		return fd;
	sys(unlinkat, job->to.junit, name, 0);
	return sys(openat, job->to.junit, name, flags, 0644);
}

static void write_junit(const struct job *job)
{
	struct text t = text_in(xml_room, sizeof(xml_room));
	const char *name = joined(job->id, ".xml"), *temporary = joined(".", job->id, ".part");
	long fd = make_part(job, temporary), error;

	put_junit(&t, job);
	error = fd < 0 ? fd : write_all((int)fd, t.at, t.used);
	if (!error)
		error = sys(renameat, job->to.junit, temporary, job->to.junit, name);
	if (error) {
		if (fd >= 0)
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

static void write_socket(const struct job *job, const struct text *line)
{
	long sent = sys(sendto, job->to.socket, line->at, line->used, MSG_NOSIGNAL_, NULL, 0);

	if (sent != (long)line->used)
		complain("write to the socket", "", sent < 0 ? sent : EPIPE);
}

void write_report(const struct job *job)
{
	struct text line = text_in(line_room, sizeof(line_room));

	now_at("writing the report");
	put_line(&line, job);
	if (job->to.junit >= 0)
		write_junit(job);
	if (job->to.journal >= 0)
		write_journal(job, &line);
	if (job->to.socket >= 0)
		write_socket(job, &line);
	if (job->to.lock >= 0)
		append(job, &line);
}
