/* SPDX-License-Identifier: BSD-3-Clause */
/* /cgnat/talkers: one row a subscriber, whichever workers have its packets. */
#include <criterion/criterion.h>

#include "commands.h"
#include "rig.h"

enum { FLOWS = 64, ROUNDS = 50, LEN = 1000 };

/* Packet by packet, so that each burst is one and the counts are exact. */
static void
send_all(struct cgn_sim *sim)
{
	for (uint32_t i = 0; i < FLOWS * ROUNDS; i++) {
		struct packet_spec s = packet_udp(
			SIM_A1, (uint16_t)(5000 + i % FLOWS), SIM_PEER, 53);

		s.payload_len = LEN - 28;
		cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &s));
		cgn_sim_run(sim);
		cgn_sim_flush(sim, SIM_WAN);
	}
}

Test(talkers, a_row_is_the_sum_over_the_workers)
{
	struct cgn_sim *sim;
	json_t *answer;

	rig_start();
	sim = cgn_sim_create(&(struct cgn_sim_params){.n_workers = 3});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
	send_all(sim);
	answer = rig_ok(sim, "/cgnat/talkers");
	cr_assert_eq(rig_num(answer, "n"), 1);
	cr_expect_str_eq(rig_str(rig_row(answer, "r0"), "address"), "100.64.0.10");
	cr_expect_eq(rig_num(rig_row(answer, "r0"), "out_bytes"), FLOWS * ROUNDS * LEN, "%lld",
		(long long)rig_num(rig_row(answer, "r0"), "out_bytes"));
	cr_expect_eq(rig_num(rig_row(answer, "r0"), "in_bytes"), 0);
	cr_expect_eq(rig_num(rig_row(answer, "r0"), "mappings"), FLOWS);
	json_decref(answer);
	answer = rig_ok(sim, "/cgnat/talkers,tenant=b");
	cr_expect_eq(rig_num(answer, "n"), 0);
	json_decref(answer);
	cgn_manage_detach();
	cgn_sim_destroy(sim);
	rig_stop();
}
