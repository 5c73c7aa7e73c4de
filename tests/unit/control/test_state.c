/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/control/state*.c with a real journal: a simulated box is killed and started again.
 * What a crash may cost is what has not reached the journal; the tests write it after each step.
 */
#include "state.h"

#include <stdio.h>

#include <criterion/criterion.h>
#include <rte_ring.h>

#include "control.h"
#include "lease.h"
#include "restart.h"

enum { REST_S = 120, N_FLOWS = 5000 };

static const char roomy[] = "ports: {max_blocks: 16}\n";

static struct restart box;
static struct cgn_sim *sim;
static struct cgn_control *c;

static void
start_with(const char *a)
{
	char text[512];

	snprintf(text, sizeof(text),
		"portctl: {natpmp: true, pcp: true}\n"
		"quota: {subscriber: {mappings: 5400, udp: 5400}}\n%s",
		a);
	restart_start(&box, &(struct cgn_sim_params){.a = text, .seed = 5});
	sim = box.sim;
	c = sim->box->control;
}

static void
crash_and_start(const char *a)
{
	restart_run_and_export(&box);
	restart_kill(&box);
	start_with(a);
}

static void
finish(void)
{
	restart_fini(&box);
}

TestSuite(state, .fini = finish);

static uint32_t
inside_of(uint32_t subscriber)
{
	return c->dp->dir->tenants[0].inside.runs[0].first + subscriber;
}

/* What the first packet of a flow makes. */
static const struct cgn_mapping *
open_flow(uint32_t subscriber, uint16_t port)
{
	struct cgn_flow flow = {
		.inside = inside_of(subscriber), .port = rte_cpu_to_be_16(port), .proto = CGN_UDP};
	uint32_t m;

	cr_assert_eq(cgn_allocate(c, &flow, NULL, &m), CGN_FATE_NONE);
	cr_assert_eq(cgn_publish(c, m), CGN_FATE_NONE);
	return cgn_table_at(c->table, m);
}

static struct cgn_port
port_of_flow(uint32_t subscriber, uint16_t port)
{
	return cgn_mapping_port(open_flow(subscriber, port));
}

static struct cgn_explicit_ask
ask_of(uint32_t subscriber, uint16_t port, uint16_t suggested)
{
	return (struct cgn_explicit_ask){.origin = CGN_EXPLICIT_PCP_MAP,
		.inside = inside_of(subscriber),
		.proto = CGN_UDP,
		.inside_port = port,
		.suggested_port = suggested,
		.lifetime_s = 3600,
		.nonce = {7},
		.client_addr = SIM_A1,
		.client_port = 5350,
		.n_ports = 1};
}

static uint16_t
ask(uint32_t subscriber, uint16_t port, uint16_t suggested)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
	struct cgn_explicit_ask q = ask_of(subscriber, port, suggested);
	uint32_t n;

	cr_assert_eq(cgn_explicit_ops.ask(c, &q, answers, &n), CGN_EXPLICIT_OK);
	return answers[0].port;
}

static bool
is_in(const struct cgn_lease *lease, uint16_t port)
{
	return port >= lease->first && port < lease->first + lease->n_ports;
}

/* The block that holds a port. */
static struct cgn_lease
lease_of(struct cgn_port at)
{
	uint32_t chunk = atomic_load(
		&c->pool->granules[(uint64_t)at.pool * CGN_GRANULES + at.port / CGN_GRANULE_PORTS]);
	const struct cgn_block *block = &c->pool->blocks[c->pool->ctl[chunk].block];

	cr_assert_neq(chunk, 0);
	return (struct cgn_lease){.pool = at.pool,
		.inside = block->inside,
		.first = (uint16_t)(block->first_granule * CGN_GRANULE_PORTS),
		.n_ports = block->n_granules * (uint32_t)CGN_GRANULE_PORTS};
}

/* PCP-71's and CGN-10's test: one address, so that the second subscriber is beside the first. */
Test(state, crash_lets_nobody_else_have_the_ports_that_traffic_used)
{
	const char *a = "pool: [203.0.113.16/32]\nports: {max_blocks: 16}\n";
	struct cgn_port old, at;
	struct cgn_lease was;

	start_with(a);
	old = port_of_flow(1, 5000);
	was = lease_of(old);
	crash_and_start(a);
	cr_assert_eq(c->state.blocks_restored, 1);
	cr_assert_eq(c->pool->use[0].blocks_resting, 1);
	cr_assert_neq(ask(2, 6000, old.port), old.port);
	for (uint16_t n = 0; n < N_FLOWS; n++) {
		at = port_of_flow(2, 10000 + n);
		cr_assert_not(is_in(&was, at.port));
	}
	cgn_sim_elapse_s(sim, REST_S - 1);
	cr_assert_neq(ask(2, 6001, old.port), old.port);
	cr_assert_eq(c->pool->use[0].blocks_resting, 1);
	cgn_sim_elapse_s(sim, 1);
	cr_assert_eq(c->pool->use[0].blocks_resting, 0);
	cr_assert_eq(ask(2, 6002, old.port), old.port);
}

