/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of MAP in lib/portctl/pcp_mapping (RFC 6887 sections 11 and 15). */
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

static uint16_t
reply_port(void)
{
	return at16(bed.replies[0].bytes, 42);
}

static uint32_t
reply_lifetime(void)
{
	return at32(bed.replies[0].bytes, 4);
}

static int
map(uint8_t protocol, uint16_t inside_port, uint32_t lifetime_s)
{
	struct request r = pcp_map(&bed, protocol, inside_port, lifetime_s);

	return bed_result(&bed, &r);
}

/* The same with another nonce. */
static int
map_other_nonce(uint8_t protocol, uint16_t inside_port, uint32_t lifetime_s)
{
	struct request r = pcp_map(&bed, protocol, inside_port, lifetime_s);

	r.bytes[35] ^= 1;
	return bed_result(&bed, &r);
}

TestSuite(pcp_map, .init = setup);

/* PCP-31, PCP-39, PCP-12: every byte; reserved bits set in the request, clear in the answer. */
Test(pcp_map, success_has_exactly_60_bytes)
{
	static const uint8_t expected[60] = {2, 0x81, 0, 0, 0, 0, 0x0e, 0x10, 1, 2, 3,
		4, [24] = 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab,
		17, 0, 0, 0, 0x17, 0x70, 0x15, 0x18, [54] = 0xff, 0xff, 203, 0, 113, 16};
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	pcp_suggest(&r, 0, 5400);
	r.bytes[2] = r.bytes[3] = r.bytes[37] = r.bytes[38] = r.bytes[39] = 0xff;
	cr_expect_eq(bed_ask(&bed, &r), 1);
	cr_expect_eq(bed.replies[0].len, 60);
	cr_expect_arr_eq(bed.replies[0].bytes, expected, 60);
	cr_expect_eq(bed.outcome.result, 0);
}

/* PCP-31, PMP-16: the subscriber is the packet's source. */
Test(pcp_map, mapping_belongs_to_the_packets_source)
{
	bed_client(&bed, 3);
	bed.client.tenant = 1;
	cr_expect_eq(map(TCP, 6000, 3600), 0);
	cr_expect_eq(bed.model.last_ask.inside, 3);
	cr_expect_eq(bed.model.last_ask.tenant, 1);
	cr_expect_eq(bed.model.last_ask.origin, CGN_EXPLICIT_PCP_MAP);
	cr_expect_eq(bed.model.last_ask.client_port, 40000);
	cr_expect_eq(bed.model.last_ask.client_addr, 0x6440000d);
}

