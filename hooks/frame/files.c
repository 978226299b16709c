/* Reading files, and whom to trust. */
#include "frame.h"

#define FIRST 4096

long read_all(long fd, size_t most, struct bytes *into)
{
	size_t room = FIRST, used = 0;
	char *at = room_for(room);
	struct statx st;
	long n;

	if (!sys(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &st) && st.stx_size >= FIRST && st.stx_size <= most) {
		room = st.stx_size + 2;
		at = room_for(room);
	}
	for (;;) {
		if (used == room - 1) {
			char *more = room_for(room * 2);

			memcpy(more, at, used);
			at = more;
			room *= 2;
		}
		n = sys(read, fd, at + used, room - 1 - used);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used > most)
			return -EFBIG;
	}
	at[used] = 0;
	*into = (struct bytes){.at = at, .size = used};
	return n;
}

long read_path(long directory, const char *path, size_t most, struct bytes *into)
{
	long fd = sys(openat, directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	long error;

	if (fd < 0)
		return fd;
	error = read_all(fd, most, into);
	sys(close, fd);
	return error;
}

void insist_on_trusted(long fd, const char *path, unsigned type)
{
	struct statx st;
	long error = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_UID, &st);
	char mode[8];
	struct text t = text_in(mode, sizeof(mode) - 1);

	if (error)
		fail_errno(error, "look at ", path);
	if ((st.stx_mode & S_IFMT) != type)
		fail("refuses ", path, type == S_IFDIR ? ": it is not a directory" : ": it is not a regular file");
	if (!(st.stx_mode & 022) && (!st.stx_uid || st.stx_uid == (u32)sys(geteuid)))
		return;
	put_unsigned(&t, st.stx_mode & 07777, 8, 1);
	put_char(&t, 0);
	fail("refuses ", path, ": owner ", decimal(st.stx_uid), ", mode ", mode,
	     "; only root or the caller may own it, and nobody else write to it");
}

void make_way_to(const char *path, unsigned mode)
{
	char *way = (char *)joined(path, "");

	for (char *at = way + 1; *at; at++)
		if (*at == '/') {
			*at = 0;
			sys(mkdirat, AT_FDCWD, way, mode);
			*at = '/';
		}
}
