/* What the environment of a tree makes of the caller's. */
#include "chos.h"

size_t name_length(const char *entry)
{
	size_t length = 0;

	while (entry[length] && entry[length] != '=')
		length++;
	return length;
}

/* In the place of the entry with that name, or behind the last. */
void set_variable(char **envp, char *entry)
{
	size_t length = name_length(entry);

	for (; *envp; envp++)
		if (name_length(*envp) == length && !memcmp(*envp, entry, length))
			break;
	*envp = entry;
}

/* Before the value that is there, if that is not empty. */
static void prepend_variable(char **envp, const char *entry)
{
	size_t length = name_length(entry);
	const char *rest = "";

	for (char **one = envp; *one; one++)
		if (name_length(*one) == length && !memcmp(*one, entry, length) && (*one)[length])
			rest = *one + length + 1;
	set_variable(envp, (char *)(*rest ? joined(entry, ":", rest) : entry));
}

void unset_variable(char **envp, const char *name)
{
	char **to = envp;

	for (; *envp; envp++) {
		const char *rest = after(*envp, name);

		if (!rest || *rest != '=')
			*to++ = *envp;
	}
	*to = NULL;
}

/* What every program takes for granted, whatever a site keeps. */
bool is_basic(const char *name, size_t length)
{
	static const char basic[] = "HOME\0LOGNAME\0PATH\0SHELL\0TERM\0USER\0";

	for (const char *at = basic; *at; at += strlen(at) + 1)
		if (strlen(at) == length && !memcmp(at, name, length))
			return true;
	return false;
}

/* `at`: the records of the tree. */
static bool stays(const struct trees *t, const char *at, const char *entry)
{
	size_t length = name_length(entry);
	bool kept = true, named = is_basic(entry, length);
	struct record r;

	while (next_record(t, &at, &r) && !equal(r.key, "tree")) {
		bool fit = fits(r.value, entry, length);

		if (equal(r.key, "keep")) {
			kept = false;
			named = named || fit;
		}
		if (equal(r.key, "unset") && fit)
			return false;
	}
	return kept || named;
}

/*
 * The caller's, as far as the registry keeps it, what that has for the tree, and which tree it is; on the host (no tree) the caller's without that. Where nothing is known of
 * the tree, the process is in it, and has had all this when it came in. There is room for one more.
 */
char **environment(const struct trees *t, const char *tree)
{
	size_t count = 3;
	const char *at;
	struct record r;
	char **envp;

	for (char **one = process.envp; *one; one++)
		count++;
	at = tree ? tree_records(t, tree) : NULL;
	for (const char *one = at; one && next_record(t, &one, &r) && !equal(r.key, "tree");)
		count++;
	envp = pages(count * sizeof(*envp));
	count = 0;
	for (char **one = process.envp; *one; one++)
		if (!at || stays(t, at, *one))
			envp[count++] = *one;
	unset_variable(envp, "CHOS");
	if (at || !tree)
		unset_variable(envp, "CHOS_VIEW");
	while (at && next_record(t, &at, &r) && !equal(r.key, "tree"))
		if (equal(r.key, "env"))
			set_variable(envp, (char *)unescaped(r.value));
		else if (equal(r.key, "prepend"))
			prepend_variable(envp, unescaped(r.value));
	if (tree)
		set_variable(envp, (char *)joined("CHOS=", tree, ""));
	return envp;
}
