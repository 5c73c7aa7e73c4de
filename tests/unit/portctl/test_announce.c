/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/portctl/announce: times of the copies, and bytes. */
#include "announce.h"

#include <string.h>

#include <criterion/criterion.h>

#include "exchange.h"

#define MS CGN_NS_PER_MS

/* Sends whatever is due every 10 ms from start on; returns how many times it sent. */
static uint32_t
run(struct cgn_announce *train, cgn_ns_t start, cgn_ns_t *sent, uint32_t max)
{
	uint32_t n = 0;

	for (cgn_ns_t now = start; cgn_announce_next_due(train) != CGN_ANNOUNCE_NEVER;
		now += 10 * MS)
		if (cgn_announce_take(train, now)) {
			cr_assert_lt(n, max);
			sent[n++] = now - start;
		}
	return n;
}

/* PMP-36, PMP-37, PCP-60: 0, 0.25, 0.75 … 127.75 s. */
Test(announce, ten_copies_go_out_with_doubling_gaps)
{
	static const uint64_t expected[] = {
		0, 250, 750, 1750, 3750, 7750, 15750, 31750, 63750, 127750};
	struct cgn_announce train;
	cgn_ns_t sent[10];

	cgn_announce_start(&train, 1000 * MS, CGN_ANNOUNCE_COPIES);
	cr_expect_eq(run(&train, 1000 * MS, sent, 10), 10);
	for (int i = 0; i < 10; i++)
		cr_expect_eq(sent[i], expected[i] * MS, "copy %d", i);
}

/* PCP-61: three copies, gaps 250 and 500 ms. */
Test(announce, mapping_update_has_three_copies)
{
	struct cgn_announce train;
	cgn_ns_t sent[3];

	cgn_announce_start(&train, 0, CGN_UPDATE_COPIES);
	cr_expect_eq(run(&train, 0, sent, 3), 3);
	cr_expect_eq(sent[1] - sent[0], 250 * MS);
	cr_expect_eq(sent[2] - sent[1], 500 * MS);
}

/* PCP-60: "at least": a copy that is late does not come close to the next. */
Test(announce, late_copy_pushes_the_later_ones_back)
{
	struct cgn_announce train;

	cgn_announce_start(&train, 0, CGN_ANNOUNCE_COPIES);
	cr_expect(cgn_announce_take(&train, 5000 * MS));
	cr_expect_not(cgn_announce_take(&train, 5000 * MS), "one copy a turn");
	cr_expect_eq(cgn_announce_next_due(&train), 5250 * MS);
	cr_expect_not(cgn_announce_take(&train, 5249 * MS));
	cr_expect(cgn_announce_take(&train, 6000 * MS));
	cr_expect_eq(cgn_announce_next_due(&train), 6500 * MS);
}

/* PCP-61: stop once refreshed. */
Test(announce, stopped_train_sends_nothing_more)
{
	struct cgn_announce train;

	cgn_announce_start(&train, 0, CGN_UPDATE_COPIES);
	cr_expect(cgn_announce_take(&train, 0));
	cgn_announce_stop(&train);
	cr_expect_not(cgn_announce_take(&train, 250 * MS));
	cr_expect_eq(cgn_announce_next_due(&train), CGN_ANNOUNCE_NEVER);
}

Test(announce, zeroed_train_is_idle)
{
	struct cgn_announce train = {0};

	cr_expect_eq(cgn_announce_next_due(&train), CGN_ANNOUNCE_NEVER);
	cr_expect_not(cgn_announce_take(&train, UINT64_MAX / 2));
}

/* PMP-38: a second loss while the first is still being announced starts over. */
Test(announce, restart_begins_again_with_the_first_gap)
{
	struct cgn_announce train;
	cgn_ns_t sent[10];

	cgn_announce_start(&train, 0, CGN_ANNOUNCE_COPIES);
	for (cgn_ns_t now = 0; now < 4000 * MS; now += 50 * MS)
		cgn_announce_take(&train, now);
	cgn_announce_start(&train, 4000 * MS, CGN_ANNOUNCE_COPIES);
	cr_expect_eq(run(&train, 4000 * MS, sent, 10), 10);
	cr_expect_eq(sent[1], 250 * MS);
}

/* AMB-14, ADV-24: 4000 VLANs are announced to over four seconds. */
Test(announce, attachments_are_paced)
{
	cgn_ns_t free_at = 0;

	for (uint32_t i = 0; i < 4000; i++)
		cr_assert_eq(cgn_announce_slot(&free_at, 7 * MS), (7 + i) * MS);
	cr_expect_eq(cgn_announce_slot(&free_at, 9000 * MS), 9000 * MS, "no debt is kept");
	cr_expect_eq(cgn_announce_slot(&free_at, 9000 * MS), 9001 * MS);
}

