/* Shared by what uses programs of `create` and `run` again: again.c (which lies where), question.c (for which question), names.c (for other names), looks.c (as long as the machine is the same). */
#pragma once
#include "compiler.h"

/* names.c */
struct name {
	const char *at;
	size_t length;
};
struct names {
	u32 count;
	struct name all[AGAIN_NAMES];
};
/* A place where one stands. */
struct mark {
	u32 at, name;
};
#define PIECES_BITS 16
#define PIECES_SIZE ((1U << PIECES_BITS) / 8)

bool take_names(struct names *n, const char *text, size_t size, char *without);
long mark_names(const struct names *n, const char *made, size_t size, struct mark *marks, u8 *pieces);
bool put_names(const struct names *n, const struct mark *marks, u32 count, char *made, size_t size);
bool only_marked(const struct names *n, const struct mark *marks, u32 count, const char *looks, size_t size);

/* looks.c */
bool looks_same(const char *looks, size_t size);

/* question.c */
#define FILE_NAME_SIZE 17
#define BOOT_SIZE 40 /* a UUID has 36 letters */

/* Without gaps: it is compared as bytes, with the texts behind it. */
struct asked {
	struct asker asker;
	char boot[BOOT_SIZE]; /* what a disk has kept over a crash need not be whole */
	u64 options;
	u32 systemd, size; /* size: of the texts */
};
_Static_assert(sizeof(struct asked) == sizeof(struct asker) + BOOT_SIZE + 16, "no gaps");

/* The question of this process. */
struct posed {
	struct names names;
	struct asked question;
	const char *bundle; /* absolute; NULL: as it is given */
	size_t bundle_length;
	char *without; /* the texts, without names */
	char name[FILE_NAME_SIZE];
};
extern struct posed posed;

/* False: it is of a kind whose programs are not used again. */
bool put_start(const struct request *q, const struct compiler *c);
