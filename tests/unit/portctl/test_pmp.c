/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/portctl/pmp, byte by byte (RFC 6886). The comment above a test names the rows of the
 * requirements catalogue it covers; exchange_check.c adds the rules for all requests.
 */
#include "pmp.h"

#include <string.h>

#include <criterion/criterion.h>

#include "exchange.h"

enum { ADDR, MAP_UDP, MAP_TCP };

/* The model's epoch is 0x01020304, its outside address 203.0.113.16. */
#define EPOCH 0x01, 0x02, 0x03, 0x04
#define OUTSIDE 203, 0, 113, 16

static struct bed bed;

static void
setup(void)
{
	bed_init(&bed);
}

static void
expect_bytes(const uint8_t *bytes, uint16_t len)
{
	cr_assert_eq(bed.n_replies, 1);
	cr_expect_eq(bed.replies[0].len, len, "%u bytes", bed.replies[0].len);
	cr_expect_arr_eq(bed.replies[0].bytes, bytes, len);
}

#define EXPECT_BYTES(...)                                                                          \
	do {                                                                                       \
		static const uint8_t expected_bytes[] = {__VA_ARGS__};                             \
		expect_bytes(expected_bytes, sizeof(expected_bytes));                              \
	} while (0)

static uint16_t
reply_port(void)
{
	return at16(bed.replies[0].bytes, 10);
}

static uint32_t
reply_lifetime(void)
{
	return at32(bed.replies[0].bytes, 12);
}

static int
map(uint8_t opcode, uint16_t inside_port, uint16_t suggested, uint32_t lifetime_s)
{
	struct request r = pmp_map(opcode, inside_port, suggested, lifetime_s);

	return bed_result(&bed, &r);
}

TestSuite(pmp, .init = setup);

/* PMP-02, PMP-34 */
Test(pmp, address_request_of_two_bytes_gets_twelve)
{
	bed_send(&bed, (const uint8_t[]){0, 0}, 2);
	EXPECT_BYTES(0, 128, 0, 0, EPOCH, OUTSIDE);
	cr_expect_null(bed.outcome.reason);
}

/* PMP-03, PMP-33 */
Test(pmp, without_outside_address_result_is_3_and_address_zero)
{
	bed.model.has_address = false;
	bed_send(&bed, (const uint8_t[]){0, 0}, 2);
	EXPECT_BYTES(0, 128, 0, 3, EPOCH, 0, 0, 0, 0);
	cr_expect_eq(map(MAP_UDP, 6000, 0, 60), 3);
	EXPECT_BYTES(0, 129, 0, 3, EPOCH, 0x17, 0x70, 0, 0, 0, 0, 0, 0);
}

/* AMB-03 */
Test(pmp, tail_of_address_request_is_ignored_up_to_1100_bytes)
{
	uint8_t request[1101] = {0};

	memset(request + 2, 0x5a, sizeof(request) - 2);
	for (uint32_t len = 2; len <= 1100; len += 61) {
		bed_send(&bed, request, len);
		EXPECT_BYTES(0, 128, 0, 0, EPOCH, OUTSIDE);
	}
	cr_expect_eq(bed_send(&bed, request, 1101), 0);
}

/* PMP-10, PMP-11, PMP-14, PMP-02 */
Test(pmp, udp_map_request_gets_its_sixteen_bytes)
{
	struct request r = pmp_map(MAP_UDP, 6000, 5400, 3600);

	bed_ask(&bed, &r);
	EXPECT_BYTES(0, 129, 0, 0, EPOCH, 0x17, 0x70, 0x15, 0x18, 0, 0, 0x0e, 0x10);
	cr_expect_not_null(model_find(&bed.model, CGN_UDP, 6000));
	cr_expect_null(model_find(&bed.model, CGN_TCP, 6000));
}

/* PMP-10, PMP-11, PMP-14 */
Test(pmp, tcp_map_request_gets_its_sixteen_bytes)
{
	struct request r = pmp_map(MAP_TCP, 6000, 5400, 3600);

	bed_ask(&bed, &r);
	EXPECT_BYTES(0, 130, 0, 0, EPOCH, 0x17, 0x70, 0x15, 0x18, 0, 0, 0x0e, 0x10);
	cr_expect_null(model_find(&bed.model, CGN_UDP, 6000));
	cr_expect_not_null(model_find(&bed.model, CGN_TCP, 6000));
}

