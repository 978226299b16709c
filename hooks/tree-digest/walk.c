/*
 * The digest of a tree: SHA-256 over one record for each entry, in the order of a walk that takes the names of a directory in byte order:
 *
 *   TYPE MODE UID GID DETAIL ./PATH NUL
 *
 * TYPE is one of f d l c b p s, MODE octal; DETAIL is the SHA-256 of a file's content or of a link's target, major:minor of a device, and `-` of
 * all others: no record can be read in two ways. No times, no sizes, no numbers of inodes: two copies of a tree have one digest. What is mounted in it is left out.
 */
#include "digest.h"

#define PATH_SIZE 8192
#define BUFFER_SIZE 65536

static struct sha256 all;
static struct digest result;
static char path[PATH_SIZE];

struct entry {
	u64 inode, next;
	u16 length;
	u8 type;
	char name[];
};

static void hash_file(long directory, const char *name, char hex[65])
{
	static char buffer[BUFFER_SIZE];
	long fd = sys(openat, directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), n;
	struct sha256 one;

	if (fd < 0)
		fail_errno(fd, "read ", path);
	sha256_begin(&one);
	while ((n = sys(read, fd, buffer, sizeof(buffer))) > 0) {
		sha256_add(&one, buffer, (size_t)n);
		result.bytes += (u64)n;
	}
	sys(close, fd);
	if (n < 0)
		fail_errno(n, "read ", path);
	sha256_end(&one, hex);
}

static char letter(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFIFO:
		return 'p';
	default:
		return 's';
	}
}

static void hash_link(long directory, const char *name, char hex[65])
{
	static char target[PATH_SIZE];
	long n = sys(readlinkat, directory, name, target, sizeof(target));
	struct sha256 one;

	if (n < 0)
		fail_errno(n, "read the link ", path);
	sha256_begin(&one);
	sha256_add(&one, target, (size_t)n);
	sha256_end(&one, hex);
}

/*
 * Devices do not tell: a btrfs subvolume and many a file of an overlay have one of their own, a bind has not. Before Linux 5.8 they are all there is.
 */
static bool is_mounted(const struct statx *st, const struct statx *around)
{
	if (st->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return st->stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return st->stx_dev_major != around->stx_dev_major || st->stx_dev_minor != around->stx_dev_minor;
}

static void put_detail(struct text *t, long directory, const char *name, const struct statx *st)
{
	char hex[65];

	switch (letter(st->stx_mode)) {
	case 'f':
		hash_file(directory, name, hex);
		put_string(t, hex);
		break;
	case 'l':
		hash_link(directory, name, hex);
		put_string(t, hex);
		break;
	case 'c':
	case 'b':
		put_unsigned(t, st->stx_rdev_major, 10, 1);
		put_char(t, ':');
		put_unsigned(t, st->stx_rdev_minor, 10, 1);
		break;
	default:
		put_char(t, '-');
	}
}

static void take_entry(long directory, const char *name, const struct statx *st)
{
	static char record[2 * PATH_SIZE];
	struct text t = text_in(record, sizeof(record));

	put_char(&t, letter(st->stx_mode));
	put_char(&t, ' ');
	put_unsigned(&t, st->stx_mode & 07777, 8, 4);
	put_char(&t, ' ');
	put_unsigned(&t, st->stx_uid, 10, 1);
	put_char(&t, ' ');
	put_unsigned(&t, st->stx_gid, 10, 1);
	put_char(&t, ' ');
	put_detail(&t, directory, name, st);
	put_char(&t, ' ');
	put_string(&t, path);
	put_char(&t, 0);
	sha256_add(&all, record, t.used);
	result.entries++;
}

static bool is_before(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a < (u8)*b;
}

/* Heap sort: no more memory, no bad case. */
static void sift(const char **names, size_t at, size_t count)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		const char *kept = names[at];

		if (child + 1 < count && is_before(names[child], names[child + 1]))
			child++;
		if (!is_before(kept, names[child]))
			return;
		names[at] = names[child];
		names[child] = kept;
	}
}

static void sort(const char **names, size_t count)
{
	for (size_t i = count / 2; i--;)
		sift(names, i, count);
	while (count > 1) {
		const char *last = names[--count];

		names[count] = names[0];
		names[0] = last;
		sift(names, 0, count);
	}
}

/* The names one behind the other, then a list of them. */
static const char **names_in(long directory, size_t *count)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
	const char **names, *first = NULL, *at;
	long n;

	*count = 0;
	while ((n = sys(getdents64, directory, buffer, sizeof(buffer))) > 0)
		for (long offset = 0; offset < n;) {
			struct entry *entry = (struct entry *)(buffer + offset);

			offset += entry->length;
			if (equal(entry->name, ".") || equal(entry->name, ".."))
				continue;
			at = joined(entry->name, "");
			first = first ? first : at;
			++*count;
		}
	if (n < 0)
		fail_errno(n, "list ", path);
	names = room_for((*count + 1) * sizeof(*names));
	at = first;
	for (size_t i = 0; i < *count; i++) {
		names[i] = at;
		at += (strlen(at) + 1 + 15) & ~(size_t)15;
	}
	sort(names, *count);
	return names;
}

static void walk(long directory, size_t length, const struct statx *around)
{
	size_t mark = room_used(), count;
	const char **names = names_in(directory, &count);

	for (size_t i = 0; i < count; i++) {
		size_t more = strlen(names[i]);
		struct statx st;
		long error = sys(statx, directory, names[i], AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &st), inner;

		if (length + more + 2 > PATH_SIZE)
			fail(path, " is too long a path");
		path[length] = '/';
		memcpy(path + length + 1, names[i], more + 1);
		if (error)
			fail_errno(error, "look at ", path);
		if (is_mounted(&st, around))
			continue;
		take_entry(directory, names[i], &st);
		if (letter(st.stx_mode) != 'd')
			continue;
		inner = sys(openat, directory, names[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inner < 0)
			fail_errno(inner, "open ", path);
		walk(inner, length + 1 + more, &st);
		sys(close, inner);
	}
	path[length] = 0;
	give_back_to(mark);
}

struct digest digest_of(const char *tree)
{
	long root = sys(openat, AT_FDCWD, tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statx st;

	if (root < 0)
		fail_errno(root, "open the tree ", tree);
	sys(statx, root, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
	path[0] = '.';
	sha256_begin(&all);
	take_entry(root, ".", &st);
	walk(root, 1, &st);
	sha256_end(&all, result.hex);
	return result;
}
