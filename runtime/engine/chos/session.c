/*
 * What this process is in already: a login (docs/login.md), which pam_chos has put into an environment, or the tree that `chos` itself has entered. Both leave `PROOF NAME` in
 * the environment, each in a variable of its own: what the mount namespace is called, or where the kernel's link leads, and what was entered. Whoever carries the variable
 * elsewhere finds that it is not so there.
 */
#include "chos.h"

#define MARK "CHOS_SESSION"
#define VIEW_MARK "CHOS_VIEW"
#define PATH_SIZE 4097

static const char mount_namespace[] = "/proc/self/ns/mnt", kernel_link[] = "/proc/chos/link";

/* Where the kernel's link leads nowhere, it is "/", and proves nothing. */
static const char *proof_of(const char *link)
{
	char *proof = pages(PATH_SIZE);

	return sys(readlinkat, AT_FDCWD, link, proof, PATH_SIZE - 1) > 1 ? proof : NULL;
}

static const char *name_behind(const char *mark, const char *link)
{
	const char *proof = proof_of(link), *rest = proof ? after(mark, proof) : NULL;

	return rest && *rest == ' ' && rest[1] ? rest + 1 : NULL;
}

static const char *environment_of(const char *variable_name)
{
	const char *mark = variable(variable_name), *name;

	if (!mark)
		return NULL;
	name = name_behind(mark, mount_namespace);
	return name ? name : name_behind(mark, kernel_link);
}

const char *session_environment(void)
{
	return environment_of(MARK);
}

const char *entered_tree(void)
{
	return environment_of(VIEW_MARK);
}

const char *view_mark(const char *tree)
{
	const char *proof = proof_of(kernel_link);

	proof = proof ? proof : proof_of(mount_namespace);
	return proof ? joined(joined(VIEW_MARK "=", proof, " "), tree, "") : NULL;
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