/* PMP-10 */
Test(pmp, reserved_field_of_map_request_is_ignored)
{
	struct request r = pmp_map(MAP_UDP, 6000, 5400, 3600);

	put16(r.bytes, 2, 0xffff);
	bed_ask(&bed, &r);
	EXPECT_BYTES(0, 129, 0, 0, EPOCH, 0x17, 0x70, 0x15, 0x18, 0, 0, 0x0e, 0x10);
}

/* PMP-16: nothing in the payload says whose mapping it is. */
Test(pmp, mapping_belongs_to_the_packets_source)
{
	map(MAP_UDP, 6000, 0, 60);
	cr_expect_eq(bed.model.last_ask.inside, 0);
	bed_client(&bed, 2);
	bed.client.tenant = 1;
	map(MAP_UDP, 6000, 0, 60);
	cr_expect_eq(bed.model.last_ask.inside, 2);
	cr_expect_eq(bed.model.last_ask.tenant, 1);
	cr_expect_eq(bed.model.last_ask.client_addr, 0x6440000c);
	cr_expect_eq(bed.model.last_ask.client_port, 40000);
	cr_expect_eq(model_count(&bed.model), 2);
}

/* PMP-12: the same number in the other protocol is the holder's alone. */
Test(pmp, port_is_kept_for_its_holder_in_the_other_protocol)
{
	cr_expect_eq(map(MAP_TCP, 6000, 5400, 60), 0);
	bed_client(&bed, 1);
	cr_expect_eq(map(MAP_UDP, 6000, 5400, 60), 0);
	cr_expect_neq(reply_port(), 5400);
	bed_client(&bed, 0);
	cr_expect_eq(map(MAP_UDP, 6000, 5400, 60), 0);
	cr_expect_eq(reply_port(), 5400);
}

/* PMP-13, PMP-15, ADV-13, SEED-4: a suggestion that cannot be met is no error. */
Test(pmp, suggestion_that_cannot_be_met_gives_another_port)
{
	static const uint16_t suggestions[] = {0, 1, 1023, 5350, 5351, 5400, 65535};

	bed_client(&bed, 1);
	cr_expect_eq(map(MAP_UDP, 6000, 5400, 60), 0);
	bed_client(&bed, 0);
	for (uint16_t i = 0; i < 7; i++) {
		cr_expect_eq(map(MAP_UDP, 7000 + i, suggestions[i], 60), 0);
		cr_expect_neq(reply_port(), suggestions[i]);
		cr_expect_neq(reply_port(), 0);
		cr_expect_eq(bed.model.last_ask.suggested_port, suggestions[i]);
	}
}

/* PMP-17, PMP-22, PMP-43, ADV-14 */
Test(pmp, repeated_request_reports_the_port_it_has)
{
	cr_expect_eq(map(MAP_UDP, 6000, 5400, 60), 0);
	for (uint16_t suggested = 5398; suggested < 5410; suggested++) {
		model_elapse(&bed.model, 45);
		cr_expect_eq(map(MAP_UDP, 6000, suggested, 60), 0);
		cr_expect_eq(reply_port(), 5400);
		cr_expect_eq(reply_lifetime(), 60);
	}
	cr_expect_eq(model_count(&bed.model), 1);
}

/* PMP-17 */
Test(pmp, mapping_of_traffic_or_operator_is_reported_as_it_is)
{
	model_put(&bed.model, MODEL_IMPLICIT, CGN_UDP, 6000, 5401);
	model_put(&bed.model, MODEL_STATIC, CGN_TCP, 6000, 5402);
	cr_expect_eq(map(MAP_UDP, 6000, 5400, 60), 0);
	cr_expect_eq(reply_port(), 5401);
	cr_expect_eq(map(MAP_TCP, 6000, 5400, 60), 0);
	cr_expect_eq(reply_port(), 5402);
	cr_expect_eq(reply_lifetime(), 60, "not the operator's for ever");
	cr_expect_eq(model_count(&bed.model), 2);
}

