/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/control/tcp_end: the end of an explicit mapping resets the TCP connections over it
 * at both ends (PMP-30), with the numbers that the ends expect, and nothing else does.
 */
#include "tcp_rig.h"

#include <criterion/criterion.h>
#include <netinet/in.h>

TestSuite(tcp_end, .fini = finish);

/* PMP-30, by each way in which a mapping ends. */
Test(tcp_end, delete_resets_both_ends)
{
	start(NULL, NULL);
	map(3600);
	talk(SIM_PEER);
	flush();
	unmap();
	expect_both_resets_of_talk();
	cr_assert_eq(n_resets(), 2);
}

Test(tcp_end, delete_all_resets_both_ends)
{
	start(NULL, NULL);
	map(3600);
	talk(SIM_PEER);
	flush();
	cgn_explicit_ops.delete_all(
		c, 0, cgn_directory_inside_find(c->dp->dir, 0, SIM_A1), CGN_TCP);
	cgn_sim_run(sim);
	expect_both_resets_of_talk();
}

/* PMP-23: the lifetime ends it, whatever the traffic. */
Test(tcp_end, end_of_the_lifetime_resets_both_ends)
{
	start(NULL, NULL);
	map(60);
	talk(SIM_PEER);
	flush();
	cgn_sim_elapse_s(sim, 59);
	expect_silence();
	cgn_sim_elapse_s(sim, 1);
	expect_both_resets_of_talk();
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
}

Test(tcp_end, operator_s_delete_resets_both_ends)
{
	struct cgn_conf_static s = {.protocol = CGN_STATIC_TCP,
		.inside = SIM_A1,
		.inside_port = PORT,
		.outside = SIM_POOL_A,
		.outside_port = 40080};

	start(NULL, NULL);
	cr_assert_null(cgn_static_add(c, 0, &s));
	out_addr = SIM_POOL_A;
	out_port = 40080;
	talk(SIM_PEER);
	flush();
	cr_assert_null(cgn_static_del(c, 0, &s));
	cgn_sim_run(sim);
	expect_both_resets_of_talk();
}

/* A connection that the inside opens from the mapped port. */
Test(tcp_end, outbound_connection_is_reset_too)
{
	start(NULL, NULL);
	map(3600);
	inside_sends(SIM_PEER, SYN, ISN_INSIDE, 0, 0);
	peer_sends(SIM_PEER, SYN | ACK, ISN_PEER, ISN_INSIDE + 1, 0);
	inside_sends(SIM_PEER, ACK, ISN_INSIDE + 1, ISN_PEER + 1, 0);
	flush();
	unmap();
	expect_reset_inside(SIM_PEER, ISN_PEER + 1, ISN_INSIDE + 1);
	expect_reset_peer(SIM_PEER, ISN_INSIDE + 1, ISN_PEER + 1);
	expect_silence();
}

/* What is on its way: the end may have got it, or not. */
Test(tcp_end, data_on_its_way_gets_a_second_reset_behind_it)
{
	start(NULL, NULL);
	map(3600);
	handshake(SIM_PEER);
	inside_sends(SIM_PEER, ACK, ISN_INSIDE + 1, ISN_PEER + 1, 500);
	peer_sends(SIM_PEER, ACK, ISN_PEER + 1, ISN_INSIDE + 1, 200);
	flush();
	unmap();
	expect_reset_inside(SIM_PEER, ISN_PEER + 1, ISN_INSIDE + 1);
	expect_reset_inside(SIM_PEER, ISN_PEER + 201, ISN_INSIDE + 1);
	expect_reset_peer(SIM_PEER, ISN_INSIDE + 1, ISN_PEER + 1);
	expect_reset_peer(SIM_PEER, ISN_INSIDE + 501, ISN_PEER + 1);
	expect_silence();
}

Test(tcp_end, half_open_connection_is_not_reset)
{
	start(NULL, NULL);
	map(3600);
	peer_sends(SIM_PEER, SYN, ISN_PEER, 0, 0);
	inside_sends(SIM_PEER, SYN | ACK, ISN_INSIDE, ISN_PEER + 1, 0);
	peer_sends(SIM_PEER2, SYN, ISN_PEER, 0, 0);
	flush();
	unmap();
	expect_silence();
}

