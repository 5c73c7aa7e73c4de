/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/dependent and shared_port: keys, counts, rings, chains, the last record. */
#include "dependent.h"

#include <criterion/criterion.h>

#include "eal_fixture.h"
#include "mem.h"
#include "rand.h"
#include "reserve.h"

enum { CAPACITY = 64, N_MAPPINGS = 128, HOLDER = 5 };

static struct cgn_dependents d;
static struct cgn_mapping entries[N_MAPPINGS + 1];

static void
create(void)
{
	struct cgn_rand prng;

	eal_fixture_start();
	cgn_rand_init(&prng, 42);
	cr_assert_eq(cgn_dependents_init(&d, "test", CAPACITY, N_MAPPINGS, &prng, -1), 0);
	cr_assert_eq(cgn_reserve_fill(d.rings, 0, 16), 0);
	cr_assert_eq(cgn_reserve_fill(d.of_tenants, 0, 4), 0);
}

static void
finish(void)
{
	cgn_dependents_fini(&d);
	rte_eal_cleanup();
}

TestSuite(dependent, .init = create, .fini = finish);

/* Mapping i of inside port 5000 + inside on outside port 6000 for a remote port. */
static void
publish(uint32_t i, uint16_t inside, uint16_t remote_port)
{
	struct cgn_mapping *m = &entries[i];
	struct cgn_dependent *r = cgn_dependent_take(&d, i);

	cr_assert_not_null(r);
	m->inside = 9;
	m->pool = 3;
	m->tenant = 1;
	m->proto = CGN_UDP;
	m->inside_port = rte_cpu_to_be_16((uint16_t)(5000 + inside));
	m->outside_port = RTE_BE16(6000);
	r->remote = RTE_BE32(0xc0000201);
	r->remote_port = rte_cpu_to_be_16(remote_port);
	cgn_dependent_publish(&d, m, i);
}

static uint32_t
find(enum cgn_dir dir, uint32_t end, uint16_t port, uint16_t remote_port)
{
	const struct cgn_dependent_key key = {.end = end,
		.remote = RTE_BE32(0xc0000201),
		.port = rte_cpu_to_be_16(port),
		.remote_port = rte_cpu_to_be_16(remote_port),
		.proto = CGN_UDP,
		.dir = (uint8_t)dir};

	return cgn_dependent_find(&d, &key);
}

static uint32_t
n_at(uint16_t port)
{
	const struct cgn_map_key key = {
		.inside = 9, .port = rte_cpu_to_be_16(port), .proto = CGN_UDP};

	return cgn_dependents_at(&d, &key);
}

static void
end(uint32_t i)
{
	cgn_dependent_unlink(&d, &entries[i], i);
	cgn_dependent_reclaim(&d, i);
}

Test(dependent, is_found_from_both_sides_for_its_remote_end_alone)
{
	publish(7, 0, 53);
	publish(8, 1, 54);
	cr_expect_eq(find(CGN_IN2OUT, 9, 5000, 53), 7);
	cr_expect_eq(find(CGN_OUT2IN, 3, 6000, 53), 7);
	cr_expect_eq(find(CGN_IN2OUT, 9, 5001, 54), 8);
	cr_expect_eq(find(CGN_OUT2IN, 3, 6000, 54), 8);
	cr_expect_eq(find(CGN_IN2OUT, 9, 5000, 54), CGN_MAPPING_NONE);
	cr_expect_eq(find(CGN_OUT2IN, 3, 6001, 53), CGN_MAPPING_NONE);
	cr_expect_eq(find(CGN_OUT2IN, 9, 5000, 53), CGN_MAPPING_NONE, "the directions are apart");
	cr_expect_eq(find(CGN_IN2OUT, 8, 5000, 53), CGN_MAPPING_NONE);
}

Test(dependent, unlinked_ones_are_missed_at_once_and_their_keys_can_be_used_again)
{
	publish(7, 0, 53);
	cgn_dependent_unlink(&d, &entries[7], 7);
	cr_expect_eq(find(CGN_IN2OUT, 9, 5000, 53), CGN_MAPPING_NONE);
	cr_expect_eq(find(CGN_OUT2IN, 3, 6000, 53), CGN_MAPPING_NONE);
	cr_expect_eq(d.n_live, 0);
	publish(8, 0, 53);
	cgn_dependent_reclaim(&d, 7);
	cr_expect_eq(find(CGN_IN2OUT, 9, 5000, 53), 8);
	cr_expect_eq(find(CGN_OUT2IN, 3, 6000, 53), 8);
	cr_expect_eq(d.n, 1);
}

Test(dependent, an_inside_end_knows_how_many_it_has)
{
	cr_expect_eq(n_at(5000), 0);
	publish(1, 0, 53);
	publish(2, 0, 54);
	publish(3, 1, 55);
	cr_expect_eq(n_at(5000), 2);
	cr_expect_eq(n_at(5001), 1);
	cr_expect_eq(d.of_tenants[1], 3);
	end(1);
	end(3);
	cr_expect_eq(n_at(5000), 1);
	cr_expect_eq(n_at(5001), 0);
	end(2);
	cr_expect_eq(n_at(5000), 0);
	cr_expect_eq(d.of_tenants[1], 0);
}