/* PMP-21, ADV-12: never above what was asked, and never wrapped. */
Test(pmp, lifetime_is_the_lesser_of_wish_and_maximum)
{
	static const uint32_t wishes[] = {
		1, 60, 7199, 7200, 7201, 86400, 0x7fffffff, 0x80000000, UINT32_MAX};

	for (uint16_t i = 0; i < 9; i++) {
		uint32_t granted = wishes[i] < 7200 ? wishes[i] : 7200;

		cr_expect_eq(map(MAP_UDP, 7000 + i, 0, wishes[i]), 0);
		cr_expect_eq(reply_lifetime(), granted);
		cr_expect_eq(bed.model.last_ask.lifetime_s, granted);
	}
}

Test(pmp, maximum_of_zero_does_not_turn_requests_into_deletes)
{
	bed.policy.natpmp_max_lifetime_s = 0;
	cr_expect_eq(map(MAP_UDP, 6000, 0, 60), 0);
	cr_expect_eq(bed.model.last_ask.lifetime_s, 1);
}

/* PMP-24, PMP-25 */
Test(pmp, delete_and_its_repetitions_get_the_same_bytes)
{
	map(MAP_UDP, 6000, 5400, 60);
	for (uint16_t junk = 0; junk < 3; junk++) {
		struct request r = pmp_map(MAP_UDP, 6000, 9999 * junk, 0);

		bed_ask(&bed, &r);
		EXPECT_BYTES(0, 129, 0, 0, EPOCH, 0x17, 0x70, 0, 0, 0, 0, 0, 0);
		cr_expect_eq(bed.model.last_ask.suggested_port, 0);
		cr_expect_eq(model_count(&bed.model), 0);
	}
}

/* PMP-25, AMB-07: told 0, while the port rests or traffic goes on. */
Test(pmp, delete_under_live_traffic_tells_zero_every_time)
{
	struct model_entry *e = model_put(&bed.model, MODEL_IMPLICIT, CGN_TCP, 6000, 5400);

	map(MAP_TCP, 6000, 0, 60);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(map(MAP_TCP, 6000, 0, 0), 0);
		EXPECT_BYTES(0, 130, 0, 0, EPOCH, 0x17, 0x70, 0, 0, 0, 0, 0, 0);
		cr_expect_eq(e->kind, MODEL_IMPLICIT);
	}
}

/* PMP-26, PMP-27 */
Test(pmp, operators_mapping_cannot_be_deleted)
{
	model_put(&bed.model, MODEL_STATIC, CGN_UDP, 6000, 5400);
	cr_expect_eq(map(MAP_UDP, 6000, 5400, 0), 2);
	EXPECT_BYTES(0, 129, 0, 2, EPOCH, 0x17, 0x70, 0, 0, 0, 0, 0, 0);
}

/* ADV-09: NAT-PMP has no nonce; where sources can be forged it neither makes nor deletes. */
Test(pmp, subscribers_that_are_not_bound_are_refused)
{
	map(MAP_UDP, 6000, 0, 60);
	bed.policy.unbound = true;
	cr_expect_eq(map(MAP_UDP, 6000, 0, 0), 2);
	cr_expect_eq(map(MAP_UDP, 0, 0, 0), 2);
	cr_expect_eq(map(MAP_TCP, 6000, 0, 60), 2);
	cr_expect_eq(model_count(&bed.model), 1);
	cr_expect_not_null(model_find(&bed.model, CGN_UDP, 6000));
}

/* PMP-28, ADV-10 */
Test(pmp, delete_all_takes_one_protocol_of_one_client)
{
	for (uint16_t i = 0; i < 3; i++)
		map(MAP_UDP, 6000 + i, 0, 60);
	map(MAP_TCP, 6000, 0, 60);
	map(MAP_TCP, 6001, 0, 60);
	bed_client(&bed, 1);
	map(MAP_UDP, 6000, 0, 60);
	bed_client(&bed, 0);
	cr_expect_eq(map(MAP_UDP, 0, 0, 0), 0);
	EXPECT_BYTES(0, 129, 0, 0, EPOCH, 0, 0, 0, 0, 0, 0, 0, 0);
	cr_expect_eq(model_count(&bed.model), 3);
	cr_expect_null(model_find(&bed.model, CGN_UDP, 6001));
	cr_expect_not_null(model_find(&bed.model, CGN_TCP, 6001));
	cr_expect_eq(map(MAP_TCP, 0, 0, 0), 0);
	EXPECT_BYTES(0, 130, 0, 0, EPOCH, 0, 0, 0, 0, 0, 0, 0, 0);
	cr_expect_eq(model_count(&bed.model), 1);
}

