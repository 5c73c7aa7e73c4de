/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/net/parse: kinds, Ethernet tags, the IPv4 header and its options. */
#include "parse_frames.h"

#include <stdio.h>
#include <time.h>

#include <criterion/criterion.h>

#include "rand.h"

enum { MTP_PROTO = 92 };

Test(parse, every_kind_comes_from_the_frame_that_stands_for_it)
{
	static const uint8_t lsrr[] = {131, 7, 4, 10, 0, 0, 1};
	struct packet_spec s[CGN_N_PKT_KINDS];

	for (int k = 0; k < CGN_N_PKT_KINDS; k++)
		s[k] = udp();
	s[CGN_PKT_ICMP_ERROR] = packet_icmp(INSIDE, PEER, 3, 1);
	s[CGN_PKT_ICMP_OTHER] = packet_icmp(INSIDE, PEER, 13, 0);
	s[CGN_PKT_FRAGMENT].frag = PACKET_MF;
	s[CGN_PKT_OTHER_PROTO].proto = MTP_PROTO;
	s[CGN_PKT_ARP] = packet_arp();
	s[CGN_PKT_BAD_ETH].cut_to = 13;
	s[CGN_PKT_BAD_TAGS] = tagged(udp(), 3, 0x8100);
	s[CGN_PKT_NOT_IP4].ethertype = 0x86dd;
	s[CGN_PKT_BAD_IP].version = 6;
	s[CGN_PKT_BAD_IP_LEN].ip_len_add = 1;
	s[CGN_PKT_BAD_IP_CSUM].ip_csum_xor = 1;
	s[CGN_PKT_SOURCE_ROUTE] = with_opts(udp(), lsrr, sizeof(lsrr));
	s[CGN_PKT_BAD_L4].udp_len_add = 1;
	for (int k = 0; k < CGN_N_PKT_KINDS; k++)
		cr_expect_eq(parse(s[k]).kind, k, "kind %d was read as %u", k, parse(s[k]).kind);
}

Test(parse, udp_fields_are_read)
{
	struct cgn_pkt p = parse(udp());

	cr_expect_eq(p.kind, CGN_PKT_FLOW);
	cr_expect_eq(p.proto, CGN_UDP);
	cr_expect_eq(p.ip_proto, IPPROTO_UDP);
	cr_expect_eq(p.l3_off, 14);
	cr_expect_eq(p.l4_off, 34);
	cr_expect_eq(p.ip_len, 44);
	cr_expect_eq(p.ttl, 64);
	cr_expect_eq(p.has_ports, 1);
	cr_expect_eq(p.sport, RTE_BE16(40000));
	cr_expect_eq(p.dport, RTE_BE16(53));
	cr_expect_eq(p.src, RTE_BE32(INSIDE));
	cr_expect_eq(p.dst, RTE_BE32(PEER));
}

Test(parse, tcp_flags_and_ports_are_read)
{
	struct cgn_pkt p = parse(tcp());

	cr_expect_eq(p.kind, CGN_PKT_FLOW);
	cr_expect_eq(p.proto, CGN_TCP);
	cr_expect_eq(p.tcp_flags, 0x12);
	cr_expect_eq(p.has_ports, 1);
	cr_expect_eq(p.sport, RTE_BE16(40001));
	cr_expect_eq(p.dport, RTE_BE16(443));
}

Test(parse, echo_identifier_stands_in_both_ports_and_is_no_port)
{
	for (int request = 0; request <= 1; request++) {
		struct cgn_pkt p = parse(packet_echo(INSIDE, PEER, request, 0x1234));

		cr_expect_eq(p.kind, CGN_PKT_FLOW);
		cr_expect_eq(p.proto, CGN_ICMP);
		cr_expect_eq(p.icmp_type, request ? 8 : 0);
		cr_expect_eq(p.sport, RTE_BE16(0x1234));
		cr_expect_eq(p.dport, RTE_BE16(0x1234));
		cr_expect_eq(p.has_ports, 0);
	}
}

