/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/port_rest: a freed port rests for its seconds, and is free then. */
#include "pool.h"

#include <criterion/criterion.h>

#include "pool_fixture.h"

enum { START_S = 100000 };

static struct pool_fixture f;

static void
start(void)
{
	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {first: 65472, block_size: 64, max_blocks: 1}\n",
		1);
	f.pool->rest_now_s = START_S;
}

static void
finish(void)
{
	cr_assert(pool_fixture_is_consistent(&f));
	pool_fixture_fini(&f);
}

TestSuite(port_rest, .init = start, .fini = finish);

static struct cgn_port
map(uint32_t inside, enum cgn_proto proto, uint32_t mapping)
{
	struct cgn_port at;

	cr_assert_eq(cgn_pool_take(f.pool, inside, 0, proto, &at), CGN_FATE_NONE);
	cgn_pool_publish(f.pool, at, proto, mapping);
	return at;
}

Test(port_rest, resting_port_is_no_mapping_and_not_free)
{
	struct cgn_port at = map(0, CGN_TCP, 9);

	cgn_pool_rest(f.pool, at, CGN_TCP, START_S + 120);
	cr_assert_eq(cgn_pool_find(f.pool, at.pool, CGN_TCP, at.port), CGN_MAPPING_NONE);
	cr_assert_eq(f.pool->use[0].busy[CGN_TCP], 1);
	cr_assert_eq(f.pool->use[0].resting[CGN_TCP], 1);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + 119, 100), 0);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + 120, 100), 1);
	cr_assert(pool_is_untouched(f.pool));
}

Test(port_rest, whole_block_rests_before_another_subscriber_gets_it)
{
	struct cgn_port at = map(0, CGN_UDP, 9), other;

	cgn_pool_rest(f.pool, at, CGN_UDP, START_S + 10);
	cr_assert_eq(cgn_pool_take(f.pool, 1, 0, CGN_UDP, &other), CGN_FATE_NO_ADDRESS);
	cgn_pool_rest_advance(f.pool, START_S + 10, 100);
	cr_assert_eq(cgn_pool_take(f.pool, 1, 0, CGN_UDP, &other), CGN_FATE_NONE);
	cgn_pool_untake(f.pool, other, CGN_UDP);
}

Test(port_rest, resting_port_is_not_handed_out_to_its_own_subscriber_either)
{
	struct cgn_port rested = map(0, CGN_TCP, 1), at;

	cgn_pool_rest(f.pool, rested, CGN_TCP, START_S + 10);
	for (int i = 0; i < 63; i++) {
		at = map(0, CGN_TCP, 2);
		cr_assert_neq(at.port, rested.port);
	}
	cr_assert_eq(cgn_pool_take(f.pool, 0, 0, CGN_TCP, &at), CGN_FATE_NO_PORTS);
	cgn_pool_rest_advance(f.pool, START_S + 10, 100);
	cr_assert_eq(cgn_pool_take(f.pool, 0, 0, CGN_TCP, &at), CGN_FATE_NONE);
	cr_assert_eq(at.port, rested.port);
}

Test(port_rest, no_rest_frees_at_once)
{
	struct cgn_port at = map(0, CGN_ICMP, 3);

	cgn_pool_rest(f.pool, at, CGN_ICMP, START_S);
	cr_assert(pool_is_untouched(f.pool));
}

Test(port_rest, each_port_wakes_in_its_own_second_whatever_the_order)
{
	static const uint32_t rests[] = {5, 3600, 1, 120, 120, 119, 121, 4095, 4096, 2, 5, 86400};
	enum { N = sizeof(rests) / sizeof(rests[0]) };

	for (uint32_t i = 0; i < N; i++)
		cgn_pool_rest(f.pool, map(0, CGN_TCP, i + 1), CGN_TCP, START_S + rests[i]);
	for (uint32_t s = 1; s <= 86400; s++) {
		uint32_t due = 0;

		for (uint32_t i = 0; i < N; i++)
			due += rests[i] == s;
		cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + s, 100), due, "second %u", s);
	}
	cr_assert(pool_is_untouched(f.pool));
}

Test(port_rest, budget_bounds_a_turn_and_the_rest_follows)
{
	for (int i = 0; i < 60; i++)
		cgn_pool_rest(f.pool, map(0, CGN_UDP, 1), CGN_UDP, START_S + 1 + (uint32_t)i % 3);
	for (int turn = 0; turn < 6; turn++) {
		cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + 100, 10), 10);
		cr_assert(pool_fixture_is_consistent(&f));
	}
	cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + 100, 10), 0);
	cr_assert_eq(f.pool->rest_now_s, START_S + 100);
}

Test(port_rest, seconds_wrap_around_unharmed)
{
	struct cgn_port at = map(0, CGN_TCP, 9);

	f.pool->rest_now_s = UINT32_MAX - 10;
	cgn_pool_rest(f.pool, at, CGN_TCP, 20);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, UINT32_MAX, 100), 0);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, 19, 100), 0);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, 20, 100), 1);
}

