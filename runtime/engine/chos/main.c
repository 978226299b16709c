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

/* Without the list, which is the host's: all that can be told is of the tree that this is in. */
static _Noreturn void serve_option_in_session(const struct account *a, const struct session *s, char **rest)
{
	static const char unchecked[] = "the host's list of trees is not to be seen from here: nobody has looked whether there is one of that name";
	const char *option = *rest++, *name = s->name;

	if (is(option, "--set", "-s") && *rest && !rest[1]) {
		set_choice(NULL, a, *rest);
		report(LEVEL_WARNING, unchecked, strlen(unchecked));
		done("");
	}
	if (is(option, "--list", "-l") && !*rest)
		done(joined("  ", name, "  (entered; others are the host's, and not to be seen from here)\n"));
	if (*rest && !rest[1])
		name = *rest++;
	if (!is(option, "--which", "-w") && !is(option, "--explain", "-e"))
		die_without_list(s);
	if (*rest || !is_session(s, name))
		die_without_list(s);
	if (is(option, "--which", "-w"))
		done(joined(name, " (argument)", "\n"));
	done(joined("enter nothing: this is in ", s->name, " already\nexecute what was asked for   <- chos\n"));
}

/* What a process is in is chosen already; another one is not entered from there. */
static _Noreturn void serve_session(const struct account *a, const struct session *s, const char *name, char **rest)
{
	static const struct trees none;
	const char *given = variable("CHOS");

	given = given && *given ? given : s->name;
	name = name ? name : given;
	if (equal(name, "/") && s->linked) {
		prepare_start(&none, a, NULL, rest);
		leave_tree();
	}
	if (equal(name, "/"))
		die_in_session(s, NULL);
	if (!is_session(s, name))
		die_in_session(s, name);
	prepare_start(&none, a, given, rest);
	start();
}

static _Noreturn void serve_command(const struct trees *t, const struct account *a, const char *name, char **rest)
{
	struct choice c;

	choose(t, a, name, &c);
	if (equal(c.name, "/")) {
		prepare_start(t, a, NULL, rest);
		leave_tree();
	}
	prepare_start(t, a, c.name, rest);
	enter(c.name, tree_property(t, c.name, "refused"));
}

static _Noreturn void serve(const struct trees *t, const struct account *a, const struct session *s, char **rest)
{
	const char *name = NULL;

	if (*rest && !equal(*rest, "--"))
		name = *rest++;
	if (*rest && equal(*rest, "--"))
		rest++;
	if (s->name)
		serve_session(a, s, name, rest);
	if (name && equal(name, "/")) {
		prepare_start(t, a, NULL, rest);
		leave_tree();
	}
	serve_command(t, a, name, rest);
}

/* Who chooses nothing, where the registry has no default, works on the host: the starter is that of a whole queue. */
static _Noreturn void serve_job(const struct trees *t, const struct account *a, const struct session *s, char **words)
{
	char **command = job_command(a, words);
	struct choice c;

	if (s->name)
		serve_session(a, s, NULL, command);
	if (choose_name(t, a, NULL, &c))
		serve_command(t, a, NULL, command);
	prepare_start(t, a, NULL, command);
	start();
}

_Noreturn void engine_start(u64 *stack)
{
	bool secure = read_stack(stack);
	struct trees t = {NULL, NULL};
	struct account a;
	struct session session;
	char **rest = process.argv + (process.argc > 0);
	bool option;

	report_as("chos", EXIT_FAILED);
	open_standard_descriptors();
	outlive_file_size_limit();
	if (secure)
		die("refuses to run with set-user-ID, set-group-ID or file capabilities", NULL, 0);
	option = *rest && **rest == '-' && !equal(*rest, "--");
	if (process.argc && is_job_starter(*process.argv)) {
		read_account(&a);
		if (!find_session(&a, &session))
			read_trees(&t);
		serve_job(&t, &a, &session, rest);
	}
	if (*rest && is(*rest, "--help", "-h"))
		done(CHOS_USAGE);
	if (*rest && equal(*rest, "--version"))
		done("chos version " CHOS_VERSION "\n");
	read_account(&a);
	find_session(&a, &session);
	if (session.name && *rest && is(*rest, "--which", "-w") && !rest[1])
		done(joined(session.name, session.login ? " (this login)" : " (entered)", "\n"));
	if (session.name && option && !(is_host_ids() && has_trees()))
		serve_option_in_session(&a, &session, rest);
	/* Inside a tree the list may not be there. */
	if (option || (!session.name && !(*rest && equal(*rest, "/"))))
		read_trees(&t);
	if (option)
		serve_option(&t, &a, rest);
	serve(&t, &a, &session, rest);
}
