/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/control's life of a mapping: admit, allocate, publish, expire, unlink, reclaim; and
 * what is undone when a step fails. Driven step by step on a simulated box without packets.
 */
#include "control.h"

#include <criterion/criterion.h>

#include "lifetime.h"
#include "pool_fixture.h"
#include "sim.h"

static struct cgn_sim *sim;
static struct cgn_control *c;

static void
start_with(const char *box, const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = a, .seed = 7});
	c = sim->box->control;
	cgn_sim_run(sim);
}

static void
finish(void)
{
	cr_assert(pool_is_consistent(c->pool));
	cgn_sim_destroy(sim);
}

TestSuite(mappings, .fini = finish);

static struct cgn_pkt
packet(uint32_t subscriber, uint16_t port, enum cgn_proto proto)
{
	const struct cgn_directory *dir = c->dp->dir;

	return (struct cgn_pkt){.tenant = 0,
		.inside = dir->tenants[0].inside.runs[0].first + subscriber,
		.src = rte_cpu_to_be_32(cgn_directory_inside_addr(dir, subscriber)),
		.sport = rte_cpu_to_be_16(port),
		.proto = (uint8_t)proto};
}

static enum cgn_fate
make(uint32_t subscriber, uint16_t port, enum cgn_proto proto, uint32_t *m)
{
	struct cgn_pkt pkt = packet(subscriber, port, proto);
	struct cgn_flow flow = cgn_flow_of(&pkt);
	enum cgn_fate fate = cgn_admit(c, &flow);

	if (fate == CGN_FATE_NONE)
		fate = cgn_allocate(c, &flow, NULL, m);
	return fate == CGN_FATE_NONE ? cgn_publish(c, *m) : fate;
}

static uint32_t
must_make(uint32_t subscriber, uint16_t port, enum cgn_proto proto)
{
	uint32_t m;

	cr_assert_eq(make(subscriber, port, proto, &m), CGN_FATE_NONE);
	return m;
}

static uint32_t
found_by_key(const struct cgn_mapping *m)
{
	struct cgn_map_key key = {.inside = m->inside, .port = m->inside_port, .proto = m->proto};

	return cgn_table_find(c->table, &key);
}

static uint32_t
found_by_port(const struct cgn_mapping *m)
{
	return cgn_pool_find(
		c->pool, m->pool, (enum cgn_proto)m->proto, rte_be_to_cpu_16(m->outside_port));
}

Test(mappings, published_mapping_is_found_from_both_sides)
{
	const struct cgn_mapping *m;
	uint32_t i;

	start_with(NULL, NULL);
	i = must_make(3, 5000, CGN_UDP);
	m = cgn_table_at(c->table, i);
	cr_assert_eq(found_by_key(m), i);
	cr_assert_eq(found_by_port(m), i);
	cr_assert_eq(rte_be_to_cpu_32(m->outside_addr), c->dp->dir->pool_addrs[m->pool]);
	cr_assert_eq(m->neigh, cgn_directory_inside_neigh(c->dp->dir, m->inside));
	cr_assert_eq(c->tenants[0].mappings[CGN_UDP], 1);
	cr_assert_eq(c->subscribers[m->inside].use.mappings[CGN_UDP], 1);
}

Test(mappings, unlinked_mapping_is_found_from_neither_and_its_port_rests)
{
	struct cgn_mapping copy;
	uint32_t i;

	start_with(NULL, NULL);
	i = must_make(3, 5000, CGN_TCP);
	copy = *cgn_table_at(c->table, i);
	cgn_unlink(c, i);
	cr_assert_eq(found_by_key(&copy), CGN_MAPPING_NONE);
	cr_assert_eq(found_by_port(&copy), CGN_MAPPING_NONE);
	cr_assert_eq(c->pool->use[0].resting[CGN_TCP], 1);
	cr_assert_eq(cgn_use_total(&c->tenants[0]), 0);
	cr_assert_eq(cgn_use_total(&c->subscribers[copy.inside].use), 0);
	cr_assert_eq(c->wheel.n_nodes, 0);
}

Test(mappings, port_rests_as_long_as_established_traffic_would_have_kept_it)
{
	start_with(NULL, NULL);
	cgn_unlink_resting(c, must_make(3, 5000, CGN_TCP), 7440);
	cgn_sim_elapse_s(sim, 7439);
	cr_assert_eq(c->pool->use[0].resting[CGN_TCP], 1);
	cgn_sim_elapse_s(sim, 1);
	cr_assert_eq(c->pool->use[0].resting[CGN_TCP], 0);
}