/* A second loss before the first copy is no second train: the copy tells of both. */
Test(announce, a_train_that_waits_is_not_begun_again)
{
	struct cgn_announce train = {0};

	cr_expect_not(cgn_announce_is_waiting(&train, 0));
	cgn_announce_start(&train, 5 * MS, CGN_ANNOUNCE_COPIES);
	cr_expect(cgn_announce_is_waiting(&train, 4 * MS));
	cr_expect_not(cgn_announce_is_waiting(&train, 5 * MS));
	cr_expect(cgn_announce_take(&train, 5 * MS));
	cr_expect_not(cgn_announce_is_waiting(&train, 6 * MS));
}

/* AMB-14 */
Test(announce, natpmp_goes_only_where_one_subscriber_listens)
{
	struct cgn_portctl_policy policy = {.natpmp = true, .pcp = true};

	cr_expect_not(cgn_announce_wants_natpmp(&policy, 0));
	cr_expect(cgn_announce_wants_natpmp(&policy, 1));
	cr_expect_not(cgn_announce_wants_natpmp(&policy, 2));
	cr_expect(cgn_announce_wants_pcp(&policy));
	policy.natpmp = policy.pcp = false;
	cr_expect_not(cgn_announce_wants_natpmp(&policy, 1));
	cr_expect_not(cgn_announce_wants_pcp(&policy));
}

/* PMP-36, PMP-37 */
Test(announce, natpmp_has_12_bytes)
{
	static const uint8_t expected[12] = {0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 113, 16};
	static const uint8_t no_address[12] = {0, 128, 0, 3, 0, 0, 1, 0};
	struct cgn_portctl_reply out;

	cgn_announce_natpmp_write(&out, 9, MODEL_OUTSIDE);
	cr_expect_eq(out.len, 12);
	cr_expect_arr_eq(out.bytes, expected, 12);
	cgn_announce_natpmp_write(&out, 256, 0);
	cr_expect_eq(out.len, 12);
	cr_expect_arr_eq(out.bytes, no_address, 12);
}

/* PCP-60, ADV-25 */
Test(announce, pcp_has_24_bytes)
{
	static const uint8_t expected[24] = {2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
	struct cgn_portctl_reply out;

	memset(&out, 0xee, sizeof(out));
	cgn_announce_pcp_write(&out, 9);
	cr_expect_eq(out.len, 24);
	cr_expect_arr_eq(out.bytes, expected, 24);
}

/* PCP-61, PCP-58: the update has the bytes of the answer to the same request asked now. */
static void
expect_same_as_answer(struct bed *bed, const struct request *r, struct cgn_announce_mapping *m)
{
	struct cgn_portctl_reply out;

	cr_assert_eq(bed_ask(bed, r), 1);
	memcpy(m->nonce, r->bytes + 24, sizeof(m->nonce));
	m->now = (struct cgn_explicit_answer){.addr = at32(bed->replies[0].bytes, 56),
		.port = at16(bed->replies[0].bytes, 42),
		.inside_port = at16(r->bytes, 40),
		.n_ports = bed->model.last_ask.n_ports,
		.lifetime_s = at32(bed->replies[0].bytes, 4)};
	memset(&out, 0xee, sizeof(out));
	cgn_announce_update_write(&out, m, bed->model.epoch_s);
	cr_expect_eq(out.len, bed->replies[0].len);
	cr_expect_arr_eq(out.bytes, bed->replies[0].bytes, out.len);
}

Test(announce, update_of_map_equals_its_answer)
{
	struct cgn_announce_mapping m = {.origin = CGN_EXPLICIT_PCP_MAP, .proto = CGN_UDP};
	struct bed bed;
	struct request r;

	bed_init(&bed);
	r = pcp_map(&bed, 17, 6000, 3600);
	expect_same_as_answer(&bed, &r, &m);
}

Test(announce, update_of_peer_equals_its_answer)
{
	struct cgn_announce_mapping m = {.origin = CGN_EXPLICIT_PCP_PEER,
		.proto = CGN_TCP,
		.peer_addr = 0xc0000201,
		.peer_port = 443};
	struct bed bed;
	struct request r;

	bed_init(&bed);
	r = pcp_peer(&bed, 6, 6000, 3600);
	expect_same_as_answer(&bed, &r, &m);
}

/* PCP-61: "with THIRD_PARTY/FILTER repeated"; and the set of RFC 7753. */
Test(announce, update_repeats_third_party_filters_and_port_set)
{
	struct cgn_announce_mapping m = {.origin = CGN_EXPLICIT_PCP_MAP,
		.proto = CGN_UDP,
		.parity = true,
		.third_party = MODEL_FIRST_INSIDE + 1,
		.n_filters = 2,
		.filters = {{0xc0000200, 24, 443}, {0x40000201, 32, 0}}};
	struct bed bed;
	struct request r;

	bed_init(&bed);
	bed.client.third_party = true;
	r = pcp_map(&bed, 17, 6000, 3600);
	pcp_third_party(&r, MODEL_FIRST_INSIDE + 1);
	pcp_filter(&r, 120, 443, 0xc0000200);
	pcp_filter(&r, 128, 0, 0x40000201);
	pcp_port_set(&r, 8, 6000, true);
	expect_same_as_answer(&bed, &r, &m);
}
