/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/base/range_map: cases by hand at the edges of the address space, and random ranges
 * against a model that asks every added range. A failing run prints its seed.
 */
#include "range_map.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "rand.h"

enum { MAX_RANGES = 60 };

/* What was added, in order. */
struct model {
	struct {
		uint32_t first, last, value, priority;
	} added[MAX_RANGES];
	uint32_t n;
};

static struct cgn_range_map map;

static void
start(void)
{
	cgn_range_map_init(&map);
}

static void
finish(void)
{
	cgn_range_map_fini(&map);
}

TestSuite(range_map, .init = start, .fini = finish);

static void
add(uint32_t first, uint32_t last, uint32_t value, uint32_t priority)
{
	cr_assert_eq(cgn_range_map_add(&map, first, last, value, priority), 0);
}

static void
seal(void)
{
	cr_assert_eq(cgn_range_map_seal(&map), 0);
}

static void
expect_value(uint32_t addr, uint32_t value)
{
	const struct cgn_range *r = cgn_range_map_find(&map, addr);

	cr_assert_not_null(r, "%#x is in no range", addr);
	cr_expect(r->first <= addr && addr <= r->last, "%#x", addr);
	cr_expect_eq(r->value, value, "%#x has value %u, not %u", addr, r->value, value);
}

static void
expect_none(uint32_t addr)
{
	cr_expect_null(cgn_range_map_find(&map, addr), "%#x is in a range", addr);
}

Test(range_map, an_empty_map_holds_no_address)
{
	seal();
	cr_expect_null(cgn_range_map_next(&map, 0));
	expect_none(0);
	expect_none(UINT32_MAX);
}

Test(range_map, a_map_that_was_only_initialised_holds_no_address)
{
	expect_none(0);
	expect_none(0x0a000001);
}

Test(range_map, both_ends_of_a_range_are_inside_and_their_neighbours_outside)
{
	add(100, 200, 7, 0);
	seal();
	expect_none(99);
	expect_value(100, 7);
	expect_value(200, 7);
	expect_none(201);
}

Test(range_map, the_whole_address_space_is_one_range)
{
	add(0, UINT32_MAX, 7, 0);
	seal();
	cr_expect_eq(map.n_ranges, 1);
	expect_value(0, 7);
	expect_value(0x80000000, 7);
	expect_value(UINT32_MAX, 7);
}

Test(range_map, single_addresses_at_both_ends_of_the_space_are_found)
{
	add(0, 0, 1, 0);
	add(UINT32_MAX, UINT32_MAX, 2, 0);
	seal();
	expect_value(0, 1);
	expect_none(1);
	expect_none(UINT32_MAX - 1);
	expect_value(UINT32_MAX, 2);
}

Test(range_map, a_single_address_cuts_a_hole_into_a_range_of_lower_priority)
{
	add(0, UINT32_MAX, 1, 0);
	add(0, 0, 2, 32);
	add(1000, 1000, 3, 32);
	add(UINT32_MAX, UINT32_MAX, 4, 32);
	seal();
	cr_expect_eq(map.n_ranges, 5);
	expect_value(0, 2);
	expect_value(1, 1);
	expect_value(999, 1);
	expect_value(1000, 3);
	expect_value(1001, 1);
	expect_value(UINT32_MAX, 4);
}

Test(range_map, priority_as_prefix_length_is_a_longest_prefix_match)
{
	add(0, UINT32_MAX, 0, 0);            /* 0.0.0.0/0 */
	add(0x0a010200, 0x0a0102ff, 24, 24); /* 10.1.2.0/24 */
	add(0x0a000000, 0x0affffff, 8, 8);   /* 10.0.0.0/8 */
	add(0x0a010000, 0x0a01ffff, 16, 16); /* 10.1.0.0/16 */
	add(0x0a010203, 0x0a010203, 32, 32); /* 10.1.2.3/32 */
	seal();
	expect_value(0x01020304, 0);
	expect_value(0x0a020304, 8);
	expect_value(0x0a010304, 16);
	expect_value(0x0a010204, 24);
	expect_value(0x0a010203, 32);
	expect_value(0x0b000000, 0);
}

Test(range_map, among_equal_priorities_the_range_added_first_wins)
{
	add(10, 30, 1, 5);
	add(0, 20, 2, 5);
	add(20, 40, 3, 5);
	seal();
	expect_value(9, 2);
	expect_value(10, 1);
	expect_value(30, 1);
	expect_value(31, 3);
}

