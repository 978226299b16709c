/*
 * The plugin for Slurm (docs/slurm.md): `srun --chos=NAME` and `sbatch --chos=NAME`. Where a job is submitted it names the generation; on the node each task enters it as a
 * login does (runtime/pam), after Slurm has forked it and before it becomes its user.
 */
#include <slurm/slurm_errno.h>
#include <slurm/spank.h>
#include <slurm/slurm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spank_chos.h"

SPANK_PLUGIN(chos, 1)

#define SECONDS 3
#define CHOICE_SIZE (NAME_SIZE + 32)

/* Of this process: srun, sbatch or salloc, or slurmstepd of one step. */
static struct {
	char *wanted; /* NULL: no option was given */
	bool pins, requires;
	char words[WORDS_SIZE]; /* why no task can be started; empty: nothing */
	struct answer answer;
	uid_t uid;
} job = {.pins = true};

/* As srun looks for it: behind a colon the next part of a heterogeneous job or step begins. */
static bool has_parts(void)
{
	FILE *words = fopen("/proc/self/cmdline", "re");
	char *word = NULL;
	size_t room = 0;
	bool found = false;

	while (words && !found && getdelim(&word, &room, 0, words) > 0)
		found = !strcmp(word, ":");
	free(word);
	if (words)
		fclose(words);
	return found;
}

/* The last one counts, as with every option; of parts it would be that of the last for all. */
static int take_option(int value, const char *argument, int remote)
{
	(void)value;
	if (!argument || !*argument || strpbrk(argument, "\n=") || strlen(argument) >= NAME_SIZE) {
		slurm_error("chos: --chos=NAME wants the name of a tree: chos --list");
		return -1;
	}
	if (!remote && job.wanted && strcmp(job.wanted, argument) && has_parts()) {
		slurm_error("chos: Slurm has one --chos for all parts (:) of a job or step, and not both %s and %s", job.wanted, argument);
		return -1;
	}
	free(job.wanted);
	job.wanted = strdup(argument);
	return job.wanted ? 0 : -1;
}

static struct spank_option option = {
	.name = (char *)"chos", .arginfo = (char *)"NAME[@N]", .usage = (char *)"run in this tree of chos; its generation of now, or N", .has_arg = 1, .cb = take_option};

int slurm_spank_init(spank_t spank, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], "pin=no"))
			job.pins = false;
		else if (!strcmp(argv[i], "pin=require"))
			job.requires = true;
		else if (strcmp(argv[i], "pin=submission"))
			slurm_error("chos: plugstack.conf: does not know %s", argv[i]);
	switch (spank_context()) {
	case S_CTX_LOCAL:
	case S_CTX_ALLOCATOR:
	case S_CTX_REMOTE:
		return spank_option_register(spank, &option) == ESPANK_SUCCESS ? 0 : -1;
	default:
		return 0;
	}
}

/* A step has the generation of its job. The variable is one that Slurm hands on with --export=NONE too. */
static int name_generation(void)
{
	const char *given = getenv(VARIABLE);
	char name[NAME_SIZE + 24], identity[IDENTITY_SIZE] = "";
	enum found found = HAS_NONE;

	if (getenv("SLURM_JOB_ID") && given && is_of(given, job.wanted))
		return 0;
	snprintf(name, sizeof(name), "%s", job.wanted);
	if (job.pins)
		found = find_newest(name, sizeof(name), identity);
	if (found == IS_UNKNOWN_NUMBER) {
		slurm_error("chos: there is no generation %s on this machine, and numbers of others mean nothing here", name);
		return -1;
	}
	if (setenv(VARIABLE, name, 1))
		return -1;
	return found == IS_KNOWN ? setenv(IDENTITY_VARIABLE, identity, 1) : unsetenv(IDENTITY_VARIABLE);
}

/* The job's environment with CHOS, by which the login program chooses. */
static char **with_choice(char **env, char *choice)
{
	size_t count = 0, kept = 0;
	char **all;

	while (env && env[count])
		count++;
	all = calloc(count + 2, sizeof(*all));
	if (!all)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (strncmp(env[i], "CHOS=", 5))
			all[kept++] = env[i];
	all[kept] = choice;
	return all;
}

/* `entry`: NAME=VALUE */
static bool set_variable(spank_t spank, const char *entry)
{
	size_t length = strcspn(entry, "=");
	char *name = strndup(entry, length);
	/* Without a value it is none, and stays as the job has it. */
	bool good = name && (!entry[length] || spank_setenv(spank, name, entry + length + 1, 1) == ESPANK_SUCCESS);

	free(name);
	return good;
}

