/*
 * Programs of `create` and `run` that are used again (spec/reuse.ts): ROOT/.programs/HASH. What the compiler makes of a question depends on nothing else than what is in `struct asked`, on the
 * texts behind it, and on what it looks at (looks.c), so where all of that is the same, byte for byte, the program is, too; but for the names in the texts (names.c), which it takes as they
 * are: the program is made one of the names of this question.
 */
#include <linux/mman.h>

#include "again.h"

#define PATH_SIZE 4096
#define FILE_NAME_SIZE 17

/* Of the environment: what tells where systemd is (runtime/host/systemd.ts). */
static const char variables[] = "XDG_RUNTIME_DIR\0DBUS_SYSTEM_BUS_ADDRESS\0DBUS_SESSION_BUS_ADDRESS\0";

/* Without gaps: it is compared as bytes, with the texts behind it. */
struct asked {
	struct asker asker;
	u64 options;
	u32 systemd, size; /* size: of the texts */
};
_Static_assert(sizeof(struct asked) == sizeof(struct asker) + 16, "no gaps");

/* The file: this, the question and its texts, and at multiples of eight the marks, and the looks with the image behind them, in which the marks are. */
struct left {
	u32 magic, marks, looks, image, entry, reserved;
	struct asked question;
};

/* ---- What is asked ---- */

struct again {
	struct names names;
	struct asked question;
	const char *bundle; /* absolute, NULL: its directory */
	size_t bundle_length;
	char *without; /* the texts, without names */
	char name[FILE_NAME_SIZE];
};

/* One for each process; the pages that it takes go with the program that comes next. */
static struct again again;

/* As TypeScript would write it, too. */
static bool is_normal(const char *path)
{
	const char *at = path;

	if (!*at)
		return false;
	for (; *at; at++) {
		const char *part = at + (*at == '/');

		if ((u8)*at >= 0x80)
			return false;
		if (*at != '/' && at != path)
			continue;
		if (!*part || *part == '/' || (*part == '.' && (!part[1] || part[1] == '/')) || (after(part, "..") && (!part[2] || part[2] == '/')))
			return false;
	}
	return true;
}

/* --bundle, as it is written, since failures tell of its files by that name; where it begins; what else the caller has. */
static bool put_texts(const struct request *q, const struct compiler *c, struct text *t)
{
	const struct value *bundle = &q->values[PARAMETER_BUNDLE];
	const char *cwd = (const char *)(c->request + 1);
	bool relative = !bundle->given || bundle->text[0] != '/';

	if ((bundle->given && !is_normal(bundle->text)) || (relative && !is_normal(cwd)))
		return false;
	put_string(t, q->command->name);
	put_char(t, 0);
	if (bundle->given)
		put_bytes(t, bundle->text, bundle->length);
	put_char(t, 0);
	if (relative) {
		again.bundle = t->at + t->used;
		put_string(t, cwd);
		if (bundle->given) {
			put_char(t, '/');
			put_bytes(t, bundle->text, bundle->length);
		}
		again.bundle_length = (size_t)(t->at + t->used - again.bundle);
	}
	put_char(t, 0);
	if (q->manager)
		put_string(t, q->manager);
	put_char(t, 0);
	for (const char *name = variables; *name; name += strlen(name) + 1) {
		const char *value = variable(name);

		if (value)
			put_string(t, value);
		put_char(t, 0);
	}
	put_bytes(t, texts_of(c), texts_size(c));
	put_bytes(t, c->input.at, c->input.number);
	return !t->lost;
}

static void hash_name(void)
{
	const u8 *at = (const u8 *)&again.question;
	u64 hash = 14695981039346656037UL; /* FNV-1a */
	struct text t = text_in(again.name, sizeof(again.name));

	for (size_t i = 0; i < sizeof(again.question); i++)
		hash = (hash ^ at[i]) * 1099511628211UL;
	for (u32 i = 0; i < again.question.size; i++)
		hash = (hash ^ (u8)again.without[i]) * 1099511628211UL;
	put_unsigned(&t, hash, 16, 16);
	put_char(&t, 0);
}

