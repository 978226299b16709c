/*
 * Names in the texts of a question (spec/reuse.ts): 64 hexadecimal digits or 12 of them, UUIDs (RFC 9562) and times (RFC 3339). What is compiled holds them as they are, so a program serves
 * for any others: they are put in the places of these. What could be a number, or a part of something else, is none.
 */
#include "again.h"

/* In the place of a name stands how long it is and which of them: the first that are different are the first, the second, ... No text has these letters. */
#define BEGIN 1
#define GO_ON 2
#define FIRST_NUMBER 3

static bool is_decimal(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hexadecimal(char c)
{
	return is_decimal(c) || (c >= 'a' && c <= 'f');
}

static size_t digits_at(const char *at, const char *end)
{
	const char *next = at;

	while (next < end && is_hexadecimal(*next))
		next++;
	return (size_t)(next - at);
}

/* As in the form: 0 is a digit. */
static bool fits(const char *at, const char *end, const char *form)
{
	for (; *form; form++, at++)
		if (at >= end || (*form == '0' ? !is_decimal(*at) : *at != *form))
			return false;
	return true;
}

#define LONGEST_TIME 29 /* with nanoseconds; none is as long as another kind of name */

static size_t time_at(const char *at, const char *end)
{
	static const char form[] = "0000-00-00T00:00:00";
	const char *next = at + sizeof(form) - 1;

	if (!fits(at, end, form))
		return 0;
	if (next + 1 < end && *next == '.' && is_decimal(next[1]))
		for (next++; next < end && is_decimal(*next) && next < at + LONGEST_TIME; next++)
			;
	return next < end && is_hexadecimal(*next) ? 0 : (size_t)(next - at);
}

static size_t uuid_at(const char *at, const char *end)
{
	static const u8 groups[] = {8, 4, 4, 4, 12};
	const char *next = at;

	for (unsigned i = 0; i < sizeof(groups); i++) {
		if (i && (next >= end || *next++ != '-'))
			return 0;
		if (digits_at(next, end) != groups[i])
			return 0;
		next += groups[i];
	}
	return (size_t)(next - at);
}

static bool is_alphanumeric(char c)
{
	return is_decimal(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Before a name there is nothing that could belong to it: a backslash, a percent sign, the x of a number. */
static bool can_precede(char c)
{
	for (const char *at = " \n\"/-:_=.,@"; *at; at++)
		if (c == *at)
			return true;
	return !c;
}

/* \\uNNNN at `at` that stands for a letter of names: what it is a part of would be seen in what is compiled, and not here. */
static bool hides_letter(const char *at, const char *end)
{
	u32 code = 0;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return false;
	for (unsigned i = 2; i < 6; i++) {
		char c = at[i] >= 'A' && at[i] <= 'F' ? (char)(at[i] - 'A' + 'a') : at[i];

		if (!is_hexadecimal(c))
			return false;
		code = code * 16 + (u32)(is_decimal(c) ? c - '0' : c - 'a' + 10);
	}
	return code < 0x80 && (is_alphanumeric((char)code) || code == '-' || code == '.' || code == ':');
}

/* With no other letter than e it could be a number (RFC 8259), with no digit a word. */
static bool is_mixed(const char *at, size_t length)
{
	bool letter = false, digit = false;

	for (; length; length--, at++) {
		letter |= *at >= 'a' && *at <= 'f' && *at != 'e';
		digit |= is_decimal(*at);
	}
	return letter && digit;
}

/* The length of the name that begins where such digits do, `digits` of them; 0: there is none. */
static size_t name_at(const char *at, const char *end, size_t digits)
{
	size_t length = digits == 64 || digits == 12 ? digits : digits == 8 ? uuid_at(at, end) : 0;

	if (digits == 4)
		return time_at(at, end);
	return length && is_mixed(at, length) && (at + length == end || !is_alphanumeric(at[length])) ? length : 0;
}

/* Its number, the new one's if there is room. */
static u32 number_of_name(struct names *n, const char *at, size_t length)
{
	u32 i = 0;

	while (i < n->count && (n->all[i].length != length || memcmp(n->all[i].at, at, length)))
		i++;
	if (i == n->count && i < AGAIN_NAMES)
		n->all[n->count++] = (struct name){.at = at, .length = length};
	return i;
}

/* The longest that stands there. */
static u32 standing(const struct names *n, const char *at, const char *end)
{
	u32 found = AGAIN_NAMES;

	for (u32 i = 0; i < n->count; i++)
		if (n->all[i].length <= (size_t)(end - at) && *n->all[i].at == *at && !memcmp(n->all[i].at, at, n->all[i].length) &&
		    (found == AGAIN_NAMES || n->all[i].length > n->all[found].length))
			found = i;
	return found;
}

/* In what is compiled, one that was taken for nothing could not be told from one that was taken; nor a longer one from what it begins with. */
static bool all_taken(const struct names *n, const char *text, size_t size, const char *without)
{
	size_t i = 0;

	while (i < size) {
		u32 number = is_hexadecimal(text[i]) ? standing(n, text + i, text + size) : AGAIN_NAMES;
		u32 taken = without[i] == BEGIN ? (u32)(without[i + 1] - FIRST_NUMBER) : AGAIN_NAMES;

		if (number != taken)
			return false;
		i += taken == AGAIN_NAMES ? 1 : n->all[taken].length;
	}
	return true;
}

/* What is joined to it in what is compiled could make another of it, and so could what it is cut from. */
static bool begins_or_ends(const struct name *one, const struct name *other)
{
	const char *rest = other->at + one->length;

	if (one->length >= other->length)
		return false;
	if (!memcmp(one->at, other->at, one->length) && !is_hexadecimal(*rest))
		return true;
	rest = other->at + other->length - one->length;
	return !memcmp(one->at, rest, one->length) && !is_hexadecimal(rest[-1]);
}

static bool no_parts(const struct names *n)
{
	for (u32 i = 0; i < n->count; i++)
		for (u32 j = 0; j < n->count; j++)
			if (begins_or_ends(&n->all[i], &n->all[j]))
				return false;
	return true;
}

/* Writes the text anew, without its names. False: that could be taken for another, or there are too many. */
bool take_names(struct names *n, const char *text, size_t size, char *without)
{
	const char *at = text, *end = text + size;
	char *to = without;

	while (at < end) {
		size_t digits = digits_at(at, end), length = 0;
		u32 number;

		if (*at == BEGIN || *at == GO_ON || hides_letter(at, end))
			return false;
		if (digits && (at == text || can_precede(at[-1])))
			length = name_at(at, end, digits);
		if (!length) {
			length = digits ? digits : 1;
			memcpy(to, at, length);
		} else {
			number = number_of_name(n, at, length);
			if (number == AGAIN_NAMES)
				return false;
			memset(to, GO_ON, length);
			to[0] = BEGIN;
			to[1] = (char)(FIRST_NUMBER + number);
		}
		at += length;
		to += length;
	}
	return no_parts(n) && all_taken(n, text, size, without);
}

/* ---- Pieces: what was split or cut off (to "abc…") would be left as it was ---- */

#define PIECE 8

static u64 piece_at(const char *at)
{
	u64 piece;

	memcpy(&piece, at, sizeof(piece));
	return piece;
}

static u32 place_of(u64 piece)
{
	return (u32)(piece * 0x9e3779b97f4a7c15UL >> (64 - PIECES_BITS));
}

static void note_pieces(const struct names *n, u8 *pieces)
{
	for (u32 i = 0; i < n->count; i++)
		for (size_t j = 0; j + PIECE <= n->all[i].length; j++) {
			u32 place = place_of(piece_at(n->all[i].at + j));

			pieces[place / 8] |= (u8)(1U << place % 8);
		}
}

static bool is_piece(const struct names *n, const u8 *pieces, const char *at, const char *end)
{
	u64 piece;
	u32 place;

	if (end - at < PIECE)
		return false;
	piece = piece_at(at);
	place = place_of(piece);
	if (!(pieces[place / 8] & 1U << place % 8))
		return false;
	for (u32 i = 0; i < n->count; i++)
		for (size_t j = 0; j + PIECE <= n->all[i].length; j++)
			if (piece_at(n->all[i].at + j) == piece)
				return true;
	return false;
}

/* Most of what is made are numbers, and of these most bytes zero. */
static bool is_of_names(char c)
{
	return c >= '-' && (is_hexadecimal(c) || c == '-' || c == ':' || c == '.' || c == 'T');
}

static bool is_cut(const char *at, const char *end)
{
	static const char mark[] = "…";

	return (size_t)(end - at) >= sizeof(mark) - 1 && !memcmp(at, mark, sizeof(mark) - 1);
}

/* In a row of letters that names are made of, from `at` to `end`: the count of marks with those in it, or -1. */
static long mark_row(const struct names *n, const char *made, const char *at, const char *end, struct mark *marks, u32 count, const u8 *pieces)
{
	const char *row = at;

	while (at < end) {
		u32 number = is_hexadecimal(*at) ? standing(n, at, end) : AGAIN_NAMES;
		const char *next;

		if (number == AGAIN_NAMES) {
			if (is_piece(n, pieces, at, end))
				return -1;
			at++;
			continue;
		}
		next = at + n->all[number].length;
		if ((at > row && is_hexadecimal(at[-1])) || (next < end && is_hexadecimal(*next)) || count == AGAIN_MARKS)
			return -1;
		marks[count++] = (struct mark){.at = (u32)(at - made), .name = number};
		at = next;
	}
	return count;
}

/*
 * Where they stand in what was made of the texts; -1: in too many places, or something there may come from a part of one. `pieces`: zeroed. A start waits for this, and what is made has
 * 150 KiB, so all that is no row of such letters is passed over.
 */
long mark_names(const struct names *n, const char *made, size_t size, struct mark *marks, u8 *pieces)
{
	const char *at = made, *end = made + size;
	long count = 0;

	if (!n->count)
		return 0;
	note_pieces(n, pieces);
	while (at < end) {
		const char *row = at;

		while (at < end && is_of_names(*at))
			at++;
		if (at == row) {
			at++;
			continue;
		}
		if (is_cut(at, end))
			return -1;
		if (at - row < PIECE)
			continue;
		count = mark_row(n, made, row, at, marks, (u32)count, pieces);
		if (count < 0)
			return -1;
	}
	return count;
}

/* What was looked at holds a name of this question by itself: there it could be taken for what it is. */
bool only_marked(const struct names *n, const struct mark *marks, u32 count, const char *looks, size_t size)
{
	const char *at = looks, *end = looks + size;
	u32 i = 0;

	while (at < end) {
		u32 number = is_hexadecimal(*at) ? standing(n, at, end) : AGAIN_NAMES;

		if (number == AGAIN_NAMES) {
			at++;
			continue;
		}
		while (i < count && marks[i].at < at - looks)
			i++;
		if (i == count || marks[i].at != at - looks)
			return false;
		at += n->all[number].length;
	}
	return true;
}

/* False: they are not of these names. */
bool put_names(const struct names *n, const struct mark *marks, u32 count, char *made, size_t size)
{
	for (u32 i = 0; i < count; i++) {
		const struct mark *m = &marks[i];

		if (m->name >= n->count || m->at > size || n->all[m->name].length > size - m->at)
			return false;
		memcpy(made + m->at, n->all[m->name].at, n->all[m->name].length);
	}
	return true;
}