Test(tcp_end, closed_connections_are_not_reset)
{
	start(NULL, NULL);
	map(3600);
	talk(SIM_PEER);
	inside_sends(SIM_PEER, FIN | ACK, ISN_INSIDE + 301, ISN_PEER + 101, 0);
	peer_sends(SIM_PEER, FIN | ACK, ISN_PEER + 101, ISN_INSIDE + 302, 0);
	inside_sends(SIM_PEER, ACK, ISN_INSIDE + 302, ISN_PEER + 102, 0);
	talk(SIM_PEER2);
	peer_sends(SIM_PEER2, RST, ISN_PEER + 101, 0, 0);
	talk(SIM_PEER2 + 1);
	inside_sends(SIM_PEER2 + 1, RST | ACK, ISN_INSIDE + 301, ISN_PEER + 101, 0);
	flush();
	unmap();
	expect_silence();
}

Test(tcp_end, connection_closed_by_one_end_is_reset)
{
	start(NULL, NULL);
	map(3600);
	talk(SIM_PEER);
	peer_sends(SIM_PEER, FIN | ACK, ISN_PEER + 101, ISN_INSIDE + 301, 0);
	inside_sends(SIM_PEER, ACK, ISN_INSIDE + 301, ISN_PEER + 102, 0);
	flush();
	unmap();
	expect_reset_inside(SIM_PEER, ISN_PEER + 102, ISN_INSIDE + 301);
	expect_reset_peer(SIM_PEER, ISN_INSIDE + 301, ISN_PEER + 102);
	expect_silence();
}

/* TCP-09, UPD-03: who does not know the numbers ends nothing, and revives nothing. */
Test(tcp_end, forged_segments_change_nothing)
{
	const struct cgn_mapping *m;
	uint32_t tcp;

	start(NULL, NULL);
	map(3600);
	talk(SIM_PEER);
	m = cgn_sim_mapping(sim, "a", IPPROTO_TCP, SIM_A1, PORT);
	tcp = m->tcp;
	for (uint32_t k = 0; k <= 16; k++) { /* from just behind the window to just before it */
		uint32_t off = 0x10000 + k * 0x0ffef000;

		peer_sends(SIM_PEER, RST, ISN_PEER + 101 + off, 0, 0);
		peer_sends(SIM_PEER, RST | ACK, ISN_PEER + 101 + off, off, 0);
		peer_sends(SIM_PEER, FIN | ACK, ISN_PEER + 101 + off, off, 0);
		peer_sends(SIM_PEER, ACK, off, ISN_INSIDE + 301 + off, 100);
		peer_sends(SIM_PEER, SYN, off, off, 0);
		cr_assert_eq(m->tcp, tcp);
	}
	inside_sends(SIM_PEER, FIN | ACK, ISN_INSIDE + 301, ISN_PEER + 101, 0);
	peer_sends(SIM_PEER, ACK, ISN_PEER + 101, ISN_INSIDE + 302, 0);
	flush();
	unmap();
	expect_reset_inside(SIM_PEER, ISN_PEER + 101, ISN_INSIDE + 302);
	expect_reset_peer(SIM_PEER, ISN_INSIDE + 302, ISN_PEER + 101);
	expect_silence();
}

/* RFC 7857 section 2.2. */
Test(tcp_end, data_of_the_inside_revives_what_a_reset_ended)
{
	start(NULL, NULL);
	map(3600);
	talk(SIM_PEER);
	peer_sends(SIM_PEER, RST, ISN_PEER + 101, 0, 0);
	inside_sends(SIM_PEER, ACK, ISN_INSIDE + 301, ISN_PEER + 101, 0);
	flush();
	unmap();
	expect_both_resets_of_talk();
}

