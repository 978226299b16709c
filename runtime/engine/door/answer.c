/* The answer (spec/wire.ts): read and looked through before anything of it is believed. */
#include <linux/memfd.h>
#include <linux/mman.h>

#include "compiler.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif
/*
 * What most images fit in: of a process, of a container, and of one whose config.json is long, as Podman's are by their filter. Pages that are not needed take
 * as long to free as others to have.
 */
#define ROOM_OF_PROCESS (64U << 10)
#define ROOM (128U << 10)
#define LONG_INPUT (8U << 10)
#define ROOM_OF_LONG (192U << 10)

struct value_header {
	u16 number, kind;
	u32 length;
	i64 value;
};
_Static_assert(sizeof(struct answer_header) == ANSWER_HEADER_SIZE, "answer header");

long memory_file(const char *name)
{
	long fd = sys(memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	return fd == -EINVAL ? sys(memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

/* Whoever may open what is ours cannot change what has been looked through. */
void seal(int fd)
{
	sys(fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

static bool read_all(struct compiler *c, void *buffer, size_t size)
{
	u8 *at = buffer;

	while (size) {
		long n;

		if (!await_compiler(c, POLLIN))
			return false;
		n = sys(read, c->socket, at, size);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool header_valid(const struct compiler *c, const struct answer_header *h)
{
	u64 texts = (u64)h->out_length + h->message_length + h->detail_length + h->looks_length;

	return h->magic == ANSWER_MAGIC && h->version == WIRE_VERSION && h->size <= ANSWER_LIMIT && h->size >= sizeof(*h) &&
	       h->image_size <= ANSWER_LIMIT && texts <= h->size - sizeof(*h) && h->kind >= ANSWER_REPORT && h->kind <= ANSWER_COLD &&
	       (h->kind != ANSWER_WAIT || h->size == sizeof(*h)) && h->nonce == c->request->nonce;
}

/* Take over the values, which stay where they are in the answer. */
static bool take_values(struct request *q, const char *at, size_t size, u32 count)
{
	for (; count; count--) {
		struct value_header v;
		size_t padded;

		if (size < sizeof(v))
			return false;
		memcpy(&v, at, sizeof(v));
		at += sizeof(v);
		size -= sizeof(v);
		padded = ((size_t)v.length + 7) & ~(size_t)7;
		if (padded > size || v.number >= PARAMETER_COUNT || v.kind != parameter_kinds[v.number])
			return false;
		if (v.kind == KIND_VECTOR && v.length && at[v.length - 1])
			return false;
		q->values[v.number] =
			(struct value){.given = true, .text = at, .length = v.length, .number = v.value, .vector = NULL};
		at += padded;
		size -= padded;
	}
	return true;
}

static enum received no_room(struct compiler *c, long error)
{
	c->error = (int)-error;
	return NO_ROOM;
}

void drop_room(struct compiler *c)
{
	if (c->room)
		sys(munmap, c->room, c->room_size);
	if (c->program >= 0)
		sys(close, c->program);
	c->room = NULL;
	c->program = -1;
}

/* While the service compiles: with its pages. Without it, room is made when the image is there. */
void make_room(struct compiler *c, bool of_process)
{
	long fd = memory_file("program"), at;
	u32 size = of_process ? ROOM_OF_PROCESS : c->input.number > LONG_INPUT ? ROOM_OF_LONG : ROOM;

	if (fd < 0)
		return;
	c->program = (int)fd;
	at = sys(ftruncate, fd, size);
	if (!at)
		at = sys(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (is_error(at)) {
		drop_room(c);
		return;
	}
	c->room = (char *)at;
	c->room_size = size;
}

/* For so much, and no more. */
static long fit_room(struct compiler *c, u32 size)
{
	long at;

	if (c->room && size > c->room_size) {
		sys(munmap, c->room, c->room_size);
		c->room = NULL;
	}
	if (c->program < 0) {
		at = memory_file("program");
		if (at < 0)
			return at;
		c->program = (int)at;
	}
	at = sys(ftruncate, c->program, size);
	if (at || c->room)
		return at ? at : (long)c->room;
	return sys(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, c->program, 0);
}

/* Into a file of our own, from which programs are mapped. */
static enum received read_image(struct compiler *c, u32 size)
{
	long at = fit_room(c, size);
	bool whole;

	if (is_error(at))
		return no_room(c, at);
	whole = read_all(c, (void *)at, size);
	sys(munmap, at, c->room ? c->room_size : size);
	c->room = NULL;
	seal(c->program);
	return whole ? WHOLE : CUT_OFF;
}

enum received read_answer(struct request *q, struct compiler *c, struct answer_header *h, const char **texts)
{
	size_t size;
	char *rest;
	long at;

	if (!read_all(c, h, sizeof(*h)))
		return NONE_AT_ALL;
	if (!header_valid(c, h))
		return SENSELESS;
	size = h->size - sizeof(*h);
	at = sys(mmap, 0, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		return no_room(c, at);
	rest = (char *)at;
	if (!read_all(c, rest, size))
		return CUT_OFF;
	*texts = rest;
	at = (long)h->out_length + h->message_length + h->detail_length;
	if (!take_values(q, rest + at, size - (size_t)at - h->looks_length, h->values))
		return SENSELESS;
	return h->kind == ANSWER_PROGRAM && h->image_size ? read_image(c, h->image_size) : WHOLE;
}
