/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Destinations of nat.bypass: reached with the inside address by whatever protocol, and nobody else
 * gets in by it (CGN-07, SEED-1 to 3).
 */
#include <string.h>

#include "case.h"
#include "datagram.h"

enum {
	REMOTE = 0xc0000281,  /* 192.0.2.129, bypassed */
	REMOTE2 = 0xc0000282, /* 192.0.2.130, likewise */
	ROUTER = 0xc6120001,  /* 198.18.0.1, not bypassed */
	NOBODY = 0x6440050a,  /* 100.64.5.10: not assigned */
	A3 = 0x6441000a,      /* 100.65.0.10: of tenant a, VLAN 101 */
	C1 = 0x6442000a,      /* 100.66.0.10: tenant c's, tags 200 and 7 */
};

static const char on[] = "nat: {bypass: [192.0.2.128/25]}\n";

static void
send_spec(struct cgn_sim *sim, uint16_t port, const struct packet_spec *s)
{
	cgn_sim_send_spec(sim, port, s);
	cgn_sim_run(sim);
}

/* The next frame of the port is the packet as it was sent, one hop on. */
static bool
came(struct cgn_sim *sim, uint16_t port, uint32_t l2, struct packet_spec s)
{
	struct cgn_sim_frame frame;
	uint8_t want[PACKET_MAX];
	uint32_t len;

	s.ttl--;
	s.n_tags = 0;
	len = packet_build(&s, want);
	return CHECK(cgn_sim_receive(sim, port, &frame)) && CHECK(frame.len == len - 14 + l2) &&
		CHECK(memcmp(frame.bytes + l2, want + 14, len - 14) == 0) &&
		CHECK(cgn_sim_n_waiting(sim, port) == 0);
}

static bool
is_quiet(const struct cgn_sim *sim)
{
	return CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) + cgn_sim_n_waiting(sim, SIM_TRUNK) +
			cgn_sim_n_waiting(sim, SIM_WAN) ==
		0);
}

static struct packet_spec
other(uint32_t src, uint32_t dst, uint8_t proto)
{
	struct packet_spec s = packet_udp(src, 1, dst, 1);

	s.proto = proto;
	return s;
}

/* Every kind of packet, both ways; nothing is translated, kept, or counted as a mapping. */
static bool
both_ways(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = on});
	const struct packet_spec out[] = {packet_udp(SIM_A1, 5000, REMOTE, 53),
		packet_tcp(SIM_A1, 5000, REMOTE, 80, 0x10), packet_echo(SIM_A1, REMOTE, true, 7),
		packet_echo(SIM_A1, REMOTE, false, 7), packet_icmp(SIM_A1, REMOTE, 13, 0),
		other(SIM_A1, REMOTE, 47), other(SIM_A1, REMOTE, 50), other(SIM_A1, REMOTE, 132),
		packet_udp(SIM_A1, 5000, REMOTE, 5351)};
	const uint32_t n = sizeof(out) / sizeof(out[0]);
	bool ok = true;

	for (uint32_t i = 0; i < n; i++) {
		struct packet_spec s = out[i], back = s;

		send_spec(sim, SIM_ACCESS, &s);
		ok &= came(sim, SIM_WAN, 14, s);
		back.src = REMOTE;
		back.dst = SIM_A1;
		back.sport = s.dport;
		back.dport = s.sport;
		send_spec(sim, SIM_WAN, &back);
		ok &= came(sim, SIM_ACCESS, 14, back);
	}
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "bypass_out") == n);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "bypass_in") == n);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	ok &= CHECK(sim->box->workers[0].counters.forwarded_bytes[CGN_OUT2IN] > 0);
	ok &= CHECK(sim->box->workers[0].counters.forwarded_bytes[CGN_OUT2IN] ==
		sim->box->workers[0].counters.forwarded_bytes[CGN_IN2OUT]);
	return end(sim, ok);
}

static bool
ends(struct cgn_sim *sim, uint16_t port, struct packet_spec s, const char *tenant, const char *fate)
{
	uint64_t was = cgn_sim_tenant_fate(sim, tenant, fate);

	send_spec(sim, port, &s);
	return is_quiet(sim) && CHECK(cgn_sim_tenant_fate(sim, tenant, fate) == was + 1);
}

