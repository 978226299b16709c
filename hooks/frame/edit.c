/* A config.json with something added: what is there stays as it is, byte for byte. For hooks of the stage `precreate`. */
#include "frame.h"

#define MOST 512

static struct {
	const char *at, *text;
	size_t instead_of; /* bytes of what is there */
} added[MOST];
static unsigned count;

static void add_at(const char *at, const char *text, size_t instead_of)
{
	if (count == MOST)
		fail("adds more than ", decimal(MOST), " entries to config.json");
	added[count].at = at;
	added[count].instead_of = instead_of;
	added[count++].text = text;
}

const char *quoted(const char *text)
{
	size_t size = strlen(text) * 6 + 3;
	struct text t = text_in(room_for(size), size);

	put_char(&t, '"');
	put_json(&t, text, strlen(text));
	put_char(&t, '"');
	put_char(&t, 0);
	return t.at;
}

void add_into(struct json collection, const char *entry)
{
	const char *inside = NULL, *end = collection.end - 1;
	bool comma = next_in(collection, &inside, NULL).at != NULL;

	for (unsigned i = 0; i < count; i++)
		comma |= added[i].at == end;
	add_at(end, comma ? joined(",", entry) : entry, 0);
}

/* The latest text counts. */
void put_instead(struct json value, const char *text)
{
	for (unsigned i = 0; i < count; i++)
		if (added[i].at == value.at && added[i].instead_of) {
			added[i].text = text;
			return;
		}
	add_at(value.at, text, (size_t)(value.end - value.at));
}

void collect(struct list *list, const char *entry)
{
	for (unsigned i = 0; i < list->count; i++)
		if (equal(list->entries[i], entry))
			return;
	if (list->count == sizeof(list->entries) / sizeof(*list->entries))
		fail("more than ", decimal((i64)list->count), " entries of a kind");
	list->entries[list->count++] = entry;
}

const char *as_list(const struct list *list)
{
	const char *text = "[";

	for (unsigned i = 0; i < list->count; i++)
		text = joined(text, i ? "," : "", list->entries[i]);
	return joined(text, "]");
}

void add_list(struct json parent, const char *name, const struct list *list)
{
	struct json there = member(parent, name);

	if (!list->count)
		return;
	if (kind_of(there) == '[')
		for (unsigned i = 0; i < list->count; i++)
			add_into(there, list->entries[i]);
	else if (kind_of(there) == 'n')
		put_instead(there, as_list(list));
	else if (there.at)
		fail("config.json: \"", name, "\" is no list");
	else
		add_into(parent, joined("\"", name, "\":", as_list(list)));
}

/* In the order of the places; those of one place in that in which they came. */
static unsigned next_added(const char *from, const char *to, bool *taken)
{
	unsigned best = count;

	for (unsigned i = 0; i < count; i++)
		if (!taken[i] && added[i].at >= from && added[i].at < to && (best == count || added[i].at < added[best].at))
			best = i;
	return best;
}

void print_edited(long to, struct json whole)
{
	static bool taken[MOST];
	const char *at = whole.at, *end = whole.end;
	unsigned i;
	int error = 0;

	while (!error && (i = next_added(at, whole.end, taken)) < count) {
		taken[i] = true;
		error = write_all((int)to, at, (size_t)(added[i].at - at));
		at = added[i].at;
		if (!error)
			error = write_all((int)to, added[i].text, strlen(added[i].text));
		at += added[i].instead_of;
	}
	/* White space, as parse_json() has seen, then a NUL (struct bytes). */
	while (*end)
		end++;
	if (!error)
		error = write_all((int)to, at, (size_t)(end - at));
	if (error)
		fail_errno(error, "write config.json");
}

static void unlink_path(const char *path)
{
	sys(unlinkat, AT_FDCWD, path, 0);
}

/* Mode and owner stay: what stands in it may be nobody else's business. */
void write_edited(struct json config, const char *path)
{
	const char *part = joined(path, ".part");
	struct statx st;
	long fd, error = sys(statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &st);

	if (error)
		fail_errno(error, "look at ", path);
	unlink_path(part);
	fd = sys(openat, AT_FDCWD, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		fail_errno(fd, "make ", part);
	take_back_by(unlink_path, part);
	error = sys(fchown, fd, st.stx_uid, st.stx_gid);
	if (!error)
		error = sys(fchmod, fd, st.stx_mode & 07777);
	if (error)
		fail_errno(error, "give ", part, " the owner and mode of ", path);
	print_edited(fd, config);
	error = sys(fsync, fd);
	if (!error)
		error = sys(renameat, AT_FDCWD, part, AT_FDCWD, path);
	if (error)
		fail_errno(error, "write ", path);
	keep_all();
}
