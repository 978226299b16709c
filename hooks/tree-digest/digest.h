#pragma once
#include "frame.h"

/* sha256.c: FIPS 180-4. */
struct sha256 {
	u32 state[8];
	u64 length;
	u8 block[64];
};
void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t length);
void sha256_end(struct sha256 *s, char hex[65]);

/* walk.c */
struct digest {
	char hex[65];
	u64 entries, bytes;
};
struct digest digest_of(const char *path);
