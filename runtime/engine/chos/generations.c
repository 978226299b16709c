/*
 * Which generations of trees are prepared on this machine, as root tells users of them: a file NAME@N for each, in /run/chos-trees.public (runtime/compile/pins/publish.ts).
 * Numbers are given out for one boot of one machine, so none is believed for being in a file of the user's.
 */
#include "chos.h"

i64 generation_of(const char *name, const char **tree)
{
	size_t length = strlen(name), at = length;
	i64 number = 0;
	char *copy;

	while (at && name[at - 1] >= '0' && name[at - 1] <= '9')
		at--;
	if (at < 2 || at == length || length - at > 9 || name[at - 1] != '@')
		return 0;
	for (const char *digit = name + at; *digit; digit++)
		number = number * 10 + (*digit - '0');
	copy = pages(length);
	memcpy(copy, name, at - 1);
	*tree = copy;
	return number;
}

/* 0: it is none of this tree. */
static i64 number_in(const char *file, const char *prefix)
{
	const char *rest = after(file, prefix), *tree;

	return rest && *rest != '0' ? generation_of(joined("g@", rest, ""), &tree) : 0;
}

/* 0: there is none. */
static i64 newest_of(long directory, const char *tree)
{
	const char *prefix = joined(file_of(tree), "@", "");
	long all = sys(openat, directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), length;
	i64 newest = 0;

	if (all < 0)
		die("read the generations of", tree, (int)-all);
	while ((length = sys(getdents64, all, ENTRIES, ENTRIES_SIZE)) > 0)
		for (long at = 0; at < length;) {
			const struct directory_entry *e = (void *)(ENTRIES + at);
			i64 number = number_in(e->name, prefix);

			at += e->size;
			newest = number > newest ? number : newest;
		}
	if (length < 0)
		die("read the generations of", tree, (int)-length);
	sys(close, all);
	return newest;
}

static _Noreturn void die_of_missing(const char *name, const char *tree, i64 newest, const char *by)
{
	size_t size = 2 * strlen(name) + 2 * strlen(tree) + (by ? strlen(by) : 0) + 160;
	struct text t = text_in(pages(size), size);

	put_char(&t, '"');
	put_string(&t, name);
	put_char(&t, '"');
	if (by) {
		put_string(&t, ", chosen by ");
		put_string(&t, by);
	}
	put_string(&t, newest ? ", the newest is " : ", it has none of ");
	put_string(&t, tree);
	if (newest) {
		put_char(&t, '@');
		put_decimal(&t, newest);
	}
	put_char(&t, 0);
	die("this machine has no generation", t.at, 0);
}

void must_be_prepared(const char *name, const char *tree, const char *by)
{
	long directory = open_generations();
	struct statx st;
	/* None was ever prepared. */
	long error = directory == -ENOENT ? -ENOENT : directory < 0 ? directory : sys(statx, directory, file_of(name), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st);

	if (error && error != -ENOENT)
		die("look for the generation", name, (int)-error);
	if (error)
		die_of_missing(name, tree, directory < 0 ? 0 : newest_of(directory, tree), by);
	sys(close, directory);
}
