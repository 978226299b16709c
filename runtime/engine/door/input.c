/* What the compiler is to read: the bytes of config.json, or of what the caller names in its place or as process.json. */
#include <linux/mman.h>

#include "compiler.h"

#define PATH_SIZE 4096
/* One more than runtime/admit takes, which then says so. */
#define INPUT_LIMIT (CONFIG_LIMIT + 1)
#define FIRST_SIZE (64U << 10)

static void fail(struct input *in, u32 kind, long error)
{
	*in = (struct input){.kind = kind, .number = (u32)-error};
}

/* To its end, or as far as anybody wants to know it. */
static void read_open(struct input *in, int fd, u64 expected)
{
	size_t room = expected < INPUT_LIMIT ? expected + 1 : INPUT_LIMIT, size = 0;
	long at = sys(mmap, 0, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), n = 0;

	while (!(at < 0 && at > -4096)) {
		n = size < INPUT_LIMIT ? sys(read, fd, at + (long)size, room - size) : 0;
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		size += (size_t)n;
		if (size == room && room < INPUT_LIMIT) {
			size_t more = room < INPUT_LIMIT / 2 ? 2 * room : INPUT_LIMIT;

			at = sys(mremap, at, room, more, MREMAP_MAYMOVE);
			room = more;
		}
	}
	if (is_error(at))
		fail(in, GIVEN_READ_FAILED, at);
	else if (n < 0)
		fail(in, GIVEN_READ_FAILED, n);
	else
		*in = (struct input){.kind = GIVEN_BYTES, .number = (u32)size, .at = (const char *)at};
}

/*
 * A pipe, a terminal or a socket can be read once, and only by us: /dev/stdin and /dev/fd/63 are other files in another process. Only what the caller names
 * is read so (`named`); a fifo in the place of config.json must not hold us up.
 */
static void read_file(struct input *in, long fd, bool named)
{
	struct statx st;
	long error;

	if (fd < 0) {
		fail(in, GIVEN_OPEN_FAILED, fd);
		return;
	}
	error = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &st);
	if (error)
		fail(in, GIVEN_READ_FAILED, error);
	else if ((st.stx_mode & S_IFMT) == S_IFDIR)
		fail(in, GIVEN_READ_FAILED, -EISDIR);
	else if ((st.stx_mode & S_IFMT) == S_IFREG)
		read_open(in, (int)fd, st.stx_size);
	else if (named)
		read_open(in, (int)fd, FIRST_SIZE);
	else
		fail(in, GIVEN_NOT_A_FILE, 0);
	in->once = (st.stx_mode & S_IFMT) != S_IFREG;
	sys(close, fd);
}

static long open_named(const char *path)
{
	/* Blocking: whoever names a fifo waits for its writer, as with crun and runc. */
	long fd = equal(path, "-") ? sys(fcntl, 0, F_DUPFD_CLOEXEC, 3)
				   : sys(openat, AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

	/* A socket cannot be opened anew; that it is our own standard input is all that matters. */
	if (fd == -ENXIO && equal(path, "/dev/stdin"))
		fd = sys(fcntl, 0, F_DUPFD_CLOEXEC, 3);
	return fd;
}

void read_input(const struct request *q, struct input *in)
{
	const struct value *bundle = &q->values[PARAMETER_BUNDLE];
	struct text t = text_in(scratch_part(0, PATH_SIZE), PATH_SIZE);
	long fd;

	*in = (struct input){.kind = GIVEN_NONE};
	if (!q->command || q->command->input == INPUT_NONE)
		return;
	if (q->input) {
		read_file(in, open_named(q->input), true);
		/* Ours and the caller's have one position. */
		in->once |= equal(q->input, "-");
		return;
	}
	if (q->command->input == INPUT_NAMED)
		return;
	if (bundle->given) {
		put_bytes(&t, bundle->text, bundle->length);
		put_char(&t, '/');
	}
	put_string(&t, "config.json");
	put_char(&t, 0);
	fd = t.lost ? -ENAMETOOLONG : sys(openat, AT_FDCWD, scratch, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	read_file(in, fd, false);
}
