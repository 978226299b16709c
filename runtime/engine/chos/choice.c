/* Which tree: the first that says one (docs/chos.md, "Which tree"). */
#include <linux/utsname.h>

#include "chos.h"

#define CHOICE_FILE ".chos"
#define CHOICE_SIZE 255

static _Noreturn void refuse_file(const char *path, const char *why)
{
	die("refuses", joined(path, ": ", why), 0);
}

/* A newline, or a character that moves the cursor, is in no name. */
static bool is_one_line(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((u8)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return true;
}

/* Of what is not one line of text: the first that is wrong with it. */
static const char *what_is_wrong(const char *text, size_t length)
{
	while (length && (u8)*text >= ' ' && *text != 0x7f) {
		text++;
		length--;
	}
	switch (length ? *text : 1) {
	case '\n':
		return "it is more than one line with the name of a tree";
	case '\r':
		return "it has a carriage return, as lines end on Windows: chos --set NAME writes it anew";
	case '\t':
		return "it has a tab in it";
	case 0:
		return "it has a NUL byte in it: it is no text";
	default:
		return "it has a control character in it";
	}
}

/* What some editors begin UTF-8 with; nobody sees it in a message. */
static bool has_byte_order_mark(const char *text, size_t length)
{
	return length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3);
}

static const char *line_of(char *text, size_t length, const char *path)
{
	if (length && text[length - 1] == '\n')
		text[--length] = 0;
	if (!is_one_line(text, length))
		refuse_file(path, what_is_wrong(text, length));
	if (has_byte_order_mark(text, length))
		refuse_file(path, "it begins with a byte order mark, which an editor has put there: chos --set NAME writes it anew");
	return length ? text : NULL;
}

/* NULL: there is none, or it is empty. */
static const char *read_choice(const struct account *a)
{
	const char *path = a->home ? joined(a->home, "/", CHOICE_FILE) : NULL;
	long fd = path ? sys(openat, AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -ENOENT;
	struct statx st;
	size_t length;
	char *text;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return NULL;
	if (fd == -ELOOP)
		refuse_file(path, "it is a symbolic link");
	if (fd < 0)
		die("open", path, (int)-fd);
	if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_UID | STATX_SIZE, &st))
		refuse_file(path, "it cannot be looked at");
	if ((st.stx_mode & S_IFMT) != S_IFREG)
		refuse_file(path, "it is not a regular file");
	if (st.stx_uid != a->uid || st.stx_mode & 022)
		refuse_file(path, "it belongs to somebody else, or others can write to it");
	text = read_file(fd, CHOICE_SIZE, &length);
	sys(close, fd);
	if (!text)
		refuse_file(path, "it is longer than 255 bytes, or cannot be read");
	return line_of(text, length, path);
}

static bool is_host(const char *rule)
{
	struct new_utsname host;

	return !sys(uname, &host) && fits(rule, host.nodename, strlen(host.nodename));
}

static bool holds(const struct account *a, const char *key, const char *rule)
{
	return equal(key, "user") ? is_user(a, rule) : equal(key, "group") ? in_group(rule) : is_host(rule);
}

/* "anna alma9": the value of a rule. */
static bool choose_by_rule(const struct trees *t, const struct account *a, struct choice *c)
{
	const char *at = t->first;
	struct record r;

	while (next_record(t, &at, &r) && !equal(r.key, "tree")) {
		const char *whom, *tree = r.value;
		char *copy;

		if (!equal(r.key, "user") && !equal(r.key, "group") && !equal(r.key, "host"))
			continue;
		while (*tree && *tree != ' ')
			tree++;
		if (!*tree)
			continue;
		copy = pages(strlen(r.value) + 1);
		memcpy(copy, r.value, (size_t)(tree - r.value));
		whom = copy;
		if (!holds(a, r.key, whom))
			continue;
		*c = (struct choice){.name = tree + 1, .by = joined(joined("the site's rule for ", r.key, " "), whom, "")};
		return true;
	}
	return false;
}

static bool choose_by_caller(const struct account *a, const char *argument, struct choice *c)
{
	const char *given = variable("CHOS");

	*c = (struct choice){.name = argument, .by = "argument"};
	if (!c->name && given && *given)
		*c = (struct choice){.name = given, .by = "$CHOS"};
	if (!c->name)
		*c = (struct choice){.name = read_choice(a), .by = "~/" CHOICE_FILE};
	return c->name;
}

