/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/net/arp: ARP bodies and Ethernet headers, byte by byte. */
#include "arp.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "parse.h"

static const uint8_t request[CGN_ARP_LEN] = {0, 1, 8, 0, 6, 4, 0, 1, 0x02, 0, 0, 0, 0, 0x0a, 100,
	64, 0, 10, 0, 0, 0, 0, 0, 0, 100, 64, 0, 1};

static const struct rte_ether_addr dst = {{0x02, 1, 2, 3, 4, 5}};
static const struct rte_ether_addr src = {{0x02, 6, 7, 8, 9, 10}};

Test(arp, a_request_is_read_field_by_field)
{
	struct cgn_arp arp;

	cr_assert(cgn_arp_parse(request, sizeof(request), &arp));
	cr_expect_eq(arp.op, CGN_ARP_REQUEST);
	cr_expect_eq(arp.sender_ip, 0x6440000a);
	cr_expect_eq(arp.target_ip, 0x64400001);
	cr_expect_arr_eq(arp.sender_mac.addr_bytes, request + 8, 6);
	cr_expect_arr_eq(arp.target_mac.addr_bytes, request + 18, 6);
}

Test(arp, padding_behind_the_body_is_ignored)
{
	uint8_t padded[46] = {0};
	struct cgn_arp arp;

	memcpy(padded, request, sizeof(request));
	memset(padded + sizeof(request), 0xee, sizeof(padded) - sizeof(request));
	cr_assert(cgn_arp_parse(padded, sizeof(padded), &arp));
	cr_expect_eq(arp.target_ip, 0x64400001);
}

Test(arp, every_cut_body_is_refused_without_reading_behind_it)
{
	for (uint32_t len = 0; len < sizeof(request); len++) {
		uint8_t *cut = malloc(len + 1);
		struct cgn_arp arp;

		memcpy(cut + 1, request, len); /* odd address, and the red zone right behind */
		cr_expect_not(cgn_arp_parse(cut + 1, len, &arp), "%u bytes", len);
		free(cut);
	}
}

Test(arp, other_hardware_protocol_or_address_lengths_are_refused)
{
	for (int i = 0; i < 6; i++) {
		uint8_t bad[CGN_ARP_LEN];
		struct cgn_arp arp;

		memcpy(bad, request, sizeof(bad));
		bad[i] ^= 0x10;
		cr_expect_not(cgn_arp_parse(bad, sizeof(bad), &arp), "byte %d changed", i);
	}
}

Test(arp, group_and_zero_sender_macs_are_refused)
{
	static const uint8_t macs[][6] = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{0x01, 0, 0x5e, 0, 0, 1}, {0x33, 0x33, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 0}};

	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		uint8_t bad[CGN_ARP_LEN];
		struct cgn_arp arp;

		memcpy(bad, request, sizeof(bad));
		memcpy(bad + 8, macs[i], 6);
		cr_expect_not(cgn_arp_parse(bad, sizeof(bad), &arp), "mac %zu", i);
	}
}

Test(arp, other_operations_are_left_to_the_caller)
{
	uint8_t rarp[CGN_ARP_LEN];
	struct cgn_arp arp;

	memcpy(rarp, request, sizeof(rarp));
	rarp[6] = 0x12;
	rarp[7] = 0x34;
	cr_assert(cgn_arp_parse(rarp, sizeof(rarp), &arp));
	cr_expect_eq(arp.op, 0x1234);
}

Test(arp, writing_what_was_read_gives_the_same_bytes)
{
	uint8_t *out = malloc(CGN_ARP_LEN + 1);
	struct cgn_arp arp;

	cr_assert(cgn_arp_parse(request, sizeof(request), &arp));
	cgn_arp_write(out + 1, &arp);
	cr_expect_arr_eq(out + 1, request, CGN_ARP_LEN);
	free(out);
}

Test(arp, a_reply_has_operation_two_and_addresses_in_wire_order)
{
	struct cgn_arp arp = {.op = CGN_ARP_REPLY,
		.sender_mac = dst,
		.target_mac = src,
		.sender_ip = 0x01020304,
		.target_ip = 0xfffefdfc};
	static const uint8_t expected[CGN_ARP_LEN] = {0, 1, 8, 0, 6, 4, 0, 2, 2, 1, 2, 3, 4, 5, 1,
		2, 3, 4, 2, 6, 7, 8, 9, 10, 0xff, 0xfe, 0xfd, 0xfc};
	uint8_t out[CGN_ARP_LEN];

	cgn_arp_write(out, &arp);
	cr_expect_arr_eq(out, expected, CGN_ARP_LEN);
}

Test(l2, an_untagged_header_is_14_bytes)
{
	static const uint8_t expected[] = {2, 1, 2, 3, 4, 5, 2, 6, 7, 8, 9, 10, 0x08, 0x06};
	struct cgn_tags tags = {.n = 0, .outer = 5, .inner = 6, .outer_tpid = 0x88a8};
	uint8_t *out = malloc(cgn_l2_len(&tags));

	cr_assert_eq(cgn_l2_len(&tags), 14);
	cgn_l2_write(out, &dst, &src, &tags, RTE_ETHER_TYPE_ARP);
	cr_expect_arr_eq(out, expected, sizeof(expected));
	free(out);
}

Test(l2, a_single_tag_is_written_as_8021q)
{
	static const uint8_t tail[] = {0x81, 0x00, 0x00, 0x66, 0x08, 0x00};
	struct cgn_tags tags = {.n = 1, .outer = 102, .outer_tpid = 0x88a8};
	uint8_t *out = malloc(cgn_l2_len(&tags));

	cr_assert_eq(cgn_l2_len(&tags), 18);
	cgn_l2_write(out, &dst, &src, &tags, RTE_ETHER_TYPE_IPV4);
	cr_expect_arr_eq(out + 12, tail, sizeof(tail));
	free(out);
}

Test(l2, two_tags_are_written_outer_first_with_the_given_tpid)
{
	static const uint8_t tail[] = {0x88, 0xa8, 0x0f, 0xfe, 0x81, 0x00, 0x00, 0x07, 0x08, 0x00};
	struct cgn_tags tags = {.n = 2, .outer = 4094, .inner = 7, .outer_tpid = 0x88a8};
	uint8_t *out = malloc(cgn_l2_len(&tags));

	cr_assert_eq(cgn_l2_len(&tags), CGN_L2_MAX_LEN);
	cgn_l2_write(out, &dst, &src, &tags, RTE_ETHER_TYPE_IPV4);
	cr_expect_arr_eq(out + 12, tail, sizeof(tail));
	free(out);
}

Test(l2, the_parser_reads_back_the_tags_that_were_written)
{
	for (uint8_t n = 0; n <= 2; n++) {
		struct cgn_tags tags = {.n = n, .outer = 100, .inner = 200, .outer_tpid = 0x9100};
		uint8_t frame[CGN_L2_MAX_LEN + CGN_ARP_LEN] = {0};
		struct cgn_pkt pkt;

		cgn_l2_write(frame, &dst, &src, &tags, RTE_ETHER_TYPE_ARP);
		cgn_parse(frame, sizeof(frame), sizeof(frame), false, &pkt);
		cr_expect_eq(pkt.kind, CGN_PKT_ARP);
		cr_expect_eq(pkt.n_tags, n);
		cr_expect_eq(pkt.l3_off, cgn_l2_len(&tags));
		cr_expect_eq(pkt.outer, n >= 1 ? 100 : 0);
		cr_expect_eq(pkt.inner, n == 2 ? 200 : 0);
	}
}