/* PCP-32 */
Test(pcp_map, protocols_other_than_tcp_and_udp_are_unsupported)
{
	for (uint32_t protocol = 1; protocol < 256; protocol++) {
		if (protocol == TCP || protocol == UDP)
			continue;
		cr_expect_eq(map((uint8_t)protocol, 6000, 3600), 9);
		cr_expect_eq(reply_lifetime(), 1800);
		cr_expect_eq(map((uint8_t)protocol, 0, 3600), 9);
		cr_expect_eq(map((uint8_t)protocol, 6000, 0), 9);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-33 */
Test(pcp_map, all_ports_and_all_protocols_are_unsupported)
{
	cr_expect_eq(map(UDP, 0, 3600), 9);
	cr_expect_eq(map(TCP, 0, 3600), 9);
	cr_expect_eq(map(0, 0, 3600), 9);
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-34 */
Test(pcp_map, all_protocols_with_one_port_is_malformed)
{
	cr_expect_eq(map(0, 6000, 3600), 3);
	cr_expect_eq(map(0, 1, 0), 3);
}

/* PCP-67: there is no wildcard mapping; the ordinary ones stay. */
Test(pcp_map, wildcard_delete_succeeds_and_deletes_nothing)
{
	cr_expect_eq(map(UDP, 6000, 3600), 0);
	cr_expect_eq(map(TCP, 6000, 3600), 0);
	cr_expect_eq(map(UDP, 0, 0), 0);
	cr_expect_eq(reply_lifetime(), 0);
	cr_expect_eq(map(0, 0, 0), 0);
	cr_expect_eq(model_count(&bed.model), 2);
	cr_expect_eq(bed.model.n_asks, 2);
}

/* PCP-35, ADV-15 */
Test(pcp_map, wrong_nonce_gets_2_with_what_is_left_and_changes_nothing)
{
	cr_expect_eq(map(UDP, 6000, 3600), 0);
	model_elapse(&bed.model, 600);
	for (uint32_t lifetime_s = 0; lifetime_s <= 7200; lifetime_s += 1800) {
		cr_expect_eq(map_other_nonce(UDP, 6000, lifetime_s), 2);
		cr_expect_eq(reply_lifetime(), 3000);
	}
	cr_expect_eq(map(UDP, 6000, 3600), 0);
}

/* PCP-35, PCP-14: an error lifetime of 0 would make clients retry at once. */
Test(pcp_map, what_is_left_is_never_told_as_zero)
{
	struct model_entry *e;

	map(UDP, 6000, 3600);
	e = model_find(&bed.model, CGN_UDP, 6000);
	e->end_s = bed.model.now_s;
	cr_expect_eq(map_other_nonce(UDP, 6000, 3600), 2);
	cr_expect_eq(reply_lifetime(), 1);
}

Test(pcp_map, policy_may_let_the_subscriber_replace_a_lost_nonce)
{
	map(UDP, 6000, 3600);
	bed.policy.replace_nonce = true;
	cr_expect_eq(map_other_nonce(UDP, 6000, 3600), 0);
	bed.policy.replace_nonce = false;
	cr_expect_eq(map_other_nonce(UDP, 6000, 3600), 0);
	cr_expect_eq(map(UDP, 6000, 3600), 2);
}

/* PCP-36 */
Test(pcp_map, operators_mapping_is_told_for_ever_to_any_nonce)
{
	struct model_entry *e = model_put(&bed.model, MODEL_STATIC, CGN_UDP, 6000, 5411);
	static const uint8_t none[12];

	cr_expect_eq(map(UDP, 6000, 3600), 0);
	cr_expect_eq(map_other_nonce(UDP, 6000, 3600), 0);
	cr_expect_eq(reply_port(), 5411);
	cr_expect_eq(reply_lifetime(), UINT32_MAX);
	cr_expect_arr_eq(e->nonce, none, 12);
}

/* PCP-37, ADV-14 */
Test(pcp_map, renewal_keeps_the_port_and_takes_the_new_lifetime)
{
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	pcp_suggest(&r, 0, 5400);
	bed_ask(&bed, &r);
	pcp_suggest(&r, 0x01020304, 5410);
	put32(r.bytes, 4, 600);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(reply_port(), 5400);
	cr_expect_eq(at32(bed.replies[0].bytes, 56), MODEL_OUTSIDE);
	cr_expect_eq(reply_lifetime(), 600);
	cr_expect_eq(model_count(&bed.model), 1);
}

/* PCP-38 */
Test(pcp_map, mapping_of_traffic_becomes_explicit_on_its_port)
{
	model_put(&bed.model, MODEL_IMPLICIT, CGN_UDP, 6000, 5412);
	cr_expect_eq(map(UDP, 6000, 3600), 0);
	cr_expect_eq(reply_port(), 5412);
	cr_expect_eq(map(UDP, 6000, 0), 0);
	cr_expect_eq(model_find(&bed.model, CGN_UDP, 6000)->port, 5412);
}

/* AMB-05: PCP adopts what NAT-PMP made, and then its nonce protects it. */
Test(pcp_map, natpmps_mapping_is_adopted)
{
	struct request natpmp = pmp_map(1, 6000, 5400, 600), delete = pmp_map(1, 6000, 0, 0);

	bed_ask(&bed, &natpmp);
	cr_expect_eq(map(UDP, 6000, 3600), 0);
	cr_expect_eq(reply_port(), 5400);
	cr_expect_eq(map_other_nonce(UDP, 6000, 3600), 2);
	cr_expect_eq(bed_result(&bed, &delete), 2);
}

/* PCP-41, PCP-40, PCP-08: useless suggestions are hints. */
Test(pcp_map, suggestion_of_any_kind_is_only_a_hint)
{
	static const struct {
		uint32_t addr;
		uint16_t port;
	} hints[] = {{0x7f000001, 80}, {0xe0000001, 1}, {0xc0000201, 443}, {UINT32_MAX, 65535},
		{MODEL_OUTSIDE, 5350}, {MODEL_OUTSIDE, 5351}};

	for (uint16_t i = 0; i < 6; i++) {
		struct request r = pcp_map(&bed, UDP, 7000 + i, 3600);

		pcp_suggest(&r, hints[i].addr, hints[i].port);
		cr_expect_eq(bed_result(&bed, &r), 0);
		cr_expect_eq(at32(bed.replies[0].bytes, 56), MODEL_OUTSIDE);
		cr_expect_neq(reply_port(), hints[i].port);
		cr_expect_eq(bed.model.last_ask.suggested_addr, hints[i].addr);
		cr_expect_eq(bed.model.last_ask.suggested_port, hints[i].port);
	}
}

/* PCP-08 */
Test(pcp_map, both_unspecified_addresses_are_no_preference)
{
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.model.last_ask.suggested_addr, 0);
	memset(r.bytes + 44, 0, 16);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.model.last_ask.suggested_addr, 0);
	r.bytes[44] = 0x20;
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.model.last_ask.suggested_addr, CGN_ADDR_IMPOSSIBLE);
}