Test(range_map, origin_stays_the_first_address_of_the_range_as_added)
{
	add(100, 199, 1, 0);
	add(140, 149, 2, 1);
	add(90, 109, 3, 1);
	seal();
	cr_expect_eq(cgn_range_map_find(&map, 110)->origin, 100);
	cr_expect_eq(cgn_range_map_find(&map, 145)->origin, 140);
	cr_expect_eq(cgn_range_map_find(&map, 150)->origin, 100);
	cr_expect_eq(cgn_range_map_find(&map, 199)->origin, 100);
	cr_expect_eq(cgn_range_map_find(&map, 105)->origin, 90);
}

Test(range_map, adjacent_ranges_of_different_origin_are_not_merged)
{
	add(0, 9, 1, 0);
	add(10, 19, 1, 0);
	seal();
	cr_expect_eq(cgn_range_map_find(&map, 9)->origin, 0);
	cr_expect_eq(cgn_range_map_find(&map, 10)->origin, 10);
}

Test(range_map, a_backward_range_is_refused_and_not_added)
{
	cr_expect_eq(cgn_range_map_add(&map, 2, 1, 7, 0), -EINVAL);
	cr_expect_eq(cgn_range_map_add(&map, UINT32_MAX, 0, 7, 0), -EINVAL);
	cr_expect_eq(cgn_range_map_add(&map, 1, 2, 7, 256), -EINVAL, "a priority is one byte");
	seal();
	expect_none(1);
	expect_none(2);
}

Test(range_map, fini_makes_a_map_that_can_be_built_again)
{
	add(1, 2, 3, 0);
	seal();
	cgn_range_map_fini(&map);
	expect_none(1);
	add(5, 6, 7, 0);
	seal();
	expect_none(1);
	expect_value(5, 7);
}

Test(range_map, an_unsealed_map_can_be_thrown_away)
{
	for (uint32_t i = 0; i < 100; i++)
		add(i, i, i, 0);
	cgn_range_map_fini(&map); /* the leak checker says whether this freed all */
	expect_none(1);
}

Test(range_map, many_disjoint_ranges_are_each_found)
{
	enum { N = 20000 };

	for (uint32_t i = 0; i < N; i++) { /* a permutation of 0..N-1: 7919 is coprime to N */
		uint32_t k = i * 7919 % N;

		add(k * 1000, k * 1000 + 499, k, 0);
	}
	seal();
	cr_expect_eq(map.n_ranges, N);
	for (uint32_t k = 0; k < N; k++) {
		expect_value(k * 1000, k);
		expect_value(k * 1000 + 499, k);
		expect_none(k * 1000 + 500);
	}
}

static int
model_find(const struct model *m, uint32_t addr)
{
	int best = -1;

	for (uint32_t i = 0; i < m->n; i++)
		if (addr >= m->added[i].first && addr <= m->added[i].last &&
			(best < 0 || m->added[i].priority > m->added[best].priority))
			best = (int)i;
	return best;
}

static void
expect_as_model(const struct model *m, uint32_t addr, uint64_t seed)
{
	const struct cgn_range *r = cgn_range_map_find(&map, addr);
	int i = model_find(m, addr);

	cr_assert_eq(r == NULL, i < 0, "seed %lu address %u: found %d, expected %d", seed, addr,
		r != NULL, i >= 0);
	if (r == NULL)
		return;
	cr_assert(r->first <= addr && addr <= r->last, "seed %lu address %u", seed, addr);
	cr_assert_eq(r->value, m->added[i].value, "seed %lu address %u: value %u, expected %u",
		seed, addr, r->value, m->added[i].value);
	cr_assert_eq(r->origin, m->added[i].first, "seed %lu address %u", seed, addr);
	cr_assert_eq(cgn_range_map_priority(&map, r), m->added[i].priority, "seed %lu address %u",
		seed, addr);
}

static void
expect_next(uint32_t addr, uint64_t seed)
{
	const struct cgn_range *next = NULL;

	for (uint32_t i = 0; i < map.n_ranges && next == NULL; i++)
		if (map.ranges[i].last >= addr)
			next = &map.ranges[i];
	cr_assert_eq(cgn_range_map_next(&map, addr), next, "seed %lu address %u", seed, addr);
}

