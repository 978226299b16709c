/* WAIT: for descriptors and for children, with a deadline. */
#include <linux/poll.h>
#include <linux/time_types.h>
#include <linux/wait.h>

#include "vm.h"

i64 milliseconds_now(void)
{
	struct __kernel_timespec t;

	sys(clock_gettime, 1 /* CLOCK_MONOTONIC */, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* poll(2) until something is there, or the deadline (milliseconds from now, -1: none) has passed: ETIMEDOUT. */
static int poll_until(struct pollfd *fds, unsigned count, i64 milliseconds)
{
	i64 end = milliseconds < 0 ? -1 : milliseconds_now() + milliseconds;

	for (;;) {
		i64 left = end < 0 ? 0 : end - milliseconds_now();
		struct __kernel_timespec t = {.tv_sec = left > 0 ? left / 1000 : 0,
					      .tv_nsec = left > 0 ? left % 1000 * 1000000 : 0};
		long ready = sys(ppoll, fds, count, end < 0 ? NULL : &t, NULL, 8);

		if (ready > 0)
			return 0;
		if (ready == 0)
			return ETIMEDOUT;
		if (ready != -EINTR)
			return (int)-ready;
	}
}

/* As shells say it: the exit code, or 128 + signal. ECHILD if there is none; *pid is 0 if it has not ended (WNOHANG). */
int wait_exit_code(int id_type, int id, int flags, int *pid, i64 *code)
{
	struct {
		int signal, error, code, padding, pid, uid, status;
		char rest[100];
	} info = {0};
	long result;

	do
		result = sys(waitid, id_type, id, &info, flags | WEXITED, NULL);
	while (result == -EINTR);
	if (result < 0)
		return (int)-result;
	*pid = info.pid;
	*code = info.code == 1 /* CLD_EXITED */ ? info.status : 128 + info.status;
	return 0;
}

static int reap(int pidfd, i64 milliseconds, i64 *result)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};
	int error, pid;

	if (milliseconds >= 0) {
		error = poll_until(&fd, 1, milliseconds);
		if (error)
			return error;
		if (fd.revents & POLLNVAL)
			return EBADF;
	}
	return wait_exit_code(P_PIDFD, pidfd, 0, &pid, result);
}

int op_wait(const struct run *r, const struct step *s, i64 *result)
{
	int first = (int)number(r, s, 0), second = (int)number(r, s, 2), error;
	struct pollfd fds[2] = {{.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}};

	if (s->sub == WAIT_REAP)
		return reap(first, number(r, s, 1), result);
	/* poll(2) looks past it: that is a pause, and without a deadline it would be one for ever. */
	if (first < 0 && number(r, s, 1) < 0)
		return EBADF;
	error = poll_until(fds, 2, number(r, s, 1));
	if (error)
		return error;
	if ((fds[0].revents | fds[1].revents) & POLLNVAL)
		return EBADF;
	*result = fds[0].revents ? 1 : 2;
	return 0;
}
