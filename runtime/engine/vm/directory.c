/* Going down into directories. */
#include <linux/openat2.h>

#include "vm.h"

/* A directory below another, without following links or crossing mounts. */
long open_below(int directory, const char *name, u64 flags)
{
	struct open_how how = {.flags = flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
			       .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
	long fd;

	do
		fd = sys(openat2, directory, name, &how, sizeof(how));
	while (fd == -EAGAIN || fd == -EINTR);
	return fd;
}
