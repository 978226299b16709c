/*
 * The trees of the site and what it says of them, as `tree prepare` and `tree load` have written it down:
 *
 *     chos 1                      version of the format
 *     default debian12
 *     user anna alma9             a rule; so are `group` and `host`. The tree's name is the rest of the line
 *     tree debian12               what follows is about it
 *     description Debian 12
 *     shell bash
 *     refused WHY                 it has no entry program
 *     keep LC_*                   a variable of the caller that stays; where there is none of these, all do
 *     unset LD_*                  one that goes
 *     env SITE_OS=debian          a newline in it is written \n, a backslash twice
 *     prepend LD_LIBRARY_PATH=/x  before the value that is there, with a colon; written as `env` is
 */
#include "chos.h"

#define LIMIT (16U << 20)

static _Noreturn void die_of_format(void)
{
	die("the list of trees is not one of this version of chos: root runs chos-runtime tree load, or tree prepare", NULL, 0);
}

static bool is_tree(const struct record *r)
{
	return equal(r->key, "tree");
}

/* A copy: what stands behind it is found by its length. */
const char *unescaped(const char *value)
{
	char *copy = pages(strlen(value) + 1), *to = copy;

	for (; *value; value++) {
		char c = *value;

		if (c == '\\' && value[1])
			c = *++value == 'n' ? '\n' : *value;
		*to++ = c;
	}
	return copy;
}

bool has_trees(void)
{
	u64 size;
	long fd = open_public(NULL, "trees", &size);

	if (fd >= 0)
		sys(close, fd);
	return fd != -ENOENT;
}

void read_trees(struct trees *t)
{
	size_t length;
	u64 size;
	long fd = open_public(NULL, "trees", &size);
	const char *given = variable("CHOS");
	char *text, *at;
	struct record r;
	const char *first;

	/* Inside a tree the host's /run is there only if it is shared. */
	if (fd == -ENOENT)
		die("no tree is prepared: root runs chos-runtime tree prepare, or tree load", given && *given ? joined("(inside the tree ", given, "? Leave it first)") : NULL, 0);
	if (fd < 0)
		die("open the list of trees", NULL, (int)-fd);
	text = read_file(fd, LIMIT, &length);
	sys(close, fd);
	if (!text || strlen(text) != length || !length || text[length - 1] != '\n')
		die_of_format();
	for (at = text; *at;) {
		char *value = at;

		while (*value != ' ' && *value != '\n')
			value++;
		if (*value == '\n')
			die_of_format();
		*value++ = 0;
		for (at = value; *at != '\n'; at++)
			;
		*at++ = 0;
	}
	*t = (struct trees){.first = text, .end = text + length};
	first = t->first;
	if (!next_record(t, &first, &r) || !equal(r.key, "chos") || !equal(r.value, FORMAT_VERSION))
		die_of_format();
}

/* `at`: where to begin, moved behind it. */
bool next_record(const struct trees *t, const char **at, struct record *r)
{
	if (*at >= t->end)
		return false;
	r->key = *at;
	r->value = r->key + strlen(r->key) + 1;
	*at = r->value + strlen(r->value) + 1;
	return true;
}

/* Where those of a tree begin; NULL: there is none of that name. */
const char *tree_records(const struct trees *t, const char *name)
{
	const char *at = t->first;
	struct record r;

	while (next_record(t, &at, &r))
		if (is_tree(&r) && equal(r.value, name))
			return at;
	return NULL;
}

const char *tree_property(const struct trees *t, const char *name, const char *key)
{
	const char *at = tree_records(t, name);
	struct record r;

	while (at && next_record(t, &at, &r) && !is_tree(&r))
		if (equal(r.key, key))
			return unescaped(r.value);
	return NULL;
}

const char *default_tree(const struct trees *t)
{
	const char *at = t->first;
	struct record r;

	while (next_record(t, &at, &r) && !is_tree(&r))
		if (equal(r.key, "default"))
			return r.value;
	return NULL;
}

/* A third of the letters wrong is another word; so is one of two or three in which more than one is, and a single letter says nothing (runtime/report/nearest.ts). */
static unsigned most_changes(size_t length)
{
	return length < 2 ? 0 : length < 4 ? 1 : length < 9 ? 2 : (unsigned)(length < 64 ? length : 64) / 3;
}

/* `more`: what else there is to say, or NULL. */
_Noreturn void die_of_unknown(const struct trees *t, const char *name, const char *more)
{
	const char *at = t->first, *near = NULL;
	unsigned most = most_changes(strlen(name));
	struct record r;

	while (next_record(t, &at, &r)) {
		unsigned n = is_tree(&r) ? changes(name, r.value, most) : most + 1;

		if (n <= most) {
			near = r.value;
			most = n ? n - 1 : 0;
			if (!n)
				break;
		}
	}
	more = more ? joined(near ? " (" : "; ", more, ")") : near ? "" : ")";
	die("there is no tree", joined(joined("\"", name, near ? "\"; did you mean " : "\" (see chos --list"), near ? joined(near, "?", "") : "", more), 0);
}

static void put_padded(struct text *t, const char *text, size_t width)
{
	put_string(t, text);
	for (size_t used = strlen(text); used < width; used++)
		put_char(t, ' ');
}

static const char *why_not_prepared(const struct trees *t, const char *name)
{
	const char *refused = tree_property(t, name, "refused");

	return refused ? joined("(", refused, ")") : "(not prepared)";
}

/* What is chosen by default has a star. */
void list_trees(const struct trees *t)
{
	const char *at = t->first, *preferred = default_tree(t);
	size_t width = 0, size = 1;
	struct record r;
	struct text out;

	while (next_record(t, &at, &r))
		if (is_tree(&r) && strlen(r.value) > width)
			width = strlen(r.value);
	for (at = t->first; next_record(t, &at, &r);)
		size += strlen(r.value) + width + 32;
	out = text_in(pages(size), size);
	for (at = t->first; next_record(t, &at, &r);) {
		const char *about, *note;

		if (!is_tree(&r))
			continue;
		about = tree_property(t, r.value, "description");
		note = is_prepared(r.value) ? NULL : why_not_prepared(t, r.value);
		put_string(&out, preferred && equal(preferred, r.value) ? "* " : "  ");
		put_padded(&out, r.value, about || note ? width : 0);
		for (unsigned i = 0; i < 2; i++) {
			const char *more = i ? note : about;

			if (more) {
				put_string(&out, "  ");
				put_string(&out, more);
			}
		}
		put_char(&out, '\n');
	}
	print(out.at, out.used);
}
