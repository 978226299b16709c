/* The file that the compiler reads: config.json, or what the caller names in its place or as process.json. */
#include <linux/memfd.h>

#include "door.h"

#define PATH_SIZE 4096
/* One more than runtime/admit takes, which then says so. */
#define INPUT_LIMIT (CONFIG_LIMIT + 1)

/*
 * A pipe, a terminal or a socket can be read once, and only by us: /dev/stdin and /dev/fd/63 are other files in Node. So its bytes go into a file
 * without a name. Only what the caller names is read so; a fifo in the place of config.json must not hold us up.
 */
static long copy_stream(long from)
{
	char *piece = scratch_part(0, FREE_SIZE);
	long to = sys(memfd_create, "input", MFD_CLOEXEC);
	size_t size = 0;

	while (to >= 0 && size < INPUT_LIMIT) {
		long n = sys(read, from, piece, FREE_SIZE), at = 0;

		if (n == -EINTR)
			continue;
		while (n > 0 && at < n) {
			long written = sys(write, to, piece + at, (size_t)(n - at));

			if (written <= 0)
				n = written ? written : -EIO;
			else
				at += written;
		}
		if (n < 0) {
			sys(close, to);
			to = n;
		}
		if (n <= 0)
			break;
		size += (size_t)n;
	}
	sys(close, from);
	if (to >= 0)
		sys(lseek, to, 0, 0 /* SEEK_SET */);
	return to;
}

static long open_named(const char *path)
{
	struct statx st;
	/* Blocking: whoever names a fifo waits for its writer, as with crun and runc. */
	long fd = equal(path, "-") ? sys(fcntl, 0, F_DUPFD_CLOEXEC, 3)
				   : sys(openat, AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	long error;

	/* A socket cannot be opened anew; that it is our own standard input is all that matters. */
	if (fd == -ENXIO && equal(path, "/dev/stdin"))
		fd = sys(fcntl, 0, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return fd;
	error = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	if (error)
		return error;
	/* Node tells what is wrong with a directory. */
	return (st.stx_mode & S_IFMT) == S_IFREG || (st.stx_mode & S_IFMT) == S_IFDIR ? fd : copy_stream(fd);
}

/* A descriptor, or -errno; 0 if the command reads none or finds it by itself. */
int open_input(const struct request *q)
{
	const struct value *bundle = &q->values[PARAMETER_BUNDLE];
	struct text t = text_in(scratch_part(0, PATH_SIZE), PATH_SIZE);

	if (!q->command || q->command->input == INPUT_NONE)
		return 0;
	if (q->input)
		return (int)open_named(q->input);
	if (q->command->input == INPUT_NAMED)
		return 0;
	if (bundle->given) {
		put_bytes(&t, bundle->text, bundle->length);
		put_char(&t, '/');
	}
	put_string(&t, "config.json");
	put_char(&t, 0);
	return t.lost ? -ENAMETOOLONG : (int)sys(openat, AT_FDCWD, scratch, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
