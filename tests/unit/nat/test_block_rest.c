/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/block_rest: a block that was leased before a restart rests (CGN-10, AMB-12). */
#include "lease.h"

#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "clock.h"
#include "conf_text.h"
#include "pool_fixture.h"
#include "port_run.h"

enum { START_S = 100000, REST_S = 120 };

static struct pool_fixture f;

static void
start_with(const char *pool)
{
	pool_fixture_init(&f, pool, 1);
	f.pool->rest_now_s = START_S;
}

static void
finish(void)
{
	cr_assert(pool_fixture_is_consistent(&f));
	pool_fixture_fini(&f);
}

TestSuite(block_rest, .fini = finish);

/* Four blocks of 64 ports, the subscriber may have one of them. */
static void
start_small(void)
{
	start_with("pool: [203.0.113.16/32]\n"
		   "ports: {first: 65280, block_size: 64, max_blocks: 1}\n");
}

static uint32_t
restore(uint32_t inside, uint32_t first, uint32_t n_ports)
{
	struct cgn_lease was = {.inside = inside, .first = (uint16_t)first, .n_ports = n_ports};

	return cgn_lease_restore(f.pool, 0, &was, START_S + REST_S);
}

static enum cgn_fate
take(uint32_t inside, struct cgn_port *at)
{
	return cgn_pool_take(f.pool, inside, 0, CGN_UDP, at);
}

static enum cgn_fate
take_at(uint32_t inside, uint32_t port)
{
	return cgn_pool_take_at(
		f.pool, inside, 0, CGN_UDP, (struct cgn_port){.port = (uint16_t)port});
}

Test(block_rest, others_get_no_port_of_it_until_the_rest_is_over)
{
	struct cgn_port at;

	start_small();
	for (uint32_t b = 0; b < 4; b++)
		cr_assert_eq(restore(b, 65280 + 64 * b, 64), 1);
	cr_assert_eq(f.pool->use[0].blocks_resting, 4);
	cr_assert(pool_fixture_is_consistent(&f));
	cr_assert_eq(take(9, &at), CGN_FATE_NO_ADDRESS);
	for (uint32_t port = 65280; port < 65536; port++)
		cr_assert_neq(take_at(9, port), CGN_FATE_NONE);
	cgn_pool_rest_advance(f.pool, START_S + REST_S - 1, 1000);
	cr_assert_eq(take(9, &at), CGN_FATE_NO_ADDRESS);
	cr_assert_eq(cgn_pool_rest_advance(f.pool, START_S + REST_S, 1000), 4);
	cr_assert(pool_is_untouched(f.pool));
	cr_assert_eq(take(9, &at), CGN_FATE_NONE);
	cgn_pool_untake(f.pool, at, CGN_UDP);
}

Test(block_rest, holder_gets_new_ports_elsewhere_on_the_same_address_beyond_its_limit)
{
	struct cgn_port at;

	start_with("pool: [203.0.113.16/30]\nports: {block_size: 64, max_blocks: 1}\n");
	for (uint32_t i = 0; i < 20; i++) {
		struct cgn_lease was = {.pool = i % 4,
			.inside = i,
			.first = (uint16_t)(1024 + 64 * i),
			.n_ports = 64};

		cr_assert_eq(cgn_lease_restore(f.pool, 0, &was, START_S + REST_S), 1);
		for (uint32_t n = 0; n < 64; n++) {
			cr_assert_eq(take(i, &at), CGN_FATE_NONE);
			cr_assert_eq(at.pool, was.pool);
			cr_assert(at.port < was.first || at.port >= was.first + 64, "port %u",
				at.port);
		}
	}
}

