/*
 * Warnings wait until the command has succeeded: a caller that asked for JSON reads the whole log of a failed command as one object, the
 * error. What the program of a failed command itself had to warn of stands behind its error, in the same line.
 */
#include "vm.h"

/* Those of the compiler, which stay where its answer is; each ends in NUL. */
static const char *given;
static size_t given_length;

/* Those of the program, each behind a NUL. */
static char own[4096];
static size_t own_length;

void hold_given_warnings(const char *texts, size_t length)
{
	given = texts;
	given_length = length;
}

void hold_warning(const char *text, size_t length)
{
	struct text t = text_in(own + own_length, sizeof(own) - own_length);

	put_char(&t, 0);
	/* Words of a hook may have any bytes; here NUL means the end. */
	while (length--) {
		put_char(&t, *text ? *text : '?');
		text++;
	}
	end_in_dots(&t);
	own_length += t.used;
}

/* The length of the text at `at`, which ends at NUL or at `end`. */
static size_t one_of(const char *at, const char *end)
{
	size_t length = 0;

	while (at + length < end && at[length])
		length++;
	return length;
}

void report_warnings(void)
{
	const char *end = given + given_length;

	for (const char *at = given; at < end;) {
		size_t length = one_of(at, end);

		report(LEVEL_WARNING, at, length);
		at += length + 1;
	}
	end = own + own_length;
	for (const char *at = own + 1; at < end;) {
		size_t length = one_of(at, end);

		report(LEVEL_WARNING, at, length);
		at += length + 1;
	}
	given_length = own_length = 0;
}

void put_warnings(struct text *t)
{
	for (size_t i = 0; i < own_length; i++) {
		if (own[i])
			put_char(t, own[i]);
		else
			put_string(t, "; ");
	}
}
