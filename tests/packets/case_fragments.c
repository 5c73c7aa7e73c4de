/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams in fragments that get through: every order, both ways and back in again (UDP-15,
 * ADV-20), with identifiers that no other subscriber has (UPD-12). What is refused is in
 * case_fragments_refused.c.
 */
#include <string.h>

#include "case.h"
#include "datagram.h"

enum { MAX_PIECES = 5, UNIT = 1480 };

static struct datagram sent, got;

/* The next order of n things; false after the last one. */
static bool
next_order(uint8_t *order, uint32_t n)
{
	uint32_t i = n - 1, j = n - 1;
	uint8_t swap;

	while (i > 0 && order[i - 1] > order[i])
		i--;
	if (i == 0)
		return false;
	while (order[j] < order[i - 1])
		j--;
	swap = order[i - 1], order[i - 1] = order[j], order[j] = swap;
	for (j = n - 1; i < j; i++, j--)
		swap = order[i], order[i] = order[j], order[j] = swap;
	return true;
}

static void
send_piece(struct cgn_sim *sim, uint16_t port, uint32_t piece)
{
	datagram_send(sim, port, &sent, piece * UNIT, UNIT);
}

/* Exactly one whole datagram comes out, translated. */
static bool
comes_out(struct cgn_sim *sim, uint16_t port)
{
	uint32_t n_left;

	return CHECK(datagram_collect(sim, port, &got, &n_left) == 1) && CHECK(n_left == 0) &&
		CHECK(datagram_is_translated(&got, &sent));
}

/* All orders of 2 to 5 fragments, all in one burst and one by one. */
static bool
all_orders(struct cgn_sim *sim, uint16_t in, uint16_t out, struct packet_spec s)
{
	bool ok = true;

	s.frag = 0;
	for (uint32_t n = 2; n <= MAX_PIECES && ok; n++) {
		uint8_t order[MAX_PIECES] = {0, 1, 2, 3, 4};

		do {
			s.id++;
			datagram_make(&sent, sim, in, &s, (n - 1) * UNIT + 700);
			for (uint32_t i = 0; i < n; i++) {
				send_piece(sim, in, order[i]);
				if (s.id % 2 != 0)
					cgn_sim_run(sim);
			}
			cgn_sim_run(sim);
			ok = comes_out(sim, out);
		} while (ok && next_order(order, n));
	}
	ok &= CHECK(sim->box->dp.workers[0]->fragments.n == 0);
	return ok;
}

static uint16_t
outside_port(const struct cgn_mapping *m)
{
	return rte_be_to_cpu_16(m->outside_port);
}

static uint32_t
outside_addr(const struct cgn_mapping *m)
{
	return rte_be_to_cpu_32(m->outside_addr);
}

/* The mapping of a flow that is opened by a small packet. */
static const struct cgn_mapping *
open_flow(struct cgn_sim *sim, struct packet_spec s)
{
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	return cgn_sim_mapping(
		sim, "a", s.proto, s.src, s.proto == 1 ? (uint16_t)(s.icmp_rest >> 16) : s.sport);
}

static bool
inside_orders(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	bool ok = all_orders(sim, SIM_ACCESS, SIM_WAN, packet_udp(SIM_A1, 5000, SIM_PEER, 53));

	ok = ok &&
		all_orders(sim, SIM_ACCESS, SIM_WAN, packet_tcp(SIM_A1, 5001, SIM_PEER, 80, 0x02));
	ok = ok && all_orders(sim, SIM_ACCESS, SIM_WAN, packet_echo(SIM_A1, SIM_PEER, true, 7));
	return end(sim, ok);
}

