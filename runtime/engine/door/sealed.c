/*
 * The engine enters containers only as a sealed copy of itself in memory: whoever gets hold of /proc/PID/exe there can neither change the
 * host's file nor this copy (CVE-2019-5736).
 */
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/prctl.h>

#include "door.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* Linux 6.3 */
#endif
#define AF_UNIX 1
#define SOL_SOCKET 1
#define SO_DOMAIN 39
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* A copy in memory with all seals; or, where memory files may not be executed, an unlinked file that nobody can open for writing. */
static bool is_copy(int fd)
{
	long seals = sys(fcntl, fd, F_GET_SEALS), flags = sys(fcntl, fd, F_GETFL);
	struct statx st;

	if (seals >= 0 && (seals & SEALS) == SEALS)
		return true;
	return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY &&
	       !sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_NLINK, &st) &&
	       (st.stx_mode & S_IFMT) == S_IFREG && !st.stx_nlink;
}

/* Whoever made the copy tells by its position where its connection to the compiler's service is: 0, there is none. */
static void take_connection(int copy)
{
	long fd = sys(lseek, copy, 0, SEEK_CUR);
	int domain = 0, size = sizeof(domain);

	if (fd > 2 && fd <= __INT_MAX__ && !sys(getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) && domain == AF_UNIX &&
	    !sys(fcntl, fd, F_SETFD, FD_CLOEXEC))
		process.service = (int)fd;
}

/* The kernel names a program that execveat(2) was given as a descriptor /dev/fd/N. */
bool sealed_self(void)
{
	static const char prefix[] = "/dev/fd/";
	const char *at = process.executable;
	int fd = 0;

	if (strlen(at) < sizeof(prefix) || memcmp(at, prefix, sizeof(prefix) - 1))
		return false;
	for (at += sizeof(prefix) - 1; *at >= '0' && *at <= '9' && fd < 1 << 24; at++)
		fd = fd * 10 + *at - '0';
	if (*at || !is_copy(fd))
		return false;
	sys(fcntl, fd, F_SETFD, FD_CLOEXEC);
	sys(prctl, PR_SET_DUMPABLE, 0);
	process.self = fd;
	take_connection(fd);
	return true;
}

static long copy(int from, int to)
{
	i64 position = 0;
	long n;

	do
		n = sys(sendfile, to, from, &position, 1 << 20);
	while (n > 0 || n == -EINTR);
	return n;
}

static long execute(int fd)
{
	long result;

	sys(fcntl, fd, F_SETFD, 0);
	sys(lseek, fd, process.service < 0 ? 0 : process.service, SEEK_SET);
	if (process.service >= 0)
		sys(fcntl, process.service, F_SETFD, 0);
	result = sys(execveat, fd, "", process.argv, process.envp, AT_EMPTY_PATH);
	sys(close, fd);
	return result;
}

static long execute_memory(int from)
{
	long fd = sys(memfd_create, "chos-runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC), result;

	if (fd == -EINVAL)
		fd = sys(memfd_create, "chos-runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return fd;
	result = copy(from, (int)fd);
	if (!result)
		result = sys(fcntl, fd, F_ADD_SEALS, SEALS | F_SEAL_EXEC);
	if (result == -EINVAL)
		result = sys(fcntl, fd, F_ADD_SEALS, SEALS);
	return result ? result : execute((int)fd);
}

static long execute_file(int from, const char *directory)
{
	long fd = sys(openat, AT_FDCWD, directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0500), again;
	char name[40];
	struct text t = text_in(name, sizeof(name));

	if (fd < 0)
		return fd;
	again = copy(from, (int)fd);
	put_string(&t, "/proc/self/fd/");
	put_decimal(&t, fd);
	put_char(&t, 0);
	if (!again)
		again = sys(openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
	sys(close, fd); /* a file that is open for writing cannot be executed */
	return again < 0 ? again : execute((int)again);
}

_Noreturn void sealed_again(void)
{
	static const char directories[] = "/dev/shm\0/tmp\0/var/tmp\0/run\0";
	long from, result;

	sys(prctl, PR_SET_DUMPABLE, 0);
	from = sys(openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (from < 0)
		from = sys(openat, AT_FDCWD, process.executable, O_RDONLY | O_CLOEXEC);
	if (from == -EMFILE)
		die("there are too few descriptors (ulimit -n)", NULL, 0);
	if (from < 0)
		die("cannot open its own executable file (is /proc mounted?)", NULL, (int)-from);
	result = execute_memory((int)from);
	for (const char *at = directories; *at && (result == -EACCES || result == -EPERM); at += strlen(at) + 1)
		result = execute_file((int)from, at);
	die("cannot run from a copy of itself in memory or in a temporary file (vm.memfd_noexec, noexec mounts, ulimit -f?)", NULL,
	    (int)-result);
}