/* The sets of blocks say no more than the map does, at both ends of every block. */
static void
expect_blocks(uint32_t value, uint64_t seed)
{
	const uint32_t size = UINT32_C(1) << CGN_RANGE_BLOCK_SHIFT;
	struct cgn_range_blocks empty, of_value;

	cgn_range_blocks_empty(&empty, &map);
	cgn_range_blocks_of(&of_value, &map, value);
	for (uint64_t at = 0; at <= UINT32_MAX; at += size) {
		const struct cgn_range *next = cgn_range_map_next(&map, (uint32_t)at);
		bool is_empty = next == NULL || next->first > at + (size - 1);
		bool is_value = next != NULL && next->first <= at &&
			next->last >= at + (size - 1) && next->value == value;

		for (int end = 0; end < 2; end++) {
			uint32_t addr = (uint32_t)at + (end == 1 ? size - 1 : 0);

			cr_assert_eq(cgn_range_blocks_has(&empty, addr), is_empty,
				"seed %lu address %u", seed, addr);
			cr_assert_eq(cgn_range_blocks_has(&of_value, addr), is_value,
				"seed %lu address %u value %u", seed, addr, value);
		}
	}
}

Test(range_map, blocks_tell_where_nothing_or_one_range_is)
{
	static const struct {
		uint32_t first, last;
	} edges[] = {{0, 0xfffff}, {0x100000, 0x2fffff}, {0x300001, 0x5fffff}, {0x700000, 0x8ffffe},
		{0xffe00000, UINT32_MAX}};

	start();
	expect_blocks(1, 0);
	finish();
	start();
	add(0, UINT32_MAX, 1, 0);
	seal();
	expect_blocks(1, 0);
	finish();
	start();
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		add(edges[i].first, edges[i].last, 1, 0);
	seal();
	expect_blocks(1, 0);
	expect_blocks(2, 0);
	finish();
}

/* width: ranges lie in [base, base + width], so that small ones overlap often. */
static void
run_model(struct cgn_rand *r, struct model *m, uint32_t base, uint32_t width, uint64_t seed)
{
	m->n = cgn_rand_below(r, MAX_RANGES + 1);
	start();
	for (uint32_t i = 0; i < m->n; i++) {
		uint32_t a = base + cgn_rand_below(r, width), b = base + cgn_rand_below(r, width);

		a += cgn_rand_below(r, 2); /* so that base + width comes up, and wraps nowhere */
		b = cgn_rand_below(r, 4) == 0 ? a : b;
		m->added[i].first = a < b ? a : b;
		m->added[i].last = a < b ? b : a;
		m->added[i].value = cgn_rand_below(r, 8);
		m->added[i].priority = cgn_rand_below(r, 6);
		add(m->added[i].first, m->added[i].last, m->added[i].value, m->added[i].priority);
	}
	seal();
	for (uint32_t i = 1; i < map.n_ranges; i++)
		cr_assert_lt(map.ranges[i - 1].last, map.ranges[i].first, "seed %lu: not disjoint",
			seed);
	for (uint32_t i = 0; i < m->n; i++) {
		expect_as_model(m, m->added[i].first, seed);
		expect_as_model(m, m->added[i].first - 1, seed);
		expect_as_model(m, m->added[i].last, seed);
		expect_as_model(m, m->added[i].last + 1, seed);
		expect_next(m->added[i].first - 1, seed);
		expect_next(m->added[i].last, seed);
		expect_next(m->added[i].last + 1, seed);
	}
	expect_next(base, seed);
	if (width == UINT32_MAX)
		expect_blocks(cgn_rand_below(r, 8), seed);
	for (int i = 0; i < 50; i++)
		expect_as_model(m, base + cgn_rand_below(r, width), seed);
	expect_as_model(m, 0, seed);
	expect_as_model(m, UINT32_MAX, seed);
	finish();
}

Test(range_map, random_overlapping_ranges_agree_with_a_brute_force_model)
{
	static const struct {
		uint32_t base, width;
	} areas[] = {{0, 20}, {0, 300}, {UINT32_MAX - 20, 20}, {UINT32_MAX - 300, 300},
		{0x7fffff00, 0x200}, {0, UINT32_MAX}};
	uint64_t seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
	static struct model m;
	struct cgn_rand r;

	fprintf(stderr, "range_map model seed %lu\n", seed);
	cgn_rand_init(&r, seed);
	for (int round = 0; round < 500; round++)
		for (size_t k = 0; k < sizeof(areas) / sizeof(areas[0]); k++)
			run_model(&r, &m, areas[k].base, areas[k].width, seed);
}
