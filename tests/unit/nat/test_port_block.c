/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/port_block: every port once, limits, partial blocks, return of blocks. */
#include "port_block.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "pool_fixture.h"

static struct pool_fixture f;
static uint8_t *seen; /* [65536] */

static void
start(void)
{
	seen = calloc(65536, 1);
}

static void
finish(void)
{
	cr_assert(pool_fixture_is_consistent(&f));
	pool_fixture_fini(&f);
	free(seen);
}

TestSuite(port_block, .init = start, .fini = finish);

/* Takes ports until refused; each may come once. */
static enum cgn_fate
take_all(uint32_t inside, enum cgn_proto proto, uint32_t *n)
{
	struct cgn_port at;
	enum cgn_fate fate;

	for (*n = 0; (fate = cgn_pool_take(f.pool, inside, 0, proto, &at)) == CGN_FATE_NONE;
		(*n)++) {
		cr_assert_eq(seen[at.port], 0, "port %u was handed out twice", at.port);
		seen[at.port] = 1;
	}
	return fate;
}

Test(port_block, every_port_of_the_range_is_handed_out_exactly_once)
{
	uint32_t n;

	pool_fixture_init(
		&f, "pool: [203.0.113.16/32]\nports: {max_blocks: 126, kept_percent: 0}\n", 1);
	cr_assert_eq(take_all(0, CGN_TCP, &n), CGN_FATE_NO_PORTS);
	cr_assert_eq(n, 65536 - 1024);
	for (uint32_t port = 0; port < 65536; port++)
		cr_assert_eq(seen[port], port >= 1024);
	cr_assert_eq(f.pool->use[0].busy[CGN_TCP], n);
}

Test(port_block, udp_ports_of_natpmp_and_pcp_are_never_handed_out)
{
	uint32_t n;

	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {max_blocks: 1008, block_size: 64, kept_percent: "
		"0}\n",
		2);
	cr_assert_eq(take_all(0, CGN_UDP, &n), CGN_FATE_NO_PORTS);
	cr_assert_eq(n, 65536 - 1024 - 2);
	cr_assert_eq(seen[5350] + seen[5351], 0);
	memset(seen, 0, 65536);
	take_all(0, CGN_TCP, &n);
	cr_assert_eq(seen[5350] + seen[5351], 2, "TCP has no such service");
	memset(seen, 0, 65536);
	take_all(0, CGN_ICMP, &n);
	cr_assert_eq(n, 65536 - 1024);
}

Test(port_block, subscriber_gets_no_more_than_max_blocks)
{
	uint32_t n;

	pool_fixture_init(
		&f, "pool: [203.0.113.16/32]\nports: {max_blocks: 3, block_size: 128}\n", 3);
	cr_assert_eq(take_all(0, CGN_TCP, &n), CGN_FATE_NO_PORTS);
	cr_assert_eq(n, 3 * 128);
	cr_assert_eq(f.subscribers[0].n_blocks, 3);
	memset(seen, 0, 65536);
	cr_assert_eq(take_all(0, CGN_ICMP, &n), CGN_FATE_NO_PORTS);
	cr_assert_eq(n, 3 * 128, "the three blocks serve every protocol");
	cr_assert_eq(f.pool->use[0].blocks, 3);
}

Test(port_block, blocks_of_different_subscribers_never_overlap)
{
	uint32_t n, total = 0;

	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {max_blocks: 1, block_size: 1024, first: 16384}\n",
		4);
	for (uint32_t i = 0; i < 48; i++) {
		cr_assert_eq(take_all(i, CGN_TCP, &n), CGN_FATE_NO_PORTS);
		cr_assert_eq(n, 1024);
		total += n;
	}
	cr_assert_eq(total, 65536 - 16384);
	cr_assert_eq(take_all(48, CGN_TCP, &n), CGN_FATE_NO_ADDRESS);
	cr_assert_eq(f.pool->use[0].n_avail, 0);
}

Test(port_block, block_leased_is_the_smallest_aligned_run_that_the_log_can_name)
{
	pool_fixture_init(&f, "pool: [203.0.113.16/32]\nports: {block_size: 512}\n", 5);
	for (uint32_t i = 0; i < 100; i++) {
		const struct cgn_block *block;
		uint32_t b;

		cr_assert_eq(cgn_block_lease(f.pool, i, 0, &b), CGN_FATE_NONE);
		block = &f.pool->blocks[b];
		cr_assert_eq(block->n_granules, 8);
		cr_assert_eq((block->first_granule * 64 - 1024) % 512, 0);
		cr_assert_eq(block->inside, i);
	}
}

