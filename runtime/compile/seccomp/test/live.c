/*
 * live FILTER FLAGS: loads struct sock_filter[] from a file, then makes a few calls and prints what they return: errno or 0.
 * Nothing that libc needs itself is among them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void show(const char *name, long result)
{
	printf("%s %d\n", name, result < 0 ? errno : 0);
}

int main(int argc, char **argv)
{
	static struct sock_filter filter[BPF_MAXINSNS];
	int fd = argc == 3 ? open(argv[1], O_RDONLY) : -1;
	ssize_t size = read(fd, filter, sizeof(filter));
	struct sock_fprog program = { .len = (unsigned short)(size / 8), .filter = filter };

	if (size <= 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 1;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, atoi(argv[2]), &program) < 0) {
		perror("seccomp");
		return 2;
	}
	show("getppid", syscall(SYS_getppid));
	show("swapoff", syscall(SYS_swapoff, "/nowhere"));
	show("personality-linux", syscall(SYS_personality, 0));
	show("personality-odd", syscall(SYS_personality, 0x12345));
	show("socket-unix", syscall(SYS_socket, AF_UNIX, SOCK_DGRAM, 0));
	show("socket-audit", syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 9));
	show("newer", syscall(999));
	return 0;
}
