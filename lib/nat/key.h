/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The in2out key of a mapping: inside transport address, with the inside address as its directory
 * index, so that tenants with overlapping addresses never meet. Eight bytes without padding.
 *
 * The hash is multilinear over two 32-bit words with a 192-bit secret drawn at start: strongly
 * universal in its upper 32 bits (Lemire and Kaser, "Strongly universal string hashing is fast",
 * 2014), so that keys chosen without knowing the secret collide with probability 2^-32 a pair. A
 * subscriber chooses only 16 bits of port and the protocol of its own addresses anyway. CRC32C,
 * rte_hash's default, cannot be keyed.
 *
 * out2in needs no key: pool index and port lead to the mapping (pool.h).
 */
#pragma once

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "rand.h"

struct cgn_map_key {
	uint32_t inside; /* inside index */
	rte_be16_t port; /* inside port or ICMP identifier */
	uint8_t proto;   /* enum cgn_proto */
	uint8_t beside;  /* 1: of a mapping that is not to be found at once, see dependent.h; else 0
			  */
};
static_assert(sizeof(struct cgn_map_key) == 8, "no padding in a hashed key");

struct cgn_map_secret {
	uint64_t a, b, c; /* the key hash */
	uint64_t shard;   /* an odd multiplier of its own, so that shard and bucket share no bits */
};

static inline void
cgn_map_secret_draw(struct cgn_map_secret *s, struct cgn_rand *rand)
{
	s->a = cgn_rand_u64(rand);
	s->b = cgn_rand_u64(rand);
	s->c = cgn_rand_u64(rand);
	s->shard = cgn_rand_u64(rand) | 1;
}

static inline uint32_t
cgn_map_key_hash(const struct cgn_map_secret *s, const struct cgn_map_key *key)
{
	uint32_t rest, hash;

	memcpy(&rest, &key->port, sizeof(rest));
	hash = (uint32_t)((s->a + s->b * key->inside + s->c * rest) >> 32);
	/* One to one, so that nothing above changes; but ports in a row are no longer equally far
	 * apart, which for some secrets would heap them up in neighbouring buckets. */
	hash = (hash ^ hash >> 15) * UINT32_C(0x2c1b3c6d);
	return hash ^ hash >> 12;
}

/* Shard of a subscriber's mappings; n_shards is a power of two. */
static inline uint32_t
cgn_map_key_shard(const struct cgn_map_secret *s, const struct cgn_map_key *key, uint32_t n_shards)
{
	return (uint32_t)((key->inside * s->shard) >> 58) & (n_shards - 1);
}
