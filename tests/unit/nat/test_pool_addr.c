/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/pool_addr: addresses that come, drain, go and are cut anew. */
#include "pool_addr.h"
#include "port_run.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

#include "pool_fixture.h"

enum { A, B };

static struct pool_fixture f;

static void
finish(void)
{
	cr_assert(pool_fixture_is_consistent(&f));
	pool_fixture_fini(&f);
}

TestSuite(pool_addr, .fini = finish);

static struct cgn_port
take(uint32_t inside, uint32_t tenant)
{
	struct cgn_port at;

	cr_assert_eq(cgn_pool_take(f.pool, inside, tenant, CGN_TCP, &at), CGN_FATE_NONE);
	return at;
}

static enum cgn_fate
try_take(uint32_t inside, uint32_t tenant)
{
	struct cgn_port at;

	return cgn_pool_take(f.pool, inside, tenant, CGN_TCP, &at);
}

/* What a reload does before it changes anything. */
static void
make_ready(const struct cgn_directory *dir)
{
	struct cgn_pool_need need;
	struct cgn_errmsg err;

	cr_assert_eq(cgn_pool_need(f.pool, dir, &need, &err), 0);
	cr_assert_eq(cgn_pool_fill(f.pool, &need), 0);
}

static uint32_t
inside_of(uint32_t tenant, uint32_t nth)
{
	return f.dir->tenants[tenant].inside.runs[0].first + nth;
}

Test(pool_addr, addresses_of_a_larger_directory_serve_without_moving_anything)
{
	const struct cgn_directory *small;
	struct pool_fixture large;
	const void *granules, *chunks;
	struct cgn_port at;
	bool seen[16] = {false};

	pool_fixture_init(&f, "pool: [203.0.113.16/32]\n", 1);
	pool_fixture_init(&large, "pool: [203.0.113.16/28]\n", 1);
	large.dir->pool_addrs[3] = 0; /* a hole */
	at = take(0, A);
	cgn_pool_publish(f.pool, at, CGN_TCP, 77);
	granules = (const void *)f.pool->granules;
	chunks = f.pool->chunks;
	small = f.pool->dir;
	f.pool->dir = large.dir;
	cr_assert_eq(cgn_pool_addr_add(f.pool, 1), -ENOMEM, "added before it was made ready");
	make_ready(large.dir);
	for (uint32_t i = 1; i < 16; i++)
		if (i != 3)
			cr_assert_eq(cgn_pool_addr_add(f.pool, i), 0);
	cr_assert_eq(f.pool->use[A].n_avail, 15);
	cr_assert_eq(f.pool->use[A].n_blocks, 15 * 126);
	for (uint32_t i = 1; i < 200; i++)
		seen[take(i, A).pool] = true;
	for (uint32_t i = 0; i < 16; i++)
		cr_assert_eq(seen[i], i != 3, "address %u", i);
	cr_assert_eq(f.pool->granules, granules);
	cr_assert_eq(f.pool->chunks, chunks);
	cr_assert_eq(cgn_pool_find(f.pool, at.pool, CGN_TCP, at.port), 77);
	cr_assert(pool_fixture_is_consistent(&f));
	f.pool->dir = small;
	pool_fixture_fini(&large);
}

Test(pool_addr, address_that_drains_takes_nothing_new)
{
	struct cgn_port at;

	pool_fixture_init(
		&f, "pool: [203.0.113.16/31]\nports: {block_size: 64, max_blocks: 1}\n", 2);
	at = take(0, A);
	pool_fixture_may_move = true;
	cgn_pool_addr_drain(f.pool, at.pool);
	for (int n = 0; n < 64; n++)
		cr_assert_neq(take(0, A).pool, at.pool,
			"its block there serves no more, and does not count");
	cr_assert_eq(try_take(0, A), CGN_FATE_NO_PORTS);
	cr_assert_neq(cgn_pool_take_at(f.pool, 0, A, CGN_TCP,
			      (struct cgn_port){.pool = at.pool, .port = at.port ^ 0x400}),
		CGN_FATE_NONE);
	for (uint32_t i = 1; i < 50; i++)
		cr_assert_neq(take(i, A).pool, at.pool);
	cr_assert_eq(f.pool->use[A].n_avail, 1);
	cr_assert_eq(f.pool->use[A].n_blocks, 1008 + 1);
}

