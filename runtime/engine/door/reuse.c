/*
 * Programs of `exec` that are used again (spec/reuse.ts). What the compiler makes of a question depends on nothing else than what is in `struct question` and behind it: who asks,
 * which options there are, the bytes of process.json or none, the files of the container that were read, and the compiler itself. So where all of that is the same, byte for byte,
 * the program is, too. Whether init lives and is not frozen, and whether its cgroups are still there, the program itself looks at (runtime/compile/as-before.ts). The arguments on
 * the command line are values, as in any program of `exec`.
 */
#include <linux/mman.h>

#include "compiler.h"

#define PATH_SIZE 4096
#define ID_SIZE (ID_LIMIT + 1)
#define FILE_SEEN (STATX_INO | STATX_SIZE | STATX_MTIME | STATX_CTIME | STATX_UID | STATX_MODE)

/* ---- What is asked ---- */

/* A file of the container, which only commands of ours write. */
struct seen {
	u64 inode, size;
	i64 written, changed;
	u32 written_nanoseconds, changed_nanoseconds, uid, mode;
};

/* Without gaps: it is compared as bytes, with what it names behind it. */
struct question {
	struct asker asker;
	struct seen state, config;
	u64 options;
	char id[ID_SIZE];   /* state.json holds it, and is compared with it */
	u32 texts, input; /* bytes of the other files of /proc/self, and of process.json */
};
_Static_assert(sizeof(struct question) == sizeof(struct asker) + 2 * 48 + 8 + ID_SIZE + 8, "no gaps");

_Static_assert(sizeof(struct question) + 8 <= QUESTION_ROOM, "room for the question");

/* The file: this, the question, its texts, its input, the arguments that process.json names; at a multiple of eight the image. */
struct reusable {
	u32 magic, arguments, image, reserved;
	struct question question;
};

static bool see(int directory, const char *name, struct seen *seen)
{
	struct statx st;

	if (sys(statx, directory, name, AT_SYMLINK_NOFOLLOW, FILE_SEEN, &st))
		return false;
	*seen = (struct seen){
		.inode = st.stx_ino,
		.size = st.stx_size,
		.written = st.stx_mtime.tv_sec,
		.changed = st.stx_ctime.tv_sec,
		.written_nanoseconds = st.stx_mtime.tv_nsec,
		.changed_nanoseconds = st.stx_ctime.tv_nsec,
		.uid = st.stx_uid,
		.mode = st.stx_mode,
	};
	return true;
}

/* Before anything is compiled: what changes afterwards makes another question. */
static bool put_question(const struct request *q, struct compiler *c, int directory)
{
	u64 size = (c->request_size + 7) & ~7UL, texts = texts_size(c);
	struct question *u = (void *)((char *)c->request + size);

	if (c->input.kind == GIVEN_BYTES ? c->input.number > REUSE_TEXT_LIMIT : c->input.kind != GIVEN_NONE)
		return false;
	/* The program may hand over to the compiler. */
	if (c->input.once || texts > REUSE_TEXT_LIMIT)
		return false;
	*u = (struct question){
		.options = q->options,
		.texts = (u32)texts,
		.input = c->input.kind == GIVEN_BYTES ? c->input.number : 0,
	};
	memcpy(u->id, q->values[PARAMETER_ID].text, q->values[PARAMETER_ID].length);
	if (!put_asker(&u->asker, c) || !see(directory, "state.json", &u->state) || !see(directory, "config.json", &u->config))
		return false;
	c->question = u;
	return true;
}

/* ---- Where it lies ---- */

static void name_file(char *name, u32 number)
{
	memcpy(name, "exec.0", 7);
	name[5] = (char)('0' + number);
}

/* By what differs between the commands of one container (FNV-1a): probes in turn do not push each other out, unless they are many. */
static u32 number_of(const struct compiler *c)
{
	const u8 *options = (const u8 *)&c->question->options, *input = (const u8 *)c->input.at;
	u32 hash = 2166136261U;

	for (unsigned i = 0; i < sizeof(c->question->options); i++)
		hash = (hash ^ options[i]) * 16777619U;
	for (u32 i = 0; i < c->question->input; i++)
		hash = (hash ^ input[i]) * 16777619U;
	return (hash ^ hash >> 16) % REUSE_COUNT;
}

/* ROOT/ID; negative: the compiler says what is wrong with it. */
static long open_container(const struct request *q)
{
	const char *path = state_directory(q);
	u64 size;

	return path && trusts_way(q->values[PARAMETER_ROOT].text) ? open_if_trusted(AT_FDCWD, path, S_IFDIR, &size) : -ENOENT;
}

bool seems_reusable(const struct request *q)
{
	const char *path = q->reuse ? state_directory(q) : NULL;
	size_t length;

	if (!path)
		return false;
	length = strlen(path);
	if (length + 8 > PATH_SIZE)
		return false;
	scratch[length] = '/';
	for (u32 i = 0; i < REUSE_COUNT; i++) {
		name_file(scratch + length + 1, i);
		if (!sys(faccessat, AT_FDCWD, scratch, 0))
			return true;
	}
	return false;
}