Test(state, holder_gets_new_ports_at_once_and_old_ones_when_it_names_them)
{
	struct cgn_port old, at;
	struct cgn_lease was;

	start_with("ports: {max_blocks: 1}\n");
	old = port_of_flow(1, 5000);
	was = lease_of(old);
	crash_and_start("ports: {max_blocks: 1}\n");
	for (uint16_t n = 0; n < 400; n++) {
		at = port_of_flow(1, 10000 + n);
		cr_assert_eq(at.pool, old.pool, "the paired address is another");
		cr_assert_not(is_in(&was, at.port));
	}
	cr_assert_not(is_in(&was, ask(1, 6000, 0)), "it has not named one");
	cr_assert_eq(ask(1, 5000, old.port), old.port);
	restart_run_and_export(&box);
	cgn_sim_elapse_s(sim, REST_S);
	cr_assert_eq(c->subscribers[inside_of(1)].n_blocks, 2, "both are in use");
	crash_and_start("ports: {max_blocks: 1}\n");
	cr_assert_eq(c->state.blocks_restored, 2);
	cr_assert_eq(ask(1, 5000, 0), old.port, "explicit mappings are theirs");
}

Test(state, returned_block_does_not_rest)
{
	start_with("");
	port_of_flow(1, 5000);
	restart_run_and_export(&box);
	cgn_sim_elapse_s(sim, 300 + REST_S + 2);
	cr_assert_eq(c->pool->use[0].blocks, 0);
	crash_and_start("");
	cr_assert_eq(box.report.leases, 0);
	cr_assert_eq(c->state.blocks_restored, 0);
}

Test(state, second_crash_during_the_rest_begins_it_anew_and_writes_nothing_twice)
{
	uint64_t written;

	start_with("");
	port_of_flow(1, 5000);
	port_of_flow(2, 5000);
	crash_and_start("");
	restart_run_and_export(&box);
	written = c->state.written;
	cr_assert_eq(written, 0, "the journal knows it all");
	cgn_sim_elapse_s(sim, REST_S - 1);
	crash_and_start("");
	cgn_sim_elapse_s(sim, REST_S - 1);
	cr_assert_eq(c->pool->use[0].blocks_resting, 2);
	cgn_sim_elapse_s(sim, 1);
	cr_assert_eq(c->pool->use[0].blocks, 0);
	restart_run_and_export(&box);
	crash_and_start("");
	cr_assert_eq(box.report.leases, 0);
}

Test(state, block_without_a_place_in_the_configuration_leaves_the_journal)
{
	start_with(roomy);
	for (uint32_t s = 0; s < 200; s++)
		port_of_flow(s, 5000);
	crash_and_start("pool: [203.0.113.16/30]\n");
	cr_assert_eq(box.report.leases, 200);
	cr_assert_gt(c->state.blocks_restored, 0);
	cr_assert_lt(c->state.blocks_restored, 150);
	crash_and_start("pool: [203.0.113.16/30]\n");
	cr_assert_eq(box.report.leases, c->state.blocks_restored);
}

Test(state, blocks_of_another_size_rest_and_the_journal_learns_it)
{
	struct cgn_port old;

	start_with("pool: [203.0.113.16/32]\n");
	old = port_of_flow(1, 5000);
	crash_and_start("pool: [203.0.113.16/32]\nports: {block_size: 64}\n");
	cr_assert_eq(c->state.blocks_restored, 8);
	cr_assert_neq(ask(2, 6000, old.port), old.port);
	crash_and_start("pool: [203.0.113.16/32]\nports: {block_size: 64}\n");
	cr_assert_eq(box.report.leases, 9, "those of the second subscriber's port too");
}

Test(state, without_a_rest_the_paired_address_stays)
{
	struct cgn_port old;

	start_with("timeouts: {port_rest_s: 0}\n");
	old = port_of_flow(1, 5000);
	crash_and_start("timeouts: {port_rest_s: 0}\n");
	cr_assert_eq(c->pool->use[0].blocks, 0);
	cr_assert_eq(c->subscribers[inside_of(1)].pool, old.pool);
	cr_assert_eq(port_of_flow(1, 5000).pool, old.pool);
}