Test(pool_addr, subscriber_of_a_drained_address_moves_with_its_next_port)
{
	struct cgn_port at;
	uint32_t paired;

	pool_fixture_init(&f, "pool: [203.0.113.16/31]\n", 3);
	at = take(0, A);
	paired = at.pool;
	pool_fixture_may_move = true;
	cgn_pool_addr_drain(f.pool, paired);
	cr_assert_eq(cgn_pool_pair(f.pool, 0, A), paired ^ 1, "although it holds a block there");
	cgn_pool_untake(f.pool, at, CGN_TCP);
	cr_assert_eq(cgn_pool_pair(f.pool, 0, A), paired ^ 1);
	pool_fixture_may_move = true;
	cgn_pool_addr_drain(f.pool, paired ^ 1);
	cr_assert_eq(try_take(0, A), CGN_FATE_NO_ADDRESS);
	cr_assert_eq(cgn_pool_addr_add(f.pool, paired), 0, "it comes back");
	cr_assert_eq(take(0, A).pool, paired);
}

Test(pool_addr, address_goes_when_its_last_block_has_returned)
{
	struct cgn_port at;

	pool_fixture_init(&f, "pool: [203.0.113.16/32]\n", 4);
	at = take(0, A);
	pool_fixture_may_move = true;
	cgn_pool_addr_drain(f.pool, 0);
	cr_assert_eq(cgn_pool_addr_remove(f.pool, 0), -EBUSY);
	cgn_pool_rest(f.pool, at, CGN_TCP, 100);
	cr_assert_eq(cgn_pool_addr_remove(f.pool, 0), -EBUSY, "its port rests");
	cgn_pool_rest_advance(f.pool, 100, 10);
	cr_assert_eq(cgn_pool_addr_remove(f.pool, 0), 0);
	cr_assert_eq(f.pool->use[A].n_blocks, 0);
	cr_assert_eq(f.pool->kept_chunks, 0);
	cr_assert_eq(f.pool->kept_blocks, 0);
	cr_assert_eq(try_take(0, A), CGN_FATE_NO_ADDRESS);
}

/* The address has gone from the configuration, but ports of it rest (RFC 6888 REQ-8). */
Test(pool_addr, address_that_is_gone_gives_nothing_to_those_who_have_ports_there)
{
	struct cgn_run_want want = {.tenant = A, .proto = CGN_TCP, .n = 2, .parity = -1};
	struct cgn_run run;
	struct cgn_port at;

	pool_fixture_init(&f, "pool: [203.0.113.16/31]\n", 8);
	at = take(0, A);
	pool_fixture_may_move = true;
	f.dir->pool_addrs[at.pool] = 0;
	cgn_pool_addr_leave(f.pool, at.pool, 50);
	cgn_pool_rest(f.pool, at, CGN_TCP, 50);
	cr_assert_eq(cgn_pool_take_at(f.pool, 0, A, CGN_TCP, at), CGN_FATE_NO_PORTS,
		"not even the port that rests for it");
	run = cgn_pool_find_run(f.pool, &want);
	cr_assert_eq(run.n, 2);
	cr_assert_eq(run.at.pool, at.pool ^ 1);
	cgn_pool_leave_run(f.pool, &run);
}

Test(pool_addr, number_that_went_to_another_tenant_pairs_nobody_of_the_old_one)
{
	uint16_t *tenants;

	pool_fixture_init_two(&f, "pool: [203.0.113.16/31]\n", "pool: [203.0.113.32/32]\n", 5);
	tenants = f.dir->pool_tenants;
	pool_fixture_may_move = true;
	cgn_pool_addr_drain(f.pool, 1);
	for (uint32_t i = 0; i < 20; i++) {
		struct cgn_port at = take(inside_of(A, i), A);

		cr_assert_eq(at.pool, 0);
		cgn_pool_untake(f.pool, at, CGN_TCP);
	}
	cr_assert_eq(cgn_pool_addr_remove(f.pool, 0), 0);
	tenants[0] = B;
	make_ready(f.dir);
	cr_assert_eq(cgn_pool_addr_add(f.pool, 0), 0);
	cr_assert_eq(cgn_pool_addr_add(f.pool, 0), -EBUSY);
	cr_assert_eq(cgn_pool_addr_add(f.pool, 1), 0);
	for (uint32_t i = 0; i < 20; i++)
		cr_assert_eq(take(inside_of(A, i), A).pool, 1);
	cr_assert_eq(cgn_pool_take_at(f.pool, inside_of(A, 30), A, CGN_TCP,
			     (struct cgn_port){.pool = 0, .port = 2000}),
		CGN_FATE_NO_PORTS);
	cr_assert_eq(f.pool->use[A].n_blocks, 126);
	cr_assert_eq(f.pool->use[B].n_blocks, 2 * 126);
}

