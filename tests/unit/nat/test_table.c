/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/table: the life of an entry, bulk look-ups over shards, the last entry. */
#include "table.h"

#include <criterion/criterion.h>

#include "eal_fixture.h"

enum { CAPACITY = 4096 };

static struct cgn_table *t;
static struct cgn_rand prng;

static void
create(uint32_t capacity, uint32_t n_shards)
{
	struct cgn_errmsg err;

	cgn_rand_init(&prng, 42);
	t = cgn_table_create(capacity, n_shards, &prng, -1, &err);
	cr_assert_not_null(t, "%s", err.text);
}

static void
finish(void)
{
	cgn_table_destroy(t);
	rte_eal_cleanup();
}

TestSuite(table, .init = eal_fixture_start, .fini = finish);

static struct cgn_map_key
key_of(uint32_t inside, uint16_t port, enum cgn_proto proto)
{
	return (struct cgn_map_key){
		.inside = inside, .port = rte_cpu_to_be_16(port), .proto = (uint8_t)proto};
}

/* Takes, fills and publishes. */
static uint32_t
add(uint32_t inside, uint16_t port, enum cgn_proto proto)
{
	uint32_t m = cgn_table_take(t);
	struct cgn_mapping *entry;

	cr_assert_neq(m, CGN_MAPPING_NONE);
	entry = cgn_table_at(t, m);
	entry->inside = inside;
	entry->inside_port = rte_cpu_to_be_16(port);
	entry->proto = (uint8_t)proto;
	cr_assert_eq(
		cgn_table_publish(t, m), 0, "mapping %u of %u", cgn_table_n_used(t), t->capacity);
	return m;
}

static uint32_t
find(uint32_t inside, uint16_t port, enum cgn_proto proto)
{
	struct cgn_map_key key = key_of(inside, port, proto);

	return cgn_table_find(t, &key);
}

static uint32_t
slots_in_use(void)
{
	uint32_t n = 0;

	for (uint32_t s = 0; s < t->n_shards; s++)
		n += t->shards[s].n_used;
	return n;
}

Test(table, published_entry_is_found_by_its_own_key_alone)
{
	uint32_t m;

	create(CAPACITY, 4);
	m = add(5, 1000, CGN_UDP);
	cr_assert_eq(find(5, 1000, CGN_UDP), m);
	cr_assert_eq(find(5, 1000, CGN_TCP), CGN_MAPPING_NONE);
	cr_assert_eq(find(5, 1001, CGN_UDP), CGN_MAPPING_NONE);
	cr_assert_eq(find(6, 1000, CGN_UDP), CGN_MAPPING_NONE);
}

Test(table, taken_entry_is_not_found_before_it_is_published)
{
	uint32_t m;

	create(CAPACITY, 1);
	m = cgn_table_take(t);
	cgn_table_at(t, m)->inside = 9;
	cr_assert_eq(find(9, 0, CGN_TCP), CGN_MAPPING_NONE);
	cr_assert_eq(cgn_table_n_used(t), 1);
	cgn_table_free(t, m);
	cr_assert_eq(cgn_table_n_used(t), 0);
}

Test(table, unlinked_entry_keeps_its_place_until_it_is_reclaimed)
{
	uint32_t m;

	create(CAPACITY, 2);
	m = add(5, 1000, CGN_TCP);
	cgn_table_unlink(t, m);
	cr_assert_eq(find(5, 1000, CGN_TCP), CGN_MAPPING_NONE);
	cr_assert_eq(cgn_table_at(t, m)->inside, 5, "a worker may still read it");
	cr_assert_eq(cgn_table_n_used(t), 1);
	cr_assert_eq(slots_in_use(), 0);
	cgn_table_reclaim(t, m);
	cr_assert_eq(cgn_table_n_used(t), 0);
	cr_assert_eq(cgn_table_at(t, m)->inside, 0, "and comes back clean");
}

Test(table, same_key_can_be_published_again_while_the_old_entry_waits)
{
	uint32_t old, new;

	create(CAPACITY, 1);
	old = add(5, 1000, CGN_TCP);
	cgn_table_unlink(t, old);
	new = add(5, 1000, CGN_TCP);
	cr_assert_neq(new, old);
	cr_assert_eq(find(5, 1000, CGN_TCP), new);
	cgn_table_reclaim(t, old);
	cr_assert_eq(find(5, 1000, CGN_TCP), new);
	cgn_table_unlink(t, new);
	cgn_table_reclaim(t, new);
	cr_assert_eq(slots_in_use(), 0);
}

