/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/net/parse: transport headers, fragments, padding, cut and chained frames. */
#include "parse_frames.h"

#include <criterion/criterion.h>

static const uint8_t lsrr[] = {1, 131, 7, 4, 10, 0, 0, 1};

Test(udp, length_may_be_below_the_ip_payload_but_not_above_it_nor_below_8)
{
	for (int udp_len = 0; udp_len <= 40; udp_len++) {
		struct packet_spec s = udp();

		s.udp_len_add = (int16_t)(udp_len - 24);
		cr_expect_eq(parse(s).kind,
			udp_len < 8 || udp_len > 24 ? CGN_PKT_BAD_L4 : CGN_PKT_FLOW,
			"UDP length %d", udp_len);
	}
}

Test(udp, ethernet_padding_does_not_count_as_payload)
{
	struct packet_spec s = udp();

	s.payload_len = 3;
	s.pad_to = 60;
	cr_expect_eq(parse(s).kind, CGN_PKT_FLOW);
	cr_expect_eq(parse(s).ip_len, 31);
	s.udp_len_add = 1; /* would fit the frame, does not fit the datagram */
	cr_expect_eq(parse(s).kind, CGN_PKT_BAD_L4);
}

Test(udp, a_header_that_lies_in_the_padding_is_cut)
{
	for (int16_t cut = 17; cut <= 24; cut++) {
		struct packet_spec s = udp();

		s.ip_len_add = (int16_t)-cut;
		s.pad_to = 60;
		cr_expect_eq(parse(s).kind, CGN_PKT_BAD_L4, "total length %d", 44 - cut);
	}
}

Test(tcp, data_offset_below_the_header_or_beyond_the_payload_is_refused)
{
	for (uint8_t words = 1; words <= 15; words++) {
		struct packet_spec s = tcp(); /* 20 + 16 bytes: 9 words */

		s.tcp_doff = words;
		cr_expect_eq(parse(s).kind, words < 5 || words > 9 ? CGN_PKT_BAD_L4 : CGN_PKT_FLOW,
			"data offset %u", words);
	}
}

Test(tcp, options_must_lie_in_the_datagram_and_not_in_the_padding)
{
	struct packet_spec s = tcp();

	s.payload_len = 0;
	s.tcp_doff = 6;
	s.pad_to = 60;
	cr_expect_eq(parse(s).kind, CGN_PKT_BAD_L4);
}

Test(icmp, a_header_below_8_bytes_is_cut)
{
	for (int16_t cut = 17; cut <= 24; cut++) {
		struct packet_spec s = packet_echo(INSIDE, PEER, true, 1);

		s.ip_len_add = (int16_t)-cut;
		s.pad_to = 60;
		cr_expect_eq(parse(s).kind, CGN_PKT_BAD_L4, "total length %d", 44 - cut);
	}
}

Test(fragment, the_first_has_ports_and_later_ones_have_none)
{
	static const uint16_t later[] = {1, PACKET_MF | 1, 0x1fff, 185, PACKET_MF | 185};
	struct packet_spec s = udp();

	s.frag = PACKET_MF;
	cr_expect_eq(parse(s).kind, CGN_PKT_FRAGMENT);
	cr_expect_eq(parse(s).has_ports, 1);
	cr_expect_eq(parse(s).dport, RTE_BE16(53));
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		s.frag = later[i];
		cr_expect_eq(parse(s).kind, CGN_PKT_FRAGMENT, "%#x", later[i]);
		cr_expect_eq(parse(s).has_ports, 0, "%#x", later[i]);
		cr_expect_eq(parse(s).dport, 0, "%#x", later[i]);
	}
}

Test(fragment, df_and_the_reserved_bit_do_not_make_one)
{
	struct packet_spec s = udp();

	s.frag = 0xc000;
	cr_expect_eq(parse(s).kind, CGN_PKT_FLOW);
}

/* Otherwise four bytes of padding would name the mapping of the whole datagram. */
Test(fragment, ports_of_a_first_fragment_are_not_taken_from_the_padding)
{
	for (int16_t payload = 0; payload <= 4; payload++) {
		struct packet_spec s = udp();

		s.frag = PACKET_MF;
		s.ip_len_add = (int16_t)(payload - 24);
		s.pad_to = 60;
		cr_expect_eq(parse(s).kind, CGN_PKT_FRAGMENT);
		cr_expect_eq(parse(s).has_ports, payload >= 4, "%d bytes of payload", payload);
		cr_expect_eq(parse(s).dport, payload >= 4 ? RTE_BE16(53) : 0, "%d bytes", payload);
	}
}

