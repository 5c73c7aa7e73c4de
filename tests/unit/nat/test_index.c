/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/index: keys beyond their home bucket, marks that are alike, how full it gets. */
#include "index.h"

#include <errno.h>
#include <stdlib.h>

#include <criterion/criterion.h>

enum { CAPACITY = 100000 };

static struct cgn_index ix;
static struct cgn_mapping *entries;

static void
start(void)
{
	entries = aligned_alloc(64, (CAPACITY + 1) * sizeof(*entries));
	memset(entries, 0, (CAPACITY + 1) * sizeof(*entries));
	cr_assert_eq(cgn_index_init(&ix, entries, CAPACITY, -1), 0);
}

static void
finish(void)
{
	cgn_index_fini(&ix);
	free(entries);
}

TestSuite(index, .init = start, .fini = finish);

static struct cgn_map_key
key_of(uint32_t m)
{
	return (struct cgn_map_key){.inside = m / 128, .port = (rte_be16_t)(m % 128)};
}

/* Entry m with the key of its number, under a hash of the test's choice. */
static int
add(uint32_t m, uint32_t hash)
{
	entries[m].inside = key_of(m).inside;
	entries[m].inside_port = key_of(m).port;
	return cgn_index_add(&ix, hash, m);
}

static uint32_t
find(uint32_t m, uint32_t hash)
{
	struct cgn_map_key key = key_of(m);

	return cgn_index_find(&ix, &key, hash);
}

static uint32_t
n_gone_by(void)
{
	uint32_t n = 0;

	for (uint32_t b = 0; b < ix.n_buckets; b++)
		n += ix.buckets[b].gone_by;
	return n;
}

Test(index, keys_of_one_hash_are_all_found_until_its_reach_is_full)
{
	enum { ROOM = (CGN_INDEX_REACH + 1) * CGN_INDEX_PLACES };
	const uint32_t hash = UINT32_MAX; /* the last bucket: the walk goes on with the first */

	for (uint32_t m = 1; m <= ROOM; m++)
		cr_assert_eq(add(m, hash), 0);
	cr_assert_eq(add(ROOM + 1, hash), -ENOSPC);
	cr_assert_eq(ix.n_used, ROOM);
	cr_assert_eq(find(ROOM + 1, hash), CGN_MAPPING_NONE);
	for (uint32_t m = 1; m <= ROOM; m++)
		cr_assert_eq(find(m, hash), m);
	for (uint32_t m = 1; m <= ROOM; m += 2)
		cgn_index_del(&ix, hash, m);
	for (uint32_t m = 1; m <= ROOM; m++)
		cr_assert_eq(find(m, hash), m % 2 == 0 ? m : CGN_MAPPING_NONE);
	for (uint32_t m = 2; m <= ROOM; m += 2)
		cgn_index_del(&ix, hash, m);
	cr_assert_eq(ix.n_used, 0);
	cr_assert_eq(n_gone_by(), 0);
}

Test(index, key_behind_its_home_is_found_when_its_home_has_room_again)
{
	for (uint32_t m = 1; m <= CGN_INDEX_PLACES + 1; m++)
		cr_assert_eq(add(m, 7), 0);
	cgn_index_del(&ix, 7, 1);
	cr_assert_eq(find(CGN_INDEX_PLACES + 1, 7), CGN_INDEX_PLACES + 1);
	cr_assert_eq(find(1, 7), CGN_MAPPING_NONE);
}

Test(index, same_mark_and_home_is_not_the_same_key)
{
	cr_assert_eq(add(5, 7), 0);
	cr_assert_eq(find(6, 7), CGN_MAPPING_NONE);
	cr_assert_eq(cgn_index_guess(cgn_index_home(&ix, 7), 7), 5, "a guess may be wrong");
}

/* Ports in a row of inside indices in a row, as subscribers have them, for several secrets. */
Test(index, whole_capacity_fits_near_home)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct cgn_map_secret secret;
		struct cgn_rand rand;

		cgn_rand_init(&rand, seed);
		cgn_map_secret_draw(&secret, &rand);
		for (uint32_t m = 1; m <= CAPACITY; m++) {
			struct cgn_map_key key = key_of(m);

			cr_assert_eq(add(m, cgn_map_key_hash(&secret, &key)), 0);
		}
		cr_assert_lt(n_gone_by(), CAPACITY / 10, "%u of %d are not in the next bucket",
			n_gone_by(), CAPACITY);
		for (uint32_t m = 1; m <= CAPACITY; m++) {
			struct cgn_map_key key = key_of(m);

			cr_assert_eq(find(m, cgn_map_key_hash(&secret, &key)), m);
			cgn_index_del(&ix, cgn_map_key_hash(&secret, &key), m);
		}
	}
}
