/* SCAN: finding and parsing in bytes. */
#include "vm.h"

static int find(const struct step *s, const u8 *buffer, i64 start, i64 length, u8 byte, i64 count, i64 *result)
{
	if (s->sub == SCAN_FIND_LAST) {
		for (i64 i = length; i-- > start;)
			if (buffer[i] == byte)
				return *result = i, 0;
		return ENOENT;
	}
	for (i64 i = start; i < length; i++) {
		if (buffer[i] != byte)
			continue;
		if (s->sub == SCAN_FIND)
			return *result = i, 0;
		if (--count <= 0)
			return *result = i + 1, 0;
	}
	return ENOENT;
}

static int parse(const u8 *buffer, i64 at, i64 length, i64 *value, i64 *end)
{
	bool negative = at < length && buffer[at] == '-';
	i64 first = at += negative;
	i64 n = 0;

	for (; at < length && buffer[at] >= '0' && buffer[at] <= '9'; at++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, buffer[at] - '0', &n))
			return ERANGE;
	if (at == first)
		return EINVAL;
	*value = negative ? -n : n;
	*end = at;
	return 0;
}

int op_scan(const struct run *r, const struct step *s, i64 *result)
{
	const struct program *p = r->program;
	i64 length = number(r, s, 1), start, end;
	const u8 *buffer, *other;
	int error;

	if (s->sub == SCAN_LENGTH && length <= 0) /* up to the end of the data */
		length = (i64)p->limit - offset(r, s, 0);
	buffer = address(r, s, 0, length);
	if (!buffer)
		return EFAULT;
	if (s->sub == SCAN_LENGTH)
		start = 0;
	else if (s->sub == SCAN_EQUAL)
		start = 0;
	else
		start = number(r, s, 2);
	if (start < 0 || start > length)
		return EFAULT;
	switch (s->sub) {
	case SCAN_EQUAL:
		other = address(r, s, 2, length);
		if (!other)
			return EFAULT;
		*result = memcmp(buffer, other, (size_t)length) == 0;
		return 0;
	case SCAN_NUMBER:
		error = parse(buffer, start, length, result, &end);
		if (!error)
			set_second(r, s, end);
		return error;
	case SCAN_LENGTH:
		for (i64 i = 0; i < length; i++)
			if (!buffer[i])
				return *result = i, 0;
		return ENOENT;
	default:
		return find(s, buffer, start, length, (u8)number(r, s, 3), number(r, s, 4), result);
	}
}