/* ---- Using it ---- */

/* Behind the header, as far as it is there. */
static bool is_answer(const struct compiler *c, const struct reusable *r, u64 size)
{
	const char *at = (const char *)(r + 1);
	const struct question *u = c->question;
	u64 rest = (u64)u->texts + u->input;

	if (size < sizeof(*r) || r->magic != REUSE_MAGIC || memcmp(&r->question, u, sizeof(*u)) || rest > size - sizeof(*r))
		return false;
	return !memcmp(at, texts_of(c), u->texts) && !memcmp(at + u->texts, c->input.at, u->input);
}

static u64 image_offset(const struct reusable *r)
{
	return (sizeof(*r) + r->question.texts + r->question.input + r->arguments + 7) & ~7UL;
}

#define SAID "the program of an earlier exec is tried"

static void run_file(struct request *q, const struct compiler *c, int fd, u64 size)
{
	long at = size > UINT32_MAX ? -ENOMEM : sys(mmap, 0, size, PROT_READ, MAP_PRIVATE, fd, 0);
	const struct reusable *r = (const void *)at;
	struct value values[PARAMETER_COUNT];
	const char *arguments;

	if (is_error(at))
		return;
	memcpy(values, q->values, sizeof(values));
	arguments = (const char *)(r + 1) + (u64)c->question->texts + c->question->input;
	if (is_answer(c, r, size) && image_offset(r) + r->image == size &&
	    (q->arguments ? !r->arguments : r->arguments && !arguments[r->arguments - 1])) {
		if (q->debug)
			hold_warning(SAID, sizeof(SAID) - 1);
		q->values[PARAMETER_REUSED] = (struct value){.given = true, .number = 1};
		if (r->arguments) {
			q->values[PARAMETER_ARGS] = (struct value){.given = true, .text = arguments, .length = r->arguments};
			give_text(q, PARAMETER_ARG0, arguments);
		} else {
			give_arguments(q);
		}
		run_found(q, fd, image_offset(r), r->image, ENTRY_EXEC);
	}
	memcpy(q->values, values, sizeof(values));
	sys(munmap, at, size);
}

void run_reusable(struct request *q, struct compiler *c, bool alone)
{
	long directory, fd = -ENOENT;
	char name[8];
	u64 size;

	if (!q->reuse)
		return;
	directory = open_container(q);
	if (directory < 0)
		return;
	/* Hooks of its creation are at work, or were killed at it. */
	if (put_question(q, c, (int)directory) && alone && sys(faccessat, directory, "creating", 0) == -ENOENT) {
		name_file(name, number_of(c));
		fd = open_if_trusted(directory, name, S_IFREG, &size);
	}
	/* What the program begins with open could be seen inside. */
	sys(close, directory);
	if (fd < 0)
		return;
	fd = keep_descriptor(q, (int)fd);
	run_file(q, c, (int)fd, size);
	sys(close, fd);
}

/* ---- Leaving it ---- */

static bool write_file(const struct compiler *c, const struct reusable *r, const struct value *arguments, int fd)
{
	static const char gap[8];
	i64 position = 0;
	u64 used = sizeof(*r) + r->question.texts + r->question.input + r->arguments;

	return !write_all(fd, (const char *)r, sizeof(*r)) && !write_all(fd, texts_of(c), r->question.texts) &&
	       !write_all(fd, c->input.at, r->question.input) && !write_all(fd, arguments->text, r->arguments) &&
	       !write_all(fd, gap, image_offset(r) - used) &&
	       sys(sendfile, fd, c->program, &position, r->image) == r->image;
}

/*
 * A whole file or none: it has no name before. It is not left where the file system has no files without a name, is full, or is read-only: the next call is compiled, as this
 * one was. No lock is held: whoever removes the directory meanwhile looks again (vm/remove-tree.c).
 */
void leave_reusable(const struct request *q, const struct compiler *c, const struct answer_header *h)
{
	const struct value *arguments = &q->values[PARAMETER_ARGS];
	struct reusable r = {.magic = REUSE_MAGIC, .image = h->image_size};
	long container, fd;
	char name[8];

	if (!c->question || !h->reusable || h->message_length || h->image_size > REUSE_IMAGE_LIMIT || c->program < 0 || !arguments->given)
		return;
	r.question = *c->question;
	/* They are on the command line, or else in the answer. */
	r.arguments = q->arguments ? 0 : (u32)arguments->length;
	container = open_container(q);
	if (container < 0)
		return;
	fd = open_nameless(container);
	name_file(name, number_of(c));
	if (fd >= 0 && write_file(c, &r, arguments, (int)fd))
		give_name((int)fd, container, name);
	if (fd >= 0)
		sys(close, fd);
	sys(close, container);
}