/* All 16 128 blocks change hands while the disk hangs. */
Test(state, flood_of_leases_waits_in_the_pool_and_none_is_lost)
{
	enum { N_ADDRS = 16, PER_ADDR = 1008, HOLDERS = 60 };
	const char *a = "ports: {block_size: 64, max_blocks: 17, kept_percent: 0}\n";

	start_with(a);
	restart_run_and_export(&box);
	for (uint32_t i = 0; i < N_ADDRS * PER_ADDR; i++) {
		uint32_t k = i % PER_ADDR, address = i / PER_ADDR;
		struct cgn_port at = {.pool = address, .port = (uint16_t)(1024 + 64 * k)};

		cr_assert_eq(cgn_pool_take_at(c->pool, inside_of(address * HOLDERS + k % HOLDERS),
				     0, CGN_TCP, at),
			CGN_FATE_NONE);
		if (i % 16 == 0)
			cgn_sim_poll_control(sim);
	}
	for (uint32_t turn = 0; turn < 1000; turn++)
		cgn_sim_poll_control(sim);
	cr_assert_gt(c->state.lease_waits, 0);
	cr_assert_leq(rte_ring_count(c->state.ring), rte_ring_get_capacity(c->state.ring) / 2);
	restart_run_and_export(&box);
	cr_assert_eq(c->state.resyncs, 0);
	cr_assert_not(cgn_lease_is_changed(c->pool));
	cr_assert_eq(cgn_journal_stats(box.journal).leases, N_ADDRS * PER_ADDR);
	crash_and_start(a);
	cr_assert_eq(c->pool->use[0].blocks_resting, N_ADDRS * PER_ADDR);
	cr_assert_eq(c->subscribers[inside_of(HOLDERS)].pool, 1);
}

Test(state, resync_of_explicit_mappings_keeps_the_blocks)
{
	start_with("");
	port_of_flow(1, 5000);
	restart_run_and_export(&box);
	while (!c->state.resync) /* nobody empties the ring */
		ask(2, 6000, 0);
	restart_run_and_export(&box);
	cr_assert_eq(c->state.resyncs, 1);
	crash_and_start("");
	cr_assert_eq(box.report.leases, 2);
	cr_assert_eq(box.report.live, 1);
	cr_assert_eq(c->state.blocks_restored, 2);
}

Test(state, who_asked_for_a_third_party_is_known_after_a_restart)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
	struct cgn_explicit_ask q;
	const struct cgn_mapping *m;
	const struct cgn_explicit *e;
	uint16_t port;
	uint32_t n;

	start_with("");
	port = ask(40, 6000, 0);
	crash_and_start("");
	q = ask_of(40, 6000, 0);
	m = cgn_table_at(c->table,
		cgn_table_find(c->table,
			&(struct cgn_map_key){.inside = q.inside,
				.port = rte_cpu_to_be_16(6000),
				.proto = CGN_UDP}));
	e = cgn_explicit_of(c, m);
	cr_assert_not_null(e);
	cr_assert_eq(e->client_addr, SIM_A1);
	cr_assert_eq(e->client_port, 5350);
	cr_assert_neq(cgn_directory_inside_addr(c->dp->dir, q.inside), SIM_A1);
	q.nonce[0] = 8;
	cr_assert_eq(cgn_explicit_ops.ask(c, &q, answers, &n), CGN_EXPLICIT_NOT_OWNER);
	cr_assert_eq(ask(40, 6000, 0), port);
}

Test(state, peer_has_its_owner_after_a_restart)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
	struct cgn_explicit_ask q;
	uint16_t port;
	uint32_t n;

	start_with("");
	q = ask_of(1, 6000, 0);
	q.origin = CGN_EXPLICIT_PCP_PEER;
	q.peer_addr = SIM_PEER;
	q.peer_port = 443;
	cr_assert_eq(cgn_explicit_ops.ask(c, &q, answers, &n), CGN_EXPLICIT_OK);
	port = answers[0].port;
	crash_and_start("");
	q.nonce[0]++;
	cr_assert_eq(cgn_explicit_ops.ask(c, &q, answers, &n), CGN_EXPLICIT_NOT_OWNER);
	q.nonce[0]--;
	cr_assert_eq(cgn_explicit_ops.ask(c, &q, answers, &n), CGN_EXPLICIT_OK);
	cr_assert_eq(answers[0].port, port);
	cr_assert_eq(c->filters.n_used, 0);
}