Test(dependent, there_is_room_for_as_many_as_was_said_each_time)
{
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 1; i <= CAPACITY; i++)
			publish(i, (uint16_t)i, (uint16_t)(100 + i));
		cr_expect_null(cgn_dependent_take(&d, CAPACITY + 1));
		for (uint32_t i = 1; i <= CAPACITY; i++) {
			cr_expect_eq(find(CGN_OUT2IN, 3, 6000, (uint16_t)(100 + i)), i, "round %d",
				round);
			end(i);
		}
		cr_expect_eq(d.n, 0);
	}
}

Test(dependent, ports_of_a_holder_are_in_a_ring_by_protocol)
{
	const struct cgn_shared_ring *ring = &d.rings[HOLDER][CGN_UDP];
	uint32_t a = cgn_shared_port_add(&d, HOLDER, CGN_UDP, (struct cgn_port){3, 6000});
	uint32_t b = cgn_shared_port_add(&d, HOLDER, CGN_UDP, (struct cgn_port){3, 6001});
	uint32_t c = cgn_shared_port_add(&d, HOLDER, CGN_UDP, (struct cgn_port){3, 6002});
	uint32_t t = cgn_shared_port_add(&d, HOLDER, CGN_TCP, (struct cgn_port){3, 6000}), seen = 0;

	cr_assert_eq(ring->n, 3);
	cr_expect_eq(d.rings[HOLDER][CGN_TCP].at, t);
	for (uint32_t k = 0, s = ring->at; k < 3; k++, s = d.ports[s].next) {
		seen |= 1u << s;
		cr_expect_eq(d.ports[d.ports[s].next].prev, s);
	}
	cr_expect_eq(seen, 1u << a | 1u << b | 1u << c);
	cgn_shared_port_del(&d, c);
	cgn_shared_port_del(&d, a);
	cr_expect_eq(ring->at, b);
	cr_expect_eq(d.ports[b].next, b);
	cr_expect_eq(d.ports[b].prev, b);
	cgn_shared_port_del(&d, b);
	cr_expect_eq(ring->n, 0);
	cr_expect_eq(ring->at, 0);
	cr_expect_eq(d.n_ports, 1);
}

Test(dependent, the_slot_names_one_of_those_that_share_a_port_until_the_last_has_left)
{
	uint32_t s = cgn_shared_port_add(&d, HOLDER, CGN_UDP, (struct cgn_port){3, 6000});
	struct cgn_dependent *r[3];

	for (uint32_t k = 0; k < 3; k++) {
		r[k] = cgn_dependent_take(&d, 20 + k);
		cgn_shared_port_join(&d, r[k], s);
		cr_expect_eq(cgn_shared_port_slot(&d, s), CGN_SLOT_SHARED | (20 + k));
	}
	cr_expect_eq(cgn_slot_sharer(cgn_shared_port_slot(&d, s)), 22);
	cr_expect_eq(cgn_shared_port_leave(&d, r[1]), 2);
	cr_expect_eq(cgn_slot_sharer(cgn_shared_port_slot(&d, s)), 22);
	cr_expect_eq(cgn_shared_port_leave(&d, r[2]), 1);
	cr_expect_eq(cgn_slot_sharer(cgn_shared_port_slot(&d, s)), 20);
	cr_expect_eq(cgn_shared_port_leave(&d, r[0]), 0);
}

Test(dependent, a_slot_that_rests_or_holds_a_mapping_is_shared_by_nobody)
{
	cr_expect_eq(cgn_slot_sharer(0), CGN_MAPPING_NONE);
	cr_expect_eq(cgn_slot_sharer(77), CGN_MAPPING_NONE);
	cr_expect_eq(cgn_slot_sharer(CGN_SLOT_RESTING | 77), CGN_MAPPING_NONE);
	cr_expect_eq(cgn_slot_sharer(CGN_SLOT_RESTING | CGN_SLOT_SHARED | 77), CGN_MAPPING_NONE,
		"a long chain of resting ports has the bit too");
	cr_expect_eq(cgn_slot_sharer(CGN_SLOT_SHARED | 77), 77);
}

Test(dependent, without_room_nothing_is_taken_and_nothing_found)
{
	struct cgn_dependents none = {0};
	struct cgn_rand prng;
	const struct cgn_dependent_key key = {.end = 1};
	const struct cgn_map_key end_key = {.inside = 1};

	cgn_rand_init(&prng, 1);
	cr_expect_eq(cgn_dependents_init(&none, "none", 0, N_MAPPINGS, &prng, -1), 0);
	cr_expect_null(none.records);
	cr_expect_null(none.hash);
	cr_expect_eq(cgn_dependent_find(&none, &key), CGN_MAPPING_NONE);
	cr_expect_eq(cgn_dependents_at(&none, &end_key), 0);
	cgn_dependents_fini(&none);
}
