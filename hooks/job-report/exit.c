/* How init has ended, from whoever tells it. */
#include <linux/capability.h>
#include <linux/inotify.h>
#include <linux/poll.h>

#include "report.h"

/* linux/pidfd.h of 6.15. */
#define PIDFD_GET_INFO_ 0xc040ff0bu
#define PIDFD_INFO_EXIT_ (1ull << 3)
#define CONMON_MS 4000

struct pidfd_info_ {
	u64 mask, cgroup;
	u32 pid, tgid, ppid, ids[8];
	int exit_code;
};

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

/* A field of /proc/PID/stat, from 4 on (proc_pid_stat(5)), and the state; false: it cannot be read. */
static bool read_stat(const struct job *job, int wanted, char *state, u64 *value)
{
	static char text[4096];
	long n = job->stat < 0 ? -1 : sys(pread64, job->stat, text, sizeof(text) - 1, 0);
	char *at = text + (n > 0 ? n : 0);

	if (n <= 0)
		return false;
	*at = 0;
	while (at > text && *--at != ')')
		;
	if (at[0] != ')' || at[1] != ' ')
		return false;
	*state = at[2];
	for (int field = 2; *at && field < wanted; field++)
		while (*at && *at++ != ' ')
			;
	if (*at < '0' || *at > '9')
		return false;
	for (*value = 0; *at >= '0' && *at <= '9'; at++)
		*value = *value * 10 + (u64)(*at - '0');
	return true;
}

static bool may_trace(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	return !sys(capget, &header, data) && data[CAP_SYS_PTRACE / 32].effective >> CAP_SYS_PTRACE % 32 & 1;
}

/*
 * The exit status in field 52 of /proc/PID/stat is 0, as after a success, for those who may not trace init. CAP_SYS_PTRACE is enough for that, whoever init has become, unless a
 * security module denies it; then field 26 (startcode) is 1 as long as init lives.
 */
void see_whether_stat_tells(struct job *job)
{
	char state;
	u64 start;

	job->stat_tells = may_trace() && read_stat(job, 26, &state, &start) && start != 1;
}

/* Before its parent has taken notice. */
void ask_stat(struct job *job)
{
	char state;
	u64 status;

	if (!job->stat_tells || !read_stat(job, 52, &state, &status) || (state != 'Z' && state != 'X'))
		return;
	job->exit_known = true;
	job->wait_status = (u32)status;
}

static bool read_exit_file(struct job *job)
{
	size_t used = room_used();
	struct bytes bytes;
	u32 code = 0;
	bool read = !read_path(AT_FDCWD, joined(job->to.exits, "/", job->id), 16, &bytes) && bytes.size && *bytes.at >= '0' && *bytes.at <= '9';

	if (read) {
		for (char *at = bytes.at; *at >= '0' && *at <= '9'; at++)
			code = code * 10 + (u32)(*at - '0');
		job->exit_known = true;
		/* As a shell says it, and conmon: 128 and the signal, of which there are 64. */
		job->wait_status = code > 128 && code <= 192 ? code - 128 : (code & 0xff) << 8;
	}
	give_back_to(used);
	return read;
}

/* conmon writes it, a moment later, below a name that it then changes. */
static void ask_conmon(struct job *job)
{
	u64 now = now_in(1 /* CLOCK_MONOTONIC */), until = now + CONMON_MS * 1000000ull;
	long watch = sys(inotify_init1, O_CLOEXEC);
	char ignored[4096];

	if (watch < 0 || sys(inotify_add_watch, watch, job->to.exits, IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
		return;
	while (!read_exit_file(job) && now < until && wait_on(watch, POLLIN, (i64)((until - now) / 1000000) + 1)) {
		sys(read, watch, ignored, sizeof(ignored));
		now = now_in(1);
	}
	sys(close, watch);
}

void ask_others(struct job *job)
{
	bool told = ask_pidfd(job) != -ENOTTY;

	/* Not longer: somebody may wait for us in order to take notice. */
	if (told && wait_on(job->init, 0, 300))
		ask_pidfd(job);
	if (!job->exit_known)
		ask_conmon(job);
}