/* Who may not get in, whatever the destination. */
static bool
strangers(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = on});
	bool ok = ends(
		sim, SIM_WAN, packet_udp(SIM_PEER, 53, SIM_A1, 5000), "-", "outside_not_ours");

	ok &= ends(sim, SIM_WAN, packet_udp(REMOTE, 53, NOBODY, 5000), "-", "outside_not_ours");
	ok &= ends(sim, SIM_WAN, packet_udp(REMOTE, 53, SIM_GATEWAY, 53), "-", "outside_not_ours");
	ok &= ends(sim, SIM_WAN, packet_udp(REMOTE, 53, C1, 5000), "-", "outside_not_ours");
	ok &= ends(
		sim, SIM_WAN, packet_udp(SIM_A2, 53, SIM_A1, 5000), "-", "outside_inside_source");
	ok &= ends(sim, SIM_WAN, packet_udp(0x7f000001, 53, SIM_A1, 5000), "-", "martian_source");
	ok &= ends(sim, SIM_WAN, packet_udp(REMOTE, 53, SIM_A1, 5351), "-", "wan_natpmp");
	ok &= ends(sim, SIM_WAN, packet_udp(REMOTE, 5351, SIM_A1, 5350), "-", "wan_natpmp");
	ok &= ends(sim, SIM_ACCESS, packet_udp(NOBODY, 53, REMOTE, 53), "a", "spoofed_unassigned");
	/* Tenant b has the same inside address, and bypasses nothing. */
	{
		struct packet_spec s = packet_udp(SIM_B1, 5000, REMOTE, 53);
		struct cgn_sim_frame frame;

		s.n_tags = 1;
		s.tags[0] = (struct packet_tag){0x8100, 102};
		send_spec(sim, SIM_TRUNK, &s);
		ok &= CHECK(cgn_sim_receive(sim, SIM_WAN, &frame)) &&
			CHECK(cgn_sim_tenant_fate(sim, "b", "in2out") == 1);
	}
	return end(sim, ok);
}

/* Fragments pass alone; a first one that hides its ports does not. */
static bool
fragments(void)
{
	static struct datagram sent, got;
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = on});
	struct packet_spec s = packet_udp(REMOTE, 53, SIM_A1, 5000);
	bool ok = true;

	s.frag = 0;
	s.id = 7;
	datagram_make(&sent, sim, SIM_WAN, &s, 4000);
	datagram_send(sim, SIM_WAN, &sent, 2960, datagram_payload(&sent) - 2960);
	datagram_send(sim, SIM_WAN, &sent, 0, 1480);
	datagram_send(sim, SIM_WAN, &sent, 1480, 1480);
	cgn_sim_run(sim);
	ok &= CHECK(datagram_collect(sim, SIM_ACCESS, &got, NULL) == 1);
	ok &= CHECK(datagram_is_translated(&got, &sent));
	ok &= CHECK(cgn_sim_fate(sim, "bypass_in") == 3);
	s.frag = PACKET_MF;
	s.proto = 17;
	s.cut_to = 14 + 20;
	s.ip_len_add = -(8 + 16);
	ok &= ends(sim, SIM_WAN, s, "a", "fragment_tiny");
	return end(sim, ok);
}

/* Routers on the way, of whom nat.bypass says nothing, speak about bypassed packets. */
static bool
errors(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = on});
	struct packet_spec flow = packet_udp(SIM_A1, 5000, REMOTE, 53);
	struct packet_spec elsewhere = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct packet_spec answer = packet_udp(REMOTE, 53, SIM_A1, 5000);
	struct packet_spec of_another = packet_udp(SIM_A2, 5000, REMOTE, 53);
	uint8_t payload[28];
	struct packet_spec s = unreachable(1, ROUTER, SIM_A1, &flow, payload);
	bool ok;

	send_spec(sim, SIM_WAN, &s);
	ok = came(sim, SIM_ACCESS, 14, s);
	s = unreachable(1, REMOTE, SIM_A1, &flow, payload);
	send_spec(sim, SIM_WAN, &s);
	ok &= came(sim, SIM_ACCESS, 14, s);
	s = unreachable(1, SIM_A1, REMOTE, &answer, payload);
	send_spec(sim, SIM_ACCESS, &s);
	ok &= came(sim, SIM_WAN, 14, s);
	s = unreachable(1, ROUTER, SIM_A1, &elsewhere, payload);
	ok &= ends(sim, SIM_WAN, s, "-", "outside_not_ours");
	s = unreachable(1, ROUTER, SIM_A1, &of_another, payload);
	ok &= ends(sim, SIM_WAN, s, "-", "outside_not_ours");
	s.payload_len = 12;
	ok &= ends(sim, SIM_WAN, s, "-", "outside_not_ours");
	return end(sim, ok);
}

