/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/contact: the life of a contact, keys, chains, the last one. */
#include "contact.h"

#include <criterion/criterion.h>

#include "eal_fixture.h"
#include "rand.h"

enum { CAPACITY = 64, N_MAPPINGS = 8 };

static struct cgn_contacts t;

static void
create(void)
{
	struct cgn_rand prng;

	eal_fixture_start();
	cgn_rand_init(&prng, 42);
	cr_assert_eq(cgn_contacts_init(&t, CAPACITY, N_MAPPINGS, &prng, -1), 0);
}

static void
finish(void)
{
	cgn_contacts_fini(&t);
	rte_eal_cleanup();
}

TestSuite(contact, .init = create, .fini = finish);

static struct cgn_contact_key
key_of(uint32_t mapping, uint16_t port)
{
	return cgn_contact_key(mapping, CGN_FILTER_ADDRESS_PORT, CGN_UDP, RTE_BE32(0xc0000201),
		rte_cpu_to_be_16(port));
}

static uint32_t
add(uint32_t mapping, uint16_t port)
{
	const struct cgn_contact_key key = key_of(mapping, port);

	return cgn_contact_add(&t, &key, 100);
}

static uint32_t
find(uint32_t mapping, uint16_t port)
{
	const struct cgn_contact_key key = key_of(mapping, port);

	return cgn_contact_find(&t, &key);
}

static void
end(uint32_t i)
{
	cgn_contact_unlink(&t, i);
	cgn_contact_reclaim(&t, i);
}

Test(contact, is_found_under_its_mapping_address_and_port_alone)
{
	uint32_t i = add(1, 53);

	cr_assert_neq(i, 0);
	cr_expect_eq(find(1, 53), i);
	cr_expect_eq(find(1, 54), 0);
	cr_expect_eq(find(2, 53), 0);
	cr_expect_eq(t.lists[1].n, 1);
}

Test(contact, of_an_address_stands_for_all_its_ports_and_so_does_that_of_a_query)
{
	const struct cgn_contact_key a = cgn_contact_key(1, CGN_FILTER_ADDRESS, CGN_UDP, 7, 53);
	const struct cgn_contact_key b = cgn_contact_key(1, CGN_FILTER_ADDRESS, CGN_UDP, 7, 54);
	const struct cgn_contact_key q = cgn_contact_key(
		1, CGN_FILTER_ADDRESS_PORT, CGN_ICMP, 7, 99);
	uint32_t i = cgn_contact_add(&t, &a, 100);

	cr_expect_eq(cgn_contact_find(&t, &b), i);
	cr_expect_eq(cgn_contact_find(&t, &q), i);
}

Test(contact, leaves_its_mappings_others_alone_from_any_place)
{
	for (int gone = 0; gone < 3; gone++) {
		uint32_t at[3];

		for (uint16_t k = 0; k < 3; k++)
			at[k] = add(1, k);
		end(at[gone]);
		for (uint16_t k = 0; k < 3; k++)
			cr_expect_eq(find(1, k), k == gone ? 0 : at[k]);
		cr_expect_eq(t.lists[1].n, 2);
		while (t.lists[1].first != 0)
			end(t.lists[1].first);
		cr_expect_eq(t.lists[1].n, 0);
	}
	cr_expect_eq(t.n_used, 0);
}

Test(contact, is_there_as_often_as_the_capacity_says_and_again_after_reclaim)
{
	for (int round = 0; round < 200; round++) {
		for (uint16_t k = 0; k < CAPACITY; k++)
			cr_assert_neq(add(1 + k % N_MAPPINGS, k), 0, "round %d", round);
		cr_assert_eq(add(1, CAPACITY), 0);
		cr_assert_eq(find(1, CAPACITY), 0);
		for (uint32_t m = 1; m <= N_MAPPINGS; m++)
			while (t.lists[m].first != 0)
				end(t.lists[m].first);
	}
	cr_expect_eq(t.n_used, 0);
}

Test(contact, of_a_copy_is_not_touched_and_one_may_be_foreseen)
{
	uint32_t i = add(1, 53);
	struct cgn_contacts copy = t;

	copy.is_copy = true;
	copy.foreseen = key_of(1, 80);
	cgn_contact_touch(&copy, i, 200);
	cr_expect_eq(atomic_load(&t.records[i].last_use_s), 100);
	cgn_contact_touch(&copy, CGN_CONTACT_FORESEEN, 200);
	cr_expect_eq(cgn_contact_find(&copy, &copy.foreseen), CGN_CONTACT_FORESEEN);
	cr_expect_eq(find(1, 80), 0);
	cgn_contact_touch(&t, i, 200);
	cr_expect_eq(atomic_load(&t.records[i].last_use_s), 200);
}
