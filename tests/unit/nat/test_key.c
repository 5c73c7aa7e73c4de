/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/key: the hash is keyed and even, and shard and bucket share no bits. */
#include "key.h"

#include <math.h>
#include <stdlib.h>

#include <criterion/criterion.h>

enum { N_KEYS = 100000 };

static struct cgn_map_secret
secret_of(uint64_t seed)
{
	struct cgn_map_secret secret;
	struct cgn_rand rand;

	cgn_rand_init(&rand, seed);
	cgn_map_secret_draw(&secret, &rand);
	return secret;
}

/* Key number i of subscribers that open ports one after the other. */
static struct cgn_map_key
sequential_key(uint32_t i)
{
	return (struct cgn_map_key){.inside = i / 100,
		.port = rte_cpu_to_be_16((uint16_t)(40000 + i % 100)),
		.proto = (uint8_t)(i % 3)};
}

/* Key number i of a set without order. */
static struct cgn_map_key
scattered_key(uint32_t i)
{
	uint64_t x = i * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (struct cgn_map_key){.inside = (uint32_t)(x >> 44), .port = (rte_be16_t)(x >> 20)};
}

/* Chi-square of counts that should be equal, and its bound: mean + 8 standard deviations. */
static void
expect_even(const uint32_t *counts, uint32_t n, const char *what)
{
	double total = 0, chi = 0, bound = n - 1 + 8 * sqrt(2.0 * (n - 1));

	for (uint32_t i = 0; i < n; i++)
		total += counts[i];
	for (uint32_t i = 0; i < n; i++)
		chi += (counts[i] - total / n) * (counts[i] - total / n) * n / total;
	cr_assert_lt(chi, bound, "%s: chi-square %g of %u, bound %g", what, chi, n - 1, bound);
}

Test(key, another_secret_is_another_hash)
{
	struct cgn_map_secret one = secret_of(1), two = secret_of(2);
	uint32_t n_same = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		struct cgn_map_key key = sequential_key(i);

		n_same += cgn_map_key_hash(&one, &key) == cgn_map_key_hash(&two, &key);
	}
	cr_assert_lt(n_same, 3);
}