Test(port_block, last_block_of_a_range_may_be_smaller)
{
	uint32_t n, sizes[2] = {0};

	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {first: 1024, last: 3007, block_size: 512, "
		"max_blocks: 4}\n",
		6);
	cr_assert_eq(f.pool->use[0].n_blocks, 4); /* 1984 ports: 3 × 512 + 448 */
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t b;

		cr_assert_eq(cgn_block_lease(f.pool, i, 0, &b), CGN_FATE_NONE);
		n = f.pool->blocks[b].n_granules;
		cr_assert(n == 8 || n == 7);
		sizes[n - 7]++;
	}
	cr_assert_eq(sizes[0], 1);
	for (uint32_t i = 0; i < 4; i++)
		take_all(i, CGN_TCP, &n);
	for (uint32_t port = 0; port < 65536; port++)
		cr_assert_eq(seen[port], port >= 1024 && port <= 3007);
}

Test(port_block, block_returns_when_its_last_port_of_any_protocol_is_free)
{
	struct cgn_port tcp, udp, icmp;

	pool_fixture_init(&f, "pool: [203.0.113.16/32]\n", 7);
	cgn_pool_take(f.pool, 0, 0, CGN_TCP, &tcp);
	cgn_pool_take(f.pool, 0, 0, CGN_UDP, &udp);
	cgn_pool_take(f.pool, 0, 0, CGN_ICMP, &icmp);
	cr_assert_eq(f.pool->use[0].blocks, 1);
	cgn_pool_untake(f.pool, udp, CGN_UDP);
	cgn_pool_untake(f.pool, tcp, CGN_TCP);
	cr_assert_eq(f.subscribers[0].n_blocks, 1);
	cgn_pool_untake(f.pool, icmp, CGN_ICMP);
	cr_assert_eq(f.subscribers[0].n_blocks, 0);
	cr_assert(pool_is_untouched(f.pool));
}

/* The chain of blocks is unlinked at its head, in its middle and at its end. */
Test(port_block, any_of_several_blocks_can_be_returned_first)
{
	static struct cgn_port ports[8 * 64];
	uint32_t n = 0;

	pool_fixture_init(
		&f, "pool: [203.0.113.16/32]\nports: {block_size: 64, max_blocks: 8}\n", 8);
	while (cgn_pool_take(f.pool, 0, 0, CGN_TCP, &ports[n]) == CGN_FATE_NONE)
		n++;
	cr_assert_eq(n, 8 * 64);
	for (uint32_t order = 0; order < 8; order++) {
		uint32_t block = order * 3 % 8; /* takes come block by block */

		for (uint32_t i = 0; i < 64; i++)
			cgn_pool_untake(f.pool, ports[block * 64 + i], CGN_TCP);
		cr_assert_eq(f.subscribers[0].n_blocks, 7 - order);
		cr_assert(pool_fixture_is_consistent(&f));
	}
	cr_assert(pool_is_untouched(f.pool));
}

Test(port_block, chunks_are_used_again_and_come_back_clean)
{
	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {first: 5312, last: 5439, block_size: 128, "
		"max_blocks: 1}\n",
		9);
	for (int round = 0; round < 1000; round++) {
		uint32_t inside = (uint32_t)round % 250, n = 0;
		struct cgn_port at[126];

		while (n < 126 &&
			cgn_pool_take(f.pool, inside, 0, CGN_UDP, &at[n]) == CGN_FATE_NONE)
			n++;
		cr_assert_eq(n, 126, "all but 5350 and 5351, each time");
		for (uint32_t i = 0; i < n; i++) {
			cr_assert_eq(
				cgn_pool_find(f.pool, 0, CGN_UDP, at[i].port), CGN_MAPPING_NONE);
			cgn_pool_publish(f.pool, at[i], CGN_UDP, i + 1);
		}
		for (uint32_t i = 0; i < n; i++)
			cgn_pool_rest(f.pool, at[i], CGN_UDP, 0);
	}
	cr_assert(pool_is_untouched(f.pool));
}

Test(port_block, address_leaves_the_list_when_full_and_comes_back)
{
	uint32_t blocks[3], b;
	struct cgn_port at;

	pool_fixture_init(&f,
		"pool: [203.0.113.16/31]\nports: {first: 32768, block_size: 32768, max_blocks: "
		"1}\n",
		10);
	cr_assert_eq(cgn_pool_take(f.pool, 0, 0, CGN_TCP, &at), CGN_FATE_NONE);
	cr_assert_eq(cgn_block_lease(f.pool, 1, 0, &blocks[1]), CGN_FATE_NONE);
	cr_assert_eq(f.pool->use[0].n_avail, 0);
	cr_assert_eq(cgn_block_lease(f.pool, 2, 0, &b), CGN_FATE_NO_ADDRESS);
	cgn_pool_untake(f.pool, at, CGN_TCP);
	cr_assert_eq(f.pool->use[0].n_avail, 1);
	cr_assert_eq(cgn_block_lease(f.pool, 2, 0, &blocks[2]), CGN_FATE_NONE);
	cr_assert_eq(f.pool->blocks[blocks[2]].pool, at.pool);
}
