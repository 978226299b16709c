/* What the kernel has put on the stack of the process: arguments, environment, auxiliary vector (getauxval(3)). */
#include <linux/auxvec.h>
#include <linux/poll.h>
#include <linux/signal.h>
#include <linux/time_types.h>

#include "base.h"

struct process process = {.self = -1, .service = -1};

/* True if the process runs with rights that its caller has not got (AT_SECURE). */
bool read_stack(u64 *stack)
{
	u64 *auxiliary;
	bool secure = false;

	process.argc = (int)stack[0];
	process.argv = (char **)(stack + 1);
	process.envp = process.argv + process.argc + 1;
	process.page = 4096;
	process.executable = "";
	for (auxiliary = (u64 *)process.envp; *auxiliary; auxiliary++)
		;
	for (auxiliary++; auxiliary[0] != AT_NULL; auxiliary += 2) {
		if (auxiliary[0] == AT_SECURE)
			secure = auxiliary[1] != 0;
		else if (auxiliary[0] == AT_PAGESZ)
			process.page = auxiliary[1];
		else if (auxiliary[0] == AT_EXECFN)
			process.executable = (const char *)auxiliary[1];
	}
	return secure;
}

/* A descriptor that we open must never become somebody's standard output. */
void open_standard_descriptors(void)
{
	struct pollfd fds[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
	struct __kernel_timespec now = {0};

	sys(ppoll, fds, 3, &now, NULL, 8);
	for (unsigned i = 0; i < 3; i++)
		if (fds[i].revents & POLLNVAL && sys(openat, AT_FDCWD, "/dev/null", O_RDWR) < 0)
			sys(exit_group, 1);
}

static void nothing(int signal)
{
	(void)signal;
}

void return_from_signal(void);

/*
 * Beyond RLIMIT_FSIZE a write fails, and what was begun is taken back. A handler, since what is executed begins without it: SIG_IGN would go along, and a caller's own
 * is kept.
 */
void outlive_file_size_limit(void)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		u64 mask;
	} now = {0}, caught = {.handler = nothing};

#if defined(__x86_64__)
	caught.flags = 0x04000000 /* SA_RESTORER */;
	caught.restorer = return_from_signal;
#endif
	if (!sys(rt_sigaction, SIGXFSZ, NULL, &now, 8) && !now.handler)
		sys(rt_sigaction, SIGXFSZ, &caught, NULL, 8);
}

/* Of the environment; NULL: there is none of that name. */
const char *variable(const char *name)
{
	for (char **at = process.envp; *at; at++) {
		const char *value = after(*at, name);

		if (value && *value == '=')
			return value + 1;
	}
	return NULL;
}

/* fork(2), which aarch64 does by clone(2). */
long new_process(void)
{
#ifdef __x86_64__
	return sys(fork);
#else
	return sys(clone, 17 /* SIGCHLD */);
#endif
}
