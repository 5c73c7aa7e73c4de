/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT-PMP and PCP served: how requests end, and what their answers look like on the wire. The rules
 * for mappings are in tests/scenario/portctl*.scn and tests/unit/control/test_explicit.c.
 */
#include <netinet/in.h>
#include <string.h>

#include "row.h"

static const char served[] = "portctl: {natpmp: true, pcp: true, burst: 1000000, "
			     "requests_per_s: 1000000}\n";

enum { PMP_ADDR_LEN = 12, PMP_MAP_LEN = 16, PCP_LEN = 24, PCP_MAP_LEN = 60, ANNOUNCED_S = 130 };
enum { L2 = 14, UDP_AT = L2 + 20, PAYLOAD_AT = UDP_AT + 8 };

/* The service on for all tenants, its announcements over. */
static struct cgn_sim *
create(const char *a)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = a, .b = served, .c = served});

	cgn_sim_elapse_s(sim, ANNOUNCED_S);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
	return sim;
}

static bool
end(struct cgn_sim *sim, bool ok)
{
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	ok &= CHECK(cgn_sim_is_sound(sim));
	if (!ok)
		cgn_sim_dump(sim, stderr);
	cgn_sim_destroy(sim);
	return ok;
}

static struct packet_spec
request(const void *payload, uint16_t len)
{
	struct packet_spec s = packet_udp(SIM_A1, 40000, SIM_GATEWAY, 5351);

	s.payload = payload;
	s.payload_len = len;
	return s;
}

static void
ask(struct cgn_sim *sim, const struct packet_spec *s)
{
	cgn_sim_send_spec(sim, SIM_ACCESS, s);
	cgn_sim_run(sim);
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Is the next frame on the access port the mirror image of the request (PMP-01), with len bytes? */
static bool
is_answer(struct cgn_sim *sim, const struct packet_spec *s, uint16_t len, struct cgn_sim_frame *f)
{
	uint8_t mac[6];

	cgn_sim_host_mac(sim, s->src, mac);
	return CHECK(cgn_sim_receive(sim, SIM_ACCESS, f)) &&
		CHECK(f->len == (uint32_t)(PAYLOAD_AT + len)) &&
		CHECK(memcmp(f->bytes, mac, 6) == 0) &&
		CHECK(memcmp(f->bytes + 6, cgn_sim_port_mac(sim, SIM_ACCESS), 6) == 0) &&
		CHECK(get32(f->bytes + L2 + 12) == s->dst) &&
		CHECK(get32(f->bytes + L2 + 16) == s->src) &&
		CHECK(f->bytes[L2 + 9] == IPPROTO_UDP) && CHECK(get16(f->bytes + UDP_AT) == 5351) &&
		CHECK(get16(f->bytes + UDP_AT + 2) == s->sport) &&
		CHECK(get16(f->bytes + UDP_AT + 4) == 8 + len) &&
		CHECK(packet_ip_csum_is_right(f->bytes + L2)) &&
		CHECK(packet_l4_csum_is_right(f->bytes + L2)) &&
		CHECK(packet_l4_csum_field(f->bytes + L2) != 0);
}

/* PMP-01, PMP-02: from any source port; the address is the one that traffic has too (PMP-04). */
static bool
answered(void)
{
	static const uint16_t ports[] = {1, 1023, 5350, 5351, 40000, 65535};
	struct cgn_sim *sim = create(served);
	struct packet_spec s, flow = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct cgn_sim_frame f, out;
	bool ok = true;

	ask(sim, &flow);
	ok &= CHECK(cgn_sim_receive(sim, SIM_WAN, &out));
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]) && ok; i++) {
		s = request("\0\0", 2);
		s.sport = ports[i];
		ask(sim, &s);
		ok &= is_answer(sim, &s, PMP_ADDR_LEN, &f);
		ok &= CHECK(get32(f.bytes + PAYLOAD_AT) == 0x00800000);
		ok &= CHECK(get32(f.bytes + PAYLOAD_AT + 4) == ANNOUNCED_S);
		ok &= CHECK(memcmp(f.bytes + PAYLOAD_AT + 8, out.bytes + L2 + 12, 4) == 0);
	}
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "portctl_answered") ==
		sizeof(ports) / sizeof(ports[0]));
	return end(sim, ok);
}