Test(parse, fields_of_the_stages_are_zeroed)
{
	static const struct cgn_pkt zero;
	struct cgn_pkt p = parse(udp());

	cr_expect_arr_eq((const uint8_t *)&p + offsetof(struct cgn_pkt, in_port),
		(const uint8_t *)&zero + offsetof(struct cgn_pkt, in_port),
		sizeof(p) - offsetof(struct cgn_pkt, in_port));
}

Test(parse, every_icmp_type_is_an_echo_an_error_or_other)
{
	for (int t = 0; t <= 255; t++) {
		struct cgn_pkt p = parse(packet_icmp(INSIDE, PEER, (uint8_t)t, 0));
		int want = CGN_PKT_ICMP_OTHER;

		if (t == 0 || t == 8)
			want = CGN_PKT_FLOW;
		if (t == 3 || t == 4 || t == 5 || t == 11 || t == 12)
			want = CGN_PKT_ICMP_ERROR;
		cr_expect_eq(p.kind, want, "type %d", t);
		cr_expect_eq(p.icmp_type, t, "type %d", t);
	}
}

Test(parse, every_ip_protocol_but_three_is_other)
{
	for (int proto = 0; proto <= 255; proto++) {
		struct packet_spec s = udp();
		bool known = proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_ICMP;

		s.proto = (uint8_t)proto;
		cr_expect_eq(parse(s).kind == CGN_PKT_OTHER_PROTO, !known, "protocol %d", proto);
		cr_expect(known || parse(s).has_ports == 0, "protocol %d", proto);
	}
}

Test(tags, none_one_and_two_of_each_tpid_are_walked)
{
	static const uint16_t tpids[] = {0x8100, 0x88a8, 0x9100};

	for (int i = 0; i < 3; i++) {
		for (uint8_t n = 0; n <= 2; n++) {
			struct cgn_pkt p = parse(tagged(udp(), n, tpids[i]));

			cr_expect_eq(p.kind, CGN_PKT_FLOW, "%u tags %#x", n, tpids[i]);
			cr_expect_eq(p.n_tags, n);
			cr_expect_eq(p.outer, n >= 1 ? 100 : 0);
			cr_expect_eq(p.inner, n == 2 ? 101 : 0);
			cr_expect_eq(p.l3_off, 14 + 4 * n);
		}
	}
}

Test(tags, three_of_any_tpid_are_refused)
{
	cr_expect_eq(parse(tagged(udp(), 3, 0x8100)).kind, CGN_PKT_BAD_TAGS);
	cr_expect_eq(parse(tagged(udp(), 3, 0x88a8)).kind, CGN_PKT_BAD_TAGS);
	cr_expect_eq(parse(tagged(udp(), 3, 0x9100)).kind, CGN_PKT_BAD_TAGS);
	cr_expect_eq(parse(tagged(packet_arp(), 3, 0x8100)).kind, CGN_PKT_BAD_TAGS);
}

Test(tags, priority_and_dei_bits_are_not_part_of_the_vid)
{
	struct packet_spec s = tagged(udp(), 2, 0x8100);
	struct cgn_pkt p;

	s.tags[0].tci = 0xf066;
	s.tags[1].tci = 0xffff;
	p = parse(s);
	cr_expect_eq(p.outer, 0x066);
	cr_expect_eq(p.inner, 0xfff);
}

Test(tags, vid_zero_is_a_tag_like_any_other)
{
	struct packet_spec s = tagged(udp(), 1, 0x8100);
	struct cgn_pkt p;

	s.tags[0].tci = 0;
	p = parse(s);
	cr_expect_eq(p.n_tags, 1);
	cr_expect_eq(p.outer, 0);
}

Test(tags, an_unknown_tpid_is_another_ethertype)
{
	cr_expect_eq(parse(tagged(udp(), 1, 0x9200)).kind, CGN_PKT_NOT_IP4);
}

