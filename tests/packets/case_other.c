/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Protocols without ports: translated by addresses alone where nat.protocols names them, one
 * subscriber per outside address, protocol and remote address; else dropped (CGN-01, CGN-02).
 */
#include <string.h>

#include "case.h"
#include "datagram.h"

enum { GRE = 47, ESP = 50, AH = 51, SCTP = 132, DCCP = 33, UDP_LITE = 136 };
enum { W1 = SIM_PEER, W2 = SIM_PEER2, A1 = SIM_A1, A2 = SIM_A2, POOL = SIM_POOL_A };

/* One outside address, so that who has it is known. */
static const char on[] = "pool: [203.0.113.16/32]\nnat: {protocols: [gre, esp, sctp]}\n";

static struct cgn_sim *
create(const char *a)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = a});

	cgn_sim_elapse_s(sim, 130); /* announcements are over */
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
	return sim;
}

static struct packet_spec
packet(uint8_t proto, uint32_t src, uint32_t dst)
{
	struct packet_spec s = packet_udp(src, 1, dst, 1);

	s.proto = proto;
	return s;
}

static void
put(struct cgn_sim *sim, uint16_t port, struct packet_spec s)
{
	cgn_sim_send_spec(sim, port, &s);
	cgn_sim_run(sim);
}

/* The next frame of the port is s with another address and one hop on; nothing else is changed. */
static bool
came(struct cgn_sim *sim, uint16_t port, struct packet_spec s, uint32_t src, uint32_t dst)
{
	struct cgn_sim_frame frame;
	uint8_t want[PACKET_MAX];
	uint32_t len;

	s.ttl--;
	s.src = src;
	s.dst = dst;
	len = packet_build(&s, want);
	return CHECK(cgn_sim_receive(sim, port, &frame)) && CHECK(frame.len == len) &&
		CHECK(memcmp(frame.bytes + 14, want + 14, len - 14) == 0) &&
		CHECK(cgn_sim_n_waiting(sim, port) == 0);
}

/* Out by the pool's one address, and the answer back. */
static bool
works(struct cgn_sim *sim, uint8_t proto, uint32_t host, uint32_t remote)
{
	struct packet_spec out = packet(proto, host, remote), back = packet(proto, remote, POOL);

	put(sim, SIM_ACCESS, out);
	if (!came(sim, SIM_WAN, out, POOL, remote))
		return false;
	put(sim, SIM_WAN, back);
	return came(sim, SIM_ACCESS, back, remote, host);
}

static bool
ends(struct cgn_sim *sim, uint16_t port, struct packet_spec s, const char *fate)
{
	uint64_t was = cgn_sim_fate(sim, fate);

	put(sim, port, s);
	return CHECK(cgn_sim_fate(sim, fate) == was + 1) &&
		CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
}

static bool
both_ways(void)
{
	struct cgn_sim *sim = create(on);
	bool ok = works(sim, GRE, A1, W1) && works(sim, ESP, A1, W1) && works(sim, SCTP, A1, W1) &&
		works(sim, GRE, A1, W2) && works(sim, GRE, A1, W1);

	ok &= CHECK(cgn_sim_n_mappings(sim) == 4);
	ok &= ends(sim, SIM_WAN, packet(ESP, W2, POOL), "no_mapping");
	ok &= ends(sim, SIM_WAN, packet(SCTP, W2, POOL), "no_mapping");
	ok &= CHECK(cgn_sim_fate(sim, "in2out") == 5 && cgn_sim_fate(sim, "out2in") == 5);
	/* A ping that happens on the identifier of one of them finds nobody. */
	for (uint32_t id = 1; id < 65536; id += 7)
		put(sim, SIM_WAN, packet_echo(W1, POOL, false, (uint16_t)id));
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	return end(sim, ok);
}

/* Not named, never named, and to a pool address. */
static bool
refused(void)
{
	struct cgn_sim *sim = create("pool: [203.0.113.16/32]\nnat: {protocols: [gre]}\n");
	static const uint8_t never[] = {ESP, SCTP, AH, DCCP, UDP_LITE, 4, 41, 2, 0};
	bool ok = works(sim, GRE, A1, W1);

	for (uint32_t i = 0; i < sizeof(never); i++) {
		ok &= ends(sim, SIM_ACCESS, packet(never[i], A1, W1), "other_proto");
		ok &= ends(sim, SIM_WAN, packet(never[i], W1, POOL), "other_proto");
	}
	ok &= ends(sim, SIM_ACCESS, packet(GRE, A2, POOL), "other_proto");
	ok &= ends(sim, SIM_ACCESS, packet(GRE, 0x6440050a, W1), "spoofed_unassigned");
	ok &= ends(sim, SIM_WAN, packet(GRE, A2, POOL), "outside_inside_source");
	ok &= CHECK(cgn_sim_n_mappings(sim) == 1);
	return end(sim, ok);
}