/* PCP-40 */
Test(pcp_map, ports_5350_and_5351_are_never_given_out)
{
	bed.model.first_port = 5345;
	bed.model.last_port = 5355;
	for (uint16_t i = 0; i < 9; i++) {
		cr_expect_eq(map(UDP, 6000 + i, 3600), 0);
		cr_expect(reply_port() != 5350 && reply_port() != 5351);
	}
	cr_expect_eq(map(UDP, 6009, 3600), 8);
}

/* PCP-42 */
Test(pcp_map, other_protocol_is_not_mapped)
{
	cr_expect_eq(map(TCP, 6000, 3600), 0);
	cr_expect_null(model_find(&bed.model, CGN_UDP, 6000));
	cr_expect_eq(model_count(&bed.model), 1);
}

/* PCP-43, PCP-14 */
Test(pcp_map, quota_is_10_and_an_empty_pool_8)
{
	bed.model.quota = 10;
	for (uint16_t i = 0; i < 10; i++)
		cr_expect_eq(map(UDP, 6000 + i, 3600), 0);
	cr_expect_eq(map(UDP, 6010, 3600), 10);
	cr_expect_eq(map(UDP, 6009, 3600), 0, "a renewal is not new");
	bed_client(&bed, 1);
	cr_expect_eq(map(UDP, 6010, 3600), 0);
	bed.model.last_port = bed.model.first_port;
	cr_expect_eq(map(UDP, 6011, 3600), 8);
}

/* PCP-62, ADV-12, AMB-15 */
Test(pcp_map, lifetime_lies_between_minimum_and_maximum)
{
	static const uint32_t wishes[][2] = {{1, 120}, {119, 120}, {120, 120}, {121, 121},
		{86400, 86400}, {86401, 86400}, {0x7fffffff, 86400}, {0x80000000, 86400},
		{UINT32_MAX, 86400}, {538705920, 86400}};

	for (uint16_t i = 0; i < 10; i++) {
		cr_expect_eq(map(UDP, 6000 + i, wishes[i][0]), 0);
		cr_expect_eq(reply_lifetime(), wishes[i][1]);
		cr_expect_eq(bed.model.last_ask.lifetime_s, wishes[i][1]);
	}
}

