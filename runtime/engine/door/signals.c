/*
 * Signals that end a command while the compiler is at work for it (Command.streams in spec/commands): they are handed on, so that what it has begun is
 * taken back, and then end us as they would have.
 */
#include <linux/signalfd.h>

#include "compiler.h"

#define SIG_BLOCK 0
#define SIG_SETMASK 2
#define SIG_IGN 1
#define SIGHUP 1
#define SIGINT 2
#define SIGKILL 9
#define SIGTERM 15
#define BIT(signal) (1UL << ((signal)-1))

static bool is_ignored(int signal)
{
	struct {
		u64 handler, flags, restorer, mask;
	} now = {0};

	return !sys(rt_sigaction, signal, NULL, &now, 8) && now.handler == SIG_IGN;
}

/* What the caller ignores (nohup) or blocks, does not end us. */
void hold_signals(struct compiler *c)
{
	static const u8 ending[] = {SIGHUP, SIGINT, SIGTERM};
	u64 ours = 0;

	sys(rt_sigprocmask, SIG_BLOCK, NULL, &c->mask, 8);
	for (unsigned i = 0; i < sizeof(ending); i++)
		if (is_ignored(ending[i]))
			c->apart = true;
		else
			ours |= BIT(ending[i]);
	ours &= ~c->mask;
	sys(rt_sigprocmask, SIG_BLOCK, &ours, NULL, 8);
	c->signals = (int)sys(signalfd4, -1, &ours, 8, O_CLOEXEC | O_NONBLOCK);
	if (c->signals < 0)
		sys(rt_sigprocmask, SIG_SETMASK, &c->mask, NULL, 8);
}

/* One that has come, and was not taken, counts from here on. */
void release_signals(struct compiler *c)
{
	if (c->signals < 0)
		return;
	sys(close, c->signals);
	c->signals = -1;
	sys(rt_sigprocmask, SIG_SETMASK, &c->mask, NULL, 8);
}

/*
 * From now on the compiler has its deadlines, even if its command may wait. timeout(1) and systemd send several at once; one that comes a second later or more is
 * somebody who does not want to wait.
 */
void take_signals(struct compiler *c)
{
	struct signalfd_siginfo info;

	while (sys(read, c->signals, &info, sizeof(info)) == sizeof(info)) {
		sys(kill, c->pid, c->signal && c->seconds ? SIGKILL : (int)info.ssi_signo);
		if (c->signal)
			continue;
		c->signal = (int)info.ssi_signo;
		c->waits = false;
		c->seconds = c->idle = 0;
	}
}

/* Not if there was none. */
void end_by_signal(struct compiler *c)
{
	if (!c->signal)
		return;
	release_signals(c);
	for (;;)
		sys(kill, (int)sys(getpid), c->signal);
}
