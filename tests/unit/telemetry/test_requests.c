/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/telemetry/requests: the counters of NAT-PMP and PCP requests and their labels. */
#include "requests.h"

#include <stdbool.h>
#include <string.h>

#include <criterion/criterion.h>

Test(requests, every_counter_has_labels_of_its_own)
{
	for (uint32_t i = 0; i < CGN_N_REQUEST_COUNTERS; i++) {
		struct cgn_request_kind a = cgn_request_kind(i);

		cr_assert_gt(strlen(a.protocol), 0);
		cr_assert_gt(strlen(a.opcode), 0);
		cr_assert_gt(strlen(a.result), 0);
		cr_assert_eq(a.sentence[strlen(a.sentence) - 1], '.');
		for (uint32_t j = 0; j < i; j++) {
			struct cgn_request_kind b = cgn_request_kind(j);

			cr_assert(strcmp(a.protocol, b.protocol) != 0 ||
					strcmp(a.opcode, b.opcode) != 0 ||
					strcmp(a.result, b.result) != 0,
				"%u and %u are both %s %s %s", i, j, a.protocol, a.opcode,
				a.result);
		}
	}
}

static void
is_counted_as(uint32_t counter, const char *protocol, const char *opcode, const char *result)
{
	struct cgn_request_kind kind = cgn_request_kind(counter);

	cr_expect_str_eq(kind.protocol, protocol);
	cr_expect_str_eq(kind.opcode, opcode);
	cr_expect_str_eq(kind.result, result);
}

/* RFC 6886 section 3.5, RFC 6887 sections 7.4 and 19.2. */
Test(requests, numbers_of_the_rfcs_have_the_names_of_the_rfcs)
{
	is_counted_as(cgn_request_counter(0, 0, 0, false), "NAT-PMP", "ADDRESS", "SUCCESS");
	is_counted_as(
		cgn_request_counter(0, 2, 4, false), "NAT-PMP", "MAP_TCP", "OUT_OF_RESOURCES");
	is_counted_as(cgn_request_counter(2, 0, 0, false), "PCP", "ANNOUNCE", "SUCCESS");
	is_counted_as(cgn_request_counter(2, 1, 10, false), "PCP", "MAP", "USER_EX_QUOTA");
	is_counted_as(
		cgn_request_counter(2, 2, 11, false), "PCP", "PEER", "CANNOT_PROVIDE_EXTERNAL");
	is_counted_as(cgn_request_counter(2, 1, 13, false), "PCP", "MAP", "EXCESSIVE_REMOTE_PEERS");
}

Test(requests, whatever_a_request_holds_has_a_counter)
{
	is_counted_as(
		cgn_request_counter(0, 77, 5, false), "NAT-PMP", "other", "UNSUPPORTED_OPCODE");
	is_counted_as(cgn_request_counter(9, 127, 1, false), "PCP", "other", "UNSUPP_VERSION");
	for (uint32_t version = 0; version < 256; version++)
		for (uint32_t opcode = 0; opcode < 256; opcode++)
			is_counted_as(
				cgn_request_counter((uint8_t)version, (uint8_t)opcode, 255, true),
				version == 0 ? "NAT-PMP" : "PCP",
				cgn_request_kind(cgn_request_counter((uint8_t)version,
							 (uint8_t)opcode, 0, false))
					.opcode,
				"ignored");
}
