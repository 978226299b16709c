/*
 * The login that this process is part of (docs/login.md). pam_chos has left `PROOF NAME` in the environment: what the mount namespace is called, or where the kernel's link
 * leads, and what was entered. Whoever carries the variable elsewhere finds that it is not so there.
 */
#include "chos.h"

#define MARK "CHOS_SESSION"
#define PATH_SIZE 4097

static const char *name_behind(const char *mark, const char *link)
{
	char *proof = pages(PATH_SIZE);
	long length = sys(readlinkat, AT_FDCWD, link, proof, PATH_SIZE - 1);
	const char *rest = length > 1 ? after(mark, proof) : NULL;

	return rest && *rest == ' ' && rest[1] ? rest + 1 : NULL;
}

const char *session_environment(void)
{
	const char *mark = variable(MARK), *name;

	if (!mark)
		return NULL;
	name = name_behind(mark, "/proc/self/ns/mnt");
	return name ? name : name_behind(mark, "/proc/chos/link");
}

/* NAME is in NAME@7. */
bool is_session(const char *session, const char *name)
{
	const char *tree;

	return equal(session, name) || (generation_of(session, &tree) && equal(tree, name));
}

_Noreturn void die_in_session(const char *session, const char *wanted)
{
	if (wanted)
		die(joined("this login is in ", session, ":"), joined(wanted, " is entered from the host, or by a login of its own", ""), 0);
	die(joined("leave: this login is in ", session, ""), "and stays there until it ends (chos --set /: the next one is on the host)", 0);
}
