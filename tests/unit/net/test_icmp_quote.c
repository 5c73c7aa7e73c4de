/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/net/icmp_quote: reading the packet that an ICMP error quotes. */
#include "quote_errors.h"

#include <criterion/criterion.h>

/* In memory of exactly the frame's size, so that the sanitizer watches its end. */
static struct cgn_icmp_quote
parse(const uint8_t *frame, uint32_t len)
{
	uint8_t *exact = malloc(len);
	struct cgn_icmp_quote q;
	struct cgn_pkt pkt;

	memcpy(exact, frame, len);
	cgn_parse(exact, len, len, false, &pkt);
	cr_assert_eq(pkt.kind, CGN_PKT_ICMP_ERROR);
	memset(&q, 0x5a, sizeof(q));
	cgn_icmp_quote_parse(exact, len, &pkt, &q);
	free(exact);
	return q;
}

static struct cgn_icmp_quote
parse_error(const struct error *e)
{
	uint8_t frame[PACKET_MAX];

	return parse(frame, build(e, frame));
}

Test(parse, reads_addresses_ports_and_identifier)
{
	for (int p = 0; p < 3; p++) {
		struct error e = outside_error(protos[p]);
		struct cgn_icmp_quote q = parse_error(&e);

		cr_expect_eq(q.kind, CGN_QUOTE_FLOW);
		cr_expect_eq(q.src, RTE_BE32(OUTSIDE));
		cr_expect_eq(q.dst, RTE_BE32(PEER));
		cr_expect_eq(q.sport, RTE_BE16(40000));
		cr_expect_eq(q.dport, protos[p] == IPPROTO_ICMP ? RTE_BE16(40000) : RTE_BE16(53));
	}
}

/* ICM-04: every length of options, and no offset that is fixed. */
Test(parse, options_of_the_quoted_header_are_skipped)
{
	for (uint8_t opts = 0; opts <= 40; opts += 4)
		for (int p = 0; p < 3; p++) {
			struct error e = outside_error(protos[p]);
			struct cgn_icmp_quote q;

			e.quoted.opts = nops;
			e.quoted.opts_len = opts;
			q = parse_error(&e);
			cr_expect_eq(q.kind, CGN_QUOTE_FLOW, "%u bytes", opts);
			cr_expect_eq(q.sport, RTE_BE16(40000), "%u bytes", opts);
			cr_expect_eq(q.l4_off, HEADS + 20 + opts);
		}
}

Test(parse, eight_bytes_of_transport_are_enough_and_less_is_not)
{
	for (int p = 0; p < 3; p++)
		for (uint32_t cut = 1; cut <= 40; cut++) {
			struct error e = outside_error(protos[p]);

			e.cut = cut;
			cr_expect_eq(parse_error(&e).kind,
				cut < 28 ? CGN_QUOTE_BAD : CGN_QUOTE_FLOW, "%u bytes", cut);
		}
}

Test(parse, an_error_without_any_quote_is_bad)
{
	struct packet_spec s = packet_icmp(ROUTER, OUTSIDE, 3, 1);
	uint8_t frame[PACKET_MAX];

	s.payload_len = 0;
	cr_expect_eq(parse(frame, packet_build(&s, frame)).kind, CGN_QUOTE_BAD);
}

Test(parse, the_quote_ends_with_the_datagram_and_not_with_the_frame)
{
	struct error e = outside_error(IPPROTO_UDP);

	e.cut = 27;
	e.outer.pad_to = 200;
	cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_BAD);
}

Test(parse, tcp_checksum_counts_only_when_it_is_quoted)
{
	for (uint32_t cut = 28; cut <= 60; cut++) {
		struct error e = outside_error(IPPROTO_TCP);

		e.cut = cut;
		cr_expect_eq(parse_error(&e).l4_csum_off, cut >= 38 ? HEADS + 36 : 0, "%u", cut);
	}
}

/* Padding up to 128 bytes (RFC 4884 section 4.6) is no transport header. */
Test(parse, padding_behind_a_short_quote_is_not_read_as_a_checksum)
{
	struct error e = outside_error(IPPROTO_TCP);
	uint8_t frame[PACKET_MAX];
	uint32_t len;
	uint16_t csum;

	e.cut = 28;
	e.pad_to = 128;
	len = build(&e, frame);
	frame[HEADS + 3] = 28; /* the quoted total length; its header checksum follows */
	frame[HEADS + 2] = frame[HEADS + 10] = frame[HEADS + 11] = 0;
	csum = packet_csum(frame + HEADS, 20);
	frame[HEADS + 10] = (uint8_t)(csum >> 8);
	frame[HEADS + 11] = (uint8_t)csum;
	cr_expect_eq(parse(frame, len).kind, CGN_QUOTE_FLOW);
	cr_expect_eq(parse(frame, len).l4_csum_off, 0);
}

Test(parse, udp_without_checksum_has_none_to_update)
{
	struct error e = outside_error(IPPROTO_UDP);

	e.quoted.udp_no_csum = true;
	cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_FLOW);
	cr_expect_eq(parse_error(&e).l4_csum_off, 0);
}

Test(parse, a_bad_checksum_of_the_quoted_header_is_told)
{
	struct error e = outside_error(IPPROTO_UDP);

	e.quoted.ip_csum_xor = 1;
	cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_BAD_CSUM);
}

Test(parse, a_bad_transport_checksum_of_the_quote_does_not_matter)
{
	for (int p = 0; p < 3; p++) {
		struct error e = outside_error(protos[p]);

		e.quoted.l4_csum_xor = 0x1111;
		cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_FLOW);
	}
}

Test(parse, later_fragments_show_no_port_and_first_ones_do)
{
	struct error e = outside_error(IPPROTO_UDP);

	e.quoted.frag = PACKET_MF;
	cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_FLOW);
	e.quoted.frag = PACKET_MF | 1;
	cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_FRAGMENT);
	e.quoted.frag = 0x1fff;
	cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_FRAGMENT);
}

Test(parse, only_queries_are_a_flow_of_icmp)
{
	for (int type = 0; type < 256; type++) {
		struct error e = {.outer = packet_icmp(ROUTER, OUTSIDE, 3, 1),
			.quoted = packet_icmp(OUTSIDE, PEER, (uint8_t)type, 0)};

		cr_expect_eq(parse_error(&e).kind,
			type == 0 || type == 8 ? CGN_QUOTE_FLOW : CGN_QUOTE_OTHER, "type %d", type);
	}
}

Test(parse, other_protocols_are_no_flow)
{
	for (int proto = 0; proto < 256; proto++) {
		struct error e = outside_error(IPPROTO_UDP);

		if (proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_ICMP)
			continue;
		e.quoted.proto = (uint8_t)proto;
		cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_OTHER, "protocol %d", proto);
	}
}

Test(parse, impossible_headers_are_bad)
{
	struct error e = outside_error(IPPROTO_UDP);

	e.quoted.version = 6;
	cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_BAD);
	e.quoted.version = 0;
	for (uint8_t ihl = 1; ihl < 5; ihl++) {
		e.quoted.ihl = ihl;
		cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_BAD, "header of %u words", ihl);
	}
	e.quoted.ihl = 15; /* 60 bytes of 44 */
	cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_BAD);
	e.quoted.ihl = 0;
	e.quoted.ip_len_add = -30;
	cr_expect_eq(parse_error(&e).kind, CGN_QUOTE_BAD);
}