/* PMP-24: the suggestion is to be ignored in every delete (RFC 6886 section 3.4). */
Test(pmp, delete_all_ignores_the_suggestion)
{
	map(MAP_UDP, 6000, 0, 60);
	cr_expect_eq(map(MAP_UDP, 0, 1, 0), 0);
	cr_expect_eq(model_count(&bed.model), 0);
}

/* PMP-29, AMB-05, ADV-10 */
Test(pmp, delete_all_leaves_what_is_not_natpmps_and_says_so)
{
	struct request pcp = pcp_map(&bed, 17, 6010, 3600);

	map(MAP_UDP, 6000, 0, 60);
	map(MAP_UDP, 6001, 0, 60);
	model_put(&bed.model, MODEL_STATIC, CGN_UDP, 6002, 5400);
	bed_ask(&bed, &pcp);
	cr_expect_eq(map(MAP_UDP, 0, 0, 0), 2);
	EXPECT_BYTES(0, 129, 0, 2, EPOCH, 0, 0, 0, 0, 0, 0, 0, 0);
	cr_expect_eq(model_count(&bed.model), 2);
	cr_expect_not_null(model_find(&bed.model, CGN_UDP, 6002));
	cr_expect_not_null(model_find(&bed.model, CGN_UDP, 6010));
}

/* AMB-05, ADV-10, PMP-05: NAT-PMP reads what PCP made; it neither shortens nor deletes it. */
Test(pmp, pcps_mapping_is_read_but_not_changed)
{
	struct request pcp = pcp_map(&bed, 17, 6000, 3600);
	struct model_entry before;

	pcp_suggest(&pcp, 0, 5400);
	bed_ask(&bed, &pcp);
	before = *model_find(&bed.model, CGN_UDP, 6000);
	cr_expect_eq(map(MAP_UDP, 6000, 5450, 60), 0);
	EXPECT_BYTES(0, 129, 0, 0, EPOCH, 0x17, 0x70, 0x15, 0x18, 0, 0, 0, 60);
	cr_expect_eq(map(MAP_UDP, 6000, 0, 0), 2);
	EXPECT_BYTES(0, 129, 0, 2, EPOCH, 0x17, 0x70, 0, 0, 0, 0, 0, 0);
	cr_expect_arr_eq((uint8_t *)&before, (uint8_t *)model_find(&bed.model, CGN_UDP, 6000),
		sizeof(before));
}

/* AMB-05: less may be left of it than was asked for. */
Test(pmp, lifetime_told_for_pcps_mapping_is_what_is_left)
{
	struct request pcp = pcp_map(&bed, 17, 6000, 120);

	bed_ask(&bed, &pcp);
	model_elapse(&bed.model, 100);
	cr_expect_eq(map(MAP_UDP, 6000, 0, 60), 0);
	cr_expect_eq(reply_lifetime(), 20);
}

/* PMP-32, PMP-33 */
Test(pmp, quota_and_exhaustion_are_result_4)
{
	bed.model.quota = 2;
	cr_expect_eq(map(MAP_TCP, 6000, 0, 60), 0);
	cr_expect_eq(map(MAP_TCP, 6001, 0, 60), 0);
	cr_expect_eq(map(MAP_TCP, 6002, 5400, 60), 4);
	EXPECT_BYTES(0, 130, 0, 4, EPOCH, 0x17, 0x72, 0, 0, 0, 0, 0, 0);
	cr_expect_eq(map(MAP_TCP, 6000, 0, 60), 0, "a renewal is not new");
	bed.model.quota = 40;
	bed.model.last_port = bed.model.first_port;
	cr_expect_eq(map(MAP_TCP, 6002, 0, 60), 4);
}

