/* The watcher: in a session of its own, with nothing of the caller's open, until init has ended. */
#include <linux/poll.h>
#include <linux/signal.h>

#include "report.h"

bool wait_on(long fd, short events, i64 milliseconds)
{
	struct pollfd poll = {.fd = (int)fd, .events = events};
	struct __kernel_timespec timeout = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};

	return sys(ppoll, &poll, 1, &timeout, NULL, 8) > 0;
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
	return fd == job->init || fd == job->stat || fd == job->record || fd == job->to.lock || fd == job->to.junit || fd == job->to.journal ||
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
	last = job->to.lock > last ? job->to.lock : last;
	for (long fd = 3; fd < last; fd++)
		if (!is_ours(job, fd))
			sys(close, fd);
	sys(close_range, last + 1, ~0u, 0);
}

static void watch(struct job *job)
{
	now_at("watching");
	be_first();
	for (i64 pause = 50; !wait_on(job->init, POLLIN, pause); pause = pause < 10000 ? pause * 2 : pause)
		read_cgroup(job);
	read_cgroup(job);
	ask_stat(job);
	job->ended = moment();
	be_ordinary();
	ask_others(job);
	sys(pread64, job->record, &job->started, sizeof(job->started), 0);
}

static void unlink_record(const char *path)
{
	sys(unlinkat, AT_FDCWD, path, 0);
}

void leave_watcher(struct job *job, void (*write)(const struct job *job), const char *record_path)
{
	long pid = sys(clone, SIGCHLD, 0, 0, 0, 0);
	u64 most = ~(1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1)), alarm = 1ull << (SIGALRM - 1);

	if (pid < 0)
		fail_errno(pid, "start the watcher");
	keep_all();
	if (pid)
		return;
	fail_in_kernel_log_too();
	take_back_by(unlink_record, record_path);
	/* Only SIGKILL ends it before the container does: what ends a session, or the caller's group, is not meant for it. */
	sys(rt_sigprocmask, SIG_BLOCK, &most, NULL, 8);
	sys(setsid);
	sys(chdir, "/");
	close_streams();
	close_foreign(job);
	watch(job);
	sys(rt_sigprocmask, SIG_UNBLOCK, &alarm, NULL, 8);
	set_deadline(30000);
	write(job);
	unlink_record(record_path);
	for (;;)
		sys(exit_group, 0);
}
