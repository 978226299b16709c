/* SHA-256 as FIPS 180-4 writes it. Its constants are the first 32 bits of the fractions of the cube and square roots of the first primes. */
#include "digest.h"

static const u32 constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static u32 turn(u32 x, unsigned n)
{
	return x >> n | x << (32 - n);
}

__attribute__((optimize("O2"))) static void take_block(u32 *state, const u8 *block)
{
	u32 w[64], v[8];

	for (unsigned i = 0; i < 16; i++)
		w[i] = (u32)block[4 * i] << 24 | (u32)block[4 * i + 1] << 16 | (u32)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned i = 16; i < 64; i++) {
		u32 a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
	}
	for (unsigned i = 0; i < 8; i++)
		v[i] = state[i];
	for (unsigned i = 0; i < 64; i++) {
		u32 one = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
		u32 two = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		v[7] = v[6];
		v[6] = v[5];
		v[5] = v[4];
		v[4] = v[3] + one;
		v[3] = v[2];
		v[2] = v[1];
		v[1] = v[0];
		v[0] = one + two;
	}
	for (unsigned i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256_begin(struct sha256 *s)
{
	static const u32 first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(s->state, first, sizeof(first));
	s->length = 0;
}

void sha256_add(struct sha256 *s, const void *bytes, size_t length)
{
	const u8 *at = bytes;

	while (length) {
		size_t used = s->length % 64, part = 64 - used < length ? 64 - used : length;

		if (part == 64) {
			take_block(s->state, at);
		} else {
			memcpy(s->block + used, at, part);
			if (used + part == 64)
				take_block(s->state, s->block);
		}
		s->length += part;
		at += part;
		length -= part;
	}
}

void sha256_end(struct sha256 *s, char hex[65])
{
	u64 bits = s->length * 8;
	u8 tail[72] = {0x80};
	size_t used = s->length % 64, pad = used < 56 ? 56 - used : 120 - used;
	struct text t = text_in(hex, 65);

	for (unsigned i = 0; i < 8; i++)
		tail[pad + i] = (u8)(bits >> (56 - 8 * i));
	sha256_add(s, tail, pad + 8);
	for (unsigned i = 0; i < 8; i++)
		put_unsigned(&t, s->state[i], 16, 8);
	put_char(&t, 0);
}