static bool
outside_orders(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	const struct cgn_mapping *udp = open_flow(sim, packet_udp(SIM_A1, 5000, SIM_PEER, 53));
	const struct cgn_mapping *echo = open_flow(sim, packet_echo(SIM_A1, SIM_PEER, true, 7));
	bool ok = all_orders(sim, SIM_WAN, SIM_ACCESS,
		packet_udp(SIM_PEER, 53, outside_addr(udp), outside_port(udp)));

	ok = ok &&
		all_orders(sim, SIM_WAN, SIM_ACCESS,
			packet_echo(SIM_PEER, outside_addr(echo), false, outside_port(echo)));
	return end(sim, ok);
}

static bool
hairpin_orders(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	const struct cgn_mapping *m = open_flow(sim, packet_udp(SIM_A1, 5000, SIM_PEER, 53));
	bool ok = all_orders(sim, SIM_ACCESS, SIM_ACCESS,
		packet_udp(SIM_A2, 6000, outside_addr(m), outside_port(m)));

	m = cgn_sim_mapping(sim, "a", 17, SIM_A2, 6000);
	ok &= CHECK(memcmp(got.ip + 12, &m->outside_addr, 4) == 0); /* seen as from outside */
	return end(sim, ok);
}

/* Tags differ between the sides, and frames are chained. */
static bool
tagged_side(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_B1, 5000, SIM_PEER, 53);

	s.n_tags = 1;
	s.tags[0] = (struct packet_tag){0x8100, 102};
	return end(sim, all_orders(sim, SIM_TRUNK, SIM_WAN, s));
}

/* UPD-12: both subscribers of one outside address use the same identifier to one host. */
static bool
equal_ids(void)
{
	static struct datagram other;
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = "pool: [203.0.113.16/32]\n"});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53), s2 = s;
	bool ok = true;

	s.frag = s2.frag = 0;
	s2.src = SIM_A2;
	for (int i = 0; i < 20 && ok; i++) {
		datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
		datagram_make(&other, sim, SIM_ACCESS, &s2, 4000);
		for (uint32_t piece = 3; piece-- > 0;) {
			datagram_send(sim, SIM_ACCESS, &sent, piece * UNIT, UNIT);
			datagram_send(sim, SIM_ACCESS, &other, piece * UNIT, UNIT);
		}
		cgn_sim_run(sim);
		ok = CHECK(datagram_collect(sim, SIM_WAN, &got, NULL) == 2);
	}
	return end(sim, ok);
}

/* The identifier that a packet leaves with, or -1. */
static int
id_out(struct cgn_sim *sim, const struct packet_spec *s)
{
	struct cgn_sim_frame f;

	cgn_sim_send_spec(sim, SIM_ACCESS, s);
	cgn_sim_run(sim);
	return cgn_sim_receive(sim, SIM_WAN, &f) ? f.bytes[18] << 8 | f.bytes[19] : -1;
}

/* AMB-18, RFC 6864 section 4: atomic packets keep what nobody looks at. */
static bool
ids_of_whole_packets(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	uint32_t n_changed = 0;
	bool ok;

	s.id = 0x1234;
	ok = CHECK(id_out(sim, &s) == s.id);
	s.frag = 0;
	for (int i = 0; i < 10; i++)
		n_changed += id_out(sim, &s) != s.id;
	ok &= CHECK(n_changed >= 9); /* by chance one in 65536 is the same */
	return end(sim, ok);
}

/* The first fragment waits for control, the last came before it: a new flow. */
static bool
long_ping_and_back(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_echo(SIM_A1, SIM_PEER, true, 7);
	uint32_t n;
	bool ok;

	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 30000);
	n = (datagram_payload(&sent) + UNIT - 1) / UNIT;
	for (uint32_t i = n; i-- > 0;)
		send_piece(sim, SIM_ACCESS, i);
	cgn_sim_run(sim);
	ok = comes_out(sim, SIM_WAN);
	s = packet_echo(SIM_PEER, SIM_POOL_A, false, 0);
	s.frag = 0;
	memcpy(&s.dst, got.ip + 12, 4);
	s.dst = rte_be_to_cpu_32(s.dst);
	s.icmp_rest = (uint32_t)(got.ip[24] << 8 | got.ip[25]) << 16 | 1;
	datagram_make(&sent, sim, SIM_WAN, &s, 30000);
	for (uint32_t i = n; i-- > 0;)
		send_piece(sim, SIM_WAN, i);
	cgn_sim_run(sim);
	ok = ok && comes_out(sim, SIM_ACCESS) && CHECK(got.ip[25] == 7);
	ok &= CHECK(cgn_sim_fate(sim, "in2out") == n && cgn_sim_fate(sim, "out2in") == n);
	return end(sim, ok);
}

