/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of addresses that one subscriber has for itself: lib/nat/port_block.c, lib/nat/pool_addr.c.
 */
#include <errno.h>

#include <criterion/criterion.h>

#include "pool_addr.h"
#include "pool_fixture.h"

static struct pool_fixture f;
static uint32_t owner, own; /* inside index, pool index */

static void
start(void)
{
	pool_fixture_init(&f,
		"pool: [203.0.113.16/31]\n"
		"ports: {first: 32768, last: 65535, block_size: 1024, max_blocks: 1}\n"
		"static_addresses: [{inside: 100.64.0.10, outside: 203.0.113.17}]\n",
		7);
	owner = cgn_directory_inside_find(f.dir, 0, 0x6440000a);
	own = cgn_directory_pool_find(f.dir, 0, 0xcb007111);
	cr_assert_neq(own, CGN_NONE);
}

static void
finish(void)
{
	cr_expect(pool_fixture_is_consistent(&f));
	pool_fixture_fini(&f);
}

TestSuite(own_address, .init = start, .fini = finish);

static enum cgn_fate
take(uint32_t inside, enum cgn_proto proto, uint16_t port)
{
	return cgn_pool_take_at(
		f.pool, inside, 0, proto, (struct cgn_port){.pool = own, .port = port});
}

Test(own_address, all_of_it_is_leased_to_its_owner_from_the_start)
{
	cr_expect_eq(cgn_pool_owner(f.pool, own), owner);
	cr_expect_eq(cgn_pool_owner(f.pool, own ^ 1), CGN_NONE);
	cr_expect(cgn_pool_owns(f.pool, owner));
	cr_expect_not(cgn_pool_owns(f.pool, owner + 1));
	cr_expect_eq(cgn_pool_pair(f.pool, owner, 0), own);
	cr_expect_eq(cgn_pool_addr_leased(&f.pool->addrs[own], 0), 0);
}

/* Beyond ports.first, ports.last and ports.max_blocks, but for port 0 and those of NAT-PMP. */
Test(own_address, its_owner_has_every_port_of_it)
{
	for (uint32_t port = 0; port < 65536; port++) {
		bool reserved = port == 0 || port == 5350 || port == 5351;

		cr_assert_eq(take(owner, CGN_UDP, (uint16_t)port),
			reserved ? CGN_FATE_NO_PORTS : CGN_FATE_NONE, "%u", port);
		cr_assert_eq(take(owner, CGN_ICMP, (uint16_t)port), CGN_FATE_NONE, "%u", port);
	}
	cr_assert_eq(take(owner, CGN_TCP, 5351), CGN_FATE_NONE);
	for (uint32_t port = 0; port < 65536; port++) {
		struct cgn_port at = {.pool = own, .port = (uint16_t)port};

		if (port != 0 && port != 5350 && port != 5351)
			cgn_pool_untake(f.pool, at, CGN_UDP);
		cgn_pool_untake(f.pool, at, CGN_ICMP);
	}
	cgn_pool_untake(f.pool, (struct cgn_port){.pool = own, .port = 5351}, CGN_TCP);
	cr_expect_eq(f.subscribers[owner].n_blocks, 2, "it stays leased");
}

Test(own_address, nobody_else_gets_a_port_of_it)
{
	struct cgn_port at;

	for (uint32_t s = 0; s < f.dir->n_inside; s++) {
		if (s == owner)
			continue;
		cr_assert_eq(take(s, CGN_UDP, 40000), CGN_FATE_NO_PORTS);
		if (cgn_pool_take(f.pool, s, 0, CGN_UDP, &at) == CGN_FATE_NONE)
			cr_assert_eq(at.pool, own ^ 1);
	}
}

/* As any address that drains: what is used stays, what is free goes. */
Test(own_address, one_that_drains_is_nobodys_when_its_last_port_is_free)
{
	struct cgn_port at = {.pool = own, .port = 22};

	cr_assert_eq(take(owner, CGN_TCP, 22), CGN_FATE_NONE);
	cgn_pool_addr_drain(f.pool, own);
	cr_expect_eq(cgn_pool_owner(f.pool, own), CGN_NONE);
	cr_expect_eq(f.subscribers[owner].n_blocks, 1);
	cr_expect_eq(cgn_pool_addr_remove(f.pool, own), -EBUSY);
	cgn_pool_untake(f.pool, at, CGN_TCP);
	cr_expect_eq(f.subscribers[owner].n_blocks, 0);
	cr_expect_eq(cgn_pool_addr_remove(f.pool, own), 0);
	cr_expect_eq(cgn_pool_pair(f.pool, owner, 0), own ^ 1);
}
