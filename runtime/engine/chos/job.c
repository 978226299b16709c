/*
 * `chos-job-starter`: what a batch system starts in the place of the job, with the job's words as arguments (docs/batch.md). The tree is the one that `chos` would choose, and the
 * command what the batch system itself would have started. Grid Engine says in variables what that is; others (LSF, TORQUE) give the command as it is.
 */
#include "chos.h"

#define STARTER "chos-job-starter"
#define JOB_CONFIG_LIMIT (1U << 20)

static const char *last_part(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

/* Grid Engine puts a dash before the name for jobs that get a login shell. */
bool is_job_starter(const char *called)
{
	const char *name = last_part(called);

	return equal(name + (*name == '-'), STARTER);
}

/* NULL: Grid Engine has not started this, or its file cannot be read. */
static const char *read_config(void)
{
	const char *spool = variable("SGE_JOB_SPOOL_DIR");
	long fd = spool ? sys(openat, AT_FDCWD, joined(spool, "/config", ""), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -ENOENT;
	size_t length;
	const char *text = NULL;

	if (fd >= 0) {
		text = read_file(fd, JOB_CONFIG_LIMIT, &length);
		sys(close, fd);
	}
	return text;
}

static bool has_line(const char *config, const char *line)
{
	while (*config) {
		const char *rest = after(config, line);

		if (rest && (!*rest || *rest == '\n'))
			return true;
		while (*config && *config != '\n')
			config++;
		config += *config == '\n';
	}
	return false;
}

/* As the text of one command line, as Grid Engine itself makes one of them. */
static const char *one_line(char **words)
{
	size_t size = 1;
	struct text t;

	for (char **word = words; *word; word++)
		size += strlen(*word) + 1;
	t = text_in(pages(size), size);
	for (char **word = words; *word; word++) {
		if (word != words)
			put_char(&t, ' ');
		put_string(&t, *word);
	}
	put_char(&t, 0);
	return t.at;
}

/* A login shell is one by the dash before its name, whatever its options are. */
static char **by_shell(const char *shell, const char *option, char **words)
{
	const char *login = variable("SGE_STARTER_USE_LOGIN_SHELL");
	size_t count = 0, used = 0;
	char **argv;

	while (words[count])
		count++;
	argv = pages((count + 3) * sizeof(*argv));
	argv[used++] = (char *)joined(login && equal(login, "true") ? "-" : "", last_part(shell), "");
	if (option)
		argv[used++] = (char *)option;
	memcpy(argv + used, words, count * sizeof(*words));
	execute_file(shell);
	return argv;
}

static char **line_by_shell(const char *shell, char **words)
{
	char **line = pages(2 * sizeof(*line));

	line[0] = (char *)one_line(words);
	return by_shell(shell, "-c", line);
}

/* What a queue of Grid Engine starts: sge_queue_conf(5), shell_start_mode and starter_method. */
static char **grid_engine_command(const struct account *a, const char *mode, char **words)
{
	const char *shell = variable("SGE_STARTER_SHELL_PATH"), *config = read_config();
	bool binary = config && has_line(config, "handle_as_binary=1"), bare = config && has_line(config, "no_shell=1");

	/* qrsh COMMAND */
	if (!shell || !*shell)
		return bare || !a->shell ? words : line_by_shell(a->shell, words);
	if (binary)
		return bare ? words : line_by_shell(shell, words);
	/* The script is the standard input, and the words are `-s` and its arguments. */
	if (equal(mode, "posix_compliant") || equal(mode, "script_from_stdin"))
		return by_shell(shell, NULL, words);
	return words;
}

char **job_command(const struct account *a, char **words)
{
	const char *mode = variable("SGE_STARTER_SHELL_START_MODE");

	if (!*words)
		die("no job: what is to be started in a tree stands behind the name of this command", NULL, 0);
	return mode ? grid_engine_command(a, mode, words) : words;
}