Test(block_rest, holder_gets_the_port_that_it_names)
{
	start_small();
	cr_assert_eq(restore(0, 65344, 64), 1);
	cr_assert_neq(take_at(1, 65350), CGN_FATE_NONE);
	cr_assert_eq(take_at(0, 65350), CGN_FATE_NONE);
	cgn_pool_publish(f.pool, (struct cgn_port){.port = 65350}, CGN_UDP, 5);
	cr_assert_eq(take_at(0, 65351), CGN_FATE_NONE);
	cgn_pool_untake(f.pool, (struct cgn_port){.port = 65351}, CGN_UDP);
	cr_assert_eq(f.subscribers[0].n_blocks, 1, "it rests still");
	cgn_pool_rest_advance(f.pool, START_S + REST_S, 1000);
	cr_assert_eq(cgn_pool_find(f.pool, 0, CGN_UDP, 65350), 5);
	cr_assert_eq(f.subscribers[0].n_blocks, 1, "it is in use");
	cr_assert_eq(f.subscribers[0].n_resting, 0);
	cgn_pool_rest(f.pool, (struct cgn_port){.port = 65350}, CGN_UDP, START_S + REST_S);
	cr_assert(pool_is_untouched(f.pool));
}

Test(block_rest, port_freed_meanwhile_rests_its_own_time_too)
{
	start_small();
	restore(0, 65344, 64);
	cr_assert_eq(take_at(0, 65350), CGN_FATE_NONE);
	cgn_pool_rest(f.pool, (struct cgn_port){.port = 65350}, CGN_UDP, START_S + 200);
	cgn_pool_rest_advance(f.pool, START_S + 199, 1000);
	cr_assert_eq(f.subscribers[0].n_blocks, 1);
	cgn_pool_rest_advance(f.pool, START_S + 200, 1000);
	cr_assert(pool_is_untouched(f.pool));
}

/* Nobody is locked out: what is scarce stays for those who have nothing, and a holder falls back on
 * its own. */
Test(block_rest, full_pool_serves_holders_from_their_own_blocks_and_keeps_an_eighth)
{
	struct cgn_port at;

	start_with("pool: [203.0.113.16/32]\n"
		   "ports: {first: 64512, block_size: 64, max_blocks: 1}\n"); /* 16 blocks */
	for (uint32_t b = 0; b < 12; b++)
		cr_assert_eq(restore(b, 64512 + 64 * b, 64), 1);
	for (uint32_t i = 0; i < 12; i++) {
		uint32_t own = 64512 + 64 * i;
		bool is_own;

		cr_assert_eq(take(i, &at), CGN_FATE_NONE);
		is_own = at.port >= own && at.port < own + 64;
		cr_assert_eq(is_own, i >= 2, "subscriber %u has %u", i, at.port);
	}
	cr_assert_eq(take(20, &at), CGN_FATE_NONE);
	cr_assert_eq(take(21, &at), CGN_FATE_NONE);
	cr_assert_eq(take(22, &at), CGN_FATE_NO_ADDRESS);
}

Test(block_rest, runs_of_ports_are_found_elsewhere_unless_they_are_named)
{
	struct cgn_run_want want = {.tenant = 0, .proto = CGN_UDP, .n = 8, .parity = -1};
	struct cgn_run run;

	start_small();
	restore(0, 65344, 64);
	run = cgn_pool_find_run(f.pool, &want);
	cr_assert_eq(run.n, 8);
	cr_assert(run.at.port < 65344 || run.at.port >= 65408);
	cgn_pool_leave_run(f.pool, &run);
	want.first = 65360;
	run = cgn_pool_find_run(f.pool, &want);
	cr_assert_eq(run.n, 8);
	cr_assert_eq(run.at.port, 65360);
	cgn_pool_leave_run(f.pool, &run);
	cr_assert_eq(f.subscribers[0].n_resting, 1);
}

Test(block_rest, blocks_cut_differently_rest_as_far_as_they_overlap)
{
	start_small();
	cr_assert_eq(restore(0, 65216, 192), 2); /* the first third is out of the range now */
	cr_assert_eq(restore(1, 65344 + 32, 64), 1);
	cr_assert_eq(restore(2, 65344, 64), 0, "another rests here");
	cr_assert_eq(restore(0, 65280, 64), 0, "rests already");
	cr_assert_eq(f.subscribers[0].n_resting, 2);
}