Test(tags, tagged_arp_is_arp)
{
	struct cgn_pkt p = parse(tagged(packet_arp(), 1, 0x8100));

	cr_expect_eq(p.kind, CGN_PKT_ARP);
	cr_expect_eq(p.l3_off, 18);
}

Test(ethertype, those_that_are_neither_ipv4_nor_arp_are_not_ip4)
{
	static const uint16_t types[] = {
		0, 1, 38, 0x05dc, 0x0600, 0x0801, 0x86dd, 0x8847, 0x8863, 0x8864, 0xffff};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct packet_spec s = udp();

		s.ethertype = types[i];
		cr_expect_eq(parse(s).kind, CGN_PKT_NOT_IP4, "type %#x", types[i]);
	}
}

Test(ip, versions_other_than_4_are_refused)
{
	for (int v = 0; v <= 15; v++) {
		struct packet_spec s = udp();

		s.version = (uint8_t)v;
		cr_expect_eq(parse(s).kind, v == 0 || v == 4 ? CGN_PKT_FLOW : CGN_PKT_BAD_IP,
			"version %d", v);
	}
}

Test(ip, header_lengths_below_20_or_beyond_the_frame_are_refused)
{
	for (uint8_t ihl = 1; ihl <= 4; ihl++) {
		struct packet_spec s = udp();

		s.ihl = ihl;
		cr_expect_eq(parse(s).kind, CGN_PKT_BAD_IP, "IHL %u", ihl);
	}
	for (uint8_t ihl = 12; ihl <= 15; ihl++) { /* the datagram has 44 bytes */
		struct packet_spec s = udp();

		s.ihl = ihl;
		cr_expect_eq(parse(s).kind, CGN_PKT_BAD_IP, "IHL %u", ihl);
	}
}

Test(ip, total_length_below_the_header_or_beyond_the_frame_is_refused)
{
	static const int16_t adds[] = {-44, -43, -25, 1, 2, 1000, 0x7fff};

	for (size_t i = 0; i < sizeof(adds) / sizeof(adds[0]); i++) {
		struct packet_spec s = udp();

		s.ip_len_add = adds[i];
		cr_expect_eq(parse(s).kind, CGN_PKT_BAD_IP_LEN, "length %d", 44 + adds[i]);
	}
}

Test(ip, header_checksum_is_verified_unless_the_device_has_done_so)
{
	struct packet_spec s = udp();
	uint8_t frame[PACKET_MAX];
	uint32_t len;

	for (int bit = 0; bit < 16; bit++) {
		s.ip_csum_xor = (uint16_t)(1 << bit);
		len = packet_build(&s, frame);
		cr_expect_eq(parse_part(frame, len, len, false).kind, CGN_PKT_BAD_IP_CSUM, "bit %d",
			bit);
		cr_expect_eq(parse_part(frame, len, len, true).kind, CGN_PKT_FLOW, "bit %d", bit);
	}
}

Test(ip, header_checksum_covers_the_options)
{
	static const uint8_t opts[] = {148, 4, 0, 0}; /* router alert */
	struct packet_spec s = with_opts(udp(), opts, sizeof(opts));
	uint8_t frame[PACKET_MAX];
	uint32_t len = packet_build(&s, frame);

	frame[14 + 20 + 3] ^= 1;
	cr_expect_eq(parse_part(frame, len, len, false).kind, CGN_PKT_BAD_IP_CSUM);
}

Test(ip, harmless_options_move_the_transport_header)
{
	static const uint8_t opts[40] = {7, 39, 4, 0}; /* record route, full length */

	for (uint8_t n = 4; n <= 40; n += 4) {
		uint8_t record_route[40];
		struct cgn_pkt p;

		memcpy(record_route, opts, sizeof(opts));
		record_route[1] = n - 1;
		p = parse(with_opts(tcp(), record_route, n));
		cr_expect_eq(p.kind, CGN_PKT_FLOW, "%u bytes of options", n);
		cr_expect_eq(p.l4_off, 34 + n);
		cr_expect_eq(p.dport, RTE_BE16(443));
	}
}