/* In its own VLAN, with its tags (ADV-08: the same address of another tenant gets nothing). */
static bool
answered_behind_tags(void)
{
	struct cgn_sim *sim = create(served);
	struct packet_spec s = request("\0\0", 2);
	struct cgn_sim_frame f;
	bool ok;

	s.n_tags = 1;
	s.tags[0] = (struct packet_tag){0x8100, 102};
	cgn_sim_send_spec(sim, SIM_TRUNK, &s);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	ok &= CHECK(cgn_sim_receive(sim, SIM_TRUNK, &f)) && CHECK(f.len == PAYLOAD_AT + 4 + 12);
	ok &= CHECK(get32(f.bytes + 12) == 0x81000066) && CHECK(get16(f.bytes + 16) == 0x0800);
	ok &= CHECK(get32(f.bytes + PAYLOAD_AT + 4 + 8) >> 4 == SIM_POOL_B >> 4);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "b", "portctl_answered") == 1);
	return end(sim, ok);
}

/* ADV-17: no checksum is right, an odd length is summed right; ADV-04: padding is no payload. */
static bool
answered_whatever_the_frame(void)
{
	struct cgn_sim *sim = create(served);
	uint8_t map[15] = {0, 1, 0xff, 0xff, 0x13, 0x88, 0, 0, 0, 0, 0, 60, 1, 2, 3};
	struct packet_spec s = request(map, sizeof(map));
	struct cgn_sim_frame f;
	bool ok;

	ask(sim, &s);
	ok = is_answer(sim, &s, PMP_MAP_LEN, &f);
	s.udp_no_csum = true;
	ask(sim, &s);
	ok &= is_answer(sim, &s, PMP_MAP_LEN, &f);
	s = request(map, 2);
	s.pad_to = 60;
	ask(sim, &s); /* opcode 1 with two bytes */
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	ok &= CHECK(cgn_sim_fate(sim, "portctl_ignored") == 1);
	return end(sim, ok);
}

/* In buffers of any sizes. */
static bool
answered_from_a_chain(void)
{
	static const uint8_t map[12] = {0, 1, 0, 0, 0x13, 0x88, 0, 0, 0, 0, 0, 60};
	struct cgn_sim *sim = create(served);
	struct packet_spec s = request(map, sizeof(map));
	struct cgn_sim_frame f, answer;
	bool ok = true;

	memcpy(s.dst_mac, cgn_sim_port_mac(sim, SIM_ACCESS), 6);
	cgn_sim_host_mac(sim, SIM_A1, s.src_mac);
	f.len = packet_build(&s, f.bytes);
	for (uint16_t cut = 1; cut < f.len && ok; cut++) {
		cgn_sim_send_chain(sim, SIM_ACCESS, &f, &cut, 1);
		cgn_sim_run(sim);
		ok &= is_answer(sim, &s, PMP_MAP_LEN, &answer);
	}
	return end(sim, ok);
}

/* PMP-08, PCP-04, ADV-03, ADV-11: answers and announcements are not requests. */
static bool
ignored(void)
{
	struct cgn_sim *sim = create(served);
	uint8_t p[60] = {0};
	uint64_t n = 0;
	bool ok = true;

	for (unsigned int version = 0; version < 256; version++)
		for (unsigned int op = 128; op < 256; op += 1 + version % 7, n++) {
			struct packet_spec s = request(p, version == 0 ? 16 : 60);

			p[0] = (uint8_t)version;
			p[1] = (uint8_t)op;
			s.sport = op % 2 ? 5351 : 40000;
			ask(sim, &s);
		}
	for (uint16_t len = 0; len < 24; len++, n++) {
		struct packet_spec s = request(p, len);

		p[0] = len >= 12 ? 2 : 0;
		p[1] = 1;
		ask(sim, &s);
	}
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "portctl_ignored") == n);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	return end(sim, ok);
}