Test(pool_addr, draining_address_is_not_another_tenants)
{
	pool_fixture_init_two(&f, "pool: [203.0.113.16/32]\n", "pool: [203.0.113.32/32]\n", 6);
	take(inside_of(A, 0), A);
	pool_fixture_may_move = true;
	cgn_pool_addr_drain(f.pool, 0);
	f.dir->pool_tenants[0] = B;
	cr_assert_eq(cgn_pool_addr_add(f.pool, 0), -EBUSY);
	f.dir->pool_tenants[0] = A;
	cr_assert_eq(cgn_pool_addr_add(f.pool, 0), 0);
}

Test(pool_addr, new_block_size_is_for_new_blocks)
{
	struct cgn_port old, fresh;

	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\n"
		"ports: {first: 1024, last: 5119, block_size: 1024, max_blocks: 4}\n",
		7);
	old = take(0, A);
	f.conf->tenants[A].ports.block_size = 128;
	make_ready(f.dir);
	cr_assert_eq(cgn_pool_addr_layout(f.pool, 0), 0);
	cr_assert_eq(f.pool->use[A].n_blocks, 1 + 3 * 8);
	for (int n = 1; n < 1024; n++)
		cr_assert_eq(take(0, A).port / 1024, old.port / 1024, "its block is whole");
	fresh = take(0, A);
	cr_assert_eq(f.subscribers[0].n_blocks, 2);
	for (int n = 1; n < 128; n++)
		cr_assert_eq(take(0, A).port / 128, fresh.port / 128);
	cr_assert_neq(take(0, A).port / 128, fresh.port / 128);
	cr_assert(pool_fixture_is_consistent(&f));
}

Test(pool_addr, old_block_is_cut_anew_when_it_returns)
{
	struct cgn_port small[4], one;

	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\n"
		"ports: {first: 1024, last: 2047, block_size: 256, max_blocks: 4}\n",
		8);
	for (uint32_t i = 0; i < 4; i++)
		small[i] = take(i, A);
	f.conf->tenants[A].ports.block_size = 512;
	make_ready(f.dir);
	cr_assert_eq(cgn_pool_addr_layout(f.pool, 0), 0);
	cr_assert_eq(try_take(9, A), CGN_FATE_NO_ADDRESS);
	for (uint32_t i = 0; i < 4; i++) {
		cgn_pool_untake(f.pool, small[i], CGN_TCP);
		cr_assert(pool_fixture_is_consistent(&f));
	}
	cr_assert_eq(f.pool->addrs[0].n_blocks, 2);
	one = take(9, A);
	cr_assert_eq(f.pool->blocks[f.subscribers[9].first_block].n_granules, 8);
	cgn_pool_untake(f.pool, one, CGN_TCP);
}

Test(pool_addr, blocks_outside_of_a_narrower_range_stay_and_then_go)
{
	struct cgn_port at[2];

	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {first: 1024, last: 2047, block_size: 512, "
		"max_blocks: 2}\n",
		9);
	at[0] = take(0, A);
	at[1] = take(1, A);
	f.conf->tenants[A].ports.first = 1536;
	make_ready(f.dir);
	cr_assert_eq(cgn_pool_addr_layout(f.pool, 0), 0);
	cgn_pool_untake(f.pool, at[0], CGN_TCP);
	cgn_pool_untake(f.pool, at[1], CGN_TCP);
	cr_assert_eq(f.pool->use[A].n_blocks, 1);
	cr_assert_geq(take(0, A).port, 1536);
	cr_assert_eq(try_take(1, A), CGN_FATE_NO_ADDRESS);
}

