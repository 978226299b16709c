/*
 * Programs of `create` and `run` that are used again (spec/reuse.ts): ROOT/.programs/HASH. What the compiler makes of a question depends on nothing else than what is in `struct asked`, on the
 * texts behind it, and on what it looks at (looks.c), so where all of that is the same, byte for byte, the program is, too; but for the names in the texts (names.c), which it takes as they
 * are: the program is made one of the names of this question.
 */
#include <linux/mman.h>

#include "again.h"

#define PATH_SIZE 4096
#define SHARE 16 /* of what is free, a program takes one at most */

/* The file: this, the question and its texts, and at multiples of eight the marks, and the looks with the image behind them, in which the marks are. */
struct left {
	u32 magic, marks, looks, image;
	struct asked question;
};

/* ---- Where it lies ---- */

/* ROOT/.programs, in the scratch buffer. */
static const char *directory_path(const struct request *q)
{
	const struct value *root = &q->values[PARAMETER_ROOT];
	struct text t = text_in(scratch, PATH_SIZE);

	put_bytes(&t, root->text, root->length);
	put_string(&t, "/" AGAIN_DIRECTORY);
	put_char(&t, 0);
	return t.lost ? NULL : scratch;
}

static long open_directory(const struct request *q, bool make)
{
	const char *path;
	u64 size;

	if (!trusts_way(q->values[PARAMETER_ROOT].text))
		return -EPERM;
	path = directory_path(q);
	if (!path)
		return -ENAMETOOLONG;
	if (make)
		sys(mkdirat, AT_FDCWD, path, 0700);
	return open_if_trusted(AT_FDCWD, path, S_IFDIR, &size);
}

/* By a file in its place, or because others could write there. */
static bool is_switched_off(const struct request *q)
{
	long directory = open_directory(q, false);

	if (directory >= 0)
		sys(close, directory);
	return directory < 0 && directory != -ENOENT;
}

bool seems_left(const struct request *q)
{
	const char *path = q->start ? directory_path(q) : NULL;
	struct statx st;

	return path && !sys(statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) && (st.stx_mode & S_IFMT) == S_IFDIR;
}

/* ---- Using it ---- */

static u32 entry_of(const struct request *q)
{
	return equal(q->command->name, "run") ? ENTRY_RUN : ENTRY_CREATE;
}

static u64 up(u64 size)
{
	return (size + 7) & ~7UL;
}

static u64 marks_offset(const struct left *l)
{
	return up(sizeof(*l) + l->question.size);
}

static u64 looks_offset(const struct left *l)
{
	return marks_offset(l) + (u64)l->marks * sizeof(struct mark);
}

/* It is of this question, and as long as it says. */
static bool is_answer(const struct left *l, u64 size)
{
	const struct asked *u = &posed.question;

	if (size < sizeof(*l) || l->magic != AGAIN_MAGIC || memcmp(&l->question, u, sizeof(*u)) || u->size > size - sizeof(*l))
		return false;
	return l->marks <= AGAIN_MARKS && l->looks % 8 == 0 && looks_offset(l) + l->looks + l->image == size && !memcmp(l + 1, posed.without, u->size);
}

/* Looks and image, with the names of this question, in a file in memory: nobody else has it, and nobody who comes later can change it. */
static long take_copy(const struct left *l, int fd, u64 size)
{
	const struct mark *marks = (const void *)((const char *)l + marks_offset(l));
	i64 position = (i64)looks_offset(l);
	u64 rest = size - (u64)position;
	long copy = memory_file("program"), at;
	bool put;

	if (copy < 0)
		return copy;
	at = sys(sendfile, copy, fd, &position, rest) == (long)rest ? sys(mmap, 0, rest, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0) : -EIO;
	put = !is_error(at) && put_names(&posed.names, marks, l->marks, (char *)at, rest) &&
	      only_marked(&posed.names, marks, l->marks, (const char *)at, l->looks);
	if (!is_error(at))
		sys(munmap, at, rest);
	seal((int)copy);
	if (put)
		return copy;
	sys(close, copy);
	return -EIO;
}

static bool looked(int fd, u64 size)
{
	long at = size ? sys(mmap, 0, size, PROT_READ, MAP_PRIVATE, fd, 0) : 0;
	bool same = !is_error(at) && looks_same((const char *)at, size);

	if (size && !is_error(at))
		sys(munmap, at, size);
	return same;
}

#define SAID "the program of an earlier start is tried"

static void run_copy(struct request *q, int fd, u64 looks, u64 image)
{
	struct value bundle = q->values[PARAMETER_BUNDLE];

	if (!looked(fd, looks))
		return;
	if (q->debug)
		hold_warning(SAID, sizeof(SAID) - 1);
	if (posed.bundle)
		q->values[PARAMETER_BUNDLE] = (struct value){.given = true, .text = posed.bundle, .length = posed.bundle_length};
	run_found(q, fd, looks, image, entry_of(q));
	q->values[PARAMETER_BUNDLE] = bundle;
}

/* What is of the file is gone before the program begins, but for the copy. */
static void run_file(struct request *q, int fd, u64 size)
{
	long at = size > UINT32_MAX ? -ENOMEM : sys(mmap, 0, size, PROT_READ, MAP_PRIVATE, fd, 0), copy = -ENOENT;
	const struct left *l = (const void *)at;
	u64 looks = 0, image = 0;

	if (!is_error(at)) {
		if (is_answer(l, size)) {
			looks = l->looks;
			image = l->image;
			copy = take_copy(l, fd, size);
			/* The one that was used last stays longest. */
			sys(utimensat, fd, NULL, NULL, 0);
		}
		sys(munmap, at, size);
	}
	sys(close, fd);
	if (copy < 0)
		return;
	copy = keep_descriptor(q, (int)copy);
	run_copy(q, (int)copy, looks, image);
	sys(close, copy);
}

