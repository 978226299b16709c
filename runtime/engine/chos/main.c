/* The command line of `chos`. Options stand before the name of the tree; what is behind it is the command's. */
#include "chos.h"

#ifndef CHOS_VERSION
#define CHOS_VERSION "unknown"
#endif

static _Noreturn void done(const char *text)
{
	print(text, strlen(text));
	for (;;)
		sys(exit_group, 0);
}

/* What words cost is paid by who asks for them: the command beside this one starts the compiler. */
static _Noreturn void explain(const char *tree)
{
	char path[4096];
	long length = sys(readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof(path) - 1);
	char *argv[5];

	while (length > 0 && path[length - 1] != '/')
		length--;
	path[length > 0 ? length : 0] = 0;
	argv[0] = (char *)joined(path, "chos-runtime", "");
	argv[1] = (char *)"tree";
	argv[2] = (char *)"entry";
	argv[3] = (char *)tree;
	argv[4] = NULL;
	length = sys(execve, argv[0], argv, process.envp);
	die("execute", argv[0], (int)-length);
}

static bool is(const char *argument, const char *one, const char *other)
{
	return equal(argument, one) || equal(argument, other);
}

static _Noreturn void serve_option(const struct trees *t, const struct account *a, char **rest)
{
	const char *option = *rest++;
	struct choice c;

	if (is(option, "--list", "-l") && !*rest) {
		list_trees(t);
		done("");
	}
	if (is(option, "--which", "-w") && (!*rest || !rest[1])) {
		choose(t, a, *rest, &c);
		done(joined(joined(c.name, " (", c.by), ")", "\n"));
	}
	if (is(option, "--explain", "-e") && (!*rest || !rest[1])) {
		choose(t, a, *rest, &c);
		explain(c.name);
	}
	if (is(option, "--set", "-s") && *rest && !rest[1]) {
		set_choice(t, a, *rest);
		done("");
	}
	die("does not know these arguments (see chos --help):", option, 0);
}

/* Without the list, which is the host's. */
static _Noreturn void serve_option_in_session(const struct account *a, const char *session, char **rest)
{
	static const char unchecked[] = "the names of the host's trees are not to be seen in this login: nobody has looked whether there is one of that name";

	if (!is(*rest, "--set", "-s") || !rest[1] || rest[2])
		die(joined("this login is in ", session, ":"), "the list of trees is the host's, and not to be seen from here", 0);
	set_choice(NULL, a, rest[1]);
	report(LEVEL_WARNING, unchecked, strlen(unchecked));
	done("");
}

/* What a login has entered is chosen already; another one is not entered from there. */
static _Noreturn void serve_session(const struct account *a, const char *session, const char *name, char **rest)
{
	static const struct trees none;
	const char *given = variable("CHOS");

	given = given && *given ? given : session;
	name = name ? name : given;
	if (equal(name, "/"))
		die_in_session(session, NULL);
	if (!is_session(session, name))
		die_in_session(session, name);
	prepare_start(&none, a, given, rest);
	start();
}

/* In that tree already: the command starts where it is. What other trees are told, and who leaves, comes from elsewhere. */
static void serve_inside(const struct account *a, const char *name, char **rest)
{
	static const struct trees none;
	const char *entered = entered_tree(), *given = variable("CHOS");

	name = name ? name : given && *given ? given : entered;
	if (!entered || !equal(name, entered))
		return;
	prepare_start(&none, a, entered, rest);
	start();
}

static _Noreturn void serve_command(const struct trees *t, const struct account *a, const char *name, char **rest)
{
	struct choice c;

	choose(t, a, name, &c);
	if (equal(c.name, "/")) {
		prepare_start(t, a, NULL, rest);
		if (sys(faccessat, AT_FDCWD, "/proc/chos/link", 0))
			start();
		leave_tree();
	}
	prepare_start(t, a, c.name, rest);
	enter(c.name, tree_property(t, c.name, "refused"));
}

/* NULL: there is none. `rest` is then at the command. */
static const char *take_name(char ***rest)
{
	const char *name = **rest && !equal(**rest, "--") ? *(*rest)++ : NULL;

	if (**rest && equal(**rest, "--"))
		(*rest)++;
	return name;
}

static _Noreturn void serve(const struct account *a, const char *session, char **rest)
{
	const char *name = take_name(&rest);
	struct trees t;

	if (session)
		serve_session(a, session, name, rest);
	/* Inside a tree the list may not be there. */
	if (name && equal(name, "/")) {
		prepare_start(NULL, a, NULL, rest);
		leave_tree();
	}
	serve_inside(a, name, rest);
	read_trees(&t);
	serve_command(&t, a, name, rest);
}

/* Who chooses nothing, where the registry has no default, works on the host: the starter is that of a whole queue. */
static _Noreturn void serve_job(const struct account *a, const char *session, char **words)
{
	char **command = job_command(a, words);
	struct trees t;
	struct choice c;

	if (session)
		serve_session(a, session, NULL, command);
	serve_inside(a, NULL, command);
	read_trees(&t);
	if (choose_name(&t, a, NULL, &c))
		serve_command(&t, a, NULL, command);
	prepare_start(&t, a, NULL, command);
	start();
}

_Noreturn void engine_start(u64 *stack)
{
	bool secure = read_stack(stack);
	struct trees t;
	struct account a;
	char **rest = process.argv + (process.argc > 0);
	const char *session;
	bool option;

	report_as("chos", EXIT_FAILED);
	open_standard_descriptors();
	if (secure)
		die("refuses to run with set-user-ID, set-group-ID or file capabilities", NULL, 0);
	session = session_environment();
	if (process.argc && is_job_starter(*process.argv)) {
		read_account(&a);
		serve_job(&a, session, rest);
	}
	if (*rest && is(*rest, "--help", "-h"))
		done(CHOS_USAGE);
	if (*rest && equal(*rest, "--version"))
		done("chos version " CHOS_VERSION "\n");
	read_account(&a);
	option = *rest && **rest == '-' && !equal(*rest, "--");
	if (session && *rest && is(*rest, "--which", "-w") && !rest[1])
		done(joined(session, " (this login)", "\n"));
	if (session && option && !has_trees())
		serve_option_in_session(&a, session, rest);
	if (option && is(*rest, "--which", "-w") && !rest[1] && entered_tree())
		done(joined(entered_tree(), " (entered)", "\n"));
	if (option) {
		read_trees(&t);
		serve_option(&t, &a, rest);
	}
	serve(&a, session, rest);
}