/* ADV-17, ADV-03: bytes that cannot be believed, or could not be answered. */
static bool
bad(void)
{
	struct cgn_sim *sim = create(served);
	static const uint8_t map[12] = {0, 1, 0, 0, 0x13, 0x88, 0, 0, 0, 0, 0, 60};
	struct packet_spec s = request(map, sizeof(map));
	bool ok;

	s.l4_csum_xor = 0x0100;
	ask(sim, &s);
	s = request(map, sizeof(map));
	s.sport = 0;
	ask(sim, &s);
	ok = CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "portctl_bad") == 2);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	return end(sim, ok);
}

/* ADV-05: no piece of a request is a request; what is not UDP 5351 is no service. */
static bool
in_pieces(void)
{
	struct cgn_sim *sim = create(served);
	static const uint8_t map[12] = {0, 1, 0, 0, 0x13, 0x88, 0, 0, 0, 0, 0, 60};
	struct packet_spec s = request(map, sizeof(map));
	bool ok;

	s.frag = PACKET_MF;
	ask(sim, &s);
	s.frag = 1;
	ask(sim, &s);
	ok = CHECK(cgn_sim_fate(sim, "fragment") == 2);
	s = request(map, sizeof(map));
	s.dport = 5350;
	ask(sim, &s);
	s = packet_tcp(SIM_A1, 5000, SIM_GATEWAY, 5351, 0x02);
	ask(sim, &s);
	ok &= CHECK(cgn_sim_fate(sim, "inside_service") == 2);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	return end(sim, ok);
}

/* PCP-24, PCP-54, ADV-24: one subscriber's flood ends at its rate and takes nothing from another's.
 */
static bool
rate(void)
{
	struct cgn_sim *sim = create("portctl: {natpmp: true, burst: 10, requests_per_s: 5}\n");
	struct packet_spec s = request("\0\0", 2);
	bool ok;

	for (int i = 0; i < 100; i++)
		ask(sim, &s);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "portctl_answered") == 10);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "portctl_rate") == 90);
	s.src = SIM_A2;
	ask(sim, &s);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "portctl_answered") == 11);
	cgn_sim_elapse_s(sim, 1);
	s.src = SIM_A1;
	for (int i = 0; i < 10; i++)
		ask(sim, &s);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "portctl_answered") == 16);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 16);
	return end(sim, ok);
}

/* PMP-18, PMP-20, ROOT-3, ADV-06: only the subscriber's own service address is asked. */
static bool
elsewhere(void)
{
	static const uint32_t targets[] = {SIM_POOL_A, SIM_POOL_A + 15, SIM_POOL_B, SIM_UPLINK,
		0x64410001, 0x64420001, 0x644003ff, 0xffffffff, 0xe0000001, 0x7f000001, SIM_A2, 0,
		SIM_NEXT_HOP, SIM_PEER};
	struct cgn_sim *sim = create(served);
	static const uint8_t map[12] = {0, 1, 0, 0, 0x13, 0x88, 0, 0, 0, 0, 0, 60};
	bool ok = true;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]) && ok; i++) {
		struct packet_spec s = request(map, sizeof(map));

		s.dst = targets[i];
		ask(sim, &s);
		ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	}
	ok &= CHECK(cgn_sim_fate(sim, "portctl_answered") == 0);
	ok &= CHECK(cgn_sim_n_mappings(sim) <= 2); /* traffic to port 5351 of two hosts outside */
	cgn_sim_flush(sim, SIM_WAN);
	return end(sim, ok);
}

/* PCP-70, ADV-01, ADV-07: a source that is not the sender's never gets as far as the server. */
static bool
forged(void)
{
	static const uint32_t sources[] = {0, 0x7f000001, 0xe0000001, 0xffffffff, 0xf0000001,
		SIM_GATEWAY, SIM_POOL_A, 0x644003ff, 0x64400000, SIM_PEER, 0x6441000a, 0x6442000a};
	struct cgn_sim *sim = create(
		"attachments: [{port: access, address: 100.64.0.1/22, subscribers: [{prefix: "
		"100.64.0.8/29}]}, {port: trunk, vlan: 101, address: 100.65.0.1/24, subscribers: "
		"[{prefix: 100.65.0.8/29}]}]\n"
		"portctl: {natpmp: true, pcp: true}\n");
	bool ok = true;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) && ok; i++) {
		struct packet_spec s = request("\0\0", 2);

		s.src = sources[i];
		ask(sim, &s);
		ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	}
	ok &= CHECK(cgn_sim_fate(sim, "portctl_answered") == 0);
	return end(sim, ok);
}

