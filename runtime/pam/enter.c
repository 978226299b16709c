/* Into an environment, and back. The caller is root. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "entrance.h"

#define LINK "/proc/chos/setchos"

/* kmod/uapi/linux/chos.h: struct chos_link, CHOS_IOC_SET_LINK. */
struct link {
	uint32_t size;
	int32_t pidfd;
	uint32_t flags, path_len;
	uint64_t path;
};
#define SET_LINK _IOWR(0xC5, 1, struct link)

static bool failed(char *words, const char *what, const char *object)
{
	snprintf(words, WORDS_SIZE, "%s %s: %s", what, object, strerror(errno));
	return false;
}

void forget_way(struct way *way)
{
	if (way->namespace >= 0)
		close(way->namespace);
	if (way->root >= 0)
		close(way->root);
	*way = (struct way){.namespace = -1, .root = -1};
}

/* Never one of 0 to 2: a caller that has closed these opens files of its own there, and could not be led back. */
static int open_above(const char *path, int flags)
{
	int low = open(path, flags | O_CLOEXEC), fd = low, error;

	if (low < 0 || low > 2)
		return low;
	fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
	error = errno;
	close(low);
	errno = error;
	return fd;
}

static bool remember_way(struct way *way, char *words)
{
	struct stat st;

	*way = (struct way){.namespace = open_above("/proc/self/ns/mnt", O_RDONLY), .root = open_above("/", O_PATH | O_DIRECTORY)};
	if (way->namespace < 0 || fstat(way->namespace, &st))
		return failed(words, "open", "/proc/self/ns/mnt");
	way->inode = st.st_ino;
	if (way->root < 0 || fstat(way->root, &st))
		return failed(words, "open", "/");
	way->root_device = st.st_dev;
	way->root_inode = st.st_ino;
	return true;
}

/* An empty path forgets it. */
static bool set_link(const char *path)
{
	struct link link = {.size = sizeof(link), .pidfd = -1, .path_len = (uint32_t)strlen(path), .path = (uint64_t)(uintptr_t)path};
	int fd = open(LINK, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return false;
	error = ioctl(fd, SET_LINK, &link) ? errno : 0;
	close(fd);
	errno = error;
	return !error;
}

static bool go_to_root(int root)
{
	return !fchdir(root) && !chroot(".");
}

/*
 * A copy of it: root, who is there until the login has become its user and by set-user-ID programs later, must not take a mount from all others
 * (docs/architecture.md, "Rules of shared views"). Threads of a process have one root, and a namespace is entered by none of them alone.
 */
static bool join_generation(const struct answer *a, const struct way *way, char *words)
{
	int pin = open(a->pin, O_RDONLY | O_CLOEXEC), error;
	struct stat st;
	char inode[24];
	bool joined = false;

	if (pin < 0)
		return failed(words, "open", a->pin);
	error = fstat(pin, &st) ? errno : 0;
	snprintf(inode, sizeof(inode), "%ju", (uintmax_t)st.st_ino);
	/* It was released and made anew since. */
	if (!error && strcmp(inode, a->inode))
		error = ESTALE;
	if (!error && !(joined = !setns(pin, CLONE_NEWNS)))
		error = errno;
	if (!error && unshare(CLONE_NEWNS))
		error = errno;
	close(pin);
	errno = error;
	if (!error)
		return true;
	if (joined && !setns(way->namespace, CLONE_NEWNS))
		go_to_root(way->root);
	errno = error;
	if (error != EINVAL)
		return failed(words, "enter", a->pin);
	snprintf(words, WORDS_SIZE, "enter %s: the program that opens the session has several threads, or shares its root", a->pin);
	return false;
}

/* The record is there before and after, so that `skeleton remove` either finds this process inside or lets it fail (docs/chos.md). */
static bool follow_link(const struct answer *a, const struct way *way, char *words)
{
	struct stat before, after;
	int skeleton;
	bool entered;

	if (stat(a->record, &before)) {
		snprintf(words, WORDS_SIZE, "the skeleton %s is not there: root runs chos-runtime skeleton create", a->skeleton);
		return false;
	}
	skeleton = open(a->skeleton, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (skeleton < 0)
		return failed(words, "open", a->skeleton);
	if (!set_link(a->link)) {
		failed(words, "set the kernel's link to", a->link);
		close(skeleton);
		return false;
	}
	entered = !stat(a->record, &after) && before.st_ino == after.st_ino && go_to_root(skeleton);
	close(skeleton);
	if (entered)
		return true;
	snprintf(words, WORDS_SIZE, "the skeleton %s is being removed", a->skeleton);
	go_to_root(way->root);
	set_link("");
	return false;
}

/* As its user: root may be nobody on a file server. What the environment lacks is "/", until the login goes to the home. */
static void go_to_directory(const char *directory, uid_t uid)
{
	if (!*directory || *directory != '/')
		return;
	setfsuid(uid);
	if (chdir(directory) && chdir("/"))
		errno = 0;
	setfsuid(0);
}

bool enter(struct way *way, const struct answer *a, uid_t uid, char *words)
{
	char directory[PATH_MAX] = "";

	if (!getcwd(directory, sizeof(directory)))
		*directory = 0;
	if (!remember_way(way, words) || !(a->link ? follow_link(a, way, words) : join_generation(a, way, words))) {
		forget_way(way);
		return false;
	}
	way->inside = true;
	way->linked = a->link;
	go_to_directory(directory, uid);
	return true;
}

static bool is_still(int fd, const struct way *way)
{
	struct stat st;

	return !fstat(fd, &st) && (fd == way->namespace ? st.st_ino == way->inode : st.st_ino == way->root_inode && st.st_dev == way->root_device);
}

bool leave(struct way *way, char *words)
{
	bool back = is_still(way->namespace, way) && is_still(way->root, way);

	if (!back) {
		/* They are somebody else's by now. */
		way->namespace = way->root = -1;
		snprintf(words, WORDS_SIZE, "go back to the host: somebody has closed the descriptors");
	}
	if (back && !way->linked && setns(way->namespace, CLONE_NEWNS))
		back = failed(words, "go back to", "the host's mount namespace");
	if (back && !go_to_root(way->root))
		back = failed(words, "go back to", "the host's root");
	if (back && way->linked)
		set_link("");
	forget_way(way);
	return back;
}

/*
 * `mnt:[4026532345] 0:57:1 NAME@7` or `/ostrees/name 0:31:1 NAME`: by it `chos` inside knows where it is (runtime/engine/chos/session.c). The root is named because another
 * machine, to which a batch system may carry the variable, has mount namespaces of the same numbers.
 */
bool write_mark(const struct answer *a, char mark[MARK_SIZE])
{
	char namespace[64] = "";
	const char *generation = a->pin ? strrchr(a->pin, '@') : NULL, *proof = a->link ? a->link : namespace;
	struct stat root;

	if ((!a->link && readlink("/proc/self/ns/mnt", namespace, sizeof(namespace) - 1) < 0) || stat("/", &root))
		return false;
	snprintf(mark, MARK_SIZE, "CHOS_SESSION=%s %u:%u:%ju %s%s", proof, major(root.st_dev), minor(root.st_dev), (uintmax_t)root.st_ino, a->tree, generation ? generation : "");
	return true;
}