/* A new connection of the same ports starts with numbers of its own. */
Test(tcp_end, reused_ports_are_a_new_connection)
{
	start(NULL, NULL);
	map(3600);
	talk(SIM_PEER);
	peer_sends(SIM_PEER, SYN, 5000, 0, 0);
	inside_sends(SIM_PEER, SYN | ACK, 9000, 5001, 0);
	peer_sends(SIM_PEER, ACK, 5001, 9001, 0);
	flush();
	unmap();
	expect_reset_inside(SIM_PEER, 5001, 9001);
	expect_reset_peer(SIM_PEER, 9001, 5001);
	expect_silence();
}

/* An older segment that comes late takes no number back. */
Test(tcp_end, overtaken_segments_take_nothing_back)
{
	start(NULL, NULL);
	map(3600);
	talk(SIM_PEER);
	inside_sends(SIM_PEER, ACK, ISN_INSIDE + 1, ISN_PEER + 1, 0);
	peer_sends(SIM_PEER, ACK, ISN_PEER + 1, ISN_INSIDE + 1, 0);
	flush();
	unmap();
	expect_both_resets_of_talk();
}

/* Sixteen are known; of more, the one that is idle longest gives way. */
Test(tcp_end, seventeenth_connection_takes_the_place_of_the_idle_one)
{
	start(NULL, NULL);
	map(3600);
	for (uint32_t k = 0; k < 16; k++) {
		handshake(SIM_PEER + k);
		cgn_sim_elapse_s(sim, 1);
	}
	inside_sends(SIM_PEER, ACK, ISN_INSIDE + 1, ISN_PEER + 1, 0); /* so not the first one */
	handshake(SIM_PEER + 16);
	inside_sends(SIM_PEER + 16, ACK, ISN_INSIDE + 1, ISN_PEER + 1, 0);
	peer_sends(SIM_PEER + 16, ACK, ISN_PEER + 1, ISN_INSIDE + 1, 0);
	flush();
	unmap();
	cr_assert_eq(n_resets(), 32);
	for (uint32_t k = 0; k < 16; k++) /* in the order of the slots: the second one's is taken */
		expect_reset_inside(SIM_PEER + (k == 1 ? 16 : k), ISN_PEER + 1, ISN_INSIDE + 1);
}

/* table.tcp_sessions, quota.tcp_sessions: more connections pass, but are not reset. */
Test(tcp_end, connections_beyond_the_quota_pass_and_are_not_reset)
{
	start("table: {tcp_sessions: 4}\n", "quota: {tcp_sessions: 3}\n");
	map(3600);
	for (uint32_t k = 0; k < 6; k++)
		handshake(SIM_PEER + k);
	cr_assert_eq(cgn_sim_n_waiting(sim, SIM_ACCESS), 12);
	flush();
	unmap();
	cr_assert_eq(n_resets(), 6);
}

/* A flood of SYNs, answered by the inside, costs no live connection its slot. */
Test(tcp_end, flood_of_syns_displaces_no_connection)
{
	start(NULL, NULL);
	map(3600);
	for (uint32_t k = 0; k < 16; k++)
		handshake(SIM_PEER + k);
	cgn_sim_elapse_s(sim, 60);
	for (uint32_t k = 0; k < 100; k++) {
		peer_sends(SIM_PEER + 1000 + k, SYN, k, 0, 0);
		inside_sends(SIM_PEER + 1000 + k, SYN | ACK, 7, k + 1, 0);
		peer_sends(SIM_PEER + 1000 + k, ACK, k + 1, 12345, 0);
	}
	flush();
	unmap();
	cr_assert_eq(n_resets(), 32);
}

/* RFC 6887 section 15: what traffic has earned stays, so nothing is reset. */
Test(tcp_end, pcp_s_delete_leaves_the_connection_alone)
{
	start(NULL, NULL);
	cr_assert_eq(ask(CGN_EXPLICIT_PCP_MAP, 0, PORT, 3600), CGN_EXPLICIT_OK);
	talk(SIM_PEER);
	flush();
	cr_assert_eq(ask(CGN_EXPLICIT_PCP_MAP, 0, PORT, 0), CGN_EXPLICIT_OK);
	cgn_sim_run(sim);
	expect_silence();
	cgn_sim_elapse_s(sim, 7439);
	expect_silence();
	cgn_sim_elapse_s(sim, 1); /* idle for longer than traffic keeps it: it goes */
	expect_both_resets_of_talk();
}

