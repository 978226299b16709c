/* What the kernel has put on the stack of the process: arguments, environment, auxiliary vector (getauxval(3)). */
#include <linux/auxvec.h>
#include <linux/poll.h>
#include <linux/time_types.h>

#include "base.h"

struct process process = {.self = -1};

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