static struct packet_spec
pcp_map(uint8_t *p, uint16_t inside_port, uint32_t lifetime_s, uint32_t filter)
{
	memset(p, 0, PCP_MAP_LEN + 24);
	p[0] = 2;
	p[1] = 1;
	p[6] = (uint8_t)(lifetime_s >> 8);
	p[7] = (uint8_t)lifetime_s;
	p[18] = p[19] = 0xff;
	p[20] = 100;
	p[21] = 64;
	p[23] = 10;
	p[24] = 0x5a;
	p[36] = IPPROTO_UDP;
	p[40] = (uint8_t)(inside_port >> 8);
	p[41] = (uint8_t)inside_port;
	p[54] = p[55] = 0xff;
	if (filter == 0)
		return request(p, PCP_MAP_LEN);
	p[60] = 3;
	p[63] = 20;
	p[65] = 128;
	p[78] = p[79] = 0xff;
	for (int i = 0; i < 4; i++)
		p[80 + i] = (uint8_t)(filter >> (24 - 8 * i));
	return request(p, PCP_MAP_LEN + 24);
}

/* PCP-55: the one who is named gets in, the other is dropped and counted. */
static bool
filtered(void)
{
	struct cgn_sim *sim = create(served);
	uint8_t p[PCP_MAP_LEN + 24];
	struct packet_spec s = pcp_map(p, 5000, 600, SIM_PEER), probe;
	struct cgn_sim_frame f;
	bool ok;

	ask(sim, &s);
	ok = is_answer(sim, &s, PCP_MAP_LEN + 24, &f) && CHECK(f.bytes[PAYLOAD_AT + 3] == 0);
	probe = packet_udp(
		SIM_PEER, 77, get32(f.bytes + PAYLOAD_AT + 56), get16(f.bytes + PAYLOAD_AT + 42));
	cgn_sim_send_spec(sim, SIM_WAN, &probe);
	probe.src = SIM_PEER2;
	cgn_sim_send_spec(sim, SIM_WAN, &probe);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 1);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "filtered") == 1);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "out2in") == 1);
	cgn_sim_flush(sim, SIM_ACCESS);
	return end(sim, ok);
}

const struct row_case row_cases_portctl[] = {
	{"request_is_answered_in_its_mirror_image", CGN_FATE_PORTCTL_ANSWERED, answered},
	{"request_behind_tags_is_answered_behind_them", CGN_FATE_PORTCTL_ANSWERED,
		answered_behind_tags},
	{"length_and_checksum_of_a_request_come_from_udp", CGN_FATE_PORTCTL_ANSWERED,
		answered_whatever_the_frame},
	{"request_in_chained_buffers_is_answered", CGN_FATE_PORTCTL_ANSWERED,
		answered_from_a_chain},
	{"answers_and_stumps_from_inside_are_ignored", CGN_FATE_PORTCTL_IGNORED, ignored},
	{"request_with_a_wrong_checksum_or_port_zero_is_dropped", CGN_FATE_PORTCTL_BAD, bad},
	{"request_in_pieces_or_to_another_port_is_not_served", CGN_FATE_INSIDE_SERVICE, in_pieces},
	{"requests_beyond_the_rate_are_dropped", CGN_FATE_PORTCTL_RATE, rate},
	{"request_to_any_other_address_is_quiet", CGN_FATE_NATPMP_EXTERNAL, elsewhere},
	{"request_with_a_forged_source_is_quiet", CGN_FATE_SPOOFED_UNASSIGNED, forged},
	{"packet_of_a_peer_that_a_filter_keeps_out_is_dropped", CGN_FATE_FILTERED, filtered},
};
const uint32_t row_n_cases_portctl = sizeof(row_cases_portctl) / sizeof(row_cases_portctl[0]);
