/* Making text in a fixed buffer. */
#include "base.h"

struct text text_in(void *buffer, size_t size)
{
	return (struct text){.at = buffer, .size = size};
}

void put_char(struct text *t, char c)
{
	if (t->used < t->size)
		t->at[t->used++] = c;
	else
		t->lost++;
}

void put_bytes(struct text *t, const void *bytes, size_t length)
{
	const char *from = bytes;

	while (length--)
		put_char(t, *from++);
}

void put_string(struct text *t, const char *string)
{
	put_bytes(t, string, strlen(string));
}

/* At least width digits. */
void put_unsigned(struct text *t, u64 value, unsigned base, unsigned width)
{
	char digits[24];
	unsigned n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value || n < width);
	while (n)
		put_char(t, digits[--n]);
}

void put_decimal(struct text *t, i64 value)
{
	if (value < 0)
		put_char(t, '-');
	put_unsigned(t, value < 0 ? -(u64)value : (u64)value, 10, 1);
}

/* What was too long for its place ends in dots, behind a whole character. */
void end_in_dots(struct text *t)
{
	static const char dots[] = "...";

	if (!t->lost || t->size < sizeof(dots))
		return;
	t->used = t->size - (sizeof(dots) - 1);
	while (t->used && ((u8)t->at[t->used] & 0xc0) == 0x80)
		t->used--;
	t->lost = 0;
	put_string(t, dots);
}

/* Bytes of the character that begins here (RFC 3629), or 0 if none does. */
static size_t utf8_length(const char *bytes, size_t length)
{
	u8 first = (u8)bytes[0], second = length > 1 ? (u8)bytes[1] : 0;
	size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

	if (size > length)
		return 0;
	for (size_t i = 1; i < size; i++)
		if (((u8)bytes[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, halves of surrogate pairs, and what is beyond the last character. */
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
	    (first == 0xf4 && second > 0x8f))
		return 0;
	return size;
}

/*
 * RFC 8259, sections 7 and 8.1. An escape and a character are written whole or not at all; what is none, as in a path of another encoding, becomes "?".
 */
void put_json(struct text *t, const char *bytes, size_t length)
{
	for (size_t size; length; bytes += size, length -= size) {
		u8 c = (u8)*bytes;
		char room[6];
		struct text escaped = text_in(room, sizeof(room));

		size = utf8_length(bytes, length);
		if (c == '"' || c == '\\' || c == '\n')
			put_char(&escaped, '\\');
		if (c < 0x20 && c != '\n') {
			put_string(&escaped, "\\u");
			put_unsigned(&escaped, c, 16, 4);
		} else if (c == '\n') {
			put_char(&escaped, 'n');
		} else {
			put_bytes(&escaped, size ? bytes : "?", size ? size : 1);
		}
		size = size ? size : 1;
		if (escaped.used <= t->size - t->used)
			put_bytes(t, room, escaped.used);
		else
			t->lost += escaped.used;
	}
}

/* RFC 3339 in UTC. Years begin in March here, so that the leap day is the last of a year. */
void put_time(struct text *t, i64 seconds, i64 nanoseconds, bool fraction)
{
	i64 days = seconds / 86400, second = seconds % 86400;
	i64 era, day_of_era, year, day, month;

	if (second < 0) {
		second += 86400;
		days--;
	}
	days += 719468; /* from 0000-03-01 to 1970-01-01 */
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day = day_of_era - (365 * year + year / 4 - year / 100);
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	year += era * 400 + (month >= 10);
	month = month < 10 ? month + 3 : month - 9;
	put_unsigned(t, (u64)year, 10, 4);
	put_char(t, '-');
	put_unsigned(t, (u64)month, 10, 2);
	put_char(t, '-');
	put_unsigned(t, (u64)day + 1, 10, 2);
	put_char(t, 'T');
	put_unsigned(t, (u64)second / 3600, 10, 2);
	put_char(t, ':');
	put_unsigned(t, (u64)second / 60 % 60, 10, 2);
	put_char(t, ':');
	put_unsigned(t, (u64)second % 60, 10, 2);
	if (fraction) {
		put_char(t, '.');
		put_unsigned(t, (u64)nanoseconds % 1000000000, 10, 9);
	}
	put_char(t, 'Z');
}

void put_errno(struct text *t, i64 number)
{
	if (number < 0)
		number = -number;
	if (number > 0 && number < ERRNO_COUNT && errno_index[number]) {
		put_string(t, errno_words + errno_index[number]);
	} else {
		put_string(t, "error ");
		put_decimal(t, number);
	}
}

/* Decimal digits, and nothing else. */
bool parse_number(const char *text, i64 *value)
{
	*value = 0;
	if (!*text)
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, *text - '0', value))
			return false;
	return !*text;
}