/* AMB-04, ADV-13: also the form that some clients send (inside 0, suggestion 1). */
Test(pmp, inside_port_zero_with_a_lifetime_is_refused_without_state)
{
	for (uint16_t suggested = 0; suggested < 2; suggested++) {
		cr_expect_eq(map(MAP_UDP, 0, suggested, 60), 2);
		EXPECT_BYTES(0, 129, 0, 2, EPOCH, 0, 0, 0, 0, 0, 0, 0, 0);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* ADV-04, AMB-03 */
Test(pmp, short_requests_are_ignored)
{
	struct request r = pmp_map(MAP_UDP, 6000, 0, 60);

	for (uint8_t opcode = ADDR; opcode <= MAP_TCP; opcode++) {
		r.bytes[1] = opcode;
		for (uint32_t len = 0; len < 12; len++)
			cr_expect_eq(bed_send(&bed, r.bytes, len), opcode == ADDR && len >= 2);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* AMB-03 */
Test(pmp, tail_of_map_request_is_ignored_up_to_1100_bytes)
{
	struct request r = pmp_map(MAP_UDP, 6000, 5400, 60);

	memset(r.bytes + 12, 0x5a, 1200);
	for (r.len = 13; r.len <= 1100; r.len += 1087) {
		bed_ask(&bed, &r);
		EXPECT_BYTES(0, 129, 0, 0, EPOCH, 0x17, 0x70, 0x15, 0x18, 0, 0, 0, 60);
	}
	r.len = 1101;
	cr_expect_eq(bed_ask(&bed, &r), 0);
}

/* PMP-08, ADV-11 */
Test(pmp, opcodes_from_128_are_ignored)
{
	struct request r = pmp_map(MAP_UDP, 6000, 5400, 60);

	for (uint32_t opcode = 128; opcode < 256; opcode++)
		for (r.len = 2; r.len <= 16; r.len++) {
			r.bytes[1] = (uint8_t)opcode;
			cr_expect_eq(bed_ask(&bed, &r), 0);
		}
}

/* PMP-09, PMP-33, AMB-02 */
Test(pmp, unknown_opcodes_come_back_with_result_5)
{
	struct request r = {.len = 20};

	memset(r.bytes + 2, 0x5a, 18);
	for (uint32_t opcode = 3; opcode < 128; opcode++) {
		r.bytes[1] = (uint8_t)opcode;
		cr_expect_eq(bed_result(&bed, &r), 5);
		cr_expect_eq(bed.replies[0].bytes[1], opcode + 128);
		cr_expect_eq(bed.replies[0].len, 20);
		cr_expect_arr_eq(bed.replies[0].bytes + 8, r.bytes + 8, 12);
	}
}

/* AMB-02 */
Test(pmp, answer_to_unknown_opcode_has_8_to_1100_bytes)
{
	struct request r = {.bytes = {0, 3}};

	memset(r.bytes + 2, 0x5a, 1400);
	for (r.len = 2; r.len <= 8; r.len++) {
		cr_expect_eq(bed_result(&bed, &r), 5);
		EXPECT_BYTES(0, 131, 0, 5, EPOCH);
	}
	r.len = 1400;
	cr_expect_eq(bed_result(&bed, &r), 5);
	cr_expect_eq(bed.replies[0].len, 1100);
}

/* PMP-34, ADV-16 */
Test(pmp, every_answer_carries_the_epoch_of_its_moment)
{
	for (uint32_t i = 0; i < 5; i++) {
		bed_send(&bed, (const uint8_t[]){0, (uint8_t)(i % 2 * 7)}, 2);
		cr_expect_eq(at32(bed.replies[0].bytes, 4), 0x01020304 + 100 * i);
		model_elapse(&bed.model, 100);
	}
}

/* PMP-44 as far as the answers go: same wish, different ports. */
Test(pmp, clients_that_want_one_port_get_different_ones)
{
	uint16_t ports[MODEL_N_INSIDE];

	for (uint32_t i = 0; i < MODEL_N_INSIDE; i++) {
		bed_client(&bed, i);
		cr_expect_eq(map(MAP_TCP, 80, 5400, 60), 0);
		ports[i] = reply_port();
		for (uint32_t j = 0; j < i; j++)
			cr_expect_neq(ports[i], ports[j]);
	}
}