Test(port_rest, protocols_of_one_port_rest_on_their_own)
{
	struct cgn_port at[64];

	for (uint32_t i = 0; i < 64; i++)
		at[i] = map(0, CGN_TCP, 1);
	for (uint32_t i = 0; i < 64; i++)
		map(0, CGN_UDP, i + 1);
	for (uint32_t i = 0; i < 64; i++)
		cgn_pool_rest(f.pool, at[i], CGN_TCP, START_S + 1);
	for (uint32_t port = 65472; port < 65536; port++)
		cr_assert_neq(cgn_pool_find(f.pool, 0, CGN_UDP, (uint16_t)port), CGN_MAPPING_NONE);
	cgn_pool_rest_advance(f.pool, START_S + 1, 1000);
	cr_assert_eq(f.pool->use[0].busy[CGN_TCP], 0);
	cr_assert_eq(f.pool->use[0].busy[CGN_UDP], 64);
}

Test(port_rest, holder_takes_its_resting_port_back_and_nobody_else)
{
	struct cgn_port at = map(0, CGN_UDP, 7);

	cgn_pool_rest(f.pool, at, CGN_UDP, START_S + 120);
	cr_assert_neq(cgn_pool_take_at(f.pool, 1, 0, CGN_UDP, at), CGN_FATE_NONE);
	cr_assert_eq(cgn_pool_take_at(f.pool, 0, 0, CGN_UDP, at), CGN_FATE_NONE);
	cgn_pool_publish(f.pool, at, CGN_UDP, 8);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + 200, 100), 1);
	cr_assert_eq(cgn_pool_find(f.pool, at.pool, CGN_UDP, at.port), 8, "its old rest ended it");
	cr_assert_eq(f.pool->n_claims, 0);
	cr_assert(pool_fixture_is_consistent(&f));
	cgn_pool_rest(f.pool, at, CGN_UDP, START_S + 320);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + 319, 100), 0);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + 320, 100), 1);
	cr_assert(pool_is_untouched(f.pool));
}

Test(port_rest, port_taken_back_and_freed_again_rests_its_full_time)
{
	struct cgn_port at = map(0, CGN_TCP, 7);

	for (uint32_t round = 0; round < 3; round++) {
		cgn_pool_rest(f.pool, at, CGN_TCP, START_S + 120 + round * 10);
		cr_assert_eq(cgn_pool_take_at(f.pool, 0, 0, CGN_TCP, at), CGN_FATE_NONE);
		cgn_pool_publish(f.pool, at, CGN_TCP, 9 + round);
		cr_assert(pool_fixture_is_consistent(&f));
	}
	cgn_pool_rest(f.pool, at, CGN_TCP, START_S + 150);
	cgn_pool_rest_advance(f.pool, START_S + 149, 100);
	cr_assert_eq(f.pool->use[0].resting[CGN_TCP], 1, "woke with an earlier rest");
	cgn_pool_rest_advance(f.pool, START_S + 150, 100);
	cr_assert(pool_is_untouched(f.pool));
}

Test(port_rest, taking_back_can_be_undone)
{
	struct cgn_port at = map(0, CGN_TCP, 7);

	cgn_pool_rest(f.pool, at, CGN_TCP, START_S + 120);
	cr_assert_eq(cgn_pool_take_at(f.pool, 0, 0, CGN_TCP, at), CGN_FATE_NONE);
	cgn_pool_untake(f.pool, at, CGN_TCP);
	cr_assert_eq(f.pool->n_claims, 0);
	cr_assert_eq(f.pool->use[0].resting[CGN_TCP], 1);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + 120, 100), 1);
	cr_assert(pool_is_untouched(f.pool));
}

Test(port_rest, taking_back_again_can_be_undone_and_the_later_rest_holds)
{
	struct cgn_port at = map(0, CGN_TCP, 7);

	cgn_pool_rest(f.pool, at, CGN_TCP, START_S + 120);
	cr_assert_eq(cgn_pool_take_at(f.pool, 0, 0, CGN_TCP, at), CGN_FATE_NONE);
	cgn_pool_publish(f.pool, at, CGN_TCP, 8);
	cgn_pool_rest(f.pool, at, CGN_TCP, START_S + 200);
	cr_assert_eq(cgn_pool_take_at(f.pool, 0, 0, CGN_TCP, at), CGN_FATE_NONE);
	cgn_pool_untake(f.pool, at, CGN_TCP);
	cr_assert(pool_fixture_is_consistent(&f));
	cgn_pool_rest_advance(f.pool, START_S + 199, 100);
	cr_assert_eq(f.pool->use[0].resting[CGN_TCP], 1, "woke with its first rest");
	cgn_pool_rest_advance(f.pool, START_S + 200, 100);
	cr_assert(pool_is_untouched(f.pool));
}
