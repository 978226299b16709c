/*
 * The environment that this process is in already: that of its login (docs/login.md) or of a `chos` that it stems from (docs/chos.md, "Inside a tree"). Whoever has entered it
 * has left `PROOF NAME` in the environment: what the mount namespace is called, or where the kernel's link leads, and which directory the root is. Whoever carries the variable
 * elsewhere, to another machine too, finds that it is not so there.
 */
#include "chos.h"

#define LOGIN_MARK "CHOS_SESSION"
#define VIEW_MARK "CHOS_VIEW"
#define NAMESPACE "/proc/self/ns/mnt"
#define LINK "/proc/chos/link"
#define LINK_SIZE 4097

/* NULL: it leads nowhere, or cannot be read. */
static const char *text_of(const char *link)
{
	char *text = pages(LINK_SIZE);

	return sys(readlinkat, AT_FDCWD, link, text, LINK_SIZE - 1) > 1 ? text : NULL;
}

static const char *proof_by(const char *link)
{
	size_t size = LINK_SIZE + 64;
	const char *text = text_of(link);
	struct text t = text_in(pages(size), size - 1);
	struct statx root;

	if (!text || sys(statx, AT_FDCWD, "/", 0, STATX_INO, &root))
		return NULL;
	put_string(&t, text);
	put_char(&t, ' ');
	put_decimal(&t, root.stx_dev_major);
	put_char(&t, ':');
	put_decimal(&t, root.stx_dev_minor);
	put_char(&t, ':');
	put_unsigned(&t, root.stx_ino, 10, 1);
	return t.at;
}

/* Only root learns it, whom somebody else's environment may have come along with (su(1), sudo -E): that of process 1 is the host's, and no tree's. */
static bool is_namespace_of_host(void)
{
	const char *host = text_of("/proc/1/ns/mnt"), *own = host ? text_of(NAMESPACE) : NULL;

	return own && equal(own, host);
}

static const char *name_behind(const char *mark, const char *link)
{
	const char *proof = mark ? proof_by(link) : NULL, *rest = proof ? after(mark, proof) : NULL;

	return rest && *rest == ' ' && rest[1] ? rest + 1 : NULL;
}

/* The root that the link is for. Anybody may set the link alone, and it goes along with sudo(8), too: it says nothing of where its process is. */
static bool is_in_skeleton(void)
{
	const char *bin = text_of("/bin");

	return bin && after(bin, LINK "/");
}

/* A line of /proc/self/uid_map. */
struct ids {
	u64 inside, outside, count;
};

/* None where there is no /proc; what else keeps it from being read is the end, as it says nothing of where this is. */
static struct ids read_ids(void)
{
	static const char path[] = "/proc/self/uid_map";
	char map[64];
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	long length = fd < 0 ? fd : sys(read, fd, map, sizeof(map) - 1);
	u64 numbers[3] = {0, 0, 0};
	const char *at = map;

	if (fd >= 0)
		sys(close, fd);
	if (length < 0 && length != -ENOENT)
		die("read", path, (int)-length);
	map[length > 0 ? length : 0] = 0;
	for (unsigned i = 0; i < 3; i++) {
		while (*at == ' ')
			at++;
		while (*at >= '0' && *at <= '9')
			numbers[i] = numbers[i] * 10 + (u64)(*at++ - '0');
	}
	return (struct ids){numbers[0], numbers[1], numbers[2]};
}

/* Of all ids, and so the host's; where it cannot be read, nothing says so. */
bool is_host_ids(void)
{
	return read_ids().count == UINT32_MAX;
}

/* The root is root's, or in a user namespace that has no other id than the caller's. What another user has put together says nothing of where root is that looks into it. */
static bool is_own_root(const struct account *a)
{
	struct statx root;
	struct ids ids;

	if (sys(statx, AT_FDCWD, "/", 0, STATX_UID, &root))
		return false;
	if (!root.stx_uid)
		return true;
	ids = read_ids();
	return ids.count == 1 && ids.inside == a->uid && ids.outside == a->uid;
}

bool find_session(const struct account *a, struct session *s)
{
	const char *view = variable(VIEW_MARK), *login = variable(LOGIN_MARK);
	bool linked;

	*s = (struct session){.name = NULL};
	if ((!view && !login) || !is_own_root(a))
		return false;
	linked = is_in_skeleton();
	s->name = linked ? name_behind(view, LINK) : NULL;
	s->linked = s->name;
	if (!s->name && !is_namespace_of_host())
		s->name = name_behind(view, NAMESPACE);
	if (s->name)
		return true;
	s->login = true;
	s->name = linked ? name_behind(login, LINK) : NULL;
	if (!s->name && !is_namespace_of_host())
		s->name = name_behind(login, NAMESPACE);
	return s->name;
}

/* NULL: it cannot be told. By the link a process stays in its mount namespace, which proves nothing then. */
const char *view_mark(const char *tree)
{
	const char *proof = proof_by(LINK);

	proof = proof ? proof : proof_by(NAMESPACE);
	return proof ? joined(joined(VIEW_MARK "=", proof, " "), tree, "") : NULL;
}

/* NAME is in NAME@7. */
bool is_session(const struct session *s, const char *name)
{
	const char *tree;

	return equal(s->name, name) || (generation_of(s->name, &tree) && equal(tree, name));
}

static const char *where(const struct session *s)
{
	return joined(s->login ? "this login is in " : "this is in ", s->name, "");
}

_Noreturn void die_in_session(const struct session *s, const char *wanted)
{
	static const char by_login[] = " is entered from the host, or by a login of its own";
	static const char by_link[] = " is entered from the host: exec chos / leaves, in the shell that chos has started";
	static const char by_mounts[] = " is entered from the host: end what chos has started here first (exit)";

	if (wanted)
		die(joined(where(s), ":", ""), joined(wanted, s->login ? by_login : s->linked ? by_link : by_mounts, ""), 0);
	die(joined("leave: ", where(s), ""),
	    s->login ? "and stays there until it ends (chos --set /: the next one is on the host)" : "by mounts of its own, and stays there until it ends (exit)", 0);
}

_Noreturn void die_without_list(const struct session *s)
{
	die(joined(where(s), ":", ""), "the list of trees is the host's, and not to be seen from here", 0);
}
