/*
 * The arguments, as far as the engine has to understand them (tables from spec/commands.ts). It makes no words: whatever it does not know
 * or does not like goes the cold way, to the parser in TypeScript.
 */
#include "door.h"

static bool id_letter(char c)
{
	for (const char *at = ID_LETTERS; *at; at++)
		if (*at == c)
			return true;
	return false;
}

/* spec/container-limits.ts */
bool id_valid(const char *id)
{
	size_t length = strlen(id);

	if (!length || length > ID_LIMIT || id[0] == '.')
		return false;
	for (; *id; id++)
		if (!id_letter(*id) && *id != '.')
			return false;
	return true;
}

/* A number, or a name with or without SIG, in any case; RTMIN+n. */
static bool signal_number(const char *text, i64 *value)
{
	char name[16];
	size_t length = strlen(text);
	const char *at = name;

	if (parse_number(text, value))
		return *value <= LAST_SIGNAL; /* 0 only asks, as kill(2) */
	if (length >= sizeof(name))
		return false;
	for (size_t i = 0; i <= length; i++)
		name[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
	at = after(at, "SIG") ? at + 3 : at;
	for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
		if (equal(at, signal_names[i].name)) {
			*value = signal_names[i].number;
			return true;
		}
	}
	at = after(at, "RTMIN");
	*value = 0;
	if (!at || (*at && (*at != '+' || !parse_number(at + 1, value) || *value > LAST_SIGNAL - FIRST_REALTIME_SIGNAL)))
		return false;
	*value += FIRST_REALTIME_SIGNAL;
	return true;
}

void give_text(struct request *q, unsigned parameter, const char *text)
{
	q->values[parameter] = (struct value){.given = true, .text = text, .length = strlen(text)};
}

/* Those of an `exec` as they are: for TypeScript they are texts, which not all bytes make. */
void give_arguments(struct request *q)
{
	if (!q->arguments)
		return;
	q->values[PARAMETER_ARGS] = (struct value){.given = true, .vector = q->arguments};
	give_text(q, PARAMETER_ARG0, q->arguments[0]);
}

static void give_number(struct request *q, unsigned parameter, i64 number)
{
	q->values[parameter] = (struct value){.given = true, .number = number};
}

/* ---- Options ---- */

struct options {
	unsigned first, count;
	bool global;
};

struct scan {
	struct request *q;
	int at; /* the argument that is looked at */
};

static const struct option *find(const struct options *o, const char *name, size_t length, char letter)
{
	for (unsigned i = o->first; i < o->first + o->count; i++) {
		const struct option *option = &option_table[i];

		if (letter ? option->letter == letter
			   : strlen(option->name) == length && !memcmp(option->name, name, length))
			return option;
	}
	return NULL;
}

static bool takes_value(const struct option *o)
{
	return o->kind == OPTION_TEXT || o->kind == OPTION_NUMBER || o->kind == OPTION_LIST || o->kind == OPTION_IGNORED_TEXT;
}

static bool apply_text(struct request *q, const struct options *set, const struct option *o, const char *value)
{
	if (o->parameter != NO_PARAMETER) {
		give_text(q, o->parameter, value);
		return !q->attached || o->parameter != PARAMETER_BUNDLE;
	}
	if (!set->global) {
		if (o->input)
			q->input = value;
		return false;
	}
	if (equal(o->name, "log"))
		q->log = after(value, "file:") ? value + 5 : value;
	else if (equal(o->name, "log-level"))
		return !(q->warnings = !equal(value, "error")) || equal(value, "warning") || (q->debug = equal(value, "debug"));
	else if (equal(o->name, "log-format"))
		return (q->json = equal(value, "json")) || equal(value, "text");
	else if (equal(o->name, "cgroup-manager"))
		return (q->manager = value) && *value && !q->attached;
	else
		return !q->attached;
	return true;
}

/* False: a stored program cannot serve that. */
static bool apply(struct request *q, const struct options *set, const struct option *o, const char *value)
{
	bool on = !value || equal(value, "true");
	i64 number;

	if (!set->global)
		note_option(q, (unsigned)(o - option_table) - set->first, o, value);
	if (!value)
		value = "";
	switch (o->kind) {
	case OPTION_FLAG:
		if (!on && !equal(value, "false"))
			return false;
		if (o->parameter != NO_PARAMETER) {
			give_number(q, o->parameter, on);
			return true;
		}
		if (set->global && equal(o->name, "debug")) {
			q->debug = on;
			q->warnings = on || q->warnings;
			return true;
		}
		if (set->global && equal(o->name, "systemd-cgroup"))
			q->systemd = on;
		/* What a compiled program does was settled when it was compiled. */
		return !q->attached && (!on || (set->global && !equal(o->name, "version") && !equal(o->name, "help")));
	case OPTION_NUMBER:
		if (!parse_number(value, &number) || number > LARGEST_NUMBER || o->parameter == NO_PARAMETER)
			return false;
		give_number(q, o->parameter, number);
		return true;
	case OPTION_TEXT:
		return apply_text(q, set, o, value);
	case OPTION_IGNORED:
	case OPTION_IGNORED_TEXT:
		return true;
	default:
		return false;
	}
}

static void take(struct request *q, const struct options *set, const struct option *o, const char *value)
{
	if (apply(q, set, o, value))
		return;
	q->complete = false;
	q->strange |= set->global;
}

