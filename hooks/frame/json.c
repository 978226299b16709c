/* RFC 8259, read in place: the text is checked once, then values are slices of it. */
#include "frame.h"

#define DEPTH 128

struct reader {
	const char *at, *end;
	unsigned depth;
};

static void skip_space(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static bool take_string(struct reader *r)
{
	if (!take(r, '"'))
		return false;
	while (r->at < r->end && *r->at != '"') {
		if ((u8)*r->at < 0x20)
			return false;
		if (*r->at++ != '\\')
			continue;
		if (r->at == r->end)
			return false;
		switch (*r->at++) {
		case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
			break;
		case 'u':
			for (int i = 0; i < 4; i++, r->at++)
				if (r->at == r->end || hex_digit(*r->at) < 0)
					return false;
			break;
		default:
			r->at--;
			return false;
		}
	}
	return take(r, '"');
}

static bool take_digits(struct reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return r->at > from;
}

static bool take_number(struct reader *r)
{
	take(r, '-');
	if (!take(r, '0') && !take_digits(r))
		return false;
	if (take(r, '.') && !take_digits(r))
		return false;
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '-'))
			take(r, '+');
		return take_digits(r);
	}
	return true;
}

static bool take_word(struct reader *r, const char *word)
{
	for (; *word; word++)
		if (!take(r, *word))
			return false;
	return true;
}

static bool take_value(struct reader *r);

static bool take_collection(struct reader *r, char close)
{
	if (++r->depth > DEPTH)
		return false;
	r->at++;
	skip_space(r);
	if (take(r, close))
		return r->depth--;
	do {
		if (close == '}') {
			skip_space(r);
			if (!take_string(r))
				return false;
			skip_space(r);
			if (!take(r, ':'))
				return false;
		}
		if (!take_value(r))
			return false;
		skip_space(r);
	} while (take(r, ','));
	r->depth--;
	return take(r, close);
}

static bool take_value(struct reader *r)
{
	skip_space(r);
	if (r->at == r->end)
		return false;
	switch (*r->at) {
	case '{':
		return take_collection(r, '}');
	case '[':
		return take_collection(r, ']');
	case '"':
		return take_string(r);
	case 't':
		return take_word(r, "true");
	case 'f':
		return take_word(r, "false");
	case 'n':
		return take_word(r, "null");
	default:
		return take_number(r);
	}
}

struct json parse_json(struct bytes text, const char *what)
{
	struct reader r = {.at = text.at, .end = text.at + text.size};
	i64 line = 1, column = 1;
	struct json whole;
	bool sound;

	skip_space(&r);
	if (r.at == r.end)
		fail(what, " is empty");
	whole.at = r.at;
	sound = take_value(&r);
	whole.end = r.at;
	if (sound)
		skip_space(&r);
	if (sound && r.at == r.end)
		return whole;
	for (const char *at = text.at; at < r.at; at++, column++)
		if (*at == '\n') {
			line++;
			column = 0;
		}
	fail(what, ":", decimal(line), ":", decimal(column), ": ", r.depth > DEPTH ? "nested too deep" : "not JSON");
}

char kind_of(struct json value)
{
	char c = value.at && value.at < value.end ? *value.at : 0;

	return c == '-' || (c >= '0' && c <= '9') ? '0' : c;
}

struct json next_in(struct json collection, const char **inside, const char **name)
{
	struct reader r = {.at = *inside, .end = collection.end};
	struct json found;
	char kind = kind_of(collection);

	if (kind != '{' && kind != '[')
		return (struct json){NULL, NULL};
	if (!r.at) {
		r.at = collection.at + 1;
		skip_space(&r);
	} else {
		skip_space(&r);
		if (take(&r, ','))
			skip_space(&r);
	}
	if (*r.at == ']' || *r.at == '}')
		return (struct json){NULL, NULL};
	if (kind == '{') {
		found.at = r.at;
		take_string(&r);
		found.end = r.at;
		if (name)
			*name = text_of(found);
		skip_space(&r);
		r.at++;
		skip_space(&r);
	}
	found.at = r.at;
	take_value(&r);
	found.end = r.at;
	*inside = r.at;
	return found;
}

/* A name that is written with escapes is found, too. */
struct json member(struct json object, const char *name)
{
	const char *inside = NULL, *found = NULL;
	struct json value;

	if (kind_of(object) != '{')
		return (struct json){NULL, NULL};
	while ((value = next_in(object, &inside, &found)).at)
		if (found && equal(found, name))
			return value;
	return value;
}

static void put_utf8(struct text *t, u32 c)
{
	if (c < 0x80) {
		put_char(t, (char)c);
	} else if (c < 0x800) {
		put_char(t, (char)(0xc0 | c >> 6));
		put_char(t, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		put_char(t, (char)(0xe0 | c >> 12));
		put_char(t, (char)(0x80 | (c >> 6 & 0x3f)));
		put_char(t, (char)(0x80 | (c & 0x3f)));
	} else {
		put_char(t, (char)(0xf0 | c >> 18));
		put_char(t, (char)(0x80 | (c >> 12 & 0x3f)));
		put_char(t, (char)(0x80 | (c >> 6 & 0x3f)));
		put_char(t, (char)(0x80 | (c & 0x3f)));
	}
}

static u32 hex4(const char *at)
{
	u32 value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (u32)hex_digit(at[i]);
	return value;
}

const char *text_of(struct json value)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	struct text t;
	const char *at = value.at + 1, *end = value.end - 1;

	if (kind_of(value) != '"')
		return NULL;
	t = text_in(room_for((size_t)(end - at) + 1), (size_t)(end - at) + 1);
	while (at < end) {
		if (*at != '\\') {
			put_char(&t, *at++);
		} else if (at[1] == 'u') {
			u32 c = hex4(at + 2);

			at += 6;
			if (!c)
				return NULL;
			if (c >= 0xd800 && c < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' && (hex4(at + 2) & 0xfc00) == 0xdc00) {
				c = 0x10000 + ((c & 0x3ff) << 10 | (hex4(at + 2) & 0x3ff));
				at += 6;
			}
			put_utf8(&t, c);
		} else {
			unsigned i = 0;

			while (from[i] && from[i] != at[1])
				i++;
			put_char(&t, from[i] ? to[i] : at[1]);
			at += 2;
		}
	}
	put_char(&t, 0);
	return t.at;
}

/* Whole numbers only, as far as they fit. */
bool number_of(struct json value, i64 *number)
{
	const char *at = value.at;
	bool negative;

	if (kind_of(value) != '0')
		return false;
	negative = *at == '-';
	*number = 0;
	for (at += negative; at < value.end; at++) {
		if (*at < '0' || *at > '9' || *number > (INT64_MAX - 9) / 10)
			return false;
		*number = *number * 10 + (*at - '0');
	}
	if (negative)
		*number = -*number;
	return true;
}