static bool put_question(const struct request *q, struct compiler *c)
{
	struct asked *u = &again.question;
	struct text t;
	long at;

	if (c->input.kind != GIVEN_BYTES || c->input.number > AGAIN_TEXT_LIMIT)
		return false;
	at = sys(mmap, 0, 2 * AGAIN_TEXT_LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		return false;
	t = text_in((void *)at, AGAIN_TEXT_LIMIT);
	again.without = (char *)at + AGAIN_TEXT_LIMIT;
	u->options = q->options;
	u->systemd = q->systemd;
	if (!put_asker(&u->asker, c) || !put_texts(q, c, &t) || !take_names(&again.names, t.at, t.used, again.without))
		return false;
	u->size = (u32)t.used;
	hash_name();
	return true;
}

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

bool seems_left(const struct request *q)
{
	const char *path = q->again ? directory_path(q) : NULL;

	return path && !sys(faccessat, AT_FDCWD, path, 0);
}

/* ---- Using it ---- */

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
	const struct asked *u = &again.question;

	if (size < sizeof(*l) || l->magic != AGAIN_MAGIC || memcmp(&l->question, u, sizeof(*u)) || u->size > size - sizeof(*l))
		return false;
	return l->marks <= AGAIN_MARKS && l->looks % 8 == 0 && looks_offset(l) + l->looks + l->image == size && !memcmp(l + 1, again.without, u->size);
}

/* Looks and image with the names of this question, from the beginning of a file in memory. */
static long with_names(const struct left *l, int fd, u64 size)
{
	i64 position = (i64)looks_offset(l);
	u64 rest = size - (u64)position;
	const struct mark *marks = (const void *)((const char *)l + marks_offset(l));
	long copy = memory_file("program"), at;
	bool put;

	if (copy < 0)
		return copy;
	if (sys(sendfile, copy, fd, &position, rest) == (long)rest) {
		at = sys(mmap, 0, rest, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);
		put = (at >= 0 || at < -4095) && put_names(&again.names, marks, l->marks, (char *)at, rest);
		if (at >= 0 || at < -4095)
			sys(munmap, at, rest);
		if (put)
			return copy;
	}
	sys(close, copy);
	return -EIO;
}

#define SAID "the program of an earlier start is tried"

static void give_bundle(struct request *q)
{
	if (again.bundle)
		q->values[PARAMETER_BUNDLE] = (struct value){.given = true, .text = again.bundle, .length = again.bundle_length};
}

/* `fd` has looks and image from `offset` on. */
static void run_looked(struct request *q, const struct left *l, int fd, u64 offset)
{
	u64 size = l->looks, lead = offset & (process.page - 1);
	long at = sys(mmap, 0, lead + size + 1, PROT_READ, MAP_PRIVATE, fd, offset - lead);
	struct value bundle = q->values[PARAMETER_BUNDLE];
	bool same;

	if (at < 0 && at > -4096)
		return;
	same = looks_same((const char *)at + lead, size);
	sys(munmap, at, lead + size + 1);
	if (!same)
		return;
	if (q->debug)
		hold_warning(SAID, sizeof(SAID) - 1);
	give_bundle(q);
	run_found(q, fd, offset + size, l->image, l->entry);
	q->values[PARAMETER_BUNDLE] = bundle;
}

static void run_file(struct request *q, int fd, u64 size)
{
	long at = size > UINT32_MAX ? -ENOMEM : sys(mmap, 0, size, PROT_READ, MAP_PRIVATE, fd, 0), copy;
	const struct left *l = (const void *)at;

	if (at < 0 && at > -4096)
		return;
	if (is_answer(l, size)) {
		/* The one that was used last stays longest. */
		sys(utimensat, fd, NULL, NULL, 0);
		copy = l->marks ? with_names(l, fd, size) : sys(fcntl, fd, F_DUPFD_CLOEXEC, 0);
		sys(close, fd);
		fd = -1;
		if (copy >= 0) {
			copy = keep_descriptor(q, (int)copy);
			run_looked(q, l, (int)copy, l->marks ? 0 : looks_offset(l));
			sys(close, copy);
		}
	}
	sys(munmap, at, size);
	if (fd >= 0)
		sys(close, fd);
}

