/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of PEER in lib/portctl/pcp_mapping (RFC 6887 section 12). */
#include "pcp_mapping.h"

#include <string.h>

#include <criterion/criterion.h>

#include "exchange.h"

enum { UDP = 17, TCP = 6 };

static struct bed bed;

static void
setup(void)
{
	bed_init(&bed);
}

static uint32_t
reply_lifetime(void)
{
	return at32(bed.replies[0].bytes, 4);
}

TestSuite(pcp_peer, .init = setup);

/* PCP-31, PCP-12: every byte. */
Test(pcp_peer, success_has_exactly_80_bytes)
{
	static const uint8_t expected[80] = {2, 0x82, 0, 0, 0, 0, 0x0e, 0x10, 1, 2, 3,
		4, [24] = 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 6,
		0, 0, 0, 0x17, 0x70, 0x15, 0x18, [54] = 0xff, 0xff, 203, 0, 113, 16, 0x01,
		0xbb, [74] = 0xff, 0xff, 192, 0, 2, 1};
	struct request r = pcp_peer(&bed, TCP, 6000, 3600);

	pcp_suggest(&r, MODEL_OUTSIDE, 5400);
	r.bytes[2] = r.bytes[37] = r.bytes[39] = r.bytes[62] = r.bytes[63] = 0xff;
	cr_expect_eq(bed_ask(&bed, &r), 1);
	cr_expect_eq(bed.replies[0].len, 80);
	cr_expect_arr_eq(bed.replies[0].bytes, expected, 80);
	cr_expect_eq(bed.model.last_ask.origin, CGN_EXPLICIT_PCP_PEER);
	cr_expect_eq(bed.model.last_ask.peer_addr, 0xc0000201);
	cr_expect_eq(bed.model.last_ask.peer_port, 443);
}

/* PCP-45 */
Test(pcp_peer, protocol_or_port_zero_is_malformed)
{
	static const uint32_t offsets[] = {36, 40, 60};
	static const uint32_t sizes[] = {1, 2, 2};

	for (uint32_t i = 0; i < 3; i++) {
		struct request r = pcp_peer(&bed, UDP, 6000, 3600);

		memset(r.bytes + offsets[i], 0, sizes[i]);
		cr_expect_eq(bed_result(&bed, &r), 3, "offset %u", offsets[i]);
		cr_expect_eq(reply_lifetime(), 1800);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-32 */
Test(pcp_peer, protocols_other_than_tcp_and_udp_are_unsupported)
{
	static const uint8_t protocols[] = {1, 47, 132, 255};

	for (uint32_t i = 0; i < 4; i++) {
		struct request r = pcp_peer(&bed, protocols[i], 6000, 3600);

		cr_expect_eq(bed_result(&bed, &r), 9);
	}
}

/* PCP-46, ADV-01 */
Test(pcp_peer, peer_that_traffic_could_not_reach_is_malformed)
{
	static const uint32_t peers[] = {
		0x7f000001, 0, UINT32_MAX, 0xe0000001, MODEL_SERVICE, MODEL_FIRST_INSIDE};

	for (uint32_t i = 0; i < 6; i++) {
		struct request r = pcp_peer(&bed, UDP, 6000, 3600);

		put32(r.bytes, 76, peers[i]);
		cr_expect_eq(bed_result(&bed, &r), 3, "peer %x", peers[i]);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-46, PCP-08 */
Test(pcp_peer, peer_that_is_not_ipv4_is_malformed)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	r.bytes[64] = 0x20;
	cr_expect_eq(bed_result(&bed, &r), 3);
	memset(r.bytes + 64, 0, 16);
	cr_expect_eq(bed_result(&bed, &r), 3);
}

/* PCP-47 */
Test(pcp_peer, suggestion_that_cannot_be_met_is_code_11)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	bed_client(&bed, 1);
	pcp_suggest(&r, MODEL_OUTSIDE, 5400);
	r.bytes[23]++; /* as client 1 */
	cr_expect_eq(bed_result(&bed, &r), 0);
	bed_client(&bed, 0);
	r.bytes[23]--;
	cr_expect_eq(bed_result(&bed, &r), 11);
	cr_expect_eq(reply_lifetime(), 30);
	pcp_suggest(&r, 0xc0000201, 5401);
	cr_expect_eq(bed_result(&bed, &r), 11);
	r.bytes[44] = 0x20;
	cr_expect_eq(bed_result(&bed, &r), 11, "an IPv6 address is not to be had");
	cr_expect_eq(model_count(&bed.model), 1);
}

/* PCP-47 */
Test(pcp_peer, without_a_suggestion_the_mapping_is_there_at_once)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(at16(bed.replies[0].bytes, 42), model_find(&bed.model, CGN_UDP, 6000)->port);
	cr_expect_neq(at16(bed.replies[0].bytes, 42), 0);
}

/* PCP-48 */
Test(pcp_peer, flow_is_adopted_whatever_is_suggested_and_then_has_its_nonce)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	model_put(&bed.model, MODEL_IMPLICIT, CGN_UDP, 6000, 5412);
	pcp_suggest(&r, 0x01020304, 5400);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(at16(bed.replies[0].bytes, 42), 5412);
	cr_expect_eq(at32(bed.replies[0].bytes, 56), MODEL_OUTSIDE);
	model_elapse(&bed.model, 100);
	r.bytes[24] ^= 1;
	cr_expect_eq(bed_result(&bed, &r), 2);
	cr_expect_eq(reply_lifetime(), 3500);
}

/* PCP-49 */
Test(pcp_peer, lifetime_is_never_shortened)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	bed_ask(&bed, &r);
	model_elapse(&bed.model, 100);
	put32(r.bytes, 4, 0);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(reply_lifetime(), 3500);
	cr_expect_eq(bed.model.last_ask.lifetime_s, 0);
	put32(r.bytes, 4, 1);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(reply_lifetime(), 3500);
	cr_expect_eq(bed.model.last_ask.lifetime_s, 120);
	put32(r.bytes, 4, 7200);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(reply_lifetime(), 7200);
}

/* PCP-50: code 3, not 6, served or not, well formed or not. */
Test(pcp_peer, prefer_failure_is_malformed_request)
{
	for (uint16_t len = 0; len < 2; len++) {
		struct request r = pcp_peer(&bed, UDP, 6000, 3600);

		bed.policy.prefer_failure = len == 0;
		pcp_option(&r, 2, "x", len);
		cr_expect_eq(bed_result(&bed, &r), 3);
	}
}

/* PCP-22 */
Test(pcp_peer, filter_is_an_unsupported_option)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	pcp_filter(&r, 128, 0, 0xc0000201);
	cr_expect_eq(bed_result(&bed, &r), 5);
}

/* PSET is for MAP; it is optional, so elsewhere it is skipped. */
Test(pcp_peer, port_set_is_skipped)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	pcp_port_set(&r, 8, 6000, false);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.replies[0].len, 80);
	cr_expect_eq(bed.model.last_ask.n_ports, 1);
}

/* PCP-51 */
Test(pcp_peer, trusted_client_may_ask_for_another)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	bed.client.third_party = true;
	pcp_third_party(&r, MODEL_FIRST_INSIDE + 2);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.model.last_ask.inside, 2);
	cr_expect_eq(bed.replies[0].len, 100);
	cr_expect_arr_eq(bed.replies[0].bytes + 80, r.bytes + 80, 20);
}

/* ADV-04 */
Test(pcp_peer, map_sized_request_is_too_short)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	for (r.len = 24; r.len < 80; r.len += 4)
		cr_expect_eq(bed_result(&bed, &r), 3);
}