/* The second behind the address is told, until the first one's mapping has gone. */
static bool
taken(void)
{
	struct cgn_sim *sim = create(on);
	struct cgn_sim_frame frame;
	bool ok = works(sim, ESP, A1, W1);

	ok &= ends(sim, SIM_ACCESS, packet(ESP, A2, W1), "other_taken");
	ok &= CHECK(cgn_sim_receive(sim, SIM_ACCESS, &frame)) && CHECK(frame.bytes[34] == 3) &&
		CHECK(frame.bytes[35] == 1);
	ok &= works(sim, ESP, A2, W2) && works(sim, GRE, A2, W1) && works(sim, ESP, A1, W1);
	cgn_sim_elapse_s(sim, 599);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 3);
	put(sim, SIM_WAN, packet(ESP, W1, POOL)); /* renews nothing */
	cgn_sim_elapse_s(sim, 3);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	cgn_sim_flush(sim, SIM_ACCESS);
	ok &= ends(sim, SIM_WAN, packet(ESP, W1, POOL), "no_mapping");
	ok &= works(sim, ESP, A2, W1);
	return end(sim, ok);
}

/* Behind another address, and of another tenant with the same inside address, nobody is in the way.
 */
static bool
apart(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = on, .b = "pool: [203.0.113.32/32]\nnat: {protocols: [esp]}\n"});
	struct packet_spec s = packet(ESP, SIM_B1, W1), back = packet(ESP, W1, SIM_POOL_B);
	struct cgn_sim_frame frame;
	bool ok;

	cgn_sim_elapse_s(sim, 130);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
	ok = works(sim, ESP, A1, W1);
	s.n_tags = 1;
	s.tags[0] = (struct packet_tag){0x8100, 102};
	put(sim, SIM_TRUNK, s);
	s.n_tags = 0;
	ok &= came(sim, SIM_WAN, s, SIM_POOL_B, W1);
	put(sim, SIM_WAN, back);
	ok &= CHECK(cgn_sim_receive(sim, SIM_TRUNK, &frame));
	ok &= CHECK(cgn_sim_tenant_fate(sim, "b", "out2in") == 1);
	return end(sim, ok);
}

/* In any order, each by itself; the identifier stays. */
static bool
fragments(void)
{
	static struct datagram sent, got;
	struct cgn_sim *sim = create(on);
	struct packet_spec s = packet(ESP, A1, W1);
	bool ok = true;

	s.frag = 0;
	s.id = 0x1234;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	datagram_send(sim, SIM_ACCESS, &sent, 2960, datagram_payload(&sent) - 2960);
	cgn_sim_run(sim);
	datagram_send(sim, SIM_ACCESS, &sent, 1480, 1480);
	datagram_send(sim, SIM_ACCESS, &sent, 0, 1480);
	cgn_sim_run(sim);
	ok &= CHECK(datagram_collect(sim, SIM_WAN, &got, NULL) == 1);
	ok &= CHECK(got.len == sent.len) &&
		CHECK(memcmp(got.ip + 20, sent.ip + 20, sent.len - 20) == 0) &&
		CHECK(got.ip[4] == 0x12 && got.ip[5] == 0x34);
	ok &= CHECK(cgn_sim_fate(sim, "in2out") == 3);
	s = packet(ESP, A1, W1);
	s.frag = PACKET_MF;
	s.payload_len = 13;
	ok &= ends(sim, SIM_ACCESS, s, "fragment_bad");
	return end(sim, ok);
}