Test(block_rest, no_rest_keeps_the_paired_address_alone)
{
	struct cgn_lease was = {.pool = 3, .inside = 5, .first = 1024, .n_ports = 512};
	struct cgn_port at;

	start_with("pool: [203.0.113.16/30]\n");
	cr_assert_eq(cgn_lease_restore(f.pool, 0, &was, START_S), 0);
	cr_assert(pool_is_untouched(f.pool));
	cr_assert_eq(take(5, &at), CGN_FATE_NONE);
	cr_assert_eq(at.pool, 3);
}

Test(block_rest, block_on_another_address_than_the_paired_one_rests_too)
{
	struct cgn_lease was = {.pool = 3, .inside = 5, .first = 1024, .n_ports = 512};
	struct cgn_port forward = {.pool = 1, .port = 8080}, at;

	start_with("pool: [203.0.113.16/30]\n");
	cr_assert_eq(cgn_pool_take_at(f.pool, 5, 0, CGN_TCP, forward), CGN_FATE_NONE);
	cr_assert_eq(cgn_lease_restore(f.pool, 0, &was, START_S + REST_S), 1);
	cr_assert_eq(f.subscribers[5].pool, 1);
	for (int i = 0; i < 600; i++) {
		cr_assert_eq(take(5, &at), CGN_FATE_NONE);
		cr_assert_eq(at.pool, 1);
	}
	cr_assert(pool_fixture_is_consistent(&f));
	cgn_pool_rest_advance(f.pool, START_S + REST_S, 1000);
	cr_assert_eq(f.subscribers[5].n_resting, 0);
}

Test(block_rest, budget_bounds_a_turn_and_the_rest_follows)
{
	uint32_t n = 0, turns = 0;

	start_with("pool: [203.0.113.16/30]\n");
	for (uint32_t b = 0; b < 100; b++)
		restore(b, 1024 + 512 * b, 512);
	while (f.pool->rest_now_s != START_S + REST_S) {
		uint32_t k = cgn_pool_rest_advance(f.pool, START_S + REST_S, 64);

		cr_assert_leq(k, 64 + 8);
		n += k;
		turns++;
		cr_assert(pool_fixture_is_consistent(&f));
	}
	cr_assert_eq(n, 800);
	cr_assert_geq(turns, 12);
	cr_assert(pool_is_untouched(f.pool));
}

Test(block_rest, what_is_as_it_was_is_no_change)
{
	struct cgn_lease lease;

	start_small();
	restore(0, 65344, 64);
	cr_assert_not(cgn_lease_next_change(f.pool, &lease));
	restore(1, 65408, 32); /* the block has 64 now */
	cr_assert(cgn_lease_next_change(f.pool, &lease));
	cr_assert_eq(lease.n_ports, 64);
	cr_assert_eq(restore(1, 65344, 64), 0);
	cr_assert(cgn_lease_next_change(f.pool, &lease), "another has it: the journal has to know");
	cr_assert_eq(lease.inside, 0);
	cgn_pool_rest_advance(f.pool, START_S + REST_S, 1000);
	cr_assert(cgn_lease_next_change(f.pool, &lease));
	cr_assert_eq(lease.inside, CGN_NONE);
}

static void
start_large(void)
{
	const char *texts[] = {"tenant: a\n"
			       "attachments: [{port: access, address: 100.64.0.1/15, "
			       "subscribers: [{prefix: 100.64.0.0/15}]}]\n"
			       "pool: [198.18.0.0/22]\n"};
	struct cgn_errmsg err;

	f.conf = conf_text_load(
		CONF_TEXT_BOX "table: {subscribers: 131072}\ntenants: [t0.yaml]\n", texts, 1);
	f.dir = cgn_directory_create(f.conf, NULL, &err);
	cr_assert_not_null(f.dir);
	f.subscribers = calloc(f.dir->n_inside, sizeof(*f.subscribers));
	cgn_rand_init(&f.rand, 1);
	f.pool = cgn_pool_create(f.dir, f.subscribers, &f.rand, -1, &err);
	cr_assert_not_null(f.pool);
	f.pool->rest_now_s = START_S;
}

