/*
 * load-device-filter FILE: has the kernel verify struct bpf_insn[] as a device program. Exit code 0: taken; 1: refused,
 * with the verifier's log on standard error; 77: this process may not load programs at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static char instructions[1 << 20], text[1 << 16];

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	ssize_t size = read(fd, instructions, sizeof(instructions));
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)instructions,
		.insn_cnt = (unsigned int)(size / 8),
		.license = (uintptr_t)"MIT",
		.log_buf = (uintptr_t)text,
		.log_size = sizeof(text),
		.log_level = 1,
	};

	if (size <= 0)
		return 2;
	if (syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)) >= 0)
		return 0;
	if (errno == EPERM || errno == ENOSYS)
		return 77;
	perror("bpf");
	fputs(text, stderr);
	return 1;
}