static int
by_hash(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Pairs of keys that collide in the lower 20 bits under one secret, under another. */
Test(key, collisions_under_one_secret_are_none_under_another)
{
	struct cgn_map_secret one = secret_of(3), two = secret_of(4);
	uint64_t *sorted = malloc(N_KEYS * sizeof(*sorted));
	uint32_t n_pairs = 0, n_still = 0;

	for (uint32_t i = 0; i < N_KEYS; i++) {
		struct cgn_map_key key = scattered_key(i);

		sorted[i] = (uint64_t)(cgn_map_key_hash(&one, &key) & 0xfffff) << 32 | i;
	}
	qsort(sorted, N_KEYS, sizeof(*sorted), by_hash);
	for (uint32_t i = 1; i < N_KEYS; i++) {
		struct cgn_map_key a = scattered_key((uint32_t)sorted[i - 1]);
		struct cgn_map_key b = scattered_key((uint32_t)sorted[i]);

		if (sorted[i] >> 32 != sorted[i - 1] >> 32)
			continue;
		n_pairs++;
		n_still += ((cgn_map_key_hash(&two, &a) ^ cgn_map_key_hash(&two, &b)) & 0xfffff) ==
			0;
	}
	cr_assert_gt(n_pairs, 500);
	cr_assert_leq(n_still, n_pairs / 10, "%u of %u pairs collide again", n_still, n_pairs);
	free(sorted);
}

Test(key, every_part_of_the_key_counts)
{
	struct cgn_map_secret secret = secret_of(5);
	struct cgn_map_key key = {.inside = 5, .port = 6, .proto = 1};
	struct cgn_map_key inside = key, port = key, proto = key;

	inside.inside++;
	port.port++;
	proto.proto++;
	cr_assert_neq(cgn_map_key_hash(&secret, &key), cgn_map_key_hash(&secret, &inside));
	cr_assert_neq(cgn_map_key_hash(&secret, &key), cgn_map_key_hash(&secret, &port));
	cr_assert_neq(cgn_map_key_hash(&secret, &key), cgn_map_key_hash(&secret, &proto));
}

/* rte_hash has buckets by the low bits, index.h by the high ones. Averaged over secrets: a
 * universal hash promises nothing about one. */
Test(key, sequential_ports_spread_over_the_buckets)
{
	enum { BUCKETS = 1024, SECRETS = 40, PER_SECRET = 2500 };
	static uint32_t buckets[BUCKETS], signatures[BUCKETS];
	uint32_t fullest = 0;

	for (uint64_t s = 1; s <= SECRETS; s++) {
		struct cgn_map_secret secret = secret_of(s);
		uint32_t one[BUCKETS] = {0};

		for (uint32_t i = 0; i < PER_SECRET; i++) {
			struct cgn_map_key key = {
				.inside = 7, .port = rte_cpu_to_be_16((uint16_t)i)};
			uint32_t hash = cgn_map_key_hash(&secret, &key);

			buckets[hash % BUCKETS]++;
			signatures[hash >> 16 & (BUCKETS - 1)]++;
			one[hash % BUCKETS]++;
		}
		for (uint32_t b = 0; b < BUCKETS; b++)
			fullest = one[b] > fullest ? one[b] : fullest;
	}
	expect_even(buckets, BUCKETS, "buckets");
	expect_even(signatures, BUCKETS, "signatures");
	cr_assert_lt(fullest, 40, "%u of 2500 keys in one of 1024 buckets", fullest);
}

Test(key, mappings_of_one_subscriber_are_in_one_shard)
{
	struct cgn_map_secret secret = secret_of(6);

	for (uint32_t i = 0; i < 1000; i++) {
		struct cgn_map_key a = {.inside = i}, b = {.inside = i, .port = 99, .proto = 2};

		cr_assert_eq(
			cgn_map_key_shard(&secret, &a, 16), cgn_map_key_shard(&secret, &b, 16));
	}
}

Test(key, subscribers_spread_over_the_shards)
{
	for (uint64_t s = 1; s <= 20; s++) {
		struct cgn_map_secret secret = secret_of(s);
		uint32_t shards[16] = {0};

		for (uint32_t i = 0; i < N_KEYS; i++) {
			struct cgn_map_key key = {.inside = i};

			shards[cgn_map_key_shard(&secret, &key, 16)]++;
		}
		for (int k = 0; k < 16; k++)
			cr_assert(shards[k] > N_KEYS / 32 && shards[k] < N_KEYS / 8,
				"secret %u: shard %d has %u", (unsigned int)s, k, shards[k]);
	}
}

/* Within each shard every bucket is as likely as in all: else a shard would waste its buckets. */
Test(key, shard_says_nothing_about_the_bucket)
{
	enum { SHARDS = 16, BUCKETS = 64, SECRETS = 20 };
	static uint32_t counts[SHARDS][BUCKETS];

	for (uint64_t s = 1; s <= SECRETS; s++) {
		struct cgn_map_secret secret = secret_of(s);

		for (uint32_t i = 0; i < N_KEYS; i++) {
			struct cgn_map_key key = sequential_key(i * 7);

			counts[cgn_map_key_shard(&secret, &key, SHARDS)]
			      [cgn_map_key_hash(&secret, &key) % BUCKETS]++;
		}
	}
	for (int k = 0; k < SHARDS; k++)
		expect_even(counts[k], BUCKETS, "buckets of a shard");
}

Test(key, one_shard_takes_everything)
{
	struct cgn_map_secret secret = secret_of(7);

	for (uint32_t i = 0; i < 1000; i++) {
		struct cgn_map_key key = {.inside = i * 7919};

		cr_assert_eq(cgn_map_key_shard(&secret, &key, 1), 0);
		cr_assert_lt(cgn_map_key_shard(&secret, &key, 4), 4);
	}
}
