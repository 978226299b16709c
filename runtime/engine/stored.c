/* Running an image: one that `create` left in the container's state directory, that a compiled executable carries, or that Node made. */
#include "engine.h"

#ifndef SELF_PATH
#error "SELF_PATH: the absolute path of the installed command"
#endif

#define PATH_SIZE 4096

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

static void give_text(struct value *v, const char *text)
{
	*v = (struct value){.given = true, .text = text, .length = strlen(text)};
}

/* ROOT/ID, in the scratch buffer until the program is loaded. NULL: not known, or too long. */
static const char *state_directory(const struct request *q)
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

/* Fill in the values and run a valid program. */
static _Noreturn void run_with(struct request *q, struct program *p, const struct entry *start)
{
	const char *directory;

	if (p->header->flags & IMAGE_FLAG_JOINS && !process.sealed)
		sealed_again();
	sys(lseek, p->fd, p->file_offset, 0);
	give_text(&q->values[PARAMETER_SELF], SELF_PATH);
	q->values[PARAMETER_PROGRAM_FD] = (struct value){.given = true, .number = p->fd};
	q->values[PARAMETER_ENVIRON] = (struct value){.given = true, .vector = process.envp};
	directory = state_directory(q);
	if (directory)
		give_text(&q->values[PARAMETER_STATE_DIR], directory);
	if (!image_load(p, q->values))
		die("cannot load the launch program", NULL, ENOMEM);
	run(p, start);
}

_Noreturn void run_image(struct request *q, int fd, u64 offset, u64 size, u32 entry)
{
	const struct entry *start;
	struct program p;
	struct fault fault;

	if (!image_map(&p, fd, offset, size, &fault) || !image_validate(&p, &fault))
		die_of(&fault);
	start = image_entry(&p, entry);
	if (!start)
		die("invalid launch program:", "it has no such entry", 0);
	run_with(q, &p, start);
}

/* Whoever could have changed what we are going to execute must be root or ourselves. */
static bool trusted(long fd, unsigned type, u64 *size)
{
	struct statx st;

	if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_UID | STATX_SIZE, &st))
		return false;
	*size = st.stx_size;
	return (st.stx_mode & S_IFMT) == type && !(st.stx_mode & 022) &&
	       (!st.stx_uid || st.stx_uid == (u32)sys(geteuid));
}

/* Returns if there is nothing that could serve the command. */
void run_stored(struct request *q)
{
	const char *path;
	struct program p;
	struct fault fault;
	long directory, fd;
	u64 size;

	path = state_directory(q);
	if (!path)
		return;
	directory = sys(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return;
	fd = sys(openat, directory, "program", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		sys(close, directory);
		return;
	}
	if (!trusted(directory, S_IFDIR, &size) || !trusted(fd, S_IFREG, &size))
		die("refuses a stored program that others could have written:", path, 0);
	sys(close, directory);
	fd = keep_descriptor(q, (int)fd);
	if (image_map(&p, (int)fd, 0, size, &fault)) {
		const struct entry *start;

		if (!image_validate(&p, &fault))
			die_of(&fault);
		start = image_entry(&p, q->command->entry);
		if (start)
			run_with(q, &p, start);
	} else if (!fault.other_version) { /* TypeScript knows what to do with those */
		die_of(&fault);
	}
	sys(close, fd);
}
