/* Shared by what uses programs of `create` and `run` again: again.c (which), names.c (for other names), looks.c (as long as the machine is the same). */
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

/* looks.c */
bool looks_same(const char *looks, size_t size);