bool choose_name(const struct trees *t, const struct account *a, const char *argument, struct choice *c)
{
	if (!choose_by_caller(a, argument, c) && !choose_by_rule(t, a, c))
		*c = (struct choice){.name = "default", .by = NULL};
	if (equal(c->name, "default")) {
		c->name = default_tree(t);
		c->by = c->by ? joined(c->by, ", which is the default of the registry", "") : "default of the registry";
	}
	return c->name;
}

/* What else is to say of an argument that is no tree: `chos list`, and `chos make` of who thinks of sudo(8). NULL: nothing. */
static const char *other_meaning(const char *argument)
{
	static const char options[][8] = {"list", "which", "explain", "set", "help", "version"};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (equal(argument, options[i]))
			return joined("the option is --", argument, "");
	if (equal(argument, "who"))
		return "who is in which tree: chos-runtime who";
	return is_command(argument) ? joined("a command without a tree stands behind --: chos -- ", argument, "") : NULL;
}

/* There is a tree of that name, or this is the end. */
void choose(const struct trees *t, const struct account *a, const char *argument, struct choice *c)
{
	const char *tree;

	if (!choose_name(t, a, argument, c))
		die("no tree is chosen, and the registry has no default: chos NAME, CHOS=NAME, or chos --set NAME (see chos --list)", NULL, 0);
	if (equal(c->name, "/") || tree_records(t, c->name))
		return;
	/* Of a namespace that is root's; no way leads there for who is not. */
	if (generation_of(c->name, &tree)) {
		if (!tree_records(t, tree))
			die_of_unknown(t, tree, NULL);
		must_be_prepared(c->name, tree, argument ? NULL : c->by);
		die(c->name, joined(joined("is a generation, which logins and jobs enter: chos --set ", c->name, ", then ssh localhost or su - $USER; or srun --chos="), c->name, ""), 0);
	}
	die_of_unknown(t, c->name, argument ? other_meaning(argument) : NULL);
}

/* It may be chosen, or this is the end. A login enters generations, too, those that there are; "/" is the host. */
static void judge(const struct trees *t, const char *name)
{
	const char *tree;

	if (equal(name, "default") || equal(name, "/") || tree_records(t, name))
		return;
	if (!generation_of(name, &tree))
		die_of_unknown(t, name, NULL);
	if (!tree_records(t, tree))
		die_of_unknown(t, tree, NULL);
	must_be_prepared(name, tree, NULL);
}

/* Of root under sudo, where that keeps HOME. */
static bool is_of_another(long home, const struct account *a)
{
	struct statx st;

	return !a->uid && !sys(statx, home, "", AT_EMPTY_PATH, STATX_UID, &st) && st.stx_uid;
}

/* Written whole under another name first. `t`: NULL: they are not to be seen from here. */
void set_choice(const struct trees *t, const struct account *a, const char *name)
{
	char temporary[40];
	struct text number = text_in(temporary, sizeof(temporary));
	long home, fd, error, closed;
	const char *line;

	if (t)
		judge(t, name);
	if (!a->home)
		die("the home directory of the caller is not known: set HOME", NULL, 0);
	if (!*name || !is_one_line(name, strlen(name)))
		die("this is no name of a tree:", joined("\"", name, "\""), 0);
	line = joined(name, "\n", "");
	if (strlen(line) > CHOICE_SIZE)
		die("the name is too long for " CHOICE_FILE ":", name, 0);
	home = sys(openat, AT_FDCWD, a->home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (home < 0)
		die("open", a->home, (int)-home);
	if (is_of_another(home, a))
		die("refuses to write", joined(a->home, "/" CHOICE_FILE, ": the home belongs to somebody else, who could not use what root has written"), 0);
	put_string(&number, CHOICE_FILE ".new-");
	put_decimal(&number, sys(getpid));
	put_char(&number, 0);
	sys(unlinkat, home, temporary, 0);
	fd = sys(openat, home, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	error = fd < 0 ? -fd : write_all((int)fd, line, strlen(line));
	closed = fd < 0 ? 0 : sys(close, fd);
	error = error ? error : -closed;
	if (!error)
		error = -sys(renameat2, home, temporary, home, CHOICE_FILE, 0);
	if (!error)
		return;
	sys(unlinkat, home, temporary, 0);
	die("write", joined(a->home, "/", CHOICE_FILE), (int)error);
}
