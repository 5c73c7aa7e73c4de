/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of PORT_SET in lib/portctl (RFC 7753). */
#include "pcp_options.h"

#include <string.h>

#include <criterion/criterion.h>

#include "exchange.h"

enum { UDP = 17, FIRST = 50000 };

static struct bed bed;

static void
setup(void)
{
	bed_init(&bed);
}

/* MAP of n ports from FIRST on. */
static struct request
set(uint16_t n, uint32_t lifetime_s)
{
	struct request r = pcp_map(&bed, UDP, FIRST, lifetime_s);

	pcp_port_set(&r, n, FIRST, false);
	return r;
}

static int
ask(uint16_t n, uint32_t lifetime_s)
{
	struct request r = set(n, lifetime_s);

	return bed_result(&bed, &r);
}

TestSuite(port_set, .init = setup);

/* PSET-04, PSET-08, PCP-21, PCP-12: reserved bits set in the request, clear in the answer. */
Test(port_set, set_of_100_is_granted_with_its_option)
{
	static const uint8_t expected[12] = {130, 0, 0, 5, 0, 100, 0xc3, 0x50, 0};
	struct request r = set(100, 3600);

	bed.model.quota = 200;
	pcp_suggest(&r, 0, 5360);
	r.bytes[61] = r.bytes[69] = r.bytes[70] = r.bytes[71] = 0xff;
	r.bytes[68] = 0xfe;
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.model.last_ask.n_ports, 100);
	cr_expect_not(bed.model.last_ask.parity);
	cr_expect_eq(bed.replies[0].len, 72);
	cr_expect_eq(at16(bed.replies[0].bytes, 40), FIRST);
	cr_expect_eq(at16(bed.replies[0].bytes, 42), 5360);
	cr_expect_arr_eq(bed.replies[0].bytes + 60, expected, 12);
}

