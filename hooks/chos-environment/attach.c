/* Where the shares come to be in a container that is being made. */
#include <asm/statfs.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>

#include "environment.h"

/* An image may have a link there that leads to it. */
static void insist_on_no_procfs(long place, const char *path, const char *root)
{
	struct statfs st;
	long error = sys(fstatfs, place, &st);

	if (error)
		fail_errno(error, "look at ", path, " in ", root);
	if (st.f_type == PROC_SUPER_MAGIC)
		fail("the place of ", path, " in ", root, " is on procfs");
}

/* `/home//alice/` is /home/alice. */
static const char *plain_path(const char *path)
{
	size_t size = strlen(path) + 2;
	struct text t = text_in(room_for(size), size);

	while (*path) {
		const char *from = path;

		while (*path && *path != '/')
			path++;
		if (path - from == 2 && from[0] == '.' && from[1] == '.') {
			while (t.used && t.at[--t.used] != '/')
				;
		} else if (path > from && !(path - from == 1 && *from == '.')) {
			put_char(&t, '/');
			put_bytes(&t, from, (size_t)(path - from));
		}
		while (*path == '/')
			path++;
	}
	if (!t.used)
		put_char(&t, '/');
	put_char(&t, 0);
	return t.at;
}

/* What config.json mounts at that place itself, it wants there. What it mounts below, nobody would see any more. */
void leave_to_config(struct json config)
{
	const char *inside = NULL, *target, *below;
	struct json one;
	unsigned kept;

	while ((one = next_in(member(config, "mounts"), &inside, NULL)).at) {
		target = text_of(member(one, "destination"));
		if (!target)
			continue;
		target = plain_path(target);
		kept = 0;
		for (unsigned i = 0; i < share_count; i++) {
			size_t used = room_used();

			below = after(target, plain_path(shares[i].path));
			give_back_to(used);
			if (below && *below == '/')
				fail("the share ", shares[i].path, " would hide what config.json mounts on ", target);
			if (!below || *below)
				shares[kept++] = shares[i];
		}
		share_count = kept;
	}
}

static long open_below(long top, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	return sys(openat2, top, path, &how, sizeof(how));
}

static const char *around(const char *path)
{
	char *copy = (char *)joined(path, ""), *end = copy + strlen(copy);

	while (end > copy && *end != '/')
		end--;
	*end = 0;
	return *copy ? copy : "/";
}

/* From the place of a mount upwards to the root; a file has no `..`. */
static void insist_on_seen(long top, const char *target, const struct statx *places)
{
	struct statx above = look_at(top, "the root"), st;
	long fd = open_below(top, target), next, steps = 4096;

	while (fd >= 0 && steps-- && !are_same(st = look_at(fd, target), above)) {
		for (unsigned i = 0; i < share_count; i++)
			if (are_same(st, places[i]))
				fail("the share ", shares[i].path, " would hide what config.json mounts on ", target);
		next = (st.stx_mode & S_IFMT) == S_IFDIR ? sys(openat, fd, "..", O_PATH | O_CLOEXEC) : open_below(top, around(target));
		sys(close, fd);
		fd = next;
	}
	if (fd >= 0)
		sys(close, fd);
}

/* Two paths may be one place, by a link in the tree. What is not there has nothing below it. */
static void insist_on_nothing_hidden(long top, struct json config)
{
	struct statx *places = room_for(share_count * sizeof(*places));
	const char *inside = NULL, *target;
	struct json one;

	for (unsigned i = 0; i < share_count; i++) {
		long fd = open_below(top, shares[i].path);

		places[i] = (struct statx){0};
		if (fd < 0)
			continue;
		places[i] = look_at(fd, shares[i].path);
		sys(close, fd);
	}
	while ((one = next_in(member(config, "mounts"), &inside, NULL)).at)
		if ((target = text_of(member(one, "destination"))))
			insist_on_seen(top, plain_path(target), places);
}

void attach_shares(const char *root, struct json config)
{
	long top = sys(openat, AT_FDCWD, root, O_PATH | O_DIRECTORY | O_CLOEXEC), place, error;

	if (top < 0)
		fail_errno(top, "open the root ", root);
	insist_on_nothing_hidden(top, config);
	for (unsigned i = 0; i < share_count; i++) {
		place = open_below(top, shares[i].path);
		if (place < 0)
			fail_errno(place, "find the place of ", shares[i].path, " in ", root);
		insist_on_no_procfs(place, shares[i].path, root);
		error = sys(move_mount, shares[i].mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		if (error)
			fail_errno(error, "show ", shares[i].path, " in ", root);
		sys(close, place);
	}
}
