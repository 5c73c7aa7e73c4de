/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/datapath/talkers.h: who moves the most bytes is found, and how many they are. */
#include <criterion/criterion.h>

#include "sim.h"
#include "talkers.h"

static struct cgn_talkers talkers;
static const uint32_t neighbour = (1 << 10) + (42 ^ 1); /* of the same slot as 42 */

static uint64_t
bytes_of(uint32_t inside, enum cgn_dir dir)
{
	uint64_t bytes[2];

	return cgn_talkers_get(&talkers, inside, bytes) ? bytes[dir] : UINT64_MAX;
}

Test(talkers, nobody_stands_in_it_at_first)
{
	for (uint32_t s = 0; s < CGN_TALKERS_SLOTS; s++)
		cr_assert_eq(cgn_talkers_at(&talkers, s), CGN_NONE);
	cr_expect_eq(bytes_of(0, CGN_IN2OUT), UINT64_MAX);
}

Test(talkers, each_direction_is_counted)
{
	cgn_talkers_note(&talkers, 0, CGN_IN2OUT, 100);
	cgn_talkers_note(&talkers, 0, CGN_OUT2IN, 1000);
	cgn_talkers_note(&talkers, 0, CGN_IN2OUT, 11);
	cr_expect_eq(bytes_of(0, CGN_IN2OUT), 111);
	cr_expect_eq(bytes_of(0, CGN_OUT2IN), 1000);
	cr_expect_eq(cgn_talkers_at(&talkers, 0), 0);
}

Test(talkers, who_moves_more_than_the_others_of_its_slot_stays)
{
	cr_assert_eq(cgn_talkers_slot(42), cgn_talkers_slot(neighbour));
	for (int i = 0; i < 1000; i++) {
		cgn_talkers_note(&talkers, 42, CGN_OUT2IN, 1500);
		cgn_talkers_note(&talkers, neighbour, CGN_OUT2IN, 1400);
	}
	cr_expect_eq(bytes_of(42, CGN_OUT2IN), 1500 * 1000);
	cr_expect_eq(bytes_of(neighbour, CGN_OUT2IN), UINT64_MAX);
}

Test(talkers, who_falls_silent_makes_room_and_leaves_nothing)
{
	uint64_t others = 0;

	for (int i = 0; i < 1000000; i++)
		cgn_talkers_note(&talkers, 42, CGN_OUT2IN, 64000);
	for (; bytes_of(42, CGN_OUT2IN) != UINT64_MAX; others += 1000)
		cgn_talkers_note(&talkers, neighbour, CGN_IN2OUT, 1000);
	cr_expect_leq(others, CGN_TALKERS_VOTES + 1000);
	cr_expect_eq(bytes_of(neighbour, CGN_IN2OUT), 1000, "its bytes count from now on");
	cr_expect_eq(bytes_of(neighbour, CGN_OUT2IN), 0);
}

/* Bursts of both: 3 of 4 bytes are a1's. */
static void
send_bursts(struct cgn_sim *sim, uint32_t n)
{
	struct packet_spec big = packet_udp(SIM_A1, 5000, SIM_PEER, 53), small = big;

	small.src = SIM_A2;
	big.payload_len = 3 * 300 - 28;
	small.payload_len = 300 - 28;
	for (uint32_t i = 0; i < n; i++) {
		for (int k = 0; k < 8; k++) {
			cgn_sim_send_spec(sim, SIM_ACCESS, &big);
			cgn_sim_send_spec(sim, SIM_ACCESS, &small);
		}
		cgn_sim_run(sim);
		cgn_sim_flush(sim, SIM_WAN);
	}
}

/* 16 packets a burst, of which one is looked at: the shares come out within a twentieth. */
Test(talkers, estimates_follow_what_was_sent)
{
	enum { BURSTS = 2000, BYTES = 8 * 300 * BURSTS };
	const struct cgn_talkers *t;
	uint64_t a1[2], a2[2];
	struct cgn_sim *sim;

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.n_workers = 1});
	t = &sim->box->dp.workers[0]->talkers;
	send_bursts(sim, BURSTS);
	cr_assert(cgn_talkers_get(t, cgn_sim_mapping(sim, "a", 17, SIM_A1, 5000)->inside, a1));
	cr_assert(cgn_talkers_get(t, cgn_sim_mapping(sim, "a", 17, SIM_A2, 5000)->inside, a2));
	cr_expect_lt(llabs((int64_t)a1[CGN_IN2OUT] - 3 * BYTES), 3 * BYTES / 20);
	cr_expect_lt(llabs((int64_t)a2[CGN_IN2OUT] - BYTES), BYTES / 10);
	cr_expect_eq(a1[CGN_OUT2IN], 0);
	cgn_sim_destroy(sim);
}
