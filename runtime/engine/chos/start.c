/*
 * What is executed inside: in the same process, in the same directory if the tree has it, by the caller's PATH. All that the host has to say is found out before the
 * tree is entered.
 */
#include "chos.h"

static struct {
	const struct trees *trees;
	const char *tree, *home, *directory, *shell, *tree_shell, *file;
	char **command, **envp;
	int directory_error;
} about;

/* `tree`: NULL: the host. `command`: NULL-terminated; empty: the login shell. */
void prepare_start(const struct trees *t, const struct account *a, const char *tree, char **command)
{
	char *path = pages(PATH_SIZE);
	long length = sys(getcwd, path, PATH_SIZE);

	about.trees = t;
	about.tree = tree;
	about.home = a->home;
	about.command = command;
	about.shell = a->shell;
	about.tree_shell = tree ? tree_property(t, tree, "shell") : NULL;
	/* Of a tree that this is in already the list is the host's. */
	if (tree && !t->first)
		about.tree_shell = "/bin/sh";
	about.envp = environment(t, tree);
	about.directory_error = length < 0 ? (int)-length : 0;
	/* The kernel says "(unreachable)" of what the process cannot name. */
	about.directory = length > 0 && *path == '/' ? path : NULL;
}

void execute_file(const char *path)
{
	about.file = path;
}

static void warn_of_directory(const char *to, int error)
{
	struct text t = text_in(pages(3 * PATH_SIZE), 3 * PATH_SIZE - 1);

	put_string(&t, about.directory ? about.directory : "the working directory");
	put_string(&t, ": ");
	if (error)
		put_errno(&t, error);
	else
		put_string(&t, "it cannot be reached by a path");
	put_string(&t, "; goes on in ");
	put_string(&t, to);
	report(LEVEL_WARNING, t.at, t.used);
}

static void go_to_directory(void)
{
	long error = about.directory ? -sys(chdir, about.directory) : about.directory_error;
	const char *to = about.home;

	if (about.directory && !error)
		return;
	if (!to || sys(chdir, to)) {
		to = "/";
		sys(chdir, to);
	}
	unset_variable(about.envp, "PWD");
	warn_of_directory(to, (int)error);
}

/* A script without a first line of its own is one of the shell (execvp(3)). */
static long execute(const char *path, char **argv)
{
	long error = sys(execve, path, argv, about.envp);
	size_t count = 0;
	char **again;

	if (error != -ENOEXEC)
		return error;
	while (argv[count])
		count++;
	again = pages((count + 2) * sizeof(*again));
	again[0] = (char *)"/bin/sh";
	again[1] = (char *)path;
	for (size_t i = 1; i < count; i++)
		again[i + 1] = argv[i];
	return sys(execve, again[0], again, about.envp);
}

static bool is_missing(long error)
{
	return error == -ENOENT || error == -ENOTDIR;
}

/* The error of the best that was found: one that is there and cannot be executed tells more than those that are not. */
static long search(const char *name, char **argv)
{
	const char *path = searched(about.envp);
	char *candidate = pages(PATH_SIZE);
	long best = -ENOENT;

	for (;;) {
		long error = put_candidate(candidate, &path, name) ? execute(candidate, argv) : -ENAMETOOLONG;

		if (!is_missing(error) && error != -ENAMETOOLONG)
			best = error;
		if (!is_missing(error) && error != -ENAMETOOLONG && error != -EACCES)
			return error;
		if (!*path++)
			return best;
	}
}

static long run_command(const char *name, char **argv)
{
	return !*name ? -ENOENT : has_slash(name) ? execute(name, argv) : search(name, argv);
}

static _Noreturn void die_of(const char *name, long error)
{
	struct statx st;

	report_as("chos", is_missing(error) ? EXIT_MISSING : EXIT_REFUSED);
	if (error == -ENOENT && has_slash(name) && !sys(statx, AT_FDCWD, name, 0, STATX_TYPE, &st)) {
		report_as("chos", EXIT_REFUSED);
		die("execute", joined(name, about.tree ? ": its interpreter is not in the tree " : ": its interpreter is missing", about.tree ? about.tree : ""), 0);
	}
	die("execute", about.tree ? joined(name, " in ", about.tree) : name, (int)-error);
}

/* The registry's word is root's: what it keeps is all that stays, and what it sets stays. */
static bool stays_by_conf(const struct conf *conf, const char *entry)
{
	const char *at = tree_records(about.trees, about.tree);
	size_t length = name_length(entry);
	struct record r;

	if (is_basic(entry, length) || after(entry, "CHOS=") || after(entry, "CHOS_SESSION=") || after(entry, "CHOS_VIEW="))
		return true;
	for (size_t i = 0; i < conf->count; i++)
		if (strlen(conf->names[i]) == length && !memcmp(conf->names[i], entry, length))
			return true;
	while (at && next_record(about.trees, &at, &r) && !equal(r.key, "tree"))
		if (equal(r.key, "keep") || ((equal(r.key, "env") || equal(r.key, "prepend")) && name_length(r.value) == length && !memcmp(r.value, entry, length)))
			return true;
	return false;
}

static void keep_by_conf(const struct conf *conf)
{
	char **to = about.envp;

	for (char **at = about.envp; *at; at++)
		if (stays_by_conf(conf, *at))
			*to++ = *at;
	*to = NULL;
}

/* A dash before its name makes it a login shell (login(1)); a script in the place of bash never learns its name, but does its arguments. */
static long run_shell(const char *shell, bool bash_login)
{
	const char *name = shell;
	char *argv[3] = {NULL, NULL, NULL};

	for (const char *at = shell; *at; at++)
		if (*at == '/')
			name = at + 1;
	argv[0] = (char *)joined("-", name, "");
	if (bash_login && equal(name, "bash")) {
		argv[0] = (char *)name;
		argv[1] = (char *)"-l";
	}
	return run_command(shell, argv);
}

static _Noreturn void start_shell(void)
{
	const char *shell = about.shell ? about.shell : about.tree_shell ? about.tree_shell : "/bin/sh", *other = about.tree_shell;
	struct conf conf = {.count = 0};
	long error;

	if (about.tree)
		read_conf(&conf);
	if (conf.has_names)
		keep_by_conf(&conf);
	error = run_shell(shell, conf.bash_login);
	if (is_missing(error) && other && !equal(other, shell)) {
		const char *words = joined(joined("the tree ", about.tree, " has no "), joined(shell, "; starts ", other), "");

		report(LEVEL_WARNING, words, strlen(words));
		shell = other;
		error = run_shell(shell, conf.bash_login);
	}
	die_of(shell, error);
}

_Noreturn void start(void)
{
	const char *file = about.file ? about.file : *about.command;

	go_to_directory();
	if (!file)
		start_shell();
	die_of(file, run_command(file, about.command));
}

_Noreturn void start_inside(void)
{
	const char *mark = view_mark(about.tree);

	if (mark)
		set_variable(about.envp, (char *)mark);
	start();
}