static bool is_same_variable(const char *one, const char *other)
{
	size_t length = strcspn(one, "=");

	return !strncmp(one, other, length) && other[length] == one[length];
}

/*
 * The answer has what stays in the order in which it was, and behind it what is new: one walk along both. Slurm looks at all variables for each call, of which a job may have
 * many thousand.
 */
static bool set_environment(spank_t spank, char **before)
{
	const char *at = NULL, *entry = next_variable(&job.answer, &at);
	bool good = true;

	for (; good && *before; before++)
		if (entry && is_same_variable(*before, entry)) {
			good = !strcmp(*before, entry) || set_variable(spank, entry);
			entry = next_variable(&job.answer, &at);
		} else {
			(*before)[strcspn(*before, "=")] = 0;
			spank_unsetenv(spank, *before);
		}
	for (; good && entry; entry = next_variable(&job.answer, &at))
		good = set_variable(spank, entry);
	return good;
}

/* What the submission has named. `choice`: for the login program. */
static void read_choice(spank_t spank, char choice[CHOICE_SIZE], char identity[IDENTITY_SIZE], struct question *q)
{
	char pinned[NAME_SIZE + 24];

	if (spank_getenv(spank, VARIABLE, pinned, sizeof(pinned)) != ESPANK_SUCCESS || !is_of(pinned, job.wanted)) {
		snprintf(choice, CHOICE_SIZE, "CHOS=%s", job.wanted);
		return;
	}
	snprintf(choice, CHOICE_SIZE, "CHOS=%s", pinned);
	if (spank_getenv(spank, IDENTITY_VARIABLE, identity, IDENTITY_SIZE) == ESPANK_SUCCESS)
		q->identity = identity;
	/* A number that the user has given is never another one. */
	q->refuse_foreign = job.requires || !strcmp(pinned, job.wanted);
}

/* Once for a step, before there are tasks. What is wrong is told by them, as nobody hears it yet. */
static void choose(spank_t spank)
{
	char choice[CHOICE_SIZE], identity[IDENTITY_SIZE], **env = NULL, **copy = NULL;
	const struct passwd *user = NULL;
	struct question q = {.refuse_unknown = true, .seconds = SECONDS};

	if (spank_get_item(spank, S_JOB_UID, &job.uid) == ESPANK_SUCCESS)
		user = getpwuid(job.uid);
	if (!user || spank_get_item(spank, S_JOB_ENV, &env) != ESPANK_SUCCESS || !env) {
		snprintf(job.words, WORDS_SIZE, "there is no user %u on this node", job.uid);
		return;
	}
	read_choice(spank, choice, identity, &q);
	q.envp = with_choice(env, choice);
	copy = copy_list(env);
	if (!copy || !ask(&q, user, &job.answer))
		snprintf(job.words, WORDS_SIZE, "%s", *job.answer.words ? job.answer.words : "no memory");
	else if (job.answer.tree && !set_environment(spank, copy))
		snprintf(job.words, WORDS_SIZE, "no memory for the environment");
	free(copy);
	free(q.envp);
}

int slurm_spank_init_post_opt(spank_t spank, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!job.wanted)
		return 0;
	if (spank_context() == S_CTX_REMOTE)
		choose(spank);
	else
		return name_generation();
	return 0;
}

/* slurmstepd writes the script below SlurmdSpoolDir. */
static bool has_script(spank_t spank)
{
	uint32_t step = 0;
	char **argv = NULL;
	int argc = 0;

	if (spank_get_item(spank, S_JOB_STEPID, &step) != ESPANK_SUCCESS || step != SLURM_BATCH_SCRIPT ||
	    spank_get_item(spank, S_JOB_ARGV, &argc, &argv) != ESPANK_SUCCESS || argc < 1 || !access(argv[0], F_OK))
		return true;
	snprintf(job.words, WORDS_SIZE, "the script %s is not seen in %s: SlurmdSpoolDir has to be a share", argv[0], job.answer.tree);
	return false;
}

int slurm_spank_task_init_privileged(spank_t spank, int argc, char **argv)
{
	struct way way = {.namespace = -1, .root = -1};
	char mark[MARK_SIZE];
	bool entered = !*job.words;

	(void)argc;
	(void)argv;
	if (!job.wanted || (entered && !job.answer.tree))
		return 0;
	entered = entered && enter(&way, &job.answer, job.uid, job.words) && has_script(spank);
	forget_way(&way);
	if (!entered) {
		slurm_error("chos: %s", job.words);
		return -1;
	}
	if (write_mark(&job.answer, mark))
		spank_setenv(spank, "CHOS_SESSION", mark + strlen("CHOS_SESSION="), 1);
	return 0;
}
