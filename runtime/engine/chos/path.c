/* Where a program of that name is, by the PATH of an environment. */
#include "chos.h"

/* execvp(3) without PATH. */
#define SEARCHED "/usr/local/bin:/usr/bin:/bin"

bool has_slash(const char *name)
{
	while (*name && *name != '/')
		name++;
	return *name;
}

const char *searched(char **envp)
{
	const char *path = NULL;

	for (; *envp && !path; envp++)
		path = after(*envp, "PATH=");
	return path ? path : SEARCHED;
}

/* In the next directory of *path, which is moved to the end of that, into PATH_SIZE bytes; false: that is too long. */
bool put_candidate(char *candidate, const char **path, const char *name)
{
	struct text t = text_in(candidate, PATH_SIZE - 1);

	while (**path && **path != ':')
		put_char(&t, *(*path)++);
	if (!t.used)
		put_char(&t, '.');
	put_char(&t, '/');
	put_string(&t, name);
	candidate[t.used] = 0;
	return !t.lost;
}

bool is_command(const char *name)
{
	const char *path = searched(process.envp);
	struct statx st;
	char *candidate;

	if (!*name)
		return false;
	if (has_slash(name))
		return !sys(statx, AT_FDCWD, name, 0, STATX_TYPE | STATX_MODE, &st) && (st.stx_mode & S_IFMT) == S_IFREG && st.stx_mode & 0111;
	candidate = pages(PATH_SIZE);
	do
		if (put_candidate(candidate, &path, name) && is_command(candidate))
			return true;
	while (*path++);
	return false;
}