/* Path MTU is found by these (RFC 1191): the quote is translated with the error. */
static bool
errors(void)
{
	struct cgn_sim *sim = create(on);
	uint32_t router = 0xc6120001;
	uint8_t payload[28], want[28];
	struct packet_spec q = packet(ESP, POOL, W1), in_q = packet(ESP, A1, W1), s, w;
	bool ok = works(sim, ESP, A1, W1);

	s = unreachable(4, router, POOL, &q, payload);
	w = unreachable(4, router, A1, &in_q, want);
	put(sim, SIM_WAN, s);
	ok &= came(sim, SIM_ACCESS, w, router, A1);
	q = packet(ESP, W1, A1);
	in_q = packet(ESP, W1, POOL);
	s = unreachable(4, A1, W1, &q, payload);
	w = unreachable(4, POOL, W1, &in_q, want);
	put(sim, SIM_ACCESS, s);
	ok &= came(sim, SIM_WAN, w, POOL, W1);
	q = packet(ESP, POOL, W2);
	ok &= ends(sim, SIM_WAN, unreachable(4, router, POOL, &q, payload), "icmp_no_mapping");
	q = packet(ESP, POOL + 1, W1);
	ok &= ends(sim, SIM_WAN, unreachable(4, router, POOL, &q, payload), "icmp_foreign");
	q = packet(AH, POOL, W1);
	ok &= ends(sim, SIM_WAN, unreachable(4, router, POOL, &q, payload), "icmp_bad_quote");
	q = packet(ESP, W1, A2);
	ok &= ends(sim, SIM_ACCESS, unreachable(4, A1, W1, &q, payload), "icmp_foreign");
	return end(sim, ok);
}

static bool
one_hop(void)
{
	struct cgn_sim *sim = create(on);
	struct packet_spec s = packet(GRE, A1, W1);
	struct cgn_sim_frame frame;
	bool ok;

	s.ttl = 1;
	ok = ends(sim, SIM_ACCESS, s, "ttl_expired");
	ok &= CHECK(cgn_sim_receive(sim, SIM_ACCESS, &frame)) && CHECK(frame.bytes[34] == 11);
	s.ttl = 64;
	s.payload_len = 1481;
	ok &= ends(sim, SIM_ACCESS, s, "too_big");
	ok &= CHECK(cgn_sim_receive(sim, SIM_ACCESS, &frame)) && CHECK(frame.bytes[35] == 4);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	s.frag = 0;
	put(sim, SIM_ACCESS, s);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 2); /* cut */
	cgn_sim_flush(sim, SIM_WAN);
	ok &= works(sim, GRE, A1, W1);
	return end(sim, ok);
}

/* A limit of its own, a part of ICMP's; a place in the table of their own. */
static bool
limited(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "pool: [203.0.113.16/32]\nnat: {protocols: [gre, esp]}\n"
		     "quota: {subscriber: {other: 2}}\n"});
	uint32_t d = 0;
	bool ok;

	for (; d < 3; d++)
		put(sim, SIM_ACCESS, packet(GRE, A1, W1 + d));
	ok = CHECK(cgn_sim_fate(sim, "quota_subscriber_other") == 1);
	ok &= CHECK(cgn_sim_fate(sim, "in2out") == 2);
	put(sim, SIM_ACCESS, packet(GRE, A2, W1 + d));
	put(sim, SIM_ACCESS, packet_echo(A1, W1, true, 7));
	ok &= CHECK(cgn_sim_fate(sim, "in2out") == 4);
	ok &= CHECK(sim->box->control->tenants[0].mappings[CGN_ICMP] == 4);
	cgn_sim_elapse_s(sim, 602);
	cgn_sim_flush(sim, SIM_WAN);
	put(sim, SIM_ACCESS, packet(GRE, A1, W1 + 9));
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 1);
	return end(sim, ok);
}

static bool
table_full(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = on, .box = "table: {mappings: 16384, other_protocols: 1}\n"});
	bool ok;

	put(sim, SIM_ACCESS, packet(GRE, A1, W1));
	put(sim, SIM_ACCESS, packet(GRE, A1, W2));
	ok = CHECK(cgn_sim_fate(sim, "table_full") == 1) &&
		CHECK(cgn_sim_fate(sim, "in2out") == 1) && CHECK(cgn_sim_n_mappings(sim) == 1);
	cgn_sim_elapse_s(sim, 602);
	put(sim, SIM_ACCESS, packet(GRE, A1, W2));
	ok &= CHECK(cgn_sim_fate(sim, "in2out") == 2);
	return end(sim, ok);
}

