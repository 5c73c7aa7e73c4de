/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/block_note: every change of hands is told, once, and as it is by then. */
#include "lease.h"

#include <criterion/criterion.h>

#include "pool_fixture.h"

static struct pool_fixture f;

static void
start(void)
{
	pool_fixture_init(
		&f, "pool: [203.0.113.16/30]\nports: {block_size: 1024, max_blocks: 8}\n", 1);
}

static void
finish(void)
{
	cr_assert(pool_fixture_is_consistent(&f));
	pool_fixture_fini(&f);
}

TestSuite(block_note, .init = start, .fini = finish);

static struct cgn_port
take(uint32_t inside)
{
	struct cgn_port at;

	cr_assert_eq(cgn_pool_take(f.pool, inside, 0, CGN_UDP, &at), CGN_FATE_NONE);
	return at;
}

Test(block_note, lease_and_return_are_told_once_each)
{
	struct cgn_port at = take(7), other;
	struct cgn_lease lease;

	cr_assert(cgn_lease_next_change(f.pool, &lease));
	cr_assert_eq(lease.pool, at.pool);
	cr_assert_eq(lease.inside, 7);
	cr_assert_eq(lease.n_ports, 1024);
	cr_assert(lease.first <= at.port && at.port < lease.first + lease.n_ports);
	cr_assert_not(cgn_lease_next_change(f.pool, &lease));
	other = take(7);
	cr_assert_not(cgn_lease_next_change(f.pool, &lease), "a port of a block that it holds");
	cgn_pool_untake(f.pool, at, CGN_UDP);
	cr_assert_not(cgn_lease_next_change(f.pool, &lease));
	cgn_pool_untake(f.pool, other, CGN_UDP);
	cr_assert(cgn_lease_next_change(f.pool, &lease));
	cr_assert_eq(lease.inside, CGN_NONE);
	cr_assert_eq(lease.n_ports, 0);
	cr_assert_not(cgn_lease_next_change(f.pool, &lease));
}

Test(block_note, to_and_fro_is_one_change)
{
	struct cgn_lease lease;
	struct cgn_port at = take(7);

	for (int i = 0; i < 1000; i++) {
		cgn_pool_untake(f.pool, at, CGN_UDP);
		cr_assert_eq(cgn_pool_take_at(f.pool, 7, 0, CGN_UDP, at), CGN_FATE_NONE);
	}
	cr_assert(cgn_lease_next_change(f.pool, &lease));
	cr_assert_eq(lease.inside, 7);
	cr_assert_not(cgn_lease_next_change(f.pool, &lease));
}

Test(block_note, another_holder_at_the_same_place_is_told)
{
	struct cgn_lease lease;
	struct cgn_port at = take(7);

	cr_assert(cgn_lease_next_change(f.pool, &lease));
	cgn_pool_untake(f.pool, at, CGN_UDP);
	cr_assert_eq(cgn_pool_take_at(f.pool, 8, 0, CGN_UDP, at), CGN_FATE_NONE);
	cr_assert(cgn_lease_next_change(f.pool, &lease));
	cr_assert_eq(lease.inside, 8);
	cr_assert_not(cgn_lease_next_change(f.pool, &lease));
}

/* One address is noted again before each question; the others are told nevertheless. */
Test(block_note, addresses_take_turns)
{
	uint32_t told[4] = {0};
	struct cgn_port at[253];

	for (uint32_t i = 0; i < 200; i++)
		at[i] = take(i);
	for (uint32_t i = 0; i < 240; i++) {
		struct cgn_lease lease;

		cgn_pool_untake(f.pool, at[0], CGN_UDP);
		cr_assert_eq(cgn_pool_take_at(f.pool, 0, 0, CGN_UDP, at[0]), CGN_FATE_NONE);
		cr_assert(cgn_lease_next_change(f.pool, &lease));
		told[lease.pool]++;
	}
	for (uint32_t a = 0; a < 4; a++)
		if (a != at[0].pool)
			cr_expect_geq(told[a], 35, "address %u: %u", a, told[a]);
}
