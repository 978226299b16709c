/* The command line of a compiled executable: the options of `run` that a program can still be given, and --id. */
#include "door.h"

static _Noreturn void print_usage(void)
{
	struct text t = text_in(scratch, SCRATCH_SIZE);

	put_string(&t, "usage: ");
	put_string(&t, process.argv[0] ? process.argv[0] : "PROGRAM");
	put_string(&t, " [--id ID]" ATTACHED_USAGE " [-- ARGUMENT...]\n");
	print(t.at, t.used);
	for (;;)
		sys(exit_group, 0);
}

/* The name of the executable and the pid: unique as long as the container runs. */
static void default_id(struct request *q)
{
	const char *name = process.argc > 0 ? process.argv[0] : "";
	struct text t = text_in(OWN_ID, OWN_ID_SIZE);

	for (const char *at = name; *at; at++)
		if (*at == '/' && at[1])
			name = at + 1;
	for (; *name && t.used < 200; name++) {
		char one[2] = {*name, 0};

		put_char(&t, id_valid(one) || (*name == '.' && t.used) ? *name : '_');
	}
	put_char(&t, '-');
	put_decimal(&t, sys(getpid));
	put_char(&t, 0);
	give_text(q, PARAMETER_ID, t.at);
}

void scan_attached(struct request *q)
{
	int at;

	q->attached = true;
	for (at = 1; at < process.argc; at++) {
		const char *argument = process.argv[at];

		if (equal(argument, "--"))
			break;
		if (equal(argument, "--help") || equal(argument, "-h"))
			print_usage();
		if (equal(argument, "--id") && at + 1 < process.argc)
			give_text(q, PARAMETER_ID, process.argv[++at]);
		else if (after(argument, "--id="))
			give_text(q, PARAMETER_ID, argument + 5);
		else if (!attached_option(q, &at))
			die("a compiled program does not know this argument (see --help):", argument, 0);
	}
	if (at + 1 < process.argc) {
		q->values[PARAMETER_ARGS] = (struct value){.given = true, .vector = process.argv + at + 1};
		give_text(q, PARAMETER_ARG0, process.argv[at + 1]);
	}
	if (!q->values[PARAMETER_ID].given)
		default_id(q);
	if (!id_valid(q->values[PARAMETER_ID].text))
		die("invalid container id", q->values[PARAMETER_ID].text, 0);
	default_root(q);
	if (!q->values[PARAMETER_ROOT].given)
		die("no directory for the container state: set " STATE_ROOT_VARIABLE ", or give --root an absolute path", NULL, 0);
}

/* What the program has no place for it would ignore. */
void check_attached(const struct request *q, const struct program *p)
{
	for (unsigned i = 0; q->attached && i < OPTION_COUNT; i++) {
		const struct option *o = &option_table[i];
		bool used = o->parameter == NO_PARAMETER || o->parameter == PARAMETER_ROOT || !q->values[o->parameter].given;

		for (u32 n = 0; !used && n < p->parameter_count; n++)
			used = p->parameters[n].number == o->parameter;
		if (!used)
			die("this program was compiled without the option:", o->name, 0);
	}
}
