/* The site's registry of trees, as far as hooks need it (docs/trees.md): the files of /etc/chos.d. */
#include "frame.h"

#define REGISTRY "/etc/chos.d"
#define FILE_MOST (1u << 20)

struct entry {
	u64 inode, next;
	u16 length;
	u8 type;
	char name[];
};

/* False: it has gone, or is a link to nothing. */
static bool read_trusted(long directory, const char *name, const char *path, struct bytes *bytes)
{
	long fd = sys(openat, directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error;

	if (fd == -ENOENT)
		return false;
	if (fd < 0)
		fail_errno(fd, "open ", path);
	/* Of a link: where it leads to. */
	insist_on_trusted(fd, path, S_IFREG);
	error = read_all(fd, FILE_MOST, bytes);
	if (error)
		fail_errno(error, "read ", path);
	sys(close, fd);
	return true;
}

void each_json_file(const char *directory, void (*take)(struct json file, const char *path, void *context), void *context)
{
	static char buffer[32768] __attribute__((aligned(8)));
	long fd = sys(openat, AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n;

	if (fd == -ENOENT)
		return;
	if (fd < 0)
		fail_errno(fd, "open ", directory);
	insist_on_trusted(fd, directory, S_IFDIR);
	while ((n = sys(getdents64, fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			struct entry *entry = (struct entry *)(buffer + at);
			size_t length = strlen(entry->name);
			const char *path;
			struct bytes bytes;

			at += entry->length;
			if (length < 6 || !equal(entry->name + length - 5, ".json") || *entry->name == '.')
				continue;
			path = joined(directory, "/", entry->name);
			if (read_trusted(fd, entry->name, path, &bytes))
				take(parse_json(bytes, path), path, context);
		}
	if (n < 0)
		fail_errno(n, "read ", directory);
	sys(close, fd);
}

void each_registry_file(void (*take)(struct json file, const char *path, void *context), void *context)
{
	each_json_file(REGISTRY, take, context);
}

const char *tree_of_generation(const char *generation)
{
	char *name = (char *)joined(generation, "");

	for (char *at = name; *at; at++)
		if (*at == '@') {
			*at = 0;
			return name;
		}
	return NULL;
}

static void find_default(struct json file, const char *path, void *context)
{
	const char *name = text_of(member(file, "default"));

	(void)path;
	if (name)
		*(const char **)context = name;
}

const char *tree_named(const char *name)
{
	if (equal(name, "default"))
		each_registry_file(find_default, &name);
	return name;
}

const char *chosen_tree(struct json annotations)
{
	const char *tree = text_of(member(annotations, "org.chos.tree")), *generation = text_of(member(annotations, "org.chos.environment"));

	return tree ? tree_named(tree) : generation ? tree_of_generation(generation) : NULL;
}

static struct json of_tree;
static const char *registered_in;

static void take_tree(struct json file, const char *path, void *context)
{
	const char *tree = context;
	struct json found = member(member(file, "trees"), tree);

	if (!found.at)
		return;
	if (registered_in)
		fail(registered_in, " and ", path, " both register the tree ", tree);
	registered_in = path;
	of_tree = found;
}

struct json registered_tree(const char *tree)
{
	of_tree = (struct json){NULL, NULL};
	registered_in = NULL;
	each_registry_file(take_tree, (void *)tree);
	return of_tree;
}

struct shares {
	const char *tree;
	void (*take)(struct json list, const char *because);
	bool has_own;
};

static void take_own(struct json file, const char *path, void *context)
{
	struct shares *wish = context;
	struct json own = member(member(member(file, "trees"), wish->tree), "shares");

	if (!own.at)
		return;
	wish->has_own = true;
	wish->take(own, joined(path, " trees.", wish->tree, ".shares"));
}

/* docs/trees.md: the shares of the file that registers it, and those of files without trees. */
static void take_site(struct json file, const char *path, void *context)
{
	const struct shares *wish = context;
	struct json trees = member(file, "trees"), list = member(file, "shares");

	if (list.at && (!trees.at || member(trees, wish->tree).at))
		wish->take(list, joined(path, " shares"));
}

void each_list_of_shares(const char *tree, void (*take)(struct json list, const char *because))
{
	struct shares wish = {.tree = tree, .take = take};

	each_registry_file(take_own, &wish);
	if (!wish.has_own)
		each_registry_file(take_site, &wish);
}
