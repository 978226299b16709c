/* Generations: mount namespaces that `tree prepare` and `skeleton create` have pinned, with a record of their shares beside each. */
#include <linux/mount.h>
#include <linux/openat2.h>

#include "environment.h"
#include "file-name.h"

#define AT_RECURSIVE_ 0x8000

struct share shares[MOST_SHARES];
unsigned share_count;

struct entry {
	u64 inode, next;
	u16 length;
	u8 type;
	char name[];
};

const char *file_name(const char *tree)
{
	size_t size = strlen(tree) * FILE_NAME_GROWTH + 1;
	struct text t = text_in(room_for(size), size);

	put_file_name(&t, tree);
	put_char(&t, 0);
	return t.at;
}

/* The number of `TREE@N.json`; 0: it is another file. */
static i64 generation_in(const char *name, const char *tree)
{
	const char *at = after(name, tree);
	i64 number = 0;

	if (!at || *at++ != '@')
		return 0;
	for (; *at >= '0' && *at <= '9' && number < 1000000000; at++)
		number = number * 10 + (*at - '0');
	return equal(at, ".json") ? number : 0;
}

/* The newest that is recorded: a generation counts from then on. */
bool find_generation(struct place *place, const char *name, bool (*fits)(i64 number))
{
	const char *file = file_name(name);
	static char buffer[32768] __attribute__((aligned(8)));
	i64 best = 0, number;
	long n;

	sys(lseek, place->pins, 0, 0 /* SEEK_SET */);
	while ((n = sys(getdents64, place->pins, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			struct entry *entry = (struct entry *)(buffer + at);

			at += entry->length;
			number = generation_in(entry->name, file);
			if (number > best && (!fits || fits(number)))
				best = number;
		}
	place->generation = joined(file, "@", decimal(best));
	return best > 0;
}

static void read_shares(struct json record, const char *path)
{
	struct json list = member(record, "shares"), one;
	const char *inside = NULL;

	if (kind_of(list) != '[')
		fail(path, ": it has no list of shares");
	for (; (one = next_in(list, &inside, NULL)).at; share_count++) {
		const char *share = text_of(member(one, "path"));

		if (!share || *share != '/' || share_count == MOST_SHARES)
			fail(path, ": its shares cannot be read");
		shares[share_count].path = share;
		shares[share_count].place = text_of(member(one, "place"));
		if (!shares[share_count].place)
			shares[share_count].place = share;
	}
}

struct statx look_at(long fd, const char *what)
{
	struct statx st;
	long error = sys(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &st);

	if (error)
		fail_errno(error, "look at ", what);
	return st;
}

const char *boot_id(void)
{
	struct bytes now;
	long error = read_path(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 4096, &now);

	if (error)
		fail_errno(error, "read /proc/sys/kernel/random/boot_id");
	while (now.size && now.at[now.size - 1] == '\n')
		now.at[--now.size] = 0;
	return now.at;
}

/* The record is that of this pin and of this boot; numbers of inodes come again. */
static void insist_on_pinned(struct json record, long pin, const char *path, const char *again)
{
	const char *boot = text_of(member(record, "boot"));
	struct statx st = look_at(pin, path);
	i64 inode = 0;

	if (!boot || !equal(boot, boot_id()))
		fail(path, " is of an earlier boot: ", again);
	if (!number_of(member(record, "inode"), &inode) || inode != (i64)st.stx_ino)
		fail(path, " is not of the mount namespace that is pinned there: ", again);
}

bool are_same(struct statx a, struct statx b)
{
	return a.stx_mnt_id == b.stx_mnt_id && a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
}

/* Whoever owns a directory on the way may have put a link there since: it is not followed. */
void clone_shares(const struct place *place)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};

	for (unsigned i = 0; i < share_count; i++) {
		long fd = sys(openat2, AT_FDCWD, shares[i].place, &how, sizeof(how));

		if (fd < 0)
			fail_errno(fd, "open ", shares[i].path, " of ", place->generation);
		shares[i].mount = sys(open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE_ | AT_EMPTY_PATH);
		if (shares[i].mount < 0)
			fail_errno(shares[i].mount, "clone ", shares[i].path, " of ", place->generation);
		sys(close, fd);
	}
}

struct json open_pin(struct place *place, const char *again)
{
	const char *path = joined(PINS "/", place->generation, ".json");
	struct bytes bytes;
	struct json record;
	long error = read_path(place->pins, joined(place->generation, ".json"), 16u << 20, &bytes);

	if (error)
		fail_errno(error, "read ", path);
	record = parse_json(bytes, path);
	place->pin = sys(openat, place->pins, place->generation, O_RDONLY | O_CLOEXEC);
	if (place->pin < 0)
		fail_errno(place->pin, "open " PINS "/", place->generation);
	insist_on_pinned(record, place->pin, path, again);
	return record;
}

void open_generation(struct place *place, const char *again)
{
	struct json record = open_pin(place, again);

	share_count = 0;
	read_shares(record, joined(PINS "/", place->generation, ".json"));
}
