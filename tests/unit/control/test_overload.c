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
	RX_RING = 1024,   /* ports[].rx_descriptors */
	BEHIND_FROM = 64, /* whole bursts in a row: four rings */
	AGAIN_FROM = 16,  /* for a worker that was behind of late */
	TURN_NS = 50000,
	OF_A_BURST = 8, /* new flows of a tenant of a worker that is behind */
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

/* A turn of the worker that finds n_new first packets of a, and as many others as make a burst. */
static void
whole_turn(uint32_t n_new, uint32_t *k)
{
	send_flood(n_new, k);
	send_established(CGN_BURST - n_new);
	cr_assert_eq(cgn_sim_poll_workers(sim), CGN_BURST);
	sim->now += TURN_NS;
}

static void
whole_turns(uint32_t n)
{
	uint32_t k = 0;

	while (n-- > 0)
		whole_turn(0, &k);
}

static uint64_t
refused_of(const char *tenant)
{
	return cgn_sim_tenant_fate(sim, tenant, "punt_tenant_share");
}

static void
finish(void)
{
	cgn_sim_run(sim);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

Test(overload, a_worker_that_is_behind_has_less_for_new_flows_of_a_tenant, .timeout = 60)
{
	enum { NEW_OF_A = 20, NEW_OF_B = 4 };
	uint32_t k = 0;

	establish();
	whole_turns(BEHIND_FROM - 2);
	whole_turn(NEW_OF_A, &k); /* one burst less, and nobody is refused */
	cr_assert_eq(refused_of("a"), 0);
	for (uint32_t i = 0; i < NEW_OF_B; i++)
		send_from(VLAN_B, SIM_B1 + 1, 40000 + i, SIM_PEER);
	send_flood(NEW_OF_A, &k);
	send_established(CGN_BURST - NEW_OF_A - NEW_OF_B);
	cr_assert_eq(cgn_sim_poll_workers(sim), CGN_BURST);
	cr_assert_eq(refused_of("a"), NEW_OF_A - OF_A_BURST);
	send_flood(NEW_OF_A, &k); /* what does not fill a burst is the end of it */
	cgn_sim_run(sim);
	cr_assert_eq(refused_of("a"), NEW_OF_A - OF_A_BURST);
	cr_assert_eq(refused_of("b"), 0);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 2 * NEW_OF_A + OF_A_BURST);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "b"), ESTABLISHED + NEW_OF_B);
	cr_assert_eq(received(SIM_PEER2), BEHIND_FROM * CGN_BURST - 2 * NEW_OF_A - NEW_OF_B);
	finish();
}

/* A ring full of first packets, and while it is emptied as many come as load the worker by three
 * quarters. */
static void
recover_from_stall(uint32_t *k)
{
	sim->now += 1000 * MS;
	send_flood(RX_RING, k);
	for (uint32_t waiting = RX_RING; waiting >= CGN_BURST; waiting -= CGN_BURST / 4) {
		cgn_sim_poll_workers(sim);
		cgn_sim_poll_control(sim);
		sim->now += TURN_NS;
		send_flood(CGN_BURST * 3 / 4, k);
	}
	cgn_sim_run(sim);
}

Test(overload, a_stall_that_fills_the_ring_refuses_nobody, .timeout = 60)
{
	uint32_t k = 0;

	establish();
	for (int stalls = 0; stalls < 3; stalls++)
		recover_from_stall(&k);
	cr_assert_gt(k, 3 * 3 * RX_RING);
	cr_assert_eq(refused_of("a"), 0);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), k);
	finish();
}

Test(overload, a_stall_amid_whole_bursts_refuses_nobody, .timeout = 60)
{
	uint32_t k = 0;

	establish();
	whole_turns(BEHIND_FROM - 1 - RX_RING / CGN_BURST);
	sim->now += 1000 * MS;
	for (uint32_t i = 0; i < RX_RING / CGN_BURST; i++)
		whole_turn(2 * OF_A_BURST, &k);
	cr_assert_eq(refused_of("a"), 0);
	finish();
}

/* More than four rings at one time, of a device that has more room than it was asked for. */
Test(overload, whole_bursts_of_less_than_two_milliseconds_refuse_nobody, .timeout = 60)
{
	enum { TURNS = 2 * BEHIND_FROM, OF_2_MS = 15625 };
	uint32_t k = 0;

	establish();
	for (uint32_t i = 0; i < TURNS; i++) {
		whole_turn(OF_A_BURST + 1, &k);
		sim->now += OF_2_MS - TURN_NS;
	}
	cr_assert_eq(refused_of("a"), 0);
	whole_turn(OF_A_BURST + 1, &k); /* 2 ms */
	cr_assert_eq(refused_of("a"), 1);
	finish();
}

Test(overload, a_worker_that_was_behind_is_so_again_after_one_ring, .timeout = 60)
{
	enum { PAUSE_MS = 99, LONG_MS = 101 };
	uint32_t k = 0;

	establish();
	whole_turns(BEHIND_FROM);
	cr_assert_eq(cgn_sim_poll_workers(sim), 0);
	sim->now += PAUSE_MS * MS;
	whole_turns(AGAIN_FROM - 2);
	whole_turn(2 * OF_A_BURST, &k);
	cr_assert_eq(refused_of("a"), 0);
	whole_turn(2 * OF_A_BURST, &k);
	cr_assert_eq(refused_of("a"), OF_A_BURST);
	cgn_sim_run(sim);
	sim->now += LONG_MS * MS;
	whole_turns(BEHIND_FROM - 2);
	whole_turn(2 * OF_A_BURST, &k);
	cr_assert_eq(refused_of("a"), OF_A_BURST, "the first time again");
	finish();
}