Test(pool_addr, layout_that_is_not_ready_changes_nothing)
{
	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {first: 1024, last: 2047, block_size: 512, "
		"max_blocks: 2}\n",
		10);
	take(0, A);
	f.conf->tenants[A].ports.last = 65535;
	cr_assert_eq(cgn_pool_addr_layout(f.pool, 0), -ENOMEM);
	cr_assert_eq(f.pool->addrs[0].last_granule, 2047 / 64);
	cr_assert(pool_fixture_is_consistent(&f));
	make_ready(f.dir);
	cr_assert_eq(cgn_pool_addr_layout(f.pool, 0), 0);
	cr_assert_eq(f.pool->use[A].n_blocks, 126);
}

/* Layouts back and forth must not take more memory each time. */
Test(pool_addr, what_is_made_ready_is_used_again)
{
	uint64_t bytes;

	pool_fixture_init(&f, "pool: [203.0.113.16/31]\nports: {block_size: 64}\n", 11);
	take(0, A);
	bytes = 0;
	for (int round = 0; round < 50; round++) {
		f.conf->tenants[A].ports.block_size = round % 2 ? 64 : 8192;
		make_ready(f.dir);
		for (uint32_t i = 0; i < 2; i++)
			cr_assert_eq(cgn_pool_addr_layout(f.pool, i), 0);
		if (round == 2)
			bytes = cgn_pool_bytes(f.pool);
	}
	cr_assert_eq(cgn_pool_bytes(f.pool), bytes);
}

/* Without hugepages (laboratories) chunks get memory when they are first leased. */
Test(pool_addr, chunks_on_demand_take_memory_as_they_are_leased)
{
	struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20}, saved;
	const struct cgn_directory *dir;
	struct cgn_errmsg err;
	uint64_t bytes;

	pool_fixture_init(&f, "pool: [203.0.113.16/30]\n", 13);
	bytes = cgn_pool_bytes(f.pool);
	dir = f.pool->dir;
	cgn_pool_destroy(f.pool);
	f.conf->memory.hugepages = false;
	f.pool = cgn_pool_create(dir, f.subscribers, &f.rand, -1, &err);
	cr_assert_not_null(f.pool);
	cr_assert_lt(cgn_pool_bytes(f.pool), bytes / 4);
	bytes = cgn_pool_bytes(f.pool);
	take(0, A);
	cr_assert_geq(cgn_pool_bytes(f.pool), bytes + 4096);
	cr_assert_leq(cgn_pool_bytes(f.pool), bytes + 3 * 4096); /* 8 chunks: 6144 bytes */
	getrlimit(RLIMIT_DATA, &saved);
	limit.rlim_max = saved.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_DATA, &limit), 0);
	for (uint32_t i = 1; i < 100; i++) /* the second block may share a page */
		if (try_take(i, A) != CGN_FATE_NONE)
			break;
	cr_assert_eq(try_take(100, A), CGN_FATE_NO_PORTS);
	cr_assert_eq(f.subscribers[100].n_blocks, 0);
	cr_assert_eq(setrlimit(RLIMIT_DATA, &saved), 0);
	take(100, A);
}

Test(pool_addr, subscribers_at_used_again_numbers_start_with_nothing)
{
	struct cgn_subscriber s[3];

	memset(s, 0xff, sizeof(s));
	cgn_subscribers_init(s, 1, 1);
	cr_assert_eq(s[1].pool, CGN_NONE);
	cr_assert_eq(s[1].first_block, CGN_NONE);
	cr_assert_eq(s[1].n_blocks, 0);
	cr_assert_eq(s[1].last_refusal, CGN_FATE_NONE);
	cr_assert_eq(cgn_use_total(&s[1].use), 0);
	cr_assert_eq(s[0].n_blocks, UINT16_MAX);
	cr_assert_eq(s[2].n_blocks, UINT16_MAX);
	pool_fixture_init(&f, "pool: [203.0.113.16/32]\n", 12); /* for finish */
}