void run_left(struct request *q, struct compiler *c, bool alone)
{
	long directory, fd = -ENOENT;
	u64 size;

	if (!q->again || !put_question(q, c))
		return;
	c->again = true;
	if (!alone)
		return;
	directory = open_directory(q, false);
	if (directory < 0)
		return;
	fd = open_if_trusted(directory, again.name, S_IFREG, &size);
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
			if (strlen(e->name) != FILE_NAME_SIZE - 1)
				continue;
			count++;
			if (sys(statx, directory, e->name, AT_SYMLINK_NOFOLLOW, STATX_MTIME, &st))
				continue;
			if (st.stx_mtime.tv_sec > seconds || (st.stx_mtime.tv_sec == seconds && st.stx_mtime.tv_nsec >= nanoseconds))
				continue;
			seconds = st.stx_mtime.tv_sec;
			nanoseconds = st.stx_mtime.tv_nsec;
			memcpy(oldest, e->name, FILE_NAME_SIZE);
		}
	}
	return count;
}

/* Others may leave theirs at the same time. */
static void make_place(int directory)
{
	char oldest[FILE_NAME_SIZE] = "";

	for (unsigned i = 0; i < 4; i++) {
		long all = sys(openat, directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		u32 count = all < 0 ? 0 : count_left((int)all, oldest);

		if (all >= 0)
			sys(close, all);
		if (count < AGAIN_COUNT)
			return;
		sys(unlinkat, directory, oldest, 0);
	}
}

static bool write_file(const struct left *l, const struct mark *marks, const char *made, int fd)
{
	static const char gap[8];

	return !write_all(fd, (const char *)l, sizeof(*l)) && !write_all(fd, again.without, l->question.size) &&
	       !write_all(fd, gap, marks_offset(l) - sizeof(*l) - l->question.size) &&
	       !write_all(fd, (const char *)marks, l->marks * sizeof(*marks)) && !write_all(fd, made, (u64)l->looks + l->image);
}

/* A whole file or none: it has no name before. */
static void link_file(const struct left *l, const struct mark *marks, const char *made, int directory)
{
	long fd = sys(openat, directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	char path[40];
	struct text t = text_in(path, sizeof(path));

	if (fd < 0)
		return;
	put_string(&t, "/proc/self/fd/");
	put_decimal(&t, fd);
	put_char(&t, 0);
	if (write_file(l, marks, made, (int)fd)) {
		make_place(directory);
		/* There may be one whose looks are not the same any more. */
		sys(unlinkat, directory, again.name, 0);
		sys(linkat, AT_FDCWD, path, directory, again.name, AT_SYMLINK_FOLLOW);
	}
	sys(close, fd);
}

#define MARKS_SIZE (AGAIN_MARKS * sizeof(struct mark))
#define ROOM (MARKS_SIZE + PIECES_SIZE)

/* Looks and image in one piece, as they are to lie in the file. */
/* `room`: for the marks, for the pieces of names, and for that. */
static void leave(const struct request *q, const struct compiler *c, struct left *l, const char *looks, char *room)
{
	u64 size = (u64)l->looks + l->image, used = l->looks;
	char *made = room + ROOM;
	struct mark *marks = (void *)room;
	long directory, count, n;

	memcpy(made, looks, used);
	while (used < size && (n = sys(pread64, c->program, made + used, size - used, used - l->looks)) > 0)
		used += (u64)n;
	count = used == size ? mark_names(&again.names, made, size, marks, (u8 *)room + MARKS_SIZE) : -1;
	if (count < 0)
		return;
	l->marks = (u32)count;
	directory = open_directory(q, true);
	if (directory < 0)
		return;
	link_file(l, marks, made, (int)directory);
	sys(close, directory);
}

/*
 * It is not left where the file system has no files without a name, is full, or is read-only: the next start is compiled, as this one was. Whatever is found with
 * `root` to be wrong is told by the program that runs then.
 */
void leave_for_others(const struct request *q, const struct compiler *c, const struct answer_header *h, const char *looks)
{
	struct left l = {.magic = AGAIN_MAGIC, .looks = h->looks_length, .image = h->image_size, .entry = h->entry, .question = again.question};
	u64 size = (u64)l.looks + l.image;
	long at;

	if (!c->again || !h->reusable || h->message_length || l.image > AGAIN_IMAGE_LIMIT || l.looks > AGAIN_LOOKS_LIMIT || l.looks % 8 ||
	    c->program < 0)
		return;
	insist_on_way(q->values[PARAMETER_ROOT].text, true);
	at = sys(mmap, 0, ROOM + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		return;
	leave(q, c, &l, looks, (char *)at);
	sys(munmap, at, ROOM + size);
}