/* -abc: flags, the last of which may take what is behind it, or the next argument, as its value. */
static bool take_letters(struct scan *s, const struct options *set, const char *letters)
{
	for (; *letters; letters++) {
		const struct option *o = find(set, NULL, 0, *letters);
		const char *value = NULL;

		if (!o)
			return false;
		if (takes_value(o) && letters[1]) {
			value = letters + 1 + (letters[1] == '=');
		} else if (takes_value(o)) {
			if (s->at + 1 >= process.argc)
				return false;
			value = process.argv[++s->at];
		} else if (letters[1] == '=') {
			value = letters + 2;
		}
		take(s->q, set, o, value);
		if (value)
			return true;
	}
	return true;
}

/* One option with its value. False: not understood. */
static bool take_option(struct scan *s, const struct options *set)
{
	const char *argument = process.argv[s->at], *value = NULL;
	const char *name = argument + (argument[1] == '-' ? 2 : 1);
	const struct option *o;
	size_t length = 0;

	while (name[length] && name[length] != '=')
		length++;
	/* go-runc says -no-subreaper. */
	o = argument[1] == '-' || length > 1 ? find(set, name, length, 0) : NULL;
	if (!o)
		return argument[1] != '-' && take_letters(s, set, name);
	if (name[length] == '=')
		value = name + length + 1;
	else if (takes_value(o) && ++s->at >= process.argc)
		return false;
	else if (takes_value(o))
		value = process.argv[s->at];
	take(s->q, set, o, value);
	return true;
}

static bool is_option(const char *argument)
{
	return argument[0] == '-' && argument[1];
}

/* ---- A command ---- */

static const struct command *find_command(const char *name)
{
	for (unsigned i = 0; i < COMMAND_COUNT; i++)
		if (equal(command_table[i].name, name))
			return &command_table[i];
	return NULL;
}

static bool take_positional(struct request *q, unsigned position, const char *text)
{
	i64 number;

	if (!q->command->id) /* a bundle, a verb: for TypeScript */
		return true;
	if (position == 0) {
		give_text(q, PARAMETER_ID, text);
		return id_valid(text);
	}
	if (q->command->reuse)
		return true;
	if (position == 1 && q->command->entry == ENTRY_KILL && signal_number(text, &number)) {
		give_number(q, PARAMETER_SIGNAL, number);
		return true;
	}
	return false;
}

static bool scan_command(struct scan *s)
{
	struct request *q = s->q;
	struct options set = {.first = 0, .count = GLOBAL_OPTION_COUNT, .global = true};
	unsigned position = 0;
	bool data = false;

	for (s->at = 1; s->at < process.argc && is_option(process.argv[s->at]); s->at++) {
		if (equal(process.argv[s->at], "--")) {
			s->at++;
			break;
		}
		if (!take_option(s, &set))
			return false;
	}
	if (s->at >= process.argc)
		return false;
	q->command = find_command(process.argv[s->at++]);
	if (!q->command)
		return false;
	if (q->command->entry == ENTRY_KILL)
		give_number(q, PARAMETER_SIGNAL, KILL_SIGNAL);
	set = (struct options){.first = q->command->first_option, .count = q->command->options};
	for (; s->at < process.argc; s->at++) {
		const char *argument = process.argv[s->at];

		if (!data && equal(argument, "--")) {
			data = true;
		} else if (!data && is_option(argument)) {
			if (!take_option(s, &set))
				return false;
		} else {
			if (position == 1 && q->command->reuse)
				q->arguments = process.argv + s->at;
			if (!take_positional(q, position++, argument))
				return false;
			data = data || q->command->stop_at_first;
		}
	}
	return position > 0;
}

void default_root(struct request *q)
{
	struct value *root = &q->values[PARAMETER_ROOT];
	struct text t = text_in(OWN_ROOT, OWN_ROOT_SIZE);

	if (!root->given && usual_root(&t)) {
		put_char(&t, 0);
		if (!t.lost)
			give_text(q, PARAMETER_ROOT, t.at);
	}
	if (!root->given || root->text[0] != '/') {
		root->given = false;
		q->complete = false;
	}
}

void scan_arguments(struct request *q)
{
	struct scan s = {.q = q};
	const char *notified = variable("NOTIFY_SOCKET");
	bool understood = scan_command(&s);

	if (!understood) {
		q->arguments = NULL;
		q->complete = false;
	}
	default_root(q);
	q->reuse = understood && is_usual_exec(q);
	q->start = understood && is_usual_start(q);
	if (notified && *notified)
		give_text(q, PARAMETER_NOTIFY_SOCKET, notified);
}

/* Our own descriptors stay clear of those that the container is to keep. */
int keep_descriptor(const struct request *q, int fd)
{
	i64 least = 3 + (q->values[PARAMETER_PRESERVE_FDS].given ? q->values[PARAMETER_PRESERVE_FDS].number : 0);
	long moved;

	if (fd >= least || least > 1 << 20)
		return fd;
	moved = sys(fcntl, fd, F_DUPFD_CLOEXEC, least);
	if (moved < 0)
		return fd;
	sys(close, fd);
	return (int)moved;
}

/* One option of a compiled executable, where the argument `at` is. False: unknown, or it would change what has been compiled. */
bool attached_option(struct request *q, int *at)
{
	static const struct options globals = {.first = 0, .count = GLOBAL_OPTION_COUNT, .global = true};
	const struct command *command = find_command("run");
	const struct options own = {.first = command ? command->first_option : 0, .count = command ? command->options : 0};
	struct scan s = {.q = q, .at = *at};
	bool taken = is_option(process.argv[s.at]) && (take_option(&s, &globals) || take_option(&s, &own));

	*at = s.at;
	return taken && q->complete;
}