Test(has_ports, names_port_5351_in_every_malformed_shape_that_still_shows_it)
{
	struct packet_spec s[9];

	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++)
		s[i] = packet_udp(PEER, 1234, INSIDE, 5351);
	s[0].ip_csum_xor = 1;
	s[1].ip_len_add = 1;
	s[2].ip_len_add = -44;
	s[3].udp_len_add = 100;
	s[4].udp_len_add = -24;
	s[5].l4_csum_xor = 1;
	s[6] = with_opts(s[6], lsrr, sizeof(lsrr));
	s[7].frag = PACKET_MF;
	s[8].cut_to = 34 + 4; /* the ports are the last bytes there are */
	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
		cr_expect_eq(parse(s[i]).has_ports, 1, "shape %zu", i);
		cr_expect_eq(parse(s[i]).dport, RTE_BE16(5351), "shape %zu", i);
		cr_expect_eq(parse(s[i]).ip_proto, IPPROTO_UDP, "shape %zu", i);
	}
}

Test(has_ports, is_clear_when_the_frame_ends_before_the_ports)
{
	for (uint16_t len = 34; len < 38; len++) {
		struct packet_spec s = packet_udp(PEER, 1234, INSIDE, 5351);

		s.cut_to = len;
		cr_expect_eq(parse(s).has_ports, 0, "%u bytes", len);
	}
}

Test(chained, lengths_are_checked_against_the_frame_and_not_its_first_part)
{
	struct packet_spec s = udp();
	uint8_t frame[PACKET_MAX];
	uint32_t len;

	s.payload_len = 1400;
	len = packet_build(&s, frame);
	cr_expect_eq(parse_part(frame, 64, len, false).kind, CGN_PKT_FLOW);
	cr_expect_eq(parse_part(frame, 64, len - 1, false).kind, CGN_PKT_BAD_IP_LEN);
}

Test(chained, the_promised_headers_suffice_for_the_largest_of_them)
{
	static const uint8_t nops[40] = {1, 1, 1, 1};
	struct packet_spec s = with_opts(tagged(tcp(), 2, 0x88a8), nops, 40);
	uint8_t frame[PACKET_MAX];
	uint32_t len;

	s.payload_len = 1000;
	len = packet_build(&s, frame);
	cr_expect_eq(parse_part(frame, CGN_PARSE_MAX_HEADERS, len, false).kind, CGN_PKT_FLOW);
	cr_expect_eq(parse_part(frame, CGN_PARSE_MAX_HEADERS - 1, len, false).kind, CGN_PKT_BAD_L4);
}

Test(chained, headers_that_are_not_contiguous_count_as_cut)
{
	struct packet_spec s = tagged(tcp(), 1, 0x8100);
	uint8_t frame[PACKET_MAX];
	uint32_t len = packet_build(&s, frame);

	for (uint32_t part = 0; part <= len; part++) {
		int want = part < 18 ? CGN_PKT_BAD_ETH
			: part < 38  ? CGN_PKT_BAD_IP
			: part < 58  ? CGN_PKT_BAD_L4
				     : CGN_PKT_FLOW;

		cr_expect_eq(parse_part(frame, part, len, false).kind, want, "%u of %u bytes", part,
			len);
	}
}

Test(truncation, no_cut_of_a_valid_frame_reads_behind_it_or_passes_as_whole)
{
	static const uint8_t opts[40] = {7, 39, 4, 0};
	const struct packet_spec specs[] = {udp(), tcp(), packet_echo(INSIDE, PEER, true, 1),
		packet_icmp(INSIDE, PEER, 11, 0), packet_arp(), tagged(udp(), 2, 0x88a8),
		tagged(udp(), 3, 0x8100), with_opts(tcp(), opts, 40), with_opts(udp(), lsrr, 8),
		tagged(with_opts(udp(), opts, 40), 2, 0x9100)};

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		uint8_t frame[PACKET_MAX];
		uint32_t len = packet_build(&specs[i], frame);

		for (uint32_t cut = 0; cut < len; cut++) {
			cr_expect_neq(parse_part(frame, cut, cut, false).kind, CGN_PKT_FLOW,
				"frame %zu cut to %u", i, cut);
			cr_expect_neq(parse_part(frame, cut, cut, true).kind, CGN_PKT_FLOW,
				"frame %zu cut to %u", i, cut);
		}
	}
}