void run_left(struct request *q, struct compiler *c, bool alone)
{
	long directory, fd = -ENOENT;
	u64 size;

	if (!q->start || !put_start(q, c))
		return;
	c->posed = true;
	if (!alone)
		return;
	directory = open_directory(q, false);
	if (directory < 0)
		return;
	fd = open_if_trusted(directory, posed.name, S_IFREG, &size);
	/* What the program begins with open could be seen inside. */
	sys(close, directory);
	if (fd >= 0)
		run_file(q, (int)fd, size);
}

/* ---- Leaving it ---- */

/* How many there are; the one that was used least recently. */
static u32 count_left(int directory, char *oldest)
{
	i64 seconds = INT64_MAX;
	u32 nanoseconds = 0, count = 0;
	struct statx st;
	long n;

	while ((n = sys(getdents64, directory, ENTRIES, ENTRIES_SIZE)) > 0) {
		const struct directory_entry *e;

		for (long at = 0; at < n; at += e->size) {
			e = (const void *)(ENTRIES + at);
			if (strlen(e->name) != FILE_NAME_SIZE - 1 || sys(statx, directory, e->name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MTIME, &st) ||
			    (st.stx_mode & S_IFMT) == S_IFDIR)
				continue;
			count++;
			if (st.stx_mtime.tv_sec > seconds || (st.stx_mtime.tv_sec == seconds && st.stx_mtime.tv_nsec >= nanoseconds))
				continue;
			seconds = st.stx_mtime.tv_sec;
			nanoseconds = st.stx_mtime.tv_nsec;
			memcpy(oldest, e->name, FILE_NAME_SIZE);
		}
	}
	return n ? 0 : count;
}

/* Others may leave theirs at the same time. */
static void keep_few(int directory)
{
	char oldest[FILE_NAME_SIZE] = "";
	u32 count;

	do {
		long all = sys(openat, directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		count = all < 0 ? 0 : count_left((int)all, oldest);
		if (all >= 0)
			sys(close, all);
	} while (count > AGAIN_COUNT && !sys(unlinkat, directory, oldest, 0));
}

/* What is left takes nothing that anybody else would need. */
static bool has_room(int directory, u64 size)
{
	struct {
		i64 type, block_size;
		u64 blocks, free, available, files, free_files, rest[16];
	} st;

	return !sys(fstatfs, directory, &st) && st.available * (u64)st.block_size / SHARE >= size && (!st.files || st.free_files >= SHARE);
}

static bool write_file(const struct left *l, const struct mark *marks, const char *made, int fd)
{
	static const char gap[8];

	return !write_all(fd, (const char *)l, sizeof(*l)) && !write_all(fd, posed.without, l->question.size) &&
	       !write_all(fd, gap, marks_offset(l) - sizeof(*l) - l->question.size) &&
	       !write_all(fd, (const char *)marks, l->marks * sizeof(*marks)) && !write_all(fd, made, (u64)l->looks + l->image);
}

/* A whole file or none: it has no name before. */
static void link_file(const struct left *l, const struct mark *marks, const char *made, int directory)
{
	long fd = open_nameless(directory);

	if (fd < 0)
		return;
	/* There may be one whose looks are not the same any more. */
	if (write_file(l, marks, made, (int)fd)) {
		give_name((int)fd, directory, posed.name);
		keep_few(directory);
	}
	sys(close, fd);
}

#define MARKS_SIZE (AGAIN_MARKS * sizeof(struct mark))
#define ROOM (MARKS_SIZE + PIECES_SIZE)

/* `room`: for the marks, for the pieces of names, and for looks and image in one piece, as they are to lie in the file. */
static void leave(const struct request *q, const struct compiler *c, struct left *l, const char *looks, char *room)
{
	u64 size = (u64)l->looks + l->image, used = l->looks;
	char *made = room + ROOM;
	struct mark *marks = (void *)room;
	long directory, count, n;

	memcpy(made, looks, used);
	while (used < size && (n = sys(pread64, c->program, made + used, size - used, used - l->looks)) > 0)
		used += (u64)n;
	count = used == size ? mark_names(&posed.names, made, size, marks, (u8 *)room + MARKS_SIZE) : -1;
	if (count < 0)
		return;
	l->marks = (u32)count;
	directory = open_directory(q, true);
	if (directory < 0)
		return;
	if (has_room((int)directory, looks_offset(l) + size))
		link_file(l, marks, made, (int)directory);
	sys(close, directory);
}

/*
 * It is not left where the file system has no files without a name, is nearly full, or is read-only: the next start is compiled, as this one was. The state root is made for it as
 * it would be made for the container in a moment.
 */
void leave_for_others(const struct request *q, const struct compiler *c, const struct answer_header *h, const char *looks)
{
	struct left l = {.magic = AGAIN_MAGIC, .looks = h->looks_length, .image = h->image_size, .question = posed.question};
	u64 size = (u64)l.looks + l.image;
	long at;

	if (!c->posed || !h->reusable || h->message_length || l.image > AGAIN_IMAGE_LIMIT || l.looks > AGAIN_LOOKS_LIMIT || l.looks % 8 ||
	    c->program < 0 || h->entry != entry_of(q))
		return;
	insist_on_way(q->values[PARAMETER_ROOT].text, true);
	if (is_switched_off(q))
		return;
	at = sys(mmap, 0, ROOM + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (is_error(at))
		return;
	leave(q, c, &l, looks, (char *)at);
	sys(munmap, at, ROOM + size);
}
