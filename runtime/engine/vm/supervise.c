/*
 * SUPERVISE: the foreground of run and exec. Signals go to the container's process, its terminal is copied to ours, its exit code
 * becomes ours. Descriptors 0 to 2 are shared with whoever called us, so they are never made non-blocking: they are written only
 * when poll(2) says so, in pieces that then fit.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/termbits.h>
#include <linux/poll.h>
#include <linux/signalfd.h>
#include <linux/wait.h>

#include "vm.h"

#define PIECE 4096

/* Bytes on their way in one direction. */
struct pipe {
	int from, to;
	char *buffer; /* PIECE bytes */
	size_t start, end;
	bool closed; /* nothing more comes */
};

struct supervision {
	int pidfd, pty, signals;
	u64 forward; /* signals that are passed on: bit 0 is signal 1 */
	bool ended;
	i64 code;
	struct pipe input, output;
	bool is_terminal;
	struct termios before;
};

struct window {
	u16 rows, columns, x, y;
};

static void set_raw(struct supervision *s)
{
	struct termios raw;

	if (sys(ioctl, 0, TCGETS, &s->before))
		return;
	s->is_terminal = true;
	raw = s->before;
	/* cfmakeraw(3) */
	raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	sys(ioctl, 0, TCSETS, &raw);
}

static void copy_window_size(const struct supervision *s)
{
	struct window w;

	for (int fd = 0; fd < 3; fd++)
		if (!sys(ioctl, fd, TIOCGWINSZ, &w)) {
			sys(ioctl, s->pty, TIOCSWINSZ, &w);
			return;
		}
}

static void fill(struct pipe *p)
{
	long n = sys(read, p->from, p->buffer, PIECE);

	if (n > 0) {
		p->start = 0;
		p->end = (size_t)n;
	} else if (n != -EINTR && n != -EAGAIN) {
		p->closed = true; /* end of file, or EIO: the last one has closed the terminal */
	}
}

static void drain(struct pipe *p)
{
	long n = sys(write, p->to, p->buffer + p->start, p->end - p->start);

	if (n > 0)
		p->start += (size_t)n;
	else if (n != -EINTR && n != -EAGAIN)
		p->start = p->end; /* nobody listens any more; what comes later is thrown away as well */
}

static bool empty(const struct pipe *p)
{
	return p->start == p->end;
}

/* Bury children until nothing has ended. True for the supervised process's end to be noted before anything else reaps it. */
static int reap(struct supervision *s)
{
	for (;;) {
		int ended, target = 0, error;
		i64 code;

		error = wait_exit_code(P_ALL, 0, WNOHANG | WNOWAIT, &ended, &code);
		if (error == ECHILD || (!error && !ended))
			return 0;
		if (!error && !s->ended)
			error = wait_exit_code(P_PIDFD, s->pidfd, WNOHANG | WNOWAIT, &target, &code);
		if (error)
			return error;
		if (target == ended) {
			s->ended = true;
			s->code = code;
		}
		error = wait_exit_code(P_PID, ended, WNOHANG, &ended, &code);
		if (error)
			return error;
	}
}

static void forward(const struct supervision *s, int signal)
{
	if (signal == SIGWINCH && s->pty >= 0)
		copy_window_size(s);
	else if (s->forward >> (signal - 1) & 1)
		sys(pidfd_send_signal, s->pidfd, signal, NULL, 0);
}

static int take_signals(struct supervision *s)
{
	struct signalfd_siginfo info;

	while (sys(read, s->signals, &info, sizeof(info)) == sizeof(info))
		forward(s, (int)info.ssi_signo);
	return reap(s);
}

/* One round of waiting and copying. */
static int serve(struct supervision *s)
{
	struct pollfd fds[6] = {
		{.fd = s->signals, .events = POLLIN},
		{.fd = s->pidfd, .events = POLLIN},
		{.fd = empty(&s->input) && !s->input.closed ? s->input.from : -1, .events = POLLIN},
		{.fd = empty(&s->input) ? -1 : s->input.to, .events = POLLOUT},
		{.fd = empty(&s->output) && !s->output.closed ? s->output.from : -1, .events = POLLIN},
		{.fd = empty(&s->output) ? -1 : s->output.to, .events = POLLOUT},
	};
	long ready = sys(ppoll, fds, 6, NULL, NULL, 8);

	if (ready < 0)
		return ready == -EINTR ? 0 : (int)-ready;
	if (fds[0].revents || fds[1].revents) {
		int error = take_signals(s);

		if (error || s->ended)
			return error;
		if (fds[1].revents & POLLNVAL)
			return EBADF;
		if (fds[1].revents & POLLIN) /* it has ended, but it is not a child of ours */
			return ECHILD;
	}
	if (fds[2].revents)
		fill(&s->input);
	if (fds[3].revents)
		drain(&s->input);
	if (fds[4].revents)
		fill(&s->output);
	if (fds[5].revents)
		drain(&s->output);
	return 0;
}

/* What the process wrote last. The terminal does not block, so this ends even if others still hold it open. */
static void finish_output(struct pipe *p)
{
	for (;;) {
		while (!empty(p))
			drain(p);
		if (p->closed)
			return;
		fill(p);
		if (empty(p))
			return;
	}
}

int op_supervise(const struct run *r, const struct step *step, i64 *result)
{
	struct supervision s = {
		.pidfd = (int)number(r, step, 0),
		.pty = (int)number(r, step, 1),
		.forward = (u64)number(r, step, 2),
	};
	u64 all = ~(u64)0;
	int error = 0;

	s.signals = (int)sys(signalfd4, -1, &all, 8, O_CLOEXEC | O_NONBLOCK);
	if (s.signals < 0)
		return -s.signals;
	s.input = (struct pipe){.from = 0, .to = s.pty, .buffer = scratch_part(0, PIECE), .closed = s.pty < 0};
	s.output = (struct pipe){.from = s.pty, .to = 1, .buffer = scratch_part(PIECE, PIECE), .closed = s.pty < 0};
	if (s.pty >= 0) {
		sys(fcntl, s.pty, F_SETFL, sys(fcntl, s.pty, F_GETFL) | O_NONBLOCK);
		copy_window_size(&s);
		set_raw(&s);
	}
	error = reap(&s); /* it may have ended before the signals were blocked */
	while (!error && !s.ended)
		error = serve(&s);
	if (!error)
		finish_output(&s.output);
	if (s.is_terminal)
		sys(ioctl, 0, TCSETS, &s.before);
	sys(close, s.signals);
	*result = s.code;
	return error;
}
