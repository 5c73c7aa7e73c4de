/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers for what an outsider must not guess: ports, hash secrets (RFC 6056 section 3.3,
 * RFC 7857 section 9). Bytes come from the kernel's generator through getrandom(2), 2 KiB at a
 * time, so that the cost is about 10 ns a draw. A seeded generator replaces it in tests.
 * Owner: one thread per struct.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cgn_rand {
	bool is_seeded; /* false: kernel generator */
	uint32_t next;
	uint64_t state; /* of the seeded generator */
	uint64_t buf[256];
};

/* seed 0 draws from the kernel; any other seed gives the same sequence each time (tests). */
void cgn_rand_init(struct cgn_rand *r, uint64_t seed);

uint64_t cgn_rand_u64(struct cgn_rand *r);

/* 64 random bits as a number in [0, bound), uniform up to a bias below bound / 2^64; bound > 0. */
static inline uint32_t
cgn_rand_scale(uint64_t bits, uint32_t bound)
{
	return (uint32_t)(((unsigned __int128)bits * bound) >> 64);
}

static inline uint32_t
cgn_rand_below(struct cgn_rand *r, uint32_t bound)
{
	return cgn_rand_scale(cgn_rand_u64(r), bound);
}
