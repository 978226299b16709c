/* SPDX-License-Identifier: MIT */
/*
 * For `who` beside many processes: makes them, and is the floor that it stands on.
 *
 *   processes herd N     N children that wait for ever, left to process 1
 *   processes look       which mount namespace each process has: one readlinkat(2)
 *   processes tell       and whose it is, what it is called, since when, in which cgroup, as `who` prints them
 *
 * Nothing is printed.
 */
#include "freestanding.h"

static char text[8192];

static int herd(unsigned long n)
{
	sigset_t none = {0};
	for (unsigned long i = 0; i < n; i++) {
		struct clone_args how = {.exit_signal = SIGCHLD};
		long pid = SYS(clone3, &how, sizeof how);
		if (pid < 0)
			return 1;
		if (!pid) {
			/* Whoever reads what the timer writes must not wait for these. */
			for (int fd = 0; fd < 3; fd++)
				SYS(close, fd);
			for (;;)
				SYS(rt_sigsuspend, &none, sizeof none);
		}
	}
	return 0;
}

static void read_all(long proc, char *path, char *end, const char *name)
{
	put(end, name);
	long fd = SYS(openat, proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	SYS(read, fd, text, sizeof text);
	SYS(close, fd);
}

static void visit(long proc, const char *pid, int tell)
{
	struct stat owner;
	char path[64], *end = put(path, pid);
	put(end, "/ns/mnt");
	SYS(readlinkat, proc, path, text, sizeof text);
	if (!tell)
		return;
	*end = 0;
	SYS(newfstatat, proc, path, &owner, 0);
	read_all(proc, path, end, "/stat");
	read_all(proc, path, end, "/cgroup");
}

static int each(int tell)
{
	static char entries[65536];
	long got, proc = SYS(openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return 1;
	/* getdents64(2): inode and offset, 8 bytes each, the record's length, the type, the name. */
	while ((got = SYS(getdents64, proc, entries, sizeof entries)) > 0)
		for (char *at = entries; at < entries + got; at += *(uint16_t *)(at + 16))
			if (at[19] >= '1' && at[19] <= '9')
				visit(proc, at + 19, tell);
	return got < 0;
}

_Noreturn void begin(long *stack);
_Noreturn void begin(long *stack)
{
	char **argv = (char **)(stack + 1);
	int code = 2;
	if (*stack == 3 && same(argv[1], "herd"))
		code = herd(number(argv[2]));
	else if (*stack == 2 && (same(argv[1], "look") || same(argv[1], "tell")))
		code = each(same(argv[1], "tell"));
	for (;;)
		SYS(exit_group, code);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp,%ebp\n\tmov %rsp,%rdi\n\tand $-16,%rsp\n\tcall begin\n");
#else
__asm__(".globl _start\n_start:\n\tmov x0,sp\n\tbl begin\n");
#endif