Test(table, bulk_of_64_finds_hits_and_misses_over_all_shards)
{
	struct cgn_map_key keys[CGN_TABLE_BULK];
	uint32_t out[CGN_TABLE_BULK], expected[CGN_TABLE_BULK];

	create(CAPACITY, 16);
	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < CGN_TABLE_BULK; i++) {
			uint32_t inside = round * 64 + i;

			keys[i] = key_of(inside, (uint16_t)(i * 3), CGN_UDP);
			expected[i] = i % 3 == 0 ? CGN_MAPPING_NONE
						 : add(inside, (uint16_t)(i * 3), CGN_UDP);
			out[i] = UINT32_MAX;
		}
		cgn_table_find_bulk(t, keys, CGN_TABLE_BULK, out);
		for (uint32_t i = 0; i < CGN_TABLE_BULK; i++)
			cr_assert_eq(out[i], expected[i], "key %u of round %u", i, round);
	}
}

Test(table, bulk_of_one_subscriber_and_bulk_of_nothing)
{
	struct cgn_map_key keys[CGN_TABLE_BULK];
	uint32_t out[CGN_TABLE_BULK] = {77};

	create(CAPACITY, 8);
	cgn_table_find_bulk(t, keys, 0, out);
	cr_assert_eq(out[0], 77);
	for (uint32_t i = 0; i < CGN_TABLE_BULK; i++) {
		keys[i] = key_of(3, (uint16_t)i, CGN_TCP);
		add(3, (uint16_t)i, CGN_TCP);
	}
	cgn_table_find_bulk(t, keys, CGN_TABLE_BULK, out);
	for (uint32_t i = 0; i < CGN_TABLE_BULK; i++)
		cr_assert_eq(cgn_table_at(t, out[i])->inside_port, keys[i].port);
}

/* Returns how many entries could be used, with mappings of ports_each per subscriber. */
static uint32_t
fill(uint32_t ports_each)
{
	uint32_t n = 0, m;

	while ((m = cgn_table_take(t)) != CGN_MAPPING_NONE) {
		struct cgn_mapping *entry = cgn_table_at(t, m);

		entry->inside = n / ports_each;
		entry->inside_port = rte_cpu_to_be_16((uint16_t)(n % ports_each));
		cr_assert_eq(cgn_table_publish(t, m), 0, "mapping %u of %u", n, t->capacity);
		n++;
	}
	return n;
}

Test(table, whole_capacity_can_be_used_in_spite_of_shards)
{
	create(100000, 16);
	cr_assert_eq(fill(20), 100000);
	cr_assert_eq(cgn_table_n_used(t), 100000);
	for (uint32_t n = 0; n < 100000; n++)
		cr_assert_neq(find(n / 20, (uint16_t)(n % 20), CGN_TCP), CGN_MAPPING_NONE);
}

Test(table, one_subscriber_can_use_the_whole_capacity)
{
	create(50000, 16);
	cr_assert_eq(fill(50000), 50000);
}

Test(table, full_table_is_empty_again_after_all_are_reclaimed)
{
	create(CAPACITY, 4);
	for (int round = 0; round < 5; round++) {
		cr_assert_eq(fill(7), CAPACITY);
		for (uint32_t m = 1; m <= CAPACITY; m++)
			cgn_table_unlink(t, m);
		cr_assert_eq(cgn_table_take(t), CGN_MAPPING_NONE, "all wait for the grace period");
		for (uint32_t m = 1; m <= CAPACITY; m++)
			cgn_table_reclaim(t, m);
		cr_assert_eq(cgn_table_n_used(t), 0);
		cr_assert_eq(slots_in_use(), 0);
	}
}

Test(table, entry_zero_is_never_handed_out)
{
	create(64, 1);
	for (int i = 0; i < 64; i++) {
		uint32_t m = cgn_table_take(t);

		cr_assert(m >= 1 && m <= 64);
	}
}
