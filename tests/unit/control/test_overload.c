/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * More than the box can take: established flows keep their share, new ones degrade first and by
 * fate, and all is over when the flood is. Control's capacity is a number of turns a millisecond of
 * the fake clock, the worker's a number of its turns, so nothing depends on the machine.
 */
#include <criterion/criterion.h>

#include "sim.h"

enum {
	MS = 1000000,
	A_ON_TRUNK = 0x64410010, /* 100.65.0.16: tenant a, VLAN 101 */
	VLAN_A = 101,
	VLAN_B = 102,
	ESTABLISHED = 32, /* flows of tenant b */
	BEHIND_FROM = 32, /* whole bursts in a row */
	OF_A_BURST = 8,   /* new flows of a tenant then */
};

static struct cgn_sim *sim;

static struct cgn_sim *
create(void)
{
	cgn_sim_eal();
	return cgn_sim_create(&(struct cgn_sim_params){
		.box = "table: {mappings: 131072, shards: 2, explicit: 64, tcp_tracked: 0}\n"
		       "punt: {subscriber_per_s: 100000, subscriber_burst: 100000}\n",
		.a = "quota: {mappings: 100000}\n",
		.n_mbufs = 16383,
		.ring_size = 4096,
		.seed = 7});
}

static void
send_from(uint16_t vlan, uint32_t src, uint32_t sport, uint32_t dst)
{
	struct packet_spec s = packet_udp(src, (uint16_t)sport, dst, 53);

	s.n_tags = 1;
	s.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = vlan};
	cr_assert(cgn_sim_send_spec(sim, SIM_TRUNK, &s));
}

static void
send_established(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		send_from(VLAN_B, SIM_B1, 30000 + i % ESTABLISHED, SIM_PEER2);
}

/* First packets, each of another flow, of 100 subscribers of a. */
static void
send_flood(uint32_t n, uint32_t *k)
{
	for (uint32_t i = 0; i < n; i++, ++*k)
		send_from(VLAN_A, A_ON_TRUNK + *k % 100, 1024 + *k / 100, SIM_PEER);
}

/* Packets to the host dst that have come out. */
static uint32_t
received(uint32_t dst)
{
	struct cgn_sim_frame f;
	uint32_t n = 0;

	cgn_sim_collect(sim);
	while (cgn_sim_receive(sim, SIM_WAN, &f))
		n += f.bytes[33] == (uint8_t)dst;
	return n;
}

static void
establish(void)
{
	sim = create();
	send_established(ESTABLISHED);
	cgn_sim_run(sim);
	cr_assert_eq(received(SIM_PEER2), ESTABLISHED);
}

Test(overload, established_flows_lose_nothing_to_a_flood_that_control_cannot_take, .timeout = 60)
{
	enum { FLOOD_MS = 200, PER_MS = 400, TURNS = 9, LIMIT_MS = 200 };
	uint32_t k = 0, made, waited = 0;
	uint64_t refused;

	establish();
	for (uint32_t ms = 0; ms < FLOOD_MS; ms++) {
		send_flood(PER_MS, &k);
		send_established(ESTABLISHED);
		for (uint32_t t = 0; t < TURNS; t++)
			cgn_sim_poll_workers(sim);
		cr_assert_eq(received(SIM_PEER2), ESTABLISHED, "in millisecond %u", ms);
		cgn_sim_poll_control(sim); /* makes 64 */
		sim->now += MS;
	}
	made = cgn_sim_tenant_n_mappings(sim, "a");
	refused = cgn_sim_tenant_fate(sim, "a", "punt_tenant_share") +
		cgn_sim_tenant_fate(sim, "a", "punt_subscriber_share");
	cr_assert_eq(made, FLOOD_MS * CGN_BURST, "%u made", made);
	cr_assert_gt(refused, (uint64_t)FLOOD_MS * PER_MS / 2);
	/* What is left of it is done, then a new flow of the same tenant waits for nobody. */
	while (sim->box->control->queue.n > 0 && waited++ < LIMIT_MS) {
		cgn_sim_poll_workers(sim);
		cgn_sim_poll_control(sim);
		sim->now += MS;
	}
	cr_assert_lt(waited, LIMIT_MS);
	cgn_sim_poll_workers(sim);
	received(SIM_PEER);
	send_flood(1, &k);
	cgn_sim_poll_workers(sim);
	cgn_sim_poll_control(sim);
	cgn_sim_poll_workers(sim);
	cr_assert_eq(received(SIM_PEER), 1);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

Test(overload, a_worker_that_is_behind_has_less_for_new_flows_of_a_tenant, .timeout = 60)
{
	enum { NEW_OF_A = 20, NEW_OF_B = 4 };
	uint32_t k = 0;

	establish();
	send_established((BEHIND_FROM - 2) * CGN_BURST);
	/* One burst less, and nobody is refused. */
	send_flood(NEW_OF_A, &k);
	send_established(CGN_BURST - NEW_OF_A);
	/* One more. */
	send_flood(NEW_OF_A, &k);
	for (uint32_t i = 0; i < NEW_OF_B; i++)
		send_from(VLAN_B, SIM_B1 + 1, 40000 + i, SIM_PEER);
	send_established(CGN_BURST - NEW_OF_A - NEW_OF_B);
	/* What does not fill a burst is the end of it. */
	send_flood(NEW_OF_A, &k);
	for (uint32_t i = 0; i < BEHIND_FROM - 1; i++)
		cr_assert_eq(cgn_sim_poll_workers(sim), CGN_BURST);
	cr_assert_eq(cgn_sim_tenant_fate(sim, "a", "punt_tenant_share"), 0);
	cr_assert_eq(cgn_sim_poll_workers(sim), CGN_BURST);
	cr_assert_eq(cgn_sim_tenant_fate(sim, "a", "punt_tenant_share"), NEW_OF_A - OF_A_BURST);
	cgn_sim_run(sim);
	cr_assert_eq(cgn_sim_tenant_fate(sim, "a", "punt_tenant_share"), NEW_OF_A - OF_A_BURST);
	cr_assert_eq(cgn_sim_tenant_fate(sim, "b", "punt_tenant_share"), 0);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 2 * NEW_OF_A + OF_A_BURST);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "b"), ESTABLISHED + NEW_OF_B);
	cr_assert_eq(received(SIM_PEER2), BEHIND_FROM * CGN_BURST - 2 * NEW_OF_A - NEW_OF_B);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}
