/*
 * Whether an `exec`, `create` or `run` is of the usual kind: then its program may be one that was left (reuse.c, again.c), because nothing decides what it is but which options there are, and
 * what they name. Whatever TypeScript would refuse, or read in another way than the engine, is not.
 */
#include "door.h"

#define LONGEST_NUMBER 9 /* digits */
#define PATH_LIMIT 4096

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((u8)*text >= 0x80)
			return false;
	return true;
}

/* TypeScript knows no other numbers. */
static bool is_usual_number(const char *text)
{
	i64 number;

	return strlen(text) <= LONGEST_NUMBER && parse_number(text, &number) && number <= LARGEST_NUMBER;
}

/* The option of that number of the command: which there are decides what is compiled. */
void note_option(struct request *q, unsigned number, const struct option *o, const char *value)
{
	bool given = o->kind == OPTION_FLAG ? !value || equal(value, "true") : value && *value;

	if (o->kind == OPTION_IGNORED || o->kind == OPTION_IGNORED_TEXT)
		return;
	if (o->kind == OPTION_FLAG)
		q->strange |= !given && !equal(value, "false");
	else if (o->kind == OPTION_NUMBER)
		q->strange |= !given || o->parameter == NO_PARAMETER || !is_usual_number(value);
	else
		q->strange |= !given || o->kind == OPTION_LIST || (o->parameter == NO_PARAMETER && !o->input) || !is_ascii(value);
	q->strange |= number >= 64;
	if (given)
		q->options |= 1UL << (number & 63);
	else
		q->options &= ~(1UL << (number & 63));
}

/* Of others the compiler has something to say: it knows how long each may be. */
static bool are_usual(char *const *arguments)
{
	size_t size = 0;

	/* For TypeScript a byte may be three. */
	if (!**arguments || strlen(*arguments) >= (is_ascii(*arguments) ? PATH_LIMIT : PATH_LIMIT / 3))
		return false;
	for (; *arguments; arguments++) {
		size += strlen(*arguments) + 1;
		if (size > REUSE_ARGUMENTS_LIMIT)
			return false;
	}
	return true;
}

/* Behind a link `..` is another directory for TypeScript, which goes by names. */
static bool is_plain(const char *path)
{
	for (const char *at = path; *at; at++)
		if (after(at, "/..") && (!at[3] || at[3] == '/'))
			return false;
	return is_ascii(path);
}

/* As TypeScript would write it, too. */
bool is_normal(const char *path)
{
	const char *at = path;

	if (!*at)
		return false;
	for (; *at; at++) {
		const char *part = at + (*at == '/');

		if ((u8)*at >= 0x80)
			return false;
		if (*at != '/' && at != path)
			continue;
		if (!*part || *part == '/' || (*part == '.' && (!part[1] || part[1] == '/')) || (after(part, "..") && (!part[2] || part[2] == '/')))
			return false;
	}
	return true;
}

static bool is_plainly_asked(const struct request *q)
{
	const struct value *root = &q->values[PARAMETER_ROOT];

	return !q->strange && root->given && is_plain(root->text) && !variable("LISTEN_FDS");
}

/* Of process.json and arguments it is to have one. Sockets that are handed over become variables. */
bool is_usual_exec(const struct request *q)
{
	return q->command && q->command->reuse && is_plainly_asked(q) && !q->input == !!q->arguments && (q->input || are_usual(q->arguments));
}

/* `create` and `run`, of config.json in the bundle. Where there is a socket for readiness its place is compiled. */
bool is_usual_start(const struct request *q)
{
	const char *notified = variable("NOTIFY_SOCKET");

	return q->command && q->command->again && is_plainly_asked(q) && !q->input && q->values[PARAMETER_ID].given && is_normal(q->values[PARAMETER_ROOT].text) &&
	       (!notified || !*notified) && (!q->manager || is_ascii(q->manager));
}
