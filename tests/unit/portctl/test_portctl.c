/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/portctl/portctl: which protocol answers, and what no protocol answers. */
#include "portctl.h"

#include <string.h>

#include <criterion/criterion.h>

#include "exchange.h"

static struct bed bed;

static void
setup(void)
{
	bed_init(&bed);
}

TestSuite(portctl, .init = setup);

/* PMP-05 */
Test(portctl, first_byte_selects_the_protocol)
{
	struct request announce = pcp_announce(&bed);

	cr_expect_eq(bed_send(&bed, (const uint8_t[]){0, 0}, 2), 1);
	cr_expect_eq(bed.replies[0].len, 12);
	cr_expect_eq(bed.outcome.protocol, 0);
	cr_expect_eq(bed_ask(&bed, &announce), 1);
	cr_expect_eq(bed.replies[0].len, 24);
	cr_expect_eq(bed.outcome.protocol, 2);
}

/* PMP-06, PCP-05, AMB-01 */
Test(portctl, other_versions_are_refused_in_pcps_form)
{
	static const uint8_t versions[] = {1, 3, 4, 127, 128, 255};

	for (uint32_t i = 0; i < sizeof(versions); i++) {
		struct request r = pcp_map(&bed, 17, 6000, 3600);

		r.bytes[0] = versions[i];
		cr_expect_eq(bed_result(&bed, &r), 1);
		cr_expect_eq(bed.replies[0].bytes[0], 2);
		cr_expect_eq(bed.replies[0].bytes[1], 0x81);
		cr_expect_eq(at32(bed.replies[0].bytes, 4), 1800);
		cr_expect_eq(bed.replies[0].len, 60);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PMP-06, AMB-01, ADV-24: 24 bytes are the least a PCP answer can have. */
Test(portctl, short_request_of_another_version_gets_24_bytes)
{
	static const uint8_t expected[24] = {2, 0x82, 0, 1, 0, 0, 0x07, 0x08, 1, 2, 3, 4};

	cr_expect_eq(bed_send(&bed, (const uint8_t[]){3, 2}, 2), 1);
	cr_expect_eq(bed.replies[0].len, 24);
	cr_expect_arr_eq(bed.replies[0].bytes, expected, 24);
}

/* PMP-06, PMP-07, AMB-01 */
Test(portctl, without_pcp_other_versions_get_the_8_bytes_of_natpmp)
{
	static const uint8_t versions[] = {1, 2, 3, 255};
	static const uint8_t expected[] = {0, 0x81, 0, 1, 1, 2, 3, 4};

	bed.policy.pcp = false;
	for (uint32_t i = 0; i < sizeof(versions); i++) {
		struct request r = pcp_map(&bed, 17, 6000, 3600);

		r.bytes[0] = versions[i];
		for (uint32_t len = 2; len <= 60; len += 29) {
			cr_expect_eq(bed_send(&bed, r.bytes, len), 1);
			cr_expect_eq(bed.replies[0].len, 8);
			cr_expect_arr_eq(bed.replies[0].bytes, expected, 8);
		}
	}
}

/* PCP-06 */
Test(portctl, without_natpmp_its_clients_can_read_the_refusal)
{
	static const uint8_t expected[24] = {2, 0x80, 0, 1, 0, 0, 0x07, 0x08, 1, 2, 3, 4};

	bed.policy.natpmp = false;
	cr_expect_eq(bed_send(&bed, (const uint8_t[]){0, 0}, 2), 1);
	cr_expect_eq(bed.replies[0].len, 24);
	cr_expect_arr_eq(bed.replies[0].bytes, expected, 24);
}

/* PMP-39, PMP-42: the refusal by ICMP is the caller's. */
Test(portctl, with_both_off_nothing_is_answered)
{
	bed.policy.natpmp = bed.policy.pcp = false;
	for (uint32_t version = 0; version < 256; version++) {
		uint8_t request[60] = {(uint8_t)version};

		for (uint8_t opcode = 0; opcode < 4; opcode++) {
			request[1] = opcode;
			cr_expect_eq(bed_send(&bed, request, sizeof(request)), 0);
		}
	}
}

/* PMP-08, PCP-04, ADV-11 */
Test(portctl, marked_as_answer_is_ignored_in_every_version_and_policy)
{
	for (uint32_t i = 0; i < 4 * 256 * 128; i++) {
		struct request r = {.len = 24 + i % 2 * 36};

		bed.policy.natpmp = i & 1;
		bed.policy.pcp = i & 2;
		r.bytes[0] = (uint8_t)(i >> 2);
		r.bytes[1] = (uint8_t)(0x80 | i >> 10);
		cr_assert_eq(bed_ask(&bed, &r), 0);
	}
}

/* PCP-04, ADV-04 */
Test(portctl, less_than_two_bytes_is_ignored)
{
	for (uint32_t version = 0; version < 256; version++)
		cr_expect_eq(bed_send(&bed, (const uint8_t[]){(uint8_t)version}, 1), 0);
	cr_expect_eq(bed_send(&bed, NULL, 0), 0);
}

/* ADV-03 */
Test(portctl, source_port_0_is_not_answered)
{
	struct request r = pcp_announce(&bed);

	bed.client.port = 0;
	cr_expect_eq(bed_ask(&bed, &r), 0);
	cr_expect_eq(bed_send(&bed, (const uint8_t[]){0, 0}, 2), 0);
}

/* PMP-01, ADV-03: clients that send from 5350 or 5351 exist. */
Test(portctl, any_other_source_port_is_answered_once)
{
	static const uint16_t ports[] = {1, 5350, 5351, 40000, 65535};

	for (uint32_t i = 0; i < 5; i++) {
		bed.client.port = ports[i];
		cr_expect_eq(bed_send(&bed, (const uint8_t[]){0, 0}, 2), 1);
	}
}

/* ADV-03, AMB-01: RFC 6886 draws it with opcode 0, and some servers send it so. */
Test(portctl, version_error_of_another_server_is_not_answered)
{
	static const uint8_t error[] = {0, 0, 0, 1, 0, 0, 1, 0};

	bed.client.port = 5351;
	cr_expect_eq(bed_send(&bed, error, sizeof(error)), 0);
	bed.client.port = 40000;
	cr_expect_eq(bed_send(&bed, error, sizeof(error)), 1);
}

/* PMP-34, PCP-25, ADV-16: one clock. */
Test(portctl, both_protocols_tell_the_same_epoch)
{
	struct request announce = pcp_announce(&bed);
	uint32_t natpmp;

	bed_send(&bed, (const uint8_t[]){0, 0}, 2);
	natpmp = at32(bed.replies[0].bytes, 4);
	bed_ask(&bed, &announce);
	cr_expect_eq(at32(bed.replies[0].bytes, 8), natpmp);
}

/* PMP-43, PCP-23: copies of a request get copies of the answer. */
Test(portctl, a_thousand_copies_of_a_request_get_equal_answers)
{
	struct request requests[] = {pmp_map(1, 6000, 5400, 60), pcp_map(&bed, 6, 6001, 3600)};

	for (uint32_t i = 0; i < 2; i++) {
		struct cgn_portctl_reply first;

		bed_ask(&bed, &requests[i]);
		first = bed.replies[0];
		for (int n = 0; n < 1000; n++) {
			cr_assert_eq(bed_ask(&bed, &requests[i]), 1);
			cr_assert_eq(bed.replies[0].len, first.len);
			cr_assert_arr_eq(bed.replies[0].bytes, first.bytes, first.len);
		}
	}
	cr_expect_eq(model_count(&bed.model), 2);
}
