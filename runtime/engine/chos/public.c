/*
 * What root has written for all (docs/chos.md): used only if it is root's and nobody else can write it, nor to a directory on the way. Each is opened once, and what
 * was judged is what is used.
 */
#include "chos.h"

#ifndef PUBLIC_DIRECTORY
#define PUBLIC_DIRECTORY "/run/chos"
#endif
#define STICKY 01000
#define NAME_SIZE 256

/* Beside it stands what is prepared (spec/environment.ts, PUBLIC). */
#define GENERATIONS "-trees.public"

static const char *public_directory(void)
{
#ifdef ENGINE_DEBUG
	const char *other = variable("CHOS_PUBLIC");

	if (other)
		return other;
#endif
	return PUBLIC_DIRECTORY;
}

static _Noreturn void refuse(const char *place, const char *name, const struct statx *st)
{
	size_t size = strlen(place) + strlen(name) + 160;
	struct text t = text_in(pages(size), size);

	/* What a user has put together for himself. */
	if (equal(name, "/") && st->stx_uid) {
		put_decimal(&t, st->stx_uid);
		put_char(&t, 0);
		die("the root of this view belongs to user", joined(t.at, ": it is that of a tree, out of which no other is entered; leave it first", ""), 0);
	}
	put_string(&t, name);
	put_string(&t, " below ");
	put_string(&t, place);
	put_string(&t, ": owner ");
	put_decimal(&t, st->stx_uid);
	put_string(&t, ", mode ");
	put_unsigned(&t, st->stx_mode & 07777, 8, 1);
	put_string(&t, "; only root may own it, and nobody else write to it");
	put_char(&t, 0);
	die("refuses", t.at, 0);
}

/* Closes `parent`. In a directory that all may write to, a sticky one, nobody can replace what is root's. */
static long open_judged(const char *place, long parent, const char *name, unsigned type, bool last, u64 *size)
{
	u64 flags = type == S_IFDIR ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY;
	long fd = sys(openat, parent, name, flags | O_NOFOLLOW | O_CLOEXEC), error;
	struct statx st;

	if (parent >= 0)
		sys(close, parent);
	if (fd < 0)
		return fd;
	error = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_UID | STATX_SIZE, &st);
	if (error)
		die("look at", name, (int)-error);
	if ((st.stx_mode & S_IFMT) != type || st.stx_uid || (st.stx_mode & 022 && (last || !(st.stx_mode & STICKY))))
		refuse(place, name, &st);
	*size = st.stx_size;
	return fd;
}

static long open_place(const char *place, u64 *size)
{
	long fd = open_judged(place, AT_FDCWD, "/", S_IFDIR, false, size);
	const char *rest = place;

	while (fd >= 0 && *rest) {
		char part[NAME_SIZE];
		struct text t = text_in(part, sizeof(part) - 1);

		while (*rest == '/')
			rest++;
		while (*rest && *rest != '/')
			put_char(&t, *rest++);
		part[t.used] = 0;
		if (t.lost)
			return -ENAMETOOLONG;
		if (t.used)
			fd = open_judged(place, fd, part, S_IFDIR, !*rest, size);
	}
	return fd;
}

/* `directory`: one below, or NULL. */
long open_public(const char *directory, const char *name, u64 *size)
{
	const char *place = public_directory();
	long fd = open_place(place, size);

	if (fd >= 0 && directory)
		fd = open_judged(place, fd, directory, S_IFDIR, true, size);
	return fd < 0 ? fd : open_judged(place, fd, name, S_IFREG, true, size);
}

long open_generations(void)
{
	u64 size;

	return open_place(joined(public_directory(), GENERATIONS, ""), &size);
}