/* While a next hop is asked for, nothing gets lost or out of order. */
static bool
to_an_unknown_neighbour(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	bool ok;

	cgn_sim_host_set_silent(sim, SIM_NEXT_HOP, true);
	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	for (uint32_t i = 0; i < 3; i++)
		send_piece(sim, SIM_ACCESS, i);
	cgn_sim_run(sim);
	cgn_sim_host_set_silent(sim, SIM_NEXT_HOP, false);
	cgn_sim_jump_s(sim, 1);
	ok = comes_out(sim, SIM_WAN) && CHECK(datagram_were_in_order());
	return end(sim, ok);
}

/* The same one again is dropped alone, whether its datagram waits or goes. */
static bool
duplicates(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	bool ok;

	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	for (uint32_t i = 1; i <= 5; i++)
		send_piece(sim, SIM_ACCESS, i < 4 ? 2 : 0);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_duplicate") == 3);
	send_piece(sim, SIM_ACCESS, 0);
	cgn_sim_run(sim);
	send_piece(sim, SIM_ACCESS, 1);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_duplicate") == 4);
	ok = ok && comes_out(sim, SIM_WAN);
	return end(sim, ok);
}

/* ICMP errors quote first fragments as they left; they are told by what they quote as ever. */
static bool
error_about_a_first_fragment(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53), e;
	struct cgn_sim_frame f;
	bool ok;

	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	send_piece(sim, SIM_ACCESS, 0);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_receive(sim, SIM_WAN, &f));
	e = packet_icmp(SIM_PEER2, SIM_POOL_A, 11, 0);
	memcpy(&e.dst, f.bytes + 26, 4);
	e.dst = rte_be_to_cpu_32(e.dst);
	e.payload = f.bytes + 14;
	e.payload_len = 28;
	cgn_sim_send_spec(sim, SIM_WAN, &e);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_receive(sim, SIM_ACCESS, &f)) && CHECK(f.bytes[42 + 15] == 10) &&
		CHECK(f.bytes[42 + 20] << 8 == (5000 & 0xff00));
	return end(sim, ok);
}

const struct row_case row_cases_fragments[] = {
	{"fragments_from_inside_in_every_order_are_translated", CGN_FATE_IN2OUT, inside_orders},
	{"fragments_from_outside_in_every_order_are_translated", CGN_FATE_OUT2IN, outside_orders},
	{"fragments_to_another_subscriber_in_every_order_are_translated", CGN_FATE_HAIRPIN,
		hairpin_orders},
	{"fragments_with_tags_in_every_order_are_translated", CGN_FATE_NONE, tagged_side},
	{"equal_identifiers_of_two_subscribers_get_different_ones", CGN_FATE_NONE, equal_ids},
	{"only_atomic_packets_keep_their_identifier", CGN_FATE_NONE, ids_of_whole_packets},
	{"long_ping_goes_out_and_comes_back_last_fragment_first", CGN_FATE_NONE,
		long_ping_and_back},
	{"fragments_wait_for_the_next_hop_together", CGN_FATE_NONE, to_an_unknown_neighbour},
	{"duplicates_are_dropped_alone", CGN_FATE_FRAGMENT_DUPLICATE, duplicates},
	{"errors_about_first_fragments_are_translated", CGN_FATE_NONE,
		error_about_a_first_fragment},
};
const uint32_t row_n_cases_fragments = sizeof(row_cases_fragments) / sizeof(row_cases_fragments[0]);
