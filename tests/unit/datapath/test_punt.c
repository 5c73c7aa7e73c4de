/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/datapath/punt: who can use up the way to control, and for whom. */
#include <criterion/criterion.h>

#include "sim.h"

static struct cgn_sim *sim;

static void
finish(void)
{
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(punt, .fini = finish);

static void
start(const char *box)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .seed = 3});
	cgn_sim_run(sim);
}

/* A mapping of A1; returns its outside port. */
static struct packet_spec
to_mapping(void)
{
	struct packet_spec out = packet_udp(SIM_A1, 5000, (uint32_t)SIM_PEER, 53);
	const struct cgn_mapping *m;

	cgn_sim_send_spec(sim, SIM_ACCESS, &out);
	cgn_sim_run(sim);
	m = cgn_sim_mapping(sim, "a", 17, SIM_A1, 5000);
	cr_assert_not_null(m);
	return packet_udp((uint32_t)SIM_PEER, 53, rte_be_to_cpu_32(m->outside_addr),
		rte_be_to_cpu_16(m->outside_port));
}

static void
flood(uint16_t port, const struct packet_spec *spec, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		cgn_sim_send_spec(sim, port, spec);
		if (i % 32 == 31)
			cgn_sim_run(sim);
	}
	cgn_sim_run(sim);
}

/* An ARP question for the box's address on the uplink. */
static uint64_t
answers_to_next_hop(void)
{
	static const uint8_t question[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* to all */
		0x02, 0x01, 198, 51, 100, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, /* request */
		0x02, 0x01, 198, 51, 100, 1, 198, 51, 100, 1, 0, 0, 0, 0, 0, 0, 198, 51, 100, 2};
	uint64_t before = cgn_sim_fate(sim, "answered_arp");

	cgn_sim_send(sim, SIM_WAN, question, sizeof(question));
	cgn_sim_run(sim);
	return cgn_sim_fate(sim, "answered_arp") - before;
}

Test(punt, packets_without_ttl_from_outside_cannot_starve_arp)
{
	struct packet_spec in;

	start("punt: {local_per_s: 10, local_burst: 20}\n");
	in = to_mapping();
	in.ttl = 1;
	cr_assert_eq(answers_to_next_hop(), 1);
	flood(SIM_WAN, &in, 200);
	cr_assert_eq(cgn_sim_fate(sim, "ttl_expired"), 200);
	cr_assert_eq(answers_to_next_hop(), 1, "the uplink is dead while this goes on");
}

Test(punt, packets_for_silent_hosts_cannot_starve_arp_of_their_link)
{
	struct packet_spec out = packet_udp(SIM_A1, 5000, (uint32_t)SIM_UPLINK + 90, 53);
	uint64_t before;
	struct cgn_sim_frame frame;
	uint8_t question[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x01, 100, 64, 0, 11,
		0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, 0x02, 0x01, 100, 64, 0, 11, 100, 64, 0, 11, 0,
		0, 0, 0, 0, 0, 100, 64, 0, 1};

	start("punt: {local_per_s: 10, local_burst: 20}\n");
	cgn_sim_host_set_silent(sim, (uint32_t)SIM_UPLINK + 90, true);
	flood(SIM_ACCESS, &out, 200);
	cr_assert_gt(cgn_sim_fate(sim, "local_rate") + cgn_sim_fate(sim, "neighbour_hold_full"), 0);
	before = cgn_sim_fate(sim, "answered_arp");
	cgn_sim_send(sim, SIM_ACCESS, question, sizeof(question));
	cgn_sim_run(sim);
	cr_assert_eq(cgn_sim_fate(sim, "answered_arp"), before + 1, "the gateway is gone for all");
	while (cgn_sim_receive(sim, SIM_ACCESS, &frame))
		;
}

Test(punt, arp_has_a_rate_of_its_own)
{
	uint64_t n = 0;

	start("punt: {local_per_s: 10, local_burst: 20}\n");
	for (int i = 0; i < 50; i++)
		n += answers_to_next_hop();
	cr_assert(n >= 15 && n <= 21, "%u answers", (unsigned int)n);
	cgn_sim_jump_s(sim, 1);
	cr_assert_eq(answers_to_next_hop(), 1);
}

Test(punt, fast_subscriber_cannot_use_the_share_of_another)
{
	start("punt: {subscriber_per_s: 10, subscriber_burst: 20}\n");
	for (uint16_t i = 0; i < 100; i++) {
		struct packet_spec out = packet_udp(
			SIM_A1, (uint16_t)(1000 + i), (uint32_t)SIM_PEER, 53);

		cgn_sim_send_spec(sim, SIM_ACCESS, &out);
	}
	cgn_sim_run(sim);
	cr_assert_eq(cgn_sim_fate(sim, "punt_subscriber_rate"), 80);
	for (uint16_t i = 0; i < 20; i++) {
		struct packet_spec out = packet_udp(
			SIM_A2, (uint16_t)(1000 + i), (uint32_t)SIM_PEER, 53);

		cgn_sim_send_spec(sim, SIM_ACCESS, &out);
	}
	cgn_sim_run(sim);
	cr_assert_eq(cgn_sim_fate(sim, "punt_subscriber_rate"), 80);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 40);
}

Test(punt, segment_that_is_no_syn_does_not_reach_control)
{
	struct packet_spec out = packet_tcp(SIM_A1, 1000, (uint32_t)SIM_PEER, 80, 0x10);

	start(NULL);
	flood(SIM_ACCESS, &out, 10);
	cr_assert_eq(cgn_sim_fate(sim, "tcp_not_syn"), 10);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	out.tcp_flags = 0x12;
	flood(SIM_ACCESS, &out, 1);
	cr_assert_eq(cgn_sim_fate(sim, "tcp_not_syn"), 11, "SYN with ACK opens nothing either");
}