Test(tcp_end, idle_mapping_of_traffic_ends_without_resets)
{
	start(NULL, NULL);
	inside_sends(SIM_PEER, SYN, ISN_INSIDE, 0, 0);
	flush();
	cgn_sim_elapse_s(sim, 300);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	expect_silence();
}

Test(tcp_end, without_a_record_nothing_is_reset)
{
	start("table: {tcp_tracked: 0}\n", NULL);
	map(3600);
	talk(SIM_PEER);
	flush();
	unmap();
	expect_silence();
}

/* The next hop is not resolved: the reset waits for it, and the law holds meanwhile. */
Test(tcp_end, reset_waits_for_its_next_hop)
{
	start(NULL, NULL);
	map(7200);
	talk(SIM_PEER);
	cgn_sim_elapse_s(sim, 4000); /* the next hops are forgotten */
	flush();
	cgn_sim_host_set_silent(sim, SIM_A1, true);
	unmap();
	cr_assert_eq(c->tcp_ending.held, 1);
	cr_assert(cgn_sim_conserves(sim));
	cgn_sim_host_set_silent(sim, SIM_A1, false);
	cgn_sim_elapse_s(sim, 2);
	expect_both_resets_of_talk();
}

Test(tcp_end, reset_without_a_next_hop_is_counted_as_lost)
{
	start(NULL, NULL);
	map(7200);
	talk(SIM_PEER);
	cgn_sim_elapse_s(sim, 4000);
	flush();
	cgn_sim_host_set_silent(sim, SIM_A1, true);
	unmap();
	cgn_sim_elapse_s(sim, 10);
	cr_assert_eq(n_resets(), 1);
	cr_assert_eq(cgn_counter_read(&c->counters.originated[CGN_ORIG_LOST]), 1);
}

/* Many connections end in one turn: control goes on, slice by slice, and loses none. */
Test(tcp_end, delete_all_of_many_is_done_in_slices)
{
	enum { N_MAPS = 100 };
	uint64_t turns = 0, got = 0;
	struct cgn_sim_frame f;

	start(NULL, NULL);
	for (uint16_t k = 0; k < N_MAPS; k++) {
		cr_assert_eq(
			ask(CGN_EXPLICIT_NATPMP, 0, (uint16_t)(PORT + k), 3600), CGN_EXPLICIT_OK);
		for (uint32_t p = SIM_PEER; p < SIM_PEER + 4; p++) {
			peer_sends(p, SYN, ISN_PEER, 0, 0);
			segment(SIM_ACCESS,
				packet_tcp(SIM_A1, (uint16_t)(PORT + k), p, WEB, SYN | ACK),
				ISN_INSIDE, ISN_PEER + 1, 0);
			peer_sends(p, ACK, ISN_PEER + 1, ISN_INSIDE + 1, 0);
		}
		flush();
	}
	cgn_explicit_ops.delete_all(
		c, 0, cgn_directory_inside_find(c->dp->dir, 0, SIM_A1), CGN_TCP);
	for (; c->tcp_ending.first != 0; turns++) {
		uint64_t before = got;

		cgn_sim_poll_control(sim);
		cgn_sim_poll_workers(sim);
		cgn_sim_collect(sim);
		while (cgn_sim_receive(sim, SIM_WAN, &f) || cgn_sim_receive(sim, SIM_ACCESS, &f))
			got++;
		cr_assert_leq(got - before, 2 * 32 * 4);
	}
	cgn_sim_run(sim);
	while (cgn_sim_receive(sim, SIM_WAN, &f) || cgn_sim_receive(sim, SIM_ACCESS, &f))
		got++;
	cr_assert_geq(turns, N_MAPS * 16 / 32);
	cr_assert_eq(got, N_MAPS * 4 * 2);
	cr_assert_eq(n_resets(), N_MAPS * 4 * 2);
}
