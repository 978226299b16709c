/* The request (spec/wire.ts): what the caller wants, and what the compiler has to know of the process that wants it. */
#include <linux/mman.h>

#include "compiler.h"

#define PATH_SIZE 4096
/* Of each file of /proc/self that is told of; only what is used is touched. A status with 65,536 groups (NGROUPS_MAX of linux/limits.h) has 720 KiB. */
#define FILE_ROOM (1U << 20)
#define FIRST_HANDED 3
/* More than anybody hands down. */
#define MOST_HANDED 1024

_Static_assert(sizeof(struct request_header) == REQUEST_HEADER_SIZE, "request header");

static u32 count_strings(char *const *strings, u64 *bytes)
{
	u32 count = 0;

	for (; strings[count]; count++)
		*bytes += strlen(strings[count]) + 1;
	return count;
}

static void put_strings(struct text *t, char *const *strings)
{
	for (; *strings; strings++)
		put_bytes(t, *strings, strlen(*strings) + 1);
}

/* Those of the caller: ours close with the next execve. */
static u32 count_handed(void)
{
	u32 count = 0;
	long flags;

	while (count < MOST_HANDED && (flags = sys(fcntl, FIRST_HANDED + count, F_GETFD)) >= 0 && !(flags & FD_CLOEXEC))
		count++;
	return count;
}

/* The path of a file of /proc/self, in the scratch buffer. */
static const char *own_file(const char *directory, const char *name)
{
	struct text t = text_in(scratch_part(0, PATH_SIZE), PATH_SIZE);

	put_string(&t, "/proc/self/");
	put_string(&t, directory);
	put_string(&t, name);
	put_char(&t, 0);
	return scratch;
}

/* Nothing, where it cannot be read. */
static void put_file(struct text *t, const char *path)
{
	size_t room = t->size - t->used > FILE_ROOM ? FILE_ROOM : t->size - t->used;
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), n;

	while (fd >= 0 && room > 1 && (n = sys(read, fd, t->at + t->used, room - 1)) > 0) {
		t->used += (size_t)n;
		room -= (size_t)n;
	}
	if (fd >= 0)
		sys(close, fd);
	put_char(t, 0);
}

static void look_around(struct request_header *h)
{
	static const char names[] = CALLER_NAMESPACES;
	struct statx st;
	const char *name = names;

	for (unsigned i = 0; i < CALLER_NAMESPACE_COUNT; i++, name += strlen(name) + 1)
		if (!sys(statx, AT_FDCWD, own_file("ns/", name), 0, STATX_INO, &st))
			h->namespaces[i] = st.stx_ino;
	if (!sys(statx, AT_FDCWD, "/", 0, STATX_INO, &st)) {
		h->root_major = st.stx_dev_major;
		h->root_minor = st.stx_dev_minor;
		h->root_inode = st.stx_ino;
	}
	h->euid = (u32)sys(geteuid);
	h->egid = (u32)sys(getegid);
	if (!sys(statx, AT_FDCWD, COMPILER_PATH, 0, STATX_INO | STATX_SIZE | STATX_MTIME, &st)) {
		h->compiler_major = st.stx_dev_major;
		h->compiler_minor = st.stx_dev_minor;
		h->compiler_inode = st.stx_ino;
		h->compiler_size = st.stx_size;
		h->compiler_seconds = st.stx_mtime.tv_sec;
		h->compiler_nanoseconds = st.stx_mtime.tv_nsec;
	}
}

/* All but the bytes of the input, which stay where they are. */
void make_request(const struct request *q, struct compiler *c)
{
	static const char files[] = CALLER_FILES;
	char *cwd = scratch_part(PATH_SIZE, PATH_SIZE);
	long cwd_length = sys(getcwd, cwd, PATH_SIZE), at;
	u64 size = sizeof(struct request_header) + CALLER_FILE_COUNT * FILE_ROOM + QUESTION_ROOM;
	struct request_header h = {
		.magic = REQUEST_MAGIC,
		.version = WIRE_VERSION,
		.argc = count_strings(process.argv, &size),
		.envc = count_strings(process.envp, &size),
		.input_kind = c->input.kind,
		.input = c->input.number,
		.unusable = q->unusable,
		.handed = count_handed(),
		.pid = (int)sys(getpid),
	};
	const char *name = files;
	struct text t;

	if (cwd_length <= 0) { /* removed meanwhile */
		cwd[0] = 0;
		cwd_length = 1;
	}
	h.cwd_length = (u32)cwd_length;
	size += (u64)cwd_length;
	look_around(&h);
	sys(getrandom, &h.nonce, sizeof(h.nonce), 1 /* GRND_NONBLOCK */);
	at = sys(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (is_error(at))
		die_of_start((int)-at);
	sys(madvise, at, size, MADV_DONTFORK); /* init has no use for it */
	t = text_in((void *)at, size - QUESTION_ROOM);
	t.used = sizeof(h);
	put_bytes(&t, cwd, (size_t)cwd_length);
	put_strings(&t, process.argv);
	put_strings(&t, process.envp);
	c->files = t.at + t.used;
	for (unsigned i = 0; i < CALLER_FILE_COUNT; i++, name += strlen(name) + 1)
		put_file(&t, own_file("", name));
	h.size = (u32)(t.used + (h.input_kind == GIVEN_BYTES ? h.input : 0));
	memcpy(t.at, &h, sizeof(h));
	c->request = (struct request_header *)at;
	c->request_size = t.used;
}

/* False: whoever takes it does not take all of it. */
static bool send_all(struct compiler *c, const char *at, size_t size)
{
	while (size) {
		long n = sys(sendto, c->socket, at, size, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);

		if (n == -EAGAIN) {
			if (!await_compiler(c, POLLOUT))
				return false;
		} else if (n < 0 && n != -EINTR) {
			return false;
		}
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	return true;
}

/* Reading the answer tells whether it was taken. */
void send_request(struct compiler *c)
{
	if (send_all(c, (const char *)c->request, c->request_size) && c->input.kind == GIVEN_BYTES)
		send_all(c, c->input.at, c->input.number);
}
