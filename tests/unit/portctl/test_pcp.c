/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/portctl/pcp: the header, the order of checks, errors and ANNOUNCE (RFC 6887 sections
 * 7, 8.2 and 14.1). Comments name the rows of the requirements catalogue.
 */
#include "pcp.h"

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

TestSuite(pcp, .init = setup);

/* PCP-59, PCP-25, PCP-12 */
Test(pcp, announce_is_answered_with_24_bytes)
{
	static const uint8_t expected[24] = {2, 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
	struct request r = pcp_announce(&bed);

	r.bytes[2] = r.bytes[3] = 0xff;
	put32(r.bytes, 4, 7200);
	cr_expect_eq(bed_ask(&bed, &r), 1);
	cr_expect_eq(bed.replies[0].len, 24);
	cr_expect_arr_eq(bed.replies[0].bytes, expected, 24);
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-59, PCP-07 */
Test(pcp, announce_from_behind_another_nat_is_a_mismatch)
{
	struct request r = pcp_announce(&bed);

	r.bytes[23] ^= 1;
	cr_expect_eq(bed_result(&bed, &r), 12);
}

/* PCP-04, ADV-04 */
Test(pcp, less_than_a_header_is_ignored)
{
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	for (r.len = 0; r.len < 24; r.len++)
		cr_expect_eq(bed_ask(&bed, &r), 0);
}

/* PCP-03, PCP-11, PCP-13, ADV-04 */
Test(pcp, every_wrong_length_is_malformed_and_the_answer_padded)
{
	struct request r = pcp_peer(&bed, UDP, 6000, 3600);

	for (uint8_t opcode = 0; opcode <= 2; opcode++) {
		static const uint32_t least[] = {24, 60, 80};

		r.bytes[1] = opcode;
		for (r.len = 24; r.len <= 83; r.len++) {
			if (r.len % 4 == 0 && r.len >= least[opcode])
				continue;
			cr_expect_eq(bed_result(&bed, &r), 3, "opcode %u, %u bytes", opcode, r.len);
			cr_expect_eq(bed.replies[0].len, (r.len + 3) / 4 * 4);
			cr_expect_arr_eq(bed.replies[0].bytes + 12, r.bytes + 12, 12);
		}
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-02, PCP-11 */
Test(pcp, more_than_1100_bytes_are_malformed_and_the_answer_cut)
{
	static const uint32_t lens[] = {1101, 1104, 1472};
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	memset(r.bytes + 60, 0x5a, sizeof(r.bytes) - 60);
	for (uint32_t i = 0; i < 3; i++) {
		r.len = lens[i];
		cr_expect_eq(bed_result(&bed, &r), 3);
		cr_expect_eq(bed.replies[0].len, 1100);
	}
}

/* PCP-02: exactly 1100 bytes are still a request. */
Test(pcp, request_of_1100_bytes_is_served)
{
	static const uint8_t zeros[1036];
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	pcp_option(&r, 200, zeros, sizeof(zeros));
	cr_assert_eq(r.len, 1100);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.replies[0].len, 60);
}

/* PCP-07, PCP-08, ADV-01 */
Test(pcp, every_bit_of_the_client_address_counts)
{
	for (uint32_t bit = 0; bit < 128; bit++) {
		struct request r = pcp_map(&bed, UDP, 6000, 3600);

		r.bytes[8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_eq(bed_result(&bed, &r), 12, "bit %u", bit);
		cr_expect_eq(reply_lifetime(), 1800);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-08 */
Test(pcp, compatible_ipv6_form_of_the_client_address_is_a_mismatch)
{
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	r.bytes[18] = r.bytes[19] = 0; /* ::100.64.0.10 */
	cr_expect_eq(bed_result(&bed, &r), 12);
}

/* PCP-09 */
Test(pcp, unknown_opcodes_are_echoed)
{
	for (uint32_t opcode = 3; opcode < 128; opcode++) {
		struct request r = pcp_map(&bed, UDP, 6000, 3600);

		r.bytes[1] = (uint8_t)opcode;
		memset(r.bytes + 24, 0x5a, 36);
		cr_expect_eq(bed_result(&bed, &r), 4);
		cr_expect_eq(reply_lifetime(), 1800);
		cr_expect_eq(bed.replies[0].len, 60);
	}
}

/* PCP-28 */
Test(pcp, opcode_that_is_off_is_not_authorized)
{
	struct request map = pcp_map(&bed, UDP, 6000, 3600), peer = pcp_peer(&bed, UDP, 6001, 3600);

	bed.policy.map = false;
	cr_expect_eq(bed_result(&bed, &map), 2);
	cr_expect_eq(reply_lifetime(), 1800);
	cr_expect_eq(bed_result(&bed, &peer), 0);
	bed.policy.map = true;
	bed.policy.peer = false;
	cr_expect_eq(bed_result(&bed, &map), 0);
	cr_expect_eq(bed_result(&bed, &peer), 2);
}

/* AMB-16, PCP-69: the client's source address proves nothing there. */
Test(pcp, mappings_for_subscribers_that_are_not_bound_are_not_authorized)
{
	struct request map = pcp_map(&bed, UDP, 6000, 3600), peer = pcp_peer(&bed, UDP, 6001, 3600);

	bed.policy.unbound = true;
	cr_expect_eq(bed_result(&bed, &map), 2);
	cr_expect_eq(reply_lifetime(), 1800);
	cr_expect_eq(bed_result(&bed, &peer), 2);
	cr_expect_eq(model_count(&bed.model), 0);
	bed.policy.unbound = false;
	cr_expect_eq(bed_result(&bed, &map), 0);
}

/* One fault each, in the order in which they are checked (RFC 6887 section 8.2). */
enum fault {
	F_ANSWER,  /* R bit */
	F_VERSION, /* 3 */
	F_SHORT,   /* below 24 bytes */
	F_LENGTH,  /* not a multiple of 4 */
	F_ADDRESS,
	F_OPCODE,   /* 96 */
	F_DISABLED, /* MAP is off; cannot meet F_OPCODE */
	F_OPTION,   /* runs past the end */
	F_PROTOCOL, /* 132 */
	N_FAULTS
};

static const int fault_results[] = {-1, 1, -1, 3, 12, 4, 2, 6, 9};

static void
inject(struct request *r, enum fault fault)
{
	switch (fault) {
	case F_ANSWER:
		r->bytes[1] |= 0x80;
		break;
	case F_VERSION:
		r->bytes[0] = 3;
		break;
	case F_SHORT:
		r->len = 20;
		break;
	case F_LENGTH:
		r->len = r->len == 20 ? 21 : r->len + 1;
		break;
	case F_ADDRESS:
		r->bytes[22] ^= 0x10;
		break;
	case F_OPCODE:
		r->bytes[1] = (r->bytes[1] & 0x80) | 96;
		break;
	case F_DISABLED:
		bed.policy.map = false;
		break;
	case F_OPTION:
		put16(r->bytes, 62, 5);
		break;
	case F_PROTOCOL:
		r->bytes[36] = 132;
		break;
	case N_FAULTS:
		break;
	}
}

/* PCP-10 */
Test(pcp, of_two_faults_the_earlier_check_answers)
{
	for (uint32_t a = 0; a < N_FAULTS; a++) {
		for (uint32_t b = a; b < N_FAULTS; b++) {
			struct request r = pcp_map(&bed, UDP, 6000, 3600);
			int expected = fault_results[a];

			if (a == F_OPCODE && b == F_DISABLED)
				continue;
			pcp_option(&r, 200, NULL, 0);
			bed.policy.map = true;
			inject(&r, (enum fault)b);
			if (a != b)
				inject(&r, (enum fault)a);
			cr_expect_eq(bed_result(&bed, &r), expected, "faults %u and %u", a, b);
		}
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-10: a length wrong for its opcode comes before the address, the address before the opcode. */
Test(pcp, too_short_for_the_opcode_is_checked_before_the_address)
{
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	r.len = 56;
	r.bytes[20] ^= 1;
	cr_expect_eq(bed_result(&bed, &r), 3);
}

/* PCP-11, PCP-31, PCP-12: byte by byte; suggestion and options are the client's own. */
Test(pcp, error_is_the_request_with_a_new_header)
{
	static const uint8_t head[24] = {2, 0x81, 0, 9, 0, 0, 0x07, 0x08, 1, 2, 3, 4};
	struct request r = pcp_map(&bed, 132, 6000, 3600);

	r.bytes[2] = 0xff;
	pcp_suggest(&r, 0x01020304, 5400);
	pcp_option(&r, 191, "marker!", 7);
	cr_expect_eq(bed_result(&bed, &r), 9);
	cr_expect_eq(bed.replies[0].len, r.len);
	cr_expect_arr_eq(bed.replies[0].bytes, head, 24);
	cr_expect_arr_eq(bed.replies[0].bytes + 24, r.bytes + 24, r.len - 24);
}

/* PCP-13 */
Test(pcp, malformed_request_gets_its_client_address_back)
{
	static const uint8_t head[] = {2, 0x81, 0, 3, 0, 0, 0x07, 0x08, 1, 2, 3, 4, 0, 0, 0, 0, 0,
		0, 0xff, 0xff, 100, 64, 0, 10};
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	r.len = 25;
	r.bytes[24] = 0x77;
	cr_expect_eq(bed_result(&bed, &r), 3);
	cr_expect_eq(bed.replies[0].len, 28);
	cr_expect_arr_eq(bed.replies[0].bytes, head, 24);
	cr_expect_arr_eq(bed.replies[0].bytes + 24, ((uint8_t[]){0x77, 0, 0, 0}), 4);
}

/* PCP-25, ADV-16 */
Test(pcp, every_answer_carries_the_epoch_of_its_moment)
{
	struct request good = pcp_map(&bed, UDP, 6000, 3600), bad = good;

	bad.bytes[36] = 132;
	for (uint32_t i = 0; i < 6; i++) {
		bed_ask(&bed, i % 2 ? &bad : &good);
		cr_expect_eq(at32(bed.replies[0].bytes, 8), 0x01020304 + 60 * i);
		model_elapse(&bed.model, 60);
	}
}

/* PCP-14: the codes that no other test of this file meets, with their lifetimes. */
Test(pcp, errors_of_the_moment_last_30_seconds)
{
	struct request r = pcp_map(&bed, UDP, 6000, 3600);

	bed.model.has_address = false;
	cr_expect_eq(bed_result(&bed, &r), 7);
	cr_expect_eq(reply_lifetime(), 30);
	bed_init(&bed);
	bed.model.quota = 0;
	cr_expect_eq(bed_result(&bed, &r), 10);
	cr_expect_eq(reply_lifetime(), 30);
	bed_init(&bed);
	bed.model.last_port = 5339;
	cr_expect_eq(bed_result(&bed, &r), 8);
	cr_expect_eq(reply_lifetime(), 30);
}