/* TTL, MTU and MSS as of any packet that is forwarded. */
static bool
one_hop(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = "nat: {bypass: [192.0.2.128/25], mss_max: 1000}\n"});
	static const uint8_t mss[] = {2, 4, 0x05, 0xb4}, lower[] = {2, 4, 0x03, 0xe8};
	struct packet_spec s = packet_udp(SIM_A1, 5000, REMOTE, 53);
	struct cgn_sim_frame frame;
	bool ok;

	s.ttl = 1;
	send_spec(sim, SIM_ACCESS, &s);
	ok = CHECK(cgn_sim_receive(sim, SIM_ACCESS, &frame)) && CHECK(frame.bytes[34] == 11) &&
		CHECK(cgn_sim_tenant_fate(sim, "a", "ttl_expired") == 1);
	s = packet_udp(REMOTE, 53, C1, 5000);
	s = packet_udp(SIM_A1, 5000, REMOTE, 53);
	s.payload_len = 1473;
	send_spec(sim, SIM_ACCESS, &s);
	ok &= CHECK(cgn_sim_receive(sim, SIM_ACCESS, &frame)) && CHECK(frame.bytes[34] == 3) &&
		CHECK(frame.bytes[35] == 4);
	s.frag = 0;
	send_spec(sim, SIM_ACCESS, &s);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 2);
	cgn_sim_flush(sim, SIM_WAN);
	s = packet_tcp(SIM_A1, 5000, REMOTE, 80, 0x02);
	s.tcp_opts = mss;
	s.tcp_opts_len = sizeof(mss);
	send_spec(sim, SIM_ACCESS, &s);
	s.tcp_opts = lower;
	ok &= came(sim, SIM_WAN, 14, s);
	return end(sim, ok);
}

/* An address that wants a session has none: nobody is there. */
static bool
no_session(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "nat: {bypass: [192.0.2.128/25]}\n"
		     "attachments:\n"
		     "  - {port: access, address: 100.64.0.1/22, subscribers:\n"
		     "     [{prefix: 100.64.0.0/22, sessions: true}]}\n"});
	bool ok = ends(sim, SIM_ACCESS, packet_udp(SIM_A1, 1, REMOTE, 1), "a", "no_session");

	ok &= ends(sim, SIM_WAN, packet_udp(REMOTE, 1, SIM_A1, 1), "a", "no_session");
	return end(sim, ok);
}

/* A destination comes and goes while the box runs; other tenants have theirs. */
static bool
reloaded(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.c = on});
	struct packet_spec s = packet_udp(SIM_A1, 5000, REMOTE, 53);
	struct packet_spec back = packet_udp(REMOTE, 53, SIM_A1, 5000);
	struct packet_spec to_c = packet_udp(REMOTE, 53, C1, 5000);
	struct packet_spec to_a3 = packet_udp(REMOTE, 53, A3, 5000);
	struct cgn_errmsg err;
	bool ok;

	send_spec(sim, SIM_ACCESS, &s);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "in2out") == 1);
	ok &= CHECK(cgn_sim_reload(sim, &(struct cgn_sim_params){.a = on, .c = on}, &err) == 0);
	cgn_sim_flush(sim, SIM_WAN);
	send_spec(sim, SIM_ACCESS, &s);
	ok &= came(sim, SIM_WAN, 14, s);
	send_spec(sim, SIM_WAN, &back);
	ok &= came(sim, SIM_ACCESS, 14, back);
	send_spec(sim, SIM_WAN, &to_c);
	ok &= came(sim, SIM_TRUNK, 22, to_c);
	send_spec(sim, SIM_WAN, &to_a3);
	ok &= came(sim, SIM_TRUNK, 18, to_a3);
	ok &= CHECK(cgn_sim_reload(sim,
			    &(struct cgn_sim_params){.a = "nat: {bypass: [192.0.2.130/32]}\n"},
			    &err) == 0);
	ok &= ends(sim, SIM_WAN, back, "-", "outside_not_ours");
	ok &= ends(sim, SIM_WAN, to_c, "-", "outside_not_ours");
	s.dst = REMOTE2;
	send_spec(sim, SIM_ACCESS, &s);
	ok &= came(sim, SIM_WAN, 14, s);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "bypass_out") == 2);
	return end(sim, ok);
}

const struct row_case row_cases_bypass[] = {
	{"bypassed_packets_go_both_ways_as_they_are", CGN_FATE_BYPASS_OUT, both_ways},
	{"nobody_else_gets_in_by_a_bypass", CGN_FATE_BYPASS_IN, strangers},
	{"fragments_are_bypassed_one_by_one", CGN_FATE_BYPASS_IN, fragments},
	{"errors_about_bypassed_packets_pass", CGN_FATE_BYPASS_IN, errors},
	{"a_bypass_is_one_hop", CGN_FATE_BYPASS_OUT, one_hop},
	{"a_bypass_needs_the_session", CGN_FATE_NO_SESSION, no_session},
	{"a_bypass_comes_and_goes_by_reload", CGN_FATE_BYPASS_OUT, reloaded},
};
const uint32_t row_n_cases_bypass = sizeof(row_cases_bypass) / sizeof(row_cases_bypass[0]);
