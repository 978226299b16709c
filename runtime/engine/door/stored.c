/* Running an image: one that `create` left in the container's state directory, that a compiled executable carries, or that Node made. */
#include "door.h"

#define PATH_SIZE 4096
#define RLIMIT_NOFILE 7
#define LEAST_DESCRIPTORS 14

static _Noreturn void die_of(const struct fault *fault)
{
	char number[24];
	struct text t = text_in(number, sizeof(number));

	if (fault->step == NO_STEP)
		die("invalid launch program:", fault->what, 0);
	put_string(&t, " (step ");
	put_unsigned(&t, fault->step, 10, 1);
	put_string(&t, ")");
	put_char(&t, 0);
	t = text_in(scratch, SCRATCH_SIZE / 2 - 1);
	put_string(&t, fault->what);
	put_string(&t, number);
	put_char(&t, 0);
	die("invalid launch program:", scratch, 0);
}

static void put_value(struct value *v, const char *text)
{
	*v = (struct value){.given = true, .text = text, .length = strlen(text)};
}

/* ROOT/ID, in the scratch buffer until the program is loaded. NULL: not known, or too long. */
const char *state_directory(const struct request *q)
{
	const struct value *root = &q->values[PARAMETER_ROOT], *id = &q->values[PARAMETER_ID];
	struct text t = text_in(scratch, PATH_SIZE);

	if (!root->given || !id->given)
		return NULL;
	put_bytes(&t, root->text, root->length);
	put_char(&t, '/');
	put_bytes(&t, id->text, id->length);
	put_char(&t, 0);
	return t.lost ? NULL : scratch;
}

/* With fewer a launch has always failed, in the middle, where it could not even look at what it was to take back. */
static void insist_on_descriptors(void)
{
	struct {
		u64 soft, hard;
	} limit;
	char number[24];
	struct text t = text_in(number, sizeof(number));

	if (sys(prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) || limit.soft >= LEAST_DESCRIPTORS)
		return;
	put_decimal(&t, (i64)limit.soft);
	put_char(&t, 0);
	die("there are too few descriptors (ulimit -n), a container takes twenty:", number, 0);
}

/* Fill in the values and run a valid program. */
static _Noreturn void run_with(struct request *q, struct program *p, const struct entry *start)
{
	const char *directory;

	if (p->header->flags & IMAGE_FLAG_JOINS) {
		insist_on_descriptors();
		if (!process.sealed)
			sealed_again();
	}
	q->values[PARAMETER_ENVIRON] = (struct value){.given = true, .vector = process.envp};
	directory = state_directory(q);
	if (directory)
		put_value(&q->values[PARAMETER_STATE_DIR], directory);
	if (!image_load(p, q->values))
		die("cannot load the launch program", NULL, ENOMEM);
	run(p, start, &q->around);
}

_Noreturn void run_image(struct request *q, int fd, u64 offset, u64 size, u32 entry)
{
	const struct entry *start;
	struct program p;
	struct fault fault;

	if (q->values[PARAMETER_ROOT].given)
		insist_on_way(q->values[PARAMETER_ROOT].text, entry == ENTRY_CREATE || entry == ENTRY_RUN);
	if (!image_map(&p, fd, offset, size, &fault) || !image_validate(&p, &fault))
		die_of(&fault);
	check_attached(q, &p);
	start = image_entry(&p, entry);
	if (!start)
		die("invalid launch program:", "it has no such entry", 0);
	run_with(q, &p, start);
}

/* Returns if this version cannot run it: made by another, cut off, or damaged. */
void run_found(struct request *q, int fd, u64 offset, u64 size, u32 entry)
{
	const struct entry *start;
	struct program p;
	struct fault fault;

	if (!image_map(&p, fd, offset, size, &fault) || !image_validate(&p, &fault))
		return;
	start = image_entry(&p, entry);
	if (start)
		run_with(q, &p, start);
}

/* Returns if there is no program, or none that can be run. */
void run_stored(struct request *q, u32 entry)
{
	const char *path;
	long directory, fd;
	u64 size;

	q->unusable = true;
	if (!q->values[PARAMETER_ROOT].given)
		return;
	insist_on_way(q->values[PARAMETER_ROOT].text, false);
	path = state_directory(q);
	if (!path)
		return;
	directory = open_trusted(AT_FDCWD, path, S_IFDIR, path, &size);
	if (directory < 0)
		return;
	fd = open_trusted(directory, "program", S_IFREG, path, &size);
	sys(close, directory);
	if (fd < 0)
		return;
	fd = keep_descriptor(q, (int)fd);
	run_found(q, (int)fd, 0, size, entry);
	sys(close, fd);
}
