/* Files that are whole before they have a name. */
#include "compiler.h"

/* Negative: the file system has none, or it cannot be had. */
long open_nameless(long directory)
{
	return sys(openat, directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
}

/* In the place of what has it. Without /proc it stays nameless, and is gone when it is closed. */
void give_name(int fd, long directory, const char *name)
{
	char path[40];
	struct text t = text_in(path, sizeof(path));

	put_string(&t, "/proc/self/fd/");
	put_decimal(&t, fd);
	put_char(&t, 0);
	sys(unlinkat, directory, name, 0);
	sys(linkat, AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW);
}
