/* The watcher: in a session of its own, with nothing of the caller's open, until init has ended. */
#include <linux/inotify.h>
#include <linux/poll.h>
#include <linux/signal.h>

#include "report.h"

/* linux/pidfd.h of 6.15. */
#define PIDFD_GET_INFO_ 0xc040ff0bu
#define PIDFD_INFO_EXIT_ (1ull << 3)

struct pidfd_info_ {
	u64 mask, cgroup;
	u32 pid, tgid, ppid, ids[8];
	int exit_code;
};

static bool wait_on(long fd, short events, i64 milliseconds)
{
	struct pollfd poll = {.fd = (int)fd, .events = events};
	struct __kernel_timespec timeout = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};

	return sys(ppoll, &poll, 1, &timeout, NULL, 8) > 0;
}

/* Linux 6.15 and newer keep it in the pidfd, once init's parent has taken notice of its end. */
static long ask_pidfd(struct job *job)
{
	struct pidfd_info_ info = {.mask = PIDFD_INFO_EXIT_};
	long error = sys(ioctl, job->init, PIDFD_GET_INFO_, &info);

	if (!error && info.mask & PIDFD_INFO_EXIT_) {
		job->exit_known = true;
		job->wait_status = (u32)info.exit_code;
	}
	return error;
}

/* Until then it is in field 52 of /proc/PID/stat, for those who may trace it; root may. */
static void ask_stat(struct job *job)
{
	static char text[4096];
	long n = job->stat < 0 ? -1 : sys(pread64, job->stat, text, sizeof(text) - 1, 0);
	char *at = text + (n > 0 ? n : 0);
	u32 status = 0;

	if (n <= 0 || sys(geteuid))
		return;
	*at = 0;
	while (at > text && *--at != ')')
		;
	if (at[0] != ')' || at[1] != ' ' || (at[2] != 'Z' && at[2] != 'X'))
		return;
	for (int field = 2; *at && field < 52; field++)
		while (*at && *at++ != ' ')
			;
	if (*at < '0' || *at > '9')
		return;
	for (; *at >= '0' && *at <= '9'; at++)
		status = status * 10 + (u32)(*at - '0');
	job->exit_known = true;
	job->wait_status = status;
}

static bool read_exit_file(struct job *job)
{
	struct bytes bytes;
	u32 code = 0;

	if (read_path(AT_FDCWD, joined(job->to.exits, "/", job->id), 16, &bytes) || !bytes.size || *bytes.at < '0' || *bytes.at > '9')
		return false;
	for (char *at = bytes.at; *at >= '0' && *at <= '9'; at++)
		code = code * 10 + (u32)(*at - '0');
	job->exit_known = true;
	/* As a shell says it, and conmon. */
	job->wait_status = code > 128 ? code - 128 : code << 8;
	return true;
}

/* conmon writes it, a moment later, below a name that it then changes. */
static void ask_conmon(struct job *job)
{
	long watch = sys(inotify_init1, O_CLOEXEC);
	char ignored[4096];

	if (watch < 0 || sys(inotify_add_watch, watch, job->to.exits, IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
		return;
	for (int events = 0; !read_exit_file(job) && events < 64 && wait_on(watch, POLLIN, 2000); events++)
		sys(read, watch, ignored, sizeof(ignored));
}

/* Whoever removes the cgroup hears of the end in the same moment as we do; our part is a few reads. */
static void be_first(void)
{
	int priority = 1;

	if (sys(sched_setscheduler, 0, 1 /* SCHED_FIFO */, &priority))
		sys(setpriority, 0 /* PRIO_PROCESS */, 0, -20);
}

static void be_ordinary(void)
{
	int priority = 0;

	sys(sched_setscheduler, 0, 0 /* SCHED_OTHER */, &priority);
	sys(setpriority, 0, 0, 0);
}

static void close_streams(void)
{
	long null = sys(openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		if (sys(dup3, null, fd, 0) < 0)
			sys(close, fd);
	sys(close, null);
}

static bool is_ours(const struct job *job, long fd)
{
	for (int i = 0; i < FILE_COUNT; i++)
		if (job->files[i] == fd)
			return true;
	return fd == job->init || fd == job->stat || fd == job->record || fd == job->to.file || fd == job->to.junit || fd == job->to.journal ||
	       fd == job->to.socket;
}

static void close_foreign(const struct job *job)
{
	long last = 2;

	for (int i = 0; i < FILE_COUNT; i++)
		last = job->files[i] > last ? job->files[i] : last;
	last = job->to.socket > last ? job->to.socket : last;
	last = job->to.journal > last ? job->to.journal : last;
	last = job->to.junit > last ? job->to.junit : last;
	last = job->to.file > last ? job->to.file : last;
	for (long fd = 3; fd < last; fd++)
		if (!is_ours(job, fd))
			sys(close, fd);
	sys(close_range, last + 1, ~0u, 0);
}

static void watch(struct job *job)
{
	bool told;

	be_first();
	read_cgroup(job);
	for (i64 pause = 50; !wait_on(job->init, POLLIN, pause); pause = pause < 10000 ? pause * 2 : pause)
		read_cgroup(job);
	read_cgroup(job);
	ask_stat(job);
	job->ended = moment();
	be_ordinary();
	told = ask_pidfd(job) != -ENOTTY;
	/* Not longer: somebody may wait for us in order to take notice. */
	if (told && wait_on(job->init, 0, 300))
		ask_pidfd(job);
	if (!job->exit_known)
		ask_conmon(job);
	sys(pread64, job->record, &job->started, sizeof(job->started), 0);
}

void leave_watcher(struct job *job, void (*write)(const struct job *job), const char *record_path)
{
	long pid = sys(clone, SIGCHLD, 0, 0, 0, 0);
	u64 most = ~0ull & ~(1ull << (SIGALRM - 1) | 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1));

	if (pid < 0)
		fail_errno(pid, "start the watcher");
	keep_all();
	if (pid)
		return;
	/* Only SIGKILL ends it before the container does: what ends a session, or the caller's group, is not meant for it. */
	sys(rt_sigprocmask, SIG_BLOCK, &most, NULL, 8);
	sys(setsid);
	sys(chdir, "/");
	close_streams();
	close_foreign(job);
	watch(job);
	set_deadline(30000);
	write(job);
	sys(unlinkat, AT_FDCWD, record_path, 0);
	for (;;)
		sys(exit_group, 0);
}
