/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The kernel link's interface to programs. This file is the one source; whoever
 * repeats its numbers says so in a comment.
 *
 * All calls go to an open descriptor of /proc/chos/setchos, opened in any mode.
 * Each takes a struct whose first field is the struct's own size, by the rules of
 * copy_struct_from_user(): a bigger struct than the kernel knows is accepted if
 * what the kernel does not know is zero (else E2BIG), a smaller one than the first
 * version is EINVAL. The handler looks at type and number of the command only, so
 * that a grown struct needs no new command. There are no differences between 32
 * and 64 bit callers.
 */
#ifndef _UAPI_LINUX_CHOS_H
#define _UAPI_LINUX_CHOS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CHOS_IOC_TYPE 0xC5

/* The caller itself, in chos_link.pidfd. */
#define CHOS_SELF (-1)

/**
 * struct chos_link - whose link, and which text
 * @size: size of this struct in bytes
 * @pidfd: the process, or CHOS_SELF
 * @flags: 0
 * @path_len: bytes at @path, without a terminating NUL
 * @path: address of the text (set) or of a buffer for it (get)
 */
struct chos_link {
	__u32 size;
	__s32 pidfd;
	__u32 flags;
	__u32 path_len;
	__u64 path;
};

#define CHOS_LINK_SIZE_VER0 24

/**
 * struct chos_trees - where to write the list of trees
 * @size: size of this struct in bytes
 * @flags: 0
 * @buffer_len: bytes at @buffer; 0 asks for the number that is needed
 * @reserved: 0
 * @buffer: address of the buffer, filled with struct chos_tree_record
 */
struct chos_trees {
	__u32 size;
	__u32 flags;
	__u32 buffer_len;
	__u32 reserved;
	__u64 buffer;
};

#define CHOS_TREES_SIZE_VER0 24

/* The tree is in /proc/chos/valid. Without it: only processes still have it. */
#define CHOS_TREE_VALID 1

/**
 * struct chos_tree_record - one tree
 * @size: bytes from this record to the next, a multiple of 8
 * @flags: CHOS_TREE_VALID
 * @users: processes whose link is this tree
 * @path: the tree's path, with a NUL and padded with more of them
 */
struct chos_tree_record {
	__u32 size;
	__u32 flags;
	__u64 users;
	char path[];
};

/*
 * Sets (path_len 0: forgets) a link. It never moves a root. Oneself: anybody;
 * another process: CAP_SYS_ADMIN in the initial user namespace. The path must be
 * in /proc/chos/valid, and lead the caller to the directory that was made valid.
 *
 * EBADF   pidfd is no pidfd            EINVAL        not a canonical absolute path
 * ESRCH   the process has ended        ENAMETOOLONG  more than 4095 bytes
 * EPERM   not one's own process        ENOENT        not in the list, or no such path
 *                                      ESTALE        the path leads elsewhere now
 */
#define CHOS_IOC_SET_LINK _IOWR(CHOS_IOC_TYPE, 1, struct chos_link)

/*
 * Reads a link: returns the length of its text, 0 if there is none, ERANGE if
 * the buffer is too small. Oneself: anybody; another process as above.
 */
#define CHOS_IOC_GET_LINK _IOWR(CHOS_IOC_TYPE, 2, struct chos_link)

/*
 * Lists the trees: returns the bytes written (buffer_len 0: that would be), ERANGE
 * if the buffer is too small. CAP_SYS_ADMIN in the initial user namespace.
 */
#define CHOS_IOC_LIST_TREES _IOWR(CHOS_IOC_TYPE, 3, struct chos_trees)

#endif
