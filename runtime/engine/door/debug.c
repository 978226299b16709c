/*
 * Only in the debug build; the first two are in trace.c:
 *   CHOS_STOP=TRACK:N    the process of that track kills itself before its N-th step
 *   CHOS_TRACE=1         every step that was made, on stderr
 *   --engine-validate FILE...    `valid` or what is wrong, a line for each
 *   --engine-run FILE ENTRY [NAME=VALUE...]    parameters by name; a vector's items are separated by commas
 */
#include "door.h"

static const char *debug_variable(const char *name)
{
	size_t length = strlen(name);

	for (char **at = process.envp; *at; at++)
		if (!memcmp(*at, name, length < strlen(*at) ? length : strlen(*at)) && (*at)[length] == '=')
			return *at + length + 1;
	return NULL;
}

static u32 parse(const char *text)
{
	u32 value = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (u32)(*text - '0');
	return value;
}

static void read_variables(void)
{
	const char *trace = debug_variable("CHOS_TRACE"), *stop = debug_variable("CHOS_STOP");
	u32 step = 0;

	for (const char *at = stop; at && *at; at++)
		if (*at == ':')
			step = parse(at + 1);
	debug_watch(trace && *trace, stop, step);
}

static bool validate(const char *path)
{
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	struct fault fault = {.what = "it cannot be opened", .step = NO_STEP};
	struct text t = text_in(scratch, SCRATCH_SIZE);
	struct program p;
	struct statx st;
	bool valid = false;

	if (fd >= 0 && !sys(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &st))
		valid = image_map(&p, (int)fd, 0, st.stx_size, &fault) && image_validate(&p, &fault);
	put_string(&t, valid ? "valid" : fault.what);
	if (!valid && fault.step != NO_STEP) {
		put_string(&t, " (step ");
		put_unsigned(&t, fault.step, 10, 1);
		put_char(&t, ')');
	}
	put_char(&t, '\n');
	sys(write, 1, t.at, t.used);
	sys(close, fd);
	return valid;
}

static _Noreturn void validate_all(char *const *paths)
{
	bool valid = true;

	for (; *paths; paths++)
		valid = validate(*paths) && valid;
	for (;;)
		sys(exit_group, valid ? 0 : 1);
}

static void take_parameter(struct request *q, char *text)
{
	struct value *v = NULL;
	char *value = text;
	size_t length;

	/* The text stays as it is: a program that enters containers is executed once more with the same arguments. */
	while (*value && *value != '=')
		value++;
	length = (size_t)(value - text);
	if (*value)
		value++;
	for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
		if (strlen(parameter_names[i]) != length || memcmp(parameter_names[i], text, length))
			continue;
		v = &q->values[i];
		*v = (struct value){.given = true, .text = value, .length = strlen(value)};
		if (parameter_kinds[i] == KIND_NUMBER)
			v->number = *value == '-' ? -(i64)parse(value + 1) : parse(value);
		if (parameter_kinds[i] == KIND_VECTOR) {
			v->length++;
			for (char *at = value; *at; at++)
				if (*at == ',')
					*at = 0;
		}
	}
	if (!v)
		die("no such parameter:", text, 0);
}

static _Noreturn void run_file(int argc, char **argv, const struct surroundings *around)
{
	struct request q = {.complete = true, .around = *around};
	u32 entry = NO_ENTRY;
	struct statx st;
	long fd;

	for (unsigned i = 0; i < ENTRY_COUNT; i++)
		if (equal(entry_names[i], argv[1]))
			entry = i;
	for (int i = 2; i < argc; i++)
		take_parameter(&q, argv[i]);
	fd = sys(openat, AT_FDCWD, argv[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || sys(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &st))
		die("cannot open", argv[0], (int)-fd);
	run_image(&q, keep_descriptor(&q, (int)fd), 0, st.stx_size, entry);
}

void debug_modes(const struct surroundings *around)
{
	read_variables();
	if (process.argc >= 3 && equal(process.argv[1], "--engine-validate"))
		validate_all(process.argv + 2);
	if (process.argc >= 4 && equal(process.argv[1], "--engine-run"))
		run_file(process.argc - 2, process.argv + 2, around);
}