Test(block_rest, hundred_thousand_blocks_are_restored_and_woken_in_less_than_a_second)
{
	enum { N = 100000, PER_ADDR = 126 };
	cgn_ns_t began, restored, woken;

	start_large();
	began = cgn_clock_now();
	for (uint32_t i = 0; i < N; i++) {
		struct cgn_lease was = {.pool = i / PER_ADDR,
			.inside = i,
			.first = (uint16_t)(1024 + i % PER_ADDR * 512),
			.n_ports = 512};

		cr_assert_eq(cgn_lease_restore(f.pool, 0, &was, START_S + REST_S), 1);
	}
	restored = cgn_clock_now();
	while (f.pool->rest_now_s != START_S + REST_S)
		cgn_pool_rest_advance(f.pool, START_S + REST_S, 512);
	woken = cgn_clock_now();
	cr_assert(pool_is_untouched(f.pool));
	printf("%d blocks: restored in %llu ms, woken in %llu ms\n", N,
		(unsigned long long)(restored - began) / CGN_NS_PER_MS,
		(unsigned long long)(woken - restored) / CGN_NS_PER_MS);
	cr_expect_lt(restored - began, CGN_NS_PER_S);
}

/* PMP-31: whose session was over before the restart. */
Test(block_rest, block_of_a_session_that_was_over_rests_for_nobody)
{
	struct cgn_lease was = {.first = 65280, .n_ports = 64, .is_orphan = true}, now;
	struct cgn_port at;

	start_small();
	cr_assert_eq(cgn_lease_restore(f.pool, 0, &was, START_S + REST_S), 1);
	cr_assert_eq(f.subscribers[0].n_blocks, 0);
	cr_assert_eq(f.subscribers[0].n_resting, 0);
	cr_assert_eq(f.subscribers[0].pool, CGN_NONE);
	cr_assert_eq(f.pool->use[0].blocks_resting, 1);
	cr_assert_not(cgn_lease_next_change(f.pool, &now), "the journal has it so");
	cr_assert(pool_fixture_is_consistent(&f));
	for (uint32_t port = 65280; port < 65344; port++)
		cr_assert_neq(take_at(0, port), CGN_FATE_NONE, "not even by the same address");
	cr_assert_eq(take(0, &at), CGN_FATE_NONE);
	cr_assert_geq(at.port, 65344);
	cgn_pool_untake(f.pool, at, CGN_UDP);
	cgn_pool_rest_advance(f.pool, START_S + REST_S, 1000);
	cr_assert(pool_is_untouched(f.pool));
}

/* A forward of the configuration keeps a block at its address whoever has that. */
Test(block_rest, ports_of_an_owner_before_are_not_claimed_in_a_block_that_stays)
{
	struct cgn_port at = {.port = 65290};

	start_small();
	cr_assert_eq(take_at(0, 65289), CGN_FATE_NONE);
	cr_assert_eq(take_at(0, 65290), CGN_FATE_NONE);
	cgn_pool_rest(f.pool, at, CGN_UDP, START_S + REST_S);
	cgn_block_renew(f.pool, f.subscribers[0].first_block);
	cr_assert_eq(take_at(0, 65290), CGN_FATE_NO_PORTS);
	cgn_pool_rest_advance(f.pool, START_S + REST_S, 1000);
	cr_assert_eq(take_at(0, 65290), CGN_FATE_NONE, "it has rested");
	cgn_pool_untake(f.pool, at, CGN_UDP);
	at.port = 65289;
	cgn_pool_untake(f.pool, at, CGN_UDP);
}