/* Whoever has the address for himself is reached by whoever sends. */
static bool
own_address(void)
{
	struct cgn_sim *sim = create(
		"nat: {protocols: [gre]}\n"
		"static_addresses: [{inside: 100.64.0.10, outside: 203.0.113.16}]\n");
	struct packet_spec in = packet(GRE, W1, POOL);
	bool ok;

	put(sim, SIM_WAN, in);
	ok = came(sim, SIM_ACCESS, in, W1, A1);
	ok &= works(sim, GRE, A1, W1) && works(sim, GRE, A1, W2);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 2);
	return end(sim, ok);
}

static void
clear(struct cgn_sim *sim)
{
	struct cgn_clear clear = {.tenant = 0, .inside = CGN_NONE};

	while (!clear.is_over) {
		cgn_clear_slice(sim->box->control, &clear);
		cgn_sim_run(sim);
	}
}

/* Cleared, moved off a pool address, no longer named: as any mapping. */
static bool
operated(void)
{
	static const char moved[] = "pool: [203.0.113.17/32]\nnat: {protocols: [gre, esp]}\n";
	static const char off[] = "pool: [203.0.113.17/32]\n";
	struct cgn_sim *sim = create(on);
	struct cgn_errmsg err;
	struct packet_spec s = packet(GRE, A1, W1);
	bool ok = works(sim, GRE, A1, W1);

	clear(sim);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
	ok &= ends(sim, SIM_WAN, packet(GRE, W1, POOL), "no_mapping");
	ok &= works(sim, GRE, A1, W1);
	ok &= CHECK(cgn_sim_reload(sim, &(struct cgn_sim_params){.a = moved}, &err) == 0);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	cgn_sim_flush(sim, SIM_WAN);
	put(sim, SIM_ACCESS, s);
	ok &= came(sim, SIM_WAN, s, POOL + 1, W1);
	ok &= CHECK(cgn_sim_reload(sim, &(struct cgn_sim_params){.a = off}, &err) == 0);
	cgn_sim_flush(sim, SIM_WAN);
	ok &= ends(sim, SIM_ACCESS, s, "other_proto");
	cgn_sim_elapse_s(sim, 602);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	return end(sim, ok);
}

/* A mapping of an address pair filters by it already: it needs no contacts, and takes none. */
static bool
filtered(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.box = "table: {mappings: 16384, shards: 2, contacts: 1}\n",
		.a = "pool: [203.0.113.16/32]\n"
		     "nat: {protocols: [gre], filtering: address_and_port_dependent}\n"});
	bool ok;

	cgn_sim_elapse_s(sim, 130);
	cgn_sim_flush(sim, SIM_ACCESS);
	ok = works(sim, GRE, A1, W1) && works(sim, GRE, A1, W2) && works(sim, GRE, A1, W1);
	ok &= ends(sim, SIM_WAN, packet(GRE, SIM_PEER2 + 1, POOL), "no_mapping");
	ok &= CHECK(sim->box->control->contacts.n_used == 0);
	return end(sim, ok);
}

const struct row_case row_cases_other[] = {
	{"named_protocols_go_both_ways_by_address", CGN_FATE_IN2OUT, both_ways},
	{"other_protocols_are_refused", CGN_FATE_OTHER_PROTO, refused},
	{"one_subscriber_has_the_protocol_to_a_remote_address", CGN_FATE_OTHER_TAKEN, taken},
	{"other_addresses_and_tenants_are_not_in_the_way", CGN_FATE_OUT2IN, apart},
	{"fragments_of_other_protocols_go_one_by_one", CGN_FATE_IN2OUT, fragments},
	{"errors_about_other_protocols_are_translated", CGN_FATE_ICMP_NO_MAPPING, errors},
	{"other_protocols_are_forwarded_by_one_hop", CGN_FATE_TTL_EXPIRED, one_hop},
	{"other_protocols_have_a_limit", CGN_FATE_QUOTA_SUBSCRIBER_OTHER, limited},
	{"other_protocols_have_a_table", CGN_FATE_TABLE_FULL, table_full},
	{"an_own_address_is_reached_by_other_protocols", CGN_FATE_OUT2IN, own_address},
	{"other_protocols_need_no_contacts", CGN_FATE_NO_MAPPING, filtered},
	{"operators_end_mappings_of_other_protocols", CGN_FATE_OTHER_PROTO, operated},
};
const uint32_t row_n_cases_other = sizeof(row_cases_other) / sizeof(row_cases_other[0]);