/* Options and whether they hold a source route. */
static const struct {
	const char *name;
	uint8_t opts[12], len;
	bool refused;
} option_rows[] = {
	{"LSRR", {131, 7, 4, 10, 0, 0, 1}, 7, true},
	{"SSRR", {137, 7, 4, 10, 0, 0, 1}, 7, true},
	{"LSRR behind NOPs", {1, 1, 1, 131, 7, 4, 10, 0, 0, 1}, 10, true},
	{"SSRR behind another option", {148, 4, 0, 0, 137, 7, 4, 10, 0, 0, 1}, 11, true},
	{"LSRR with length 0", {131, 0, 0, 0}, 4, true},
	{"LSRR as the last byte", {1, 1, 1, 131}, 4, true},
	{"LSRR longer than the options", {131, 40, 4, 0}, 4, true},
	{"LSRR behind the end of options", {0, 131, 7, 4}, 4, false},
	{"LSRR type inside another option", {7, 7, 4, 131, 137, 0, 1}, 7, false},
	{"LSRR behind an option of length 0", {7, 0, 131, 7, 4, 10, 0, 0}, 8, false},
	{"LSRR behind an option of length 1", {7, 1, 131, 7, 4, 10, 0, 0}, 8, false},
	{"option longer than the options", {7, 255, 4, 0}, 4, false},
	{"type without length at the end", {1, 1, 1, 7}, 4, false},
	{"only NOPs", {1, 1, 1, 1}, 4, false},
	{"only end of options", {0, 0, 0, 0}, 4, false},
	{"type 3, the number of LSRR without the copied flag", {3, 7, 4, 10, 0, 0, 1}, 7, false},
};

Test(ip, source_routes_are_refused_and_other_options_are_not)
{
	for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
		struct cgn_pkt p = parse(with_opts(udp(), option_rows[i].opts, option_rows[i].len));

		cr_expect_eq(p.kind, option_rows[i].refused ? CGN_PKT_SOURCE_ROUTE : CGN_PKT_FLOW,
			"%s", option_rows[i].name);
	}
}

Test(ip, a_source_routed_fragment_is_refused_for_its_source_route)
{
	struct packet_spec s = with_opts(udp(), option_rows[0].opts, option_rows[0].len);

	s.frag = PACKET_MF | 5;
	cr_expect_eq(parse(s).kind, CGN_PKT_SOURCE_ROUTE);
}

/* parse_part compares the short way with the long one. */
Test(parse, short_way_and_long_one_agree_about_damaged_frames)
{
	enum { ROUNDS = 100000, PLAIN = 60 };
	const uint64_t seed = (uint64_t)time(NULL);
	struct packet_spec specs[] = {udp(), tcp()};
	struct cgn_rand rand;

	fprintf(stderr, "parse seed %lu\n", seed);
	cgn_rand_init(&rand, seed);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint8_t frame[PACKET_MAX] = {0};
		uint32_t len;

		specs[i % 2].payload_len = (uint16_t)(cgn_rand_u64(&rand) % 40);
		len = packet_build(&specs[i % 2], frame);
		len = len < PLAIN ? PLAIN : len;
		for (uint64_t n = cgn_rand_u64(&rand) % 4; n > 0; n--)
			frame[12 + cgn_rand_u64(&rand) % (PLAIN - 12)] = (uint8_t)cgn_rand_u64(
				&rand);
		if (cgn_rand_u64(&rand) % 4 == 0)
			len = (uint32_t)(cgn_rand_u64(&rand) % (len + 1));
		parse_part(frame, len, len + (cgn_rand_u64(&rand) % 8 == 0) * 10,
			cgn_rand_u64(&rand) % 2 == 0);
	}
}
