/*
 * The kernel's link (docs/kernel-link.md): one skeleton holds the shares of all trees, live, and no tree needs a generation of its own. The root of the container
 * stays the tree and does not become the skeleton: whoever enters a container later (`exec`) is started by its runtime without a link, and would find no /bin.
 */
#include <asm/ioctl.h>

#include "environment.h"

#define LINKS "/proc/chos/setchos"
#define SKELETON "/sys/module/chos/parameters/skeleton"

/* kmod/uapi/linux/chos.h: struct chos_link, CHOS_IOC_SET_LINK. */
struct link {
	u32 size;
	int pidfd;
	u32 flags, path_len;
	u64 path;
};
#define SET_LINK _IOWR(0xC5, 1, struct link)

static const char *path_of_skeleton(void)
{
	struct bytes text;

	if (read_path(AT_FDCWD, SKELETON, 8192, &text))
		return "/chos";
	while (text.size && text.at[text.size - 1] == '\n')
		text.at[--text.size] = 0;
	return text.size ? text.at : "/chos";
}

static bool seen[MOST_SHARES];
static const char *missing;

/* What the registry calls optional the skeleton has only if the host has it. */
static void look_for(struct json list, const char *because)
{
	const char *inside = NULL;
	struct json one;

	(void)because;
	while ((one = next_in(list, &inside, NULL)).at) {
		const char *path = kind_of(one) == '"' ? text_of(one) : text_of(member(one, "path"));
		unsigned i = 0;

		while (path && i < share_count && !equal(shares[i].path, path))
			i++;
		if (path && i < share_count)
			seen[i] = true;
		else if (kind_of(member(one, "optional")) != 't')
			missing = path ? path : "?";
	}
}

/* A tree may have shares of its own. */
static bool shows_shares_of(const char *tree)
{
	each_list_of_shares(tree, look_for);
	for (unsigned i = 0; i < share_count; i++)
		if (!seen[i])
			return false;
	return !missing;
}

static bool is_otherwise(struct json registered)
{
	const char *back_end = text_of(member(registered, "backEnd"));

	return back_end && !equal(back_end, "auto") && !equal(back_end, "kmod");
}

const char *take_link(struct place *place, const char *tree, i64 pid)
{
	struct json registered = registered_tree(tree);
	const char *path = text_of(member(registered, "path")), *skeleton;
	struct link link = {.size = sizeof(link)};
	long links = sys(openat, AT_FDCWD, LINKS, O_RDONLY | O_CLOEXEC), error;

	if (links == -ENOENT)
		return "the kernel module chos is not loaded";
	if (links < 0)
		return joined("open " LINKS ": ", words_of_errno(links));
	if (!path || is_otherwise(registered))
		return path ? "the registry gives the tree another back end" : "the tree is not in /etc/chos.d";
	skeleton = path_of_skeleton();
	if (place->pins < 0 || !find_generation(place, skeleton, NULL))
		return joined("there is no skeleton ", skeleton, ": chos-runtime skeleton create");
	open_generation(place, "chos-runtime skeleton create");
	if (!shows_shares_of(tree))
		return joined("the skeleton ", skeleton, " shows other shares than the tree has");
	link.pidfd = (int)sys(pidfd_open, pid, 0);
	if (link.pidfd < 0)
		fail_errno(link.pidfd, "hold process ", decimal(pid), " of the container");
	link.path = (u64)path;
	link.path_len = (u32)strlen(path);
	error = sys(ioctl, links, SET_LINK, &link);
	sys(close, link.pidfd);
	sys(close, links);
	return error ? joined("the kernel does not take ", path, " (", words_of_errno(error), "): chos-runtime tree load") : NULL;
}