Test(mappings, entry_is_reclaimed_only_after_every_worker_was_quiescent)
{
	uint32_t i;

	start_with(NULL, NULL);
	i = must_make(3, 5000, CGN_TCP);
	cgn_unlink(c, i);
	for (int turn = 0; turn < 10; turn++) {
		cgn_sim_poll_control(sim);
		cr_assert_eq(cgn_table_n_used(c->table), 1, "the worker may still hold it");
	}
	cgn_sim_poll_workers(sim);
	cgn_sim_poll_control(sim);
	cr_assert_eq(cgn_table_n_used(c->table), 0);
}

Test(mappings, mapping_expires_in_its_second_and_not_before)
{
	start_with(NULL, "timeouts: {udp_s: 120}\n");
	must_make(3, 5000, CGN_UDP);
	cgn_sim_elapse_s(sim, 119);
	cr_assert_eq(c->tenants[0].mappings[CGN_UDP], 1);
	cgn_sim_elapse_s(sim, 1);
	cr_assert_eq(c->tenants[0].mappings[CGN_UDP], 0);
	cr_assert_eq(c->expired, 1);
}

Test(mappings, mapping_in_use_is_looked_at_and_left)
{
	uint32_t i;

	start_with(NULL, "timeouts: {udp_s: 120}\n");
	i = must_make(3, 5000, CGN_UDP);
	cgn_sim_elapse_s(sim, 100);
	cgn_mapping_touch(cgn_table_at(c->table, i), c->now_s);
	cgn_sim_elapse_s(sim, 119);
	cr_assert_eq(c->tenants[0].mappings[CGN_UDP], 1);
	cgn_sim_elapse_s(sim, 1);
	cr_assert_eq(c->tenants[0].mappings[CGN_UDP], 0);
}

Test(mappings, thousands_that_end_in_one_second_end_in_slices)
{
	start_with("table: {mappings: 65536}\n", "timeouts: {udp_s: 120, port_rest_s: 0}\n");
	for (uint32_t i = 0; i < 3000; i++)
		must_make(i % 500, (uint16_t)(1000 + i), CGN_UDP);
	sim->now += 130 * CGN_NS_PER_S;
	cgn_sim_poll_control(sim);
	cr_assert_gt(c->tenants[0].mappings[CGN_UDP], 2000, "one turn stays short");
	cgn_sim_run(sim);
	cr_assert_eq(c->tenants[0].mappings[CGN_UDP], 0);
	cr_assert_eq(cgn_table_n_used(c->table), 0);
	cr_assert(pool_is_untouched(c->pool));
}

Test(mappings, full_table_gives_the_port_back)
{
	enum cgn_fate fate = CGN_FATE_NONE;
	uint32_t n = 0, m;

	start_with(NULL, NULL);
	while ((m = cgn_table_take(c->table)) != CGN_MAPPING_NONE)
		n++;
	fate = make(1, 1, CGN_TCP, &m);
	cr_assert_eq(fate, CGN_FATE_TABLE_FULL);
	cr_assert(pool_is_untouched(c->pool));
	cr_assert_eq(cgn_use_total(&c->tenants[0]), 0);
	for (uint32_t i = 1; i <= n; i++)
		cgn_table_free(c->table, i);
}

Test(mappings, exhausted_ports_give_the_entry_back)
{
	uint32_t m;

	start_with(NULL,
		"pool: [203.0.113.16/32]\nports: {first: 65472, block_size: 64, max_blocks: 1}\n");
	for (uint16_t i = 0; i < 64; i++)
		must_make(1, i, CGN_TCP);
	cr_assert_eq(make(1, 64, CGN_TCP, &m), CGN_FATE_NO_PORTS);
	cr_assert_eq(make(2, 64, CGN_TCP, &m), CGN_FATE_NO_ADDRESS);
	cr_assert_eq(cgn_table_n_used(c->table), 64);
}

Test(mappings, allocation_can_be_undone)
{
	struct cgn_pkt pkt;
	struct cgn_flow flow;
	uint32_t m;

	start_with(NULL, NULL);
	pkt = packet(3, 5000, CGN_ICMP);
	flow = cgn_flow_of(&pkt);
	cr_assert_eq(cgn_allocate(c, &flow, NULL, &m), CGN_FATE_NONE);
	cgn_unallocate(c, m);
	cr_assert_eq(cgn_table_n_used(c->table), 0);
	cr_assert(pool_is_untouched(c->pool));
}

Test(mappings, life_and_end_of_many_leave_nothing_behind)
{
	start_with("table: {mappings: 65536}\n", "timeouts: {udp_s: 120}\n");
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 5000; i++)
			must_make(
				i % 300, (uint16_t)(1000 + i), (enum cgn_proto)(i % CGN_N_PROTOS));
		cgn_sim_jump_s(sim, 400);
		cgn_sim_elapse_s(sim, 200);
		cr_assert_eq(cgn_table_n_used(c->table), 0);
		cr_assert(pool_is_untouched(c->pool));
		for (uint32_t s = 0; s < c->table->n_shards; s++)
			cr_assert_eq(c->table->shards[s].n_used, 0);
	}
}
