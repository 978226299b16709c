/*
 * Which data offsets a system call may be given. Asked twice: by the validator with the image's own data, and before each call,
 * because a program may have changed a length or a text since.
 */
#include "vm.h"

bool terminated(const struct program *p, const u8 *data, i64 offset)
{
	if (!inside(p, offset, 1))
		return false;
	for (u64 at = (u64)offset; at < p->limit; at++) {
		/* Not in the file: the zero section (data is only the file's part while the image is being validated). */
		if (data == p->initial && at >= p->data_size)
			return true;
		if (!data[at])
			return true;
	}
	return false;
}

static bool vector_ends(const struct program *p, const u8 *data, i64 offset)
{
	u64 item;

	if (offset % 8 || !inside(p, offset, 8))
		return false;
	/* Before relocation an item may still be zero: only the alignment can be said. */
	if (data == p->initial)
		return true;
	for (; inside(p, offset, 8); offset += 8) {
		memcpy(&item, data + offset, 8);
		if (!item)
			return true;
	}
	return false;
}

/* struct chos_link (kmod/uapi), version 0: the kernel follows its pointer, so that is checked as if it were an argument. */
struct link_argument {
	u32 size;
	int pidfd;
	u32 flags, length;
	u64 text;
};

static bool link_fits(const struct program *p, const u8 *data, i64 offset)
{
	struct link_argument link;

	if (!inside(p, offset, sizeof(link)))
		return false;
	/* Before relocation the pointer is not there yet. */
	if (data == p->initial)
		return true;
	memcpy(&link, data + offset, sizeof(link));
	return link.size == sizeof(link) &&
	       (!link.length || inside(p, (i64)(link.text - (u64)p->data), (i64)link.length));
}

bool is_counted(u32 kind)
{
	return (kind & 0x7f) == ARGUMENT_COUNTED || (kind & 0x7f) == ARGUMENT_WORDS;
}

/* The bytes behind such an argument; -1: more than there can be. */
i64 counted_length(const struct program *p, u32 kind, i64 count)
{
	if ((kind & 0x7f) == ARGUMENT_COUNTED)
		return count;
	return count < 0 || (u64)count > p->limit / 8 ? -1 : 8 * count;
}

/* length: that of the COUNTED argument's buffer, or -1 if it is not known yet. */
bool argument_fits(const struct program *p, const u8 *data, u32 kind, i64 offset, i64 length)
{
	switch (kind & 0x7f) {
	case ARGUMENT_PATH:
		return terminated(p, data, offset);
	case ARGUMENT_COUNTED:
	case ARGUMENT_WORDS:
		return inside(p, offset, length < 0 ? 0 : length);
	case ARGUMENT_SIZED:
		return inside(p, offset, (i64)(kind >> 8));
	case ARGUMENT_AT_MOST:
		/* The kernel only reads: what lies behind the end is ours as well, or not mapped. */
		return inside(p, offset, 1);
	case ARGUMENT_VECTOR:
		return vector_ends(p, data, offset);
	case ARGUMENT_LINK:
		return link_fits(p, data, offset);
	default:
		return false;
	}
}