/* PSET-01 */
Test(port_set, size_zero_is_malformed)
{
	cr_expect_eq(ask(0, 3600), 6);
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PSET-02 */
Test(port_set, two_of_them_are_malformed)
{
	struct request r = set(8, 3600);

	pcp_port_set(&r, 8, FIRST, false);
	cr_expect_eq(bed_result(&bed, &r), 6);
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PSET-03 */
Test(port_set, together_with_prefer_failure_is_malformed_in_any_order)
{
	struct request before = set(8, 3600), after = pcp_map(&bed, UDP, FIRST, 3600);

	pcp_suggest(&before, 0, 5400);
	pcp_option(&before, 2, NULL, 0);
	cr_expect_eq(bed_result(&bed, &before), 6);
	pcp_suggest(&after, 0, 5400);
	pcp_option(&after, 2, NULL, 0);
	pcp_port_set(&after, 8, FIRST, false);
	cr_expect_eq(bed_result(&bed, &after), 6);
	cr_expect_eq(bed.model.n_asks, 0);
}

Test(port_set, wrong_size_of_the_option_is_malformed)
{
	for (uint16_t len = 0; len <= 12; len++) {
		struct request r = pcp_map(&bed, UDP, FIRST, 3600);
		static const uint8_t data[12] = {0, 8, 0xc3, 0x50};

		pcp_option(&r, 130, data, len);
		cr_expect_eq(bed_result(&bed, &r), len == 5 ? 0 : 6);
	}
}

/* PSET-04, PSET-05 */
Test(port_set, as_many_as_the_quota_allows_are_granted)
{
	bed.model.quota = 32;
	cr_expect_eq(ask(100, 3600), 0);
	cr_expect_eq(bed.replies[0].len, 72);
	cr_expect_eq(at16(bed.replies[0].bytes, 64), 32);
	cr_expect_null(model_find(&bed.model, CGN_UDP, FIRST + 32));
	cr_expect_null(model_find(&bed.model, CGN_UDP, FIRST - 1));
}

/* PSET-06 */
Test(port_set, one_port_granted_has_no_option)
{
	bed.model.first_port = bed.model.last_port = 5400;
	cr_expect_eq(ask(8, 3600), 0);
	cr_expect_eq(bed.replies[0].len, 60);
	cr_expect_eq(at16(bed.replies[0].bytes, 40), FIRST);
	cr_expect_eq(at16(bed.replies[0].bytes, 42), 5400);
}

/* PSET-06 */
Test(port_set, one_port_asked_is_a_plain_map)
{
	cr_expect_eq(ask(1, 3600), 0);
	cr_expect_eq(bed.model.last_ask.n_ports, 1);
	cr_expect_eq(bed.replies[0].len, 60);
}

/* PSET-07 */
Test(port_set, parity_bit_reaches_the_backend_and_comes_back)
{
	for (uint16_t first = FIRST; first < FIRST + 80; first += 9) {
		struct request r = pcp_map(&bed, UDP, first, 3600);

		pcp_port_set(&r, 4, first, true);
		cr_expect_eq(bed_result(&bed, &r), 0);
		cr_expect(bed.model.last_ask.parity);
		cr_expect_eq(at16(bed.replies[0].bytes, 42) % 2, first % 2);
		cr_expect_eq(bed.replies[0].bytes[68], 1);
	}
}

/* PSET-08 */
Test(port_set, set_is_renewed_and_deleted_as_one)
{
	cr_expect_eq(ask(16, 3600), 0);
	model_elapse(&bed.model, 100);
	cr_expect_eq(ask(16, 7200), 0);
	cr_expect_eq(at32(bed.replies[0].bytes, 4), 7200);
	cr_expect_eq(at16(bed.replies[0].bytes, 64), 16);
	cr_expect_eq(model_count(&bed.model), 1);
	cr_expect_eq(ask(16, 0), 0);
	cr_expect_eq(at32(bed.replies[0].bytes, 4), 0);
	cr_expect_eq(model_count(&bed.model), 0);
	cr_expect_eq(ask(16, 0), 0, "as often as one likes");
	cr_expect_eq(ask(0, 0), 0, "the size does not matter any more");
}

/* PSET-08: a plain request for a port of the set is told of that port. */
Test(port_set, plain_map_of_a_member_is_answered_for_that_port)
{
	struct request r = pcp_map(&bed, UDP, FIRST + 3, 3600);
	uint16_t first;

	ask(16, 3600);
	first = at16(bed.replies[0].bytes, 42);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.replies[0].len, 60);
	cr_expect_eq(at16(bed.replies[0].bytes, 40), FIRST + 3);
	cr_expect_eq(at16(bed.replies[0].bytes, 42), first + 3);
}

/* PSET-09 */
Test(port_set, overlap_refreshes_what_is_there_with_an_answer_each)
{
	struct request single = pcp_map(&bed, UDP, 100, 3600), nine = single, all = single;
	const uint8_t *p = bed.replies[0].bytes, *q = bed.replies[1].bytes;
	uint16_t port[2];

	cr_expect_eq(bed_result(&bed, &single), 0);
	port[0] = at16(p, 42);
	put16(nine.bytes, 40, 101);
	pcp_port_set(&nine, 9, 101, false);
	cr_expect_eq(bed_result(&bed, &nine), 0);
	port[1] = at16(p, 42);
	pcp_port_set(&all, 20, 100, false);
	put32(all.bytes, 4, 7200);
	cr_expect_eq(bed_ask(&bed, &all), 2);
	cr_expect_eq(bed.replies[0].len, 60);
	cr_expect(at16(p, 40) == 100 && at16(p, 42) == port[0] && at32(p, 4) == 7200);
	cr_expect_eq(bed.replies[1].len, 72);
	cr_expect(at16(q, 40) == 100 && at16(q, 42) == port[1] && at32(q, 4) == 7200);
	cr_expect(at16(q, 64) == 9 && at16(q, 66) == 101);
	cr_expect_eq(model_count(&bed.model), 2);
}

/* PSET-09: one port out of the middle has only Internal Port to name it. */
Test(port_set, answer_about_one_port_in_the_middle_names_it)
{
	struct request single = pcp_map(&bed, UDP, FIRST + 5, 3600);

	bed_ask(&bed, &single);
	cr_expect_eq(ask(10, 3600), 0);
	cr_expect_eq(bed.replies[0].len, 60);
	cr_expect_eq(at16(bed.replies[0].bytes, 40), FIRST + 5);
}

/* PSET-09: there are never more answers than the caller has room for. */
Test(port_set, many_overlaps_end_at_sixteen_answers)
{
	for (uint16_t i = 0; i < 30; i++) {
		struct request r = pcp_map(&bed, UDP, FIRST + 2 * i, 3600);

		bed_ask(&bed, &r);
	}
	cr_expect_eq(ask(100, 3600), -2);
	cr_expect_eq(bed.n_replies, CGN_EXPLICIT_MAX_ANSWERS);
}

/* PSET-10, ADV-24: no wrap past port 65535. */
Test(port_set, size_is_cut_at_the_last_port)
{
	static const uint16_t firsts[] = {1, 2, 50000, 65534, 65535};

	for (uint32_t i = 0; i < 5; i++) {
		struct request r = pcp_map(&bed, UDP, firsts[i], 3600);

		bed_init(&bed);
		pcp_port_set(&r, 0xffff, firsts[i], false);
		cr_expect_eq(bed_result(&bed, &r), 0);
		cr_expect_eq(bed.model.last_ask.n_ports, 65536 - firsts[i]);
	}
}

/* PSET-10, PCP-43 */
Test(port_set, sets_end_at_the_quota_and_share_one_address)
{
	for (uint16_t i = 0; i < 5; i++) {
		struct request r = pcp_map(&bed, UDP, FIRST + 8 * i, 3600);

		pcp_port_set(&r, 8, FIRST + 8 * i, false);
		cr_expect_eq(bed_result(&bed, &r), 0);
		cr_expect_eq(at32(bed.replies[0].bytes, 56), MODEL_OUTSIDE);
	}
	bed_client(&bed, 0);
	{
		struct request r = pcp_map(&bed, UDP, 100, 3600);

		pcp_port_set(&r, 8, 100, false);
		cr_expect_eq(bed_result(&bed, &r), 10);
	}
	bed_client(&bed, 1);
	cr_expect_eq(ask(8, 3600), 0);
}

/* PCP-18: a server that does not serve it skips it, however it looks. */
Test(port_set, switched_off_it_is_skipped)
{
	static const uint16_t sizes[] = {0, 1, 8};

	bed.policy.port_set = false;
	for (uint32_t i = 0; i < 3; i++) {
		struct request r = set(sizes[i], 3600);

		pcp_port_set(&r, sizes[i], FIRST, true);
		pcp_option(&r, 130, NULL, 0);
		cr_expect_eq(bed_result(&bed, &r), 0);
		cr_expect_eq(bed.replies[0].len, 60);
		cr_expect_eq(bed.model.last_ask.n_ports, 1);
		cr_expect_not(bed.model.last_ask.parity);
	}
}

/* AMB-09: the discovery example of RFC 7753 stays what RFC 6887 calls it. */
Test(port_set, protocol_zero_with_a_port_is_malformed)
{
	struct request r = pcp_map(&bed, 0, 1, 3600);

	pcp_port_set(&r, 0xffff, 1, false);
	cr_expect_eq(bed_result(&bed, &r), 3);
}