/* PCP-66: 60 bytes, lifetime 0, what was suggested; and the same again. */
Test(pcp_map, delete_and_its_repetitions_get_the_same_bytes)
{
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	bed_ask(&bed, &r);
	put32(r.bytes, 4, 0);
	pcp_suggest(&r, 0x01020304, 9999);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(bed_result(&bed, &r), 0);
		cr_expect_eq(bed.replies[0].len, 60);
		cr_expect_eq(reply_lifetime(), 0);
		cr_expect_arr_eq(bed.replies[0].bytes + 24, r.bytes + 24, 36);
		cr_expect_eq(bed.model.last_ask.suggested_addr, 0);
		cr_expect_eq(bed.model.last_ask.suggested_port, 0);
		cr_expect_eq(model_count(&bed.model), 0);
	}
}

/* PCP-64, AMB-07, ADV-15: recent traffic keeps the mapping, and the answer says how long. */
Test(pcp_map, delete_after_traffic_tells_the_idle_remainder)
{
	struct request r = pcp_map(&bed, UDP, 6000, 0);

	map(UDP, 6000, 3600);
	model_find(&bed.model, CGN_UDP, 6000)->idle_end_s = bed.model.now_s + 250;
	pcp_suggest(&r, 0x01020304, 9999);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(bed_result(&bed, &r), 0);
		cr_expect_eq(reply_lifetime(), 250);
		cr_expect_eq(reply_port(), model_find(&bed.model, CGN_UDP, 6000)->port);
	}
}

/* PCP-67 */
Test(pcp_map, mappings_of_operator_and_traffic_cannot_be_deleted)
{
	model_put(&bed.model, MODEL_STATIC, CGN_UDP, 6000, 5411);
	model_put(&bed.model, MODEL_IMPLICIT, CGN_UDP, 6001, 5412);
	model_put(&bed.model, MODEL_PCP_PEER, CGN_UDP, 6002, 5413);
	cr_expect_eq(map(UDP, 6000, 0), 2);
	cr_expect_eq(reply_lifetime(), 1800);
	cr_expect_eq(map(UDP, 6001, 0), 2);
	cr_expect_eq(map(UDP, 6002, 0), 2);
	cr_expect_eq(model_count(&bed.model), 3);
}

/* PCP-23 */
Test(pcp_map, reordered_requests_end_with_the_last_ones_lifetime)
{
	for (int i = 0; i < 100; i++) {
		cr_expect_eq(map(UDP, 6000, i % 2 ? 3600 : 1800), 0);
		cr_expect_eq(reply_lifetime(), i % 2 ? 3600 : 1800);
	}
	cr_expect_eq(model_count(&bed.model), 1);
}

/* PCP-44: a backend that misuses them cannot make clients see codes 11 and 13. */
static enum cgn_explicit_result misused;

static enum cgn_explicit_result
misusing_ask(void *ctx, const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answers,
	uint32_t *n_answers)
{
	return misused;
}

Test(pcp_map, plain_map_never_sees_codes_11_and_13)
{
	static const enum cgn_explicit_result results[] = {CGN_EXPLICIT_CANNOT_PROVIDE,
		CGN_EXPLICIT_TOO_MANY_FILTERS, CGN_EXPLICIT_SOME_LEFT, CGN_EXPLICIT_NO_PORTS};
	struct request r = pcp_map(&bed, UDP, 6000, 3600);
	struct cgn_portctl_ops ops = model_ops;

	ops.ask = misusing_ask;
	for (uint32_t i = 0; i < 4; i++) {
		misused = results[i];
		cr_expect_eq(cgn_portctl_handle(&ops, &bed.model, &bed.policy, &bed.client, r.bytes,
				     r.len, bed.replies, &bed.outcome),
			1);
		cr_expect_eq(bed.replies[0].bytes[3], 8);
	}
}
