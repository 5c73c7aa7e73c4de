/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP-14: what is longer than the next link takes is cut in order, unless DF is set. */
#include <string.h>

#include "case.h"
#include "datagram.h"

#define PORTS(inside, outside)                                                                     \
	"ports: [{name: access, device: r0, role: inside, mtu: " inside "}, "                      \
	"{name: trunk, device: r1, role: inside}, "                                                \
	"{name: wan, device: r2, role: outside, mtu: " outside "}]\n"

static struct datagram sent, got;

static bool
comes_out_cut(struct cgn_sim *sim, uint16_t port, uint32_t mtu, uint32_t n_frames)
{
	uint32_t n_left;

	return CHECK(cgn_sim_n_waiting(sim, port) == n_frames) &&
		CHECK(datagram_collect(sim, port, &got, &n_left) == 1) && CHECK(n_left == 0) &&
		CHECK(datagram_is_translated(&got, &sent)) && CHECK(datagram_were_in_order()) &&
		CHECK(datagram_largest() <= mtu) && CHECK(datagram_largest() > mtu - 8);
}

/* Whole, from either side; the second direction by the mapping of the first. */
static bool
cut_both_ways(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = PORTS("1500", "1400")});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	const struct cgn_mapping *m;
	bool ok;

	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 1472);
	datagram_send(sim, SIM_ACCESS, &sent, 0, 1480);
	cgn_sim_run(sim);
	ok = comes_out_cut(sim, SIM_WAN, 1400, 2);
	m = cgn_sim_mapping(sim, "a", 17, SIM_A1, 5000);
	ok &= CHECK(sim->box->workers[0].counters.forwarded_bytes[CGN_IN2OUT] == 1500);
	ok &= CHECK(cgn_sim_fate(sim, "in2out") == 1);
	cgn_sim_destroy(sim);
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = PORTS("1000", "1500")});
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	m = cgn_sim_mapping(sim, "a", 17, SIM_A1, 5000);
	s = packet_udp(
		SIM_PEER, 53, rte_be_to_cpu_32(m->outside_addr), rte_be_to_cpu_16(m->outside_port));
	s.frag = 0;
	datagram_make(&sent, sim, SIM_WAN, &s, 1472);
	datagram_send(sim, SIM_WAN, &sent, 0, 1480);
	cgn_sim_run(sim);
	ok = ok && comes_out_cut(sim, SIM_ACCESS, 1000, 2);
	return end(sim, ok);
}

static bool
fragments_are_cut_again(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = PORTS("9000", "576"), .data_room = 2048});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	bool ok;

	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 60000);
	for (uint32_t off = 0; off < datagram_payload(&sent); off += 8960)
		datagram_send(sim, SIM_ACCESS, &sent, off, 8960);
	cgn_sim_run(sim);
	/* 16 of 552 octets and one of 128 for each of 8960; 6248 + 8 are left over. */
	ok = comes_out_cut(sim, SIM_WAN, 576, 6 * 17 + 12);
	return end(sim, ok);
}

/* Pieces later than the first have the options with the copied flag alone. */
static bool
options_are_copied_by_their_flag(void)
{
	static const uint8_t opts[] = {1, 7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0};
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = PORTS("1500", "1400")});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct cgn_sim_frame f;
	bool ok;

	s.frag = 0;
	s.opts = opts;
	s.opts_len = sizeof(opts);
	datagram_make(&sent, sim, SIM_ACCESS, &s, 1460);
	datagram_send(sim, SIM_ACCESS, &sent, 0, 1468);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_receive(sim, SIM_WAN, &f)) && CHECK(f.bytes[14] == 0x48) &&
		CHECK(memcmp(f.bytes + 34, opts, sizeof(opts)) == 0);
	ok = ok && CHECK(cgn_sim_receive(sim, SIM_WAN, &f)) && CHECK(f.bytes[14] == 0x46) &&
		CHECK(memcmp(f.bytes + 34, opts + 8, 4) == 0);
	return end(sim, ok);
}

/* A fragment with DF is not cut either. */
static bool
df_is_kept(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = PORTS("1500", "1400")});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct cgn_sim_frame f;
	bool ok;

	datagram_make(&sent, sim, SIM_ACCESS, &s, 2500);
	datagram_send(sim, SIM_ACCESS, &sent, 0, 1376);
	datagram_send(sim, SIM_ACCESS, &sent, 1376, 1400);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_fate(sim, "in2out") == 2);
	cgn_sim_flush(sim, SIM_WAN);
	s.id++;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	datagram_send(sim, SIM_ACCESS, &sent, 1480, 1480);
	datagram_send(sim, SIM_ACCESS, &sent, 0, 1480);
	datagram_send(sim, SIM_ACCESS, &sent, 2960, 1480);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_fate(sim, "too_big") == 3); /* all as the first, which is told */
	ok &= CHECK(cgn_sim_receive(sim, SIM_ACCESS, &f)) && CHECK(f.bytes[34] == 3) &&
		CHECK(f.bytes[35] == 4) && CHECK((f.bytes[40] << 8 | f.bytes[41]) == 1400);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) + cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	return end(sim, ok);
}

/* All pieces go or none. */
static bool
no_buffer(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = PORTS("9000", "576"), .n_mbufs = 511});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	static struct rte_mbuf *taken[511];
	uint32_t n = 0;
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 8000);
	datagram_send(sim, SIM_ACCESS, &sent, 0, 8008);
	while (n < 511 && (taken[n] = rte_pktmbuf_alloc(sim->mempool)) != NULL)
		n++;
	for (int i = 0; i < 5; i++)
		rte_pktmbuf_free(taken[--n]);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_no_buffer") == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	rte_pktmbuf_free_bulk(taken, n);
	datagram_send(sim, SIM_ACCESS, &sent, 0, 8008);
	cgn_sim_run(sim);
	ok = ok && comes_out_cut(sim, SIM_WAN, 576, 15);
	return end(sim, ok);
}

const struct row_case row_cases_cut[] = {
	{"packets_without_df_are_cut_in_order_both_ways", CGN_FATE_NONE, cut_both_ways},
	{"fragments_are_cut_again", CGN_FATE_NONE, fragments_are_cut_again},
	{"later_pieces_have_the_copied_options", CGN_FATE_NONE, options_are_copied_by_their_flag},
	{"fragments_with_df_are_not_cut", CGN_FATE_TOO_BIG, df_is_kept},
	{"all_pieces_go_or_none", CGN_FATE_FRAGMENT_NO_BUFFER, no_buffer},
};
const uint32_t row_n_cases_cut = sizeof(row_cases_cut) / sizeof(row_cases_cut[0]);
