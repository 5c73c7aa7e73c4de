/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/portctl/pcp_options: the walk, THIRD_PARTY, PREFER_FAILURE and FILTER (RFC 6887
 * sections 7.3 and 13). PORT_SET is in test_port_set.c.
 */
#include "pcp_options.h"

#include <string.h>

#include <criterion/criterion.h>

#include "exchange.h"

enum { UDP = 17, W1 = 0x40000201, W2 = 0x40000202 };

static struct bed bed;

static void
setup(void)
{
	bed_init(&bed);
}

static struct request
map(void)
{
	return pcp_map(&bed, UDP, 6000, 3600);
}

TestSuite(pcp_options, .init = setup);

/* PCP-17 */
Test(pcp_options, unknown_mandatory_options_are_unsupported)
{
	for (uint32_t code = 0; code < 128; code++) {
		struct request r = map(), a = pcp_announce(&bed);

		if (code >= 1 && code <= 3)
			continue;
		pcp_option(&r, (uint8_t)code, "marker", 6);
		cr_expect_eq(bed_result(&bed, &r), 5, "option %u", code);
		cr_expect_eq(at32(bed.replies[0].bytes, 4), 1800);
		pcp_option(&a, (uint8_t)code, NULL, 0);
		cr_expect_eq(bed_result(&bed, &a), 5);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-18, PCP-21 */
Test(pcp_options, unknown_optional_options_are_skipped)
{
	for (uint32_t code = 128; code < 256; code++) {
		struct request r = map(), a = pcp_announce(&bed);

		if (code == 130)
			continue;
		pcp_option(&r, (uint8_t)code, "marker!", 7);
		pcp_option(&r, (uint8_t)code, "again", 5);
		cr_expect_eq(bed_result(&bed, &r), 0, "option %u", code);
		cr_expect_eq(bed.replies[0].len, 60);
		pcp_option(&a, (uint8_t)code, "x", 1);
		cr_expect_eq(bed_result(&bed, &a), 0);
		cr_expect_eq(bed.replies[0].len, 24);
	}
}

/* PCP-19, ADV-04: bounds come before meaning, so the unknown option ahead does not matter. */
Test(pcp_options, option_that_runs_past_the_end_is_malformed)
{
	static const uint16_t lens[] = {5, 6, 8, 9, 0x7fff, 0xfffc, 0xfffd, 0xffff};

	for (uint32_t i = 0; i < 8; i++) {
		struct request r = map();

		pcp_option(&r, 4, NULL, 0);
		pcp_option(&r, 200, "data", 4);
		put16(r.bytes, 66, lens[i]);
		cr_expect_eq(bed_result(&bed, &r), 6, "length %u", lens[i]);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-19: cut after two bytes, the length is none of a request any more. */
Test(pcp_options, cut_option_header_is_a_malformed_request)
{
	struct request r = map();

	pcp_option(&r, 200, NULL, 0);
	r.len = 62;
	cr_expect_eq(bed_result(&bed, &r), 3);
	cr_expect_eq(bed.replies[0].len, 64);
}

/* PCP-20 */
Test(pcp_options, once_only_options_that_come_twice_are_malformed)
{
	for (int trusted = 0; trusted < 2; trusted++) {
		struct request r = map(), p = map();

		bed.client.third_party = trusted;
		pcp_third_party(&r, MODEL_FIRST_INSIDE + 1);
		pcp_third_party(&r, MODEL_FIRST_INSIDE + 1);
		cr_expect_eq(bed_result(&bed, &r), 6);
		pcp_suggest(&p, 0, 5400);
		pcp_option(&p, 2, NULL, 0);
		pcp_option(&p, 2, NULL, 0);
		cr_expect_eq(bed_result(&bed, &p), 6);
	}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-22 */
Test(pcp_options, announce_takes_no_option_of_map_and_peer)
{
	for (uint8_t code = 1; code <= 3; code++) {
		static const uint8_t zeros[20];
		static const uint8_t lens[] = {0, 16, 0, 20};
		struct request r = pcp_announce(&bed);

		bed.client.third_party = true;
		pcp_option(&r, code, zeros, lens[code]);
		cr_expect_eq(bed_result(&bed, &r), 5, "option %u", code);
	}
}

/* PCP-51, PCP-69, SEED-3 */
Test(pcp_options, third_party_of_an_untrusted_client_is_unsupported)
{
	struct request r = map();

	pcp_third_party(&r, MODEL_FIRST_INSIDE + 1);
	cr_expect_eq(bed_result(&bed, &r), 5);
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-51, PCP-21, PCP-12: the option comes back, its reserved byte zero. */
Test(pcp_options, third_party_of_a_trusted_client_maps_for_the_other)
{
	static const uint8_t expected[20] = {1, 0, 0, 16, [14] = 0xff, 0xff, 100, 64, 0, 11};
	struct request r = map();

	bed.client.third_party = true;
	pcp_third_party(&r, MODEL_FIRST_INSIDE + 1);
	r.bytes[61] = 0xff;
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.model.last_ask.inside, 1);
	cr_expect(bed.model.last_ask.third_party);
	cr_expect_eq(bed.model.last_ask.client_addr, MODEL_FIRST_INSIDE);
	cr_expect_eq(bed.replies[0].len, 80);
	cr_expect_arr_eq(bed.replies[0].bytes + 60, expected, 20);
}

/* PCP-52 */
Test(pcp_options, third_party_naming_the_client_itself_is_malformed)
{
	struct request r = map();

	bed.client.third_party = true;
	pcp_third_party(&r, MODEL_FIRST_INSIDE);
	cr_expect_eq(bed_result(&bed, &r), 3);
}

Test(pcp_options, third_party_that_is_no_subscriber_is_not_authorized)
{
	struct request stranger = map(), ipv6 = map(), wildcard = pcp_map(&bed, UDP, 0, 0);

	bed.client.third_party = true;
	pcp_third_party(&stranger, W1);
	cr_expect_eq(bed_result(&bed, &stranger), 2);
	pcp_third_party(&ipv6, MODEL_FIRST_INSIDE + 1);
	ipv6.bytes[64] = 0x20;
	cr_expect_eq(bed_result(&bed, &ipv6), 2);
	pcp_third_party(&wildcard, W1);
	cr_expect_eq(bed_result(&bed, &wildcard), 2);
}

/* PCP-53, ADV-13 */
Test(pcp_options, prefer_failure_gets_the_suggestion_or_code_11)
{
	struct request r = map();

	pcp_suggest(&r, MODEL_OUTSIDE, 5400);
	pcp_option(&r, 2, NULL, 0);
	bed_client(&bed, 1);
	r.bytes[23]++;
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(at16(bed.replies[0].bytes, 42), 5400);
	cr_expect_eq(bed.replies[0].len, 64);
	cr_expect_arr_eq(bed.replies[0].bytes + 60, ((uint8_t[]){2, 0, 0, 0}), 4);
	bed_client(&bed, 0);
	r.bytes[23]--;
	for (uint16_t port = 5350; port <= 5400; port += port == 5350 ? 1 : 49) {
		pcp_suggest(&r, MODEL_OUTSIDE, port);
		cr_expect_eq(bed_result(&bed, &r), 11, "port %u", port);
		cr_expect_eq(at32(bed.replies[0].bytes, 4), 30);
	}
	cr_expect_eq(model_count(&bed.model), 1);
}

/* PCP-53 */
Test(pcp_options, prefer_failure_for_an_address_not_ours_is_code_11)
{
	struct request r = map();

	pcp_option(&r, 2, NULL, 0);
	pcp_suggest(&r, W1, 5400);
	cr_expect_eq(bed_result(&bed, &r), 11);
	r.bytes[44] = 0x20;
	cr_expect_eq(bed_result(&bed, &r), 11);
}

/* PCP-53 */
Test(pcp_options, prefer_failure_without_port_or_lifetime_is_malformed)
{
	struct request no_port = map(), delete = pcp_map(&bed, UDP, 6000, 0);

	pcp_suggest(&no_port, MODEL_OUTSIDE, 0);
	pcp_option(&no_port, 2, NULL, 0);
	cr_expect_eq(bed_result(&bed, &no_port), 6);
	pcp_suggest(&delete, MODEL_OUTSIDE, 5400);
	pcp_option(&delete, 2, NULL, 0);
	cr_expect_eq(bed_result(&bed, &delete), 6);
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-20, PCP-19: wrong sizes of known options. */
Test(pcp_options, known_options_of_wrong_size_are_malformed)
{
	static const uint8_t zeros[24], right[] = {0, 16, 0, 20};

	bed.client.third_party = true;
	for (uint8_t code = 1; code <= 3; code++)
		for (uint8_t len = 0; len <= 24; len++) {
			struct request r = map();

			pcp_suggest(&r, MODEL_OUTSIDE, 5400);
			pcp_option(&r, code, zeros, len);
			if (len != right[code])
				cr_expect_eq(bed_result(&bed, &r), 6, "%u of %u", code, len);
		}
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-17 */
Test(pcp_options, options_that_are_off_are_unsupported)
{
	struct request prefer = map(), filter = map();

	bed.policy.prefer_failure = bed.policy.filter = false;
	pcp_suggest(&prefer, 0, 5400);
	pcp_option(&prefer, 2, NULL, 0);
	cr_expect_eq(bed_result(&bed, &prefer), 5);
	pcp_filter(&filter, 128, 0, W1);
	cr_expect_eq(bed_result(&bed, &filter), 5);
}

/* PCP-55, PCP-21, PCP-12: what the backend is told, and what comes back. */
Test(pcp_options, filter_reaches_the_backend_and_comes_back)
{
	static const uint8_t expected[24] = {
		3, 0, 0, 20, 0, 120, 0x01, 0xbb, [18] = 0xff, 0xff, 0x40, 0, 2, 1};
	struct request r = map();

	pcp_filter(&r, 120, 443, W1);
	r.bytes[61] = r.bytes[64] = 0xff;
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.model.last_ask.n_filters, 1);
	cr_expect_eq(bed.model.last_ask.filters[0].addr, 0x40000200, "host bits are cleared");
	cr_expect_eq(bed.model.last_ask.filters[0].prefix_len, 24);
	cr_expect_eq(bed.model.last_ask.filters[0].port, 443);
	cr_expect_not(bed.model.last_ask.filters_cleared);
	cr_expect_eq(bed.replies[0].len, 84);
	cr_expect_arr_eq(bed.replies[0].bytes + 60, expected, 24);
}

/* PCP-56, AMB-08 */
Test(pcp_options, filter_prefix_is_0_or_96_to_128)
{
	for (uint32_t prefix_len = 0; prefix_len < 256; prefix_len++) {
		struct request r = map();
		bool good = prefix_len == 0 || (prefix_len >= 96 && prefix_len <= 128);

		pcp_filter(&r, (uint8_t)prefix_len, 0, W1);
		bed_init(&bed);
		cr_expect_eq(bed_result(&bed, &r), good ? 0 : 6, "prefix %u", prefix_len);
	}
}

/* PCP-56 */
Test(pcp_options, filter_for_an_ipv6_peer_is_malformed)
{
	struct request r = map();

	pcp_filter(&r, 128, 0, W1);
	r.bytes[68] = 0x20;
	cr_expect_eq(bed_result(&bed, &r), 6);
}

/* PCP-16 */
Test(pcp_options, filters_are_taken_in_packet_order)
{
	struct request clear_first = map(), clear_last = map();
	struct model_entry *e;

	pcp_filter(&clear_first, 128, 0, W2);
	pcp_filter(&clear_first, 0, 0, 0);
	pcp_filter(&clear_first, 128, 0, W1);
	cr_expect_eq(bed_result(&bed, &clear_first), 0);
	e = model_find(&bed.model, CGN_UDP, 6000);
	cr_expect_eq(e->n_filters, 1);
	cr_expect_eq(e->filters[0].addr, W1);
	pcp_filter(&clear_last, 128, 0, W1);
	pcp_filter(&clear_last, 0, 0, 0);
	cr_expect_eq(bed_result(&bed, &clear_last), 0);
	cr_expect_eq(e->n_filters, 0);
	cr_expect(bed.model.last_ask.filters_cleared);
}

/* PCP-57: the codec's own limit and the backend's. */
Test(pcp_options, too_many_filters_are_code_13_and_change_nothing)
{
	struct request first = map();

	pcp_filter(&first, 128, 0, W1);
	cr_expect_eq(bed_result(&bed, &first), 0);
	for (uint32_t n = MODEL_MAX_FILTERS; n <= 12; n++) {
		struct request r = map();

		for (uint32_t i = 0; i < n; i++)
			pcp_filter(&r, 128, 0, W2 + i);
		cr_expect_eq(bed_result(&bed, &r), 13, "%u more", n);
		cr_expect_eq(at32(bed.replies[0].bytes, 4), 1800);
		cr_expect_eq(model_find(&bed.model, CGN_UDP, 6000)->n_filters, 1);
	}
}

/* PCP-57 */
Test(pcp_options, filter_in_a_delete_is_malformed)
{
	for (uint32_t prefix_len = 0; prefix_len <= 128; prefix_len += 128) {
		struct request r = pcp_map(&bed, UDP, 6000, 0);

		pcp_filter(&r, (uint8_t)prefix_len, 0, W1);
		cr_expect_eq(bed_result(&bed, &r), 6);
	}
}

/* PCP-15: a good FILTER ahead of a bad option has no effect. */
Test(pcp_options, good_option_before_a_bad_one_changes_nothing)
{
	static const uint8_t bad[][2] = {{4, 5}, {1, 5}, {3, 6}};
	struct request first = map();
	struct model before;

	bed_ask(&bed, &first);
	before = bed.model;
	for (uint32_t i = 0; i < 3; i++) {
		struct request r = pcp_map(&bed, UDP, 6000, 600);

		pcp_filter(&r, 128, 0, W1);
		pcp_option(&r, bad[i][0], NULL, 0);
		cr_expect_eq(bed_result(&bed, &r), bad[i][1]);
		cr_expect(model_same(&before, &bed.model));
	}
	cr_expect_eq(bed.model.n_asks, 1);
}

/* PCP-15, PCP-19 */
Test(pcp_options, good_filter_before_a_walk_that_fails_changes_nothing)
{
	struct request r = map();

	pcp_filter(&r, 128, 0, W1);
	pcp_option(&r, 200, NULL, 0);
	put16(r.bytes, 86, 1);
	cr_expect_eq(bed_result(&bed, &r), 6);
	cr_expect_eq(bed.replies[0].len, 88);
	cr_expect_eq(bed.model.n_asks, 0);
}

/* PCP-21: packet order, and what was skipped is missing. */
Test(pcp_options, success_lists_what_was_acted_on_in_order)
{
	struct request r = map();
	const uint8_t *p = bed.replies[0].bytes;

	bed.client.third_party = true;
	pcp_suggest(&r, 0, 5400);
	pcp_filter(&r, 128, 0, W1);
	pcp_option(&r, 255, "skipped", 7);
	pcp_option(&r, 2, NULL, 0);
	pcp_third_party(&r, MODEL_FIRST_INSIDE + 1);
	cr_expect_eq(bed_result(&bed, &r), 0);
	cr_expect_eq(bed.replies[0].len, 60 + 24 + 4 + 20);
	cr_expect(p[60] == 3 && p[84] == 2 && p[88] == 1);
}
