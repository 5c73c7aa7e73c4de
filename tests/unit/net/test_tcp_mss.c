/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/net/tcp_mss against the checksum code of the tests' own packet builder. */
#include "tcp_mss.h"

#include <string.h>

#include <criterion/criterion.h>

#include "packet_build.h"
#include "parse.h"

enum { SYN = 0x02, TCP_OPTS_AT = 14 + 20 + 20 };

static uint8_t frame[PACKET_MAX];
static uint32_t frame_len;

static void
build(const uint8_t *opts, uint8_t opts_len)
{
	struct packet_spec s = packet_tcp(0x6440000a, 5000, 0xc0000201, 80, SYN);

	s.tcp_opts = opts;
	s.tcp_opts_len = opts_len;
	frame_len = packet_build(&s, frame);
}

static void
clamp(uint32_t len, uint16_t max)
{
	struct cgn_pkt pkt;

	cgn_parse(frame, len, frame_len, false, &pkt);
	cr_assert_eq(pkt.kind, CGN_PKT_FLOW);
	cgn_tcp_mss_clamp(frame, len, &pkt, max);
}

#define EXPECT(...)                                                                                \
	do {                                                                                       \
		static const uint8_t want[] = {__VA_ARGS__};                                       \
		cr_expect_arr_eq(frame + TCP_OPTS_AT, want, sizeof(want));                         \
		cr_expect(packet_l4_csum_is_right(frame + 14));                                    \
	} while (0)

Test(tcp_mss, larger_one_is_lowered)
{
	static const uint8_t linux_syn[] = {
		2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};

	build(linux_syn, sizeof(linux_syn));
	clamp(frame_len, 1360);
	EXPECT(2, 4, 5, 0x50, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7);
}

Test(tcp_mss, equal_or_smaller_one_stays)
{
	static const uint8_t opts[] = {2, 4, 5, 0x50};

	build(opts, sizeof(opts));
	clamp(frame_len, 1360);
	EXPECT(2, 4, 5, 0x50);
	clamp(frame_len, 9000);
	EXPECT(2, 4, 5, 0x50);
}

/* After one NOP its value lies across two words of the checksum. */
Test(tcp_mss, one_at_an_odd_place_is_lowered_with_a_right_checksum)
{
	static const uint8_t opts[] = {1, 2, 4, 0xff, 0xd7, 1, 0, 0};

	build(opts, sizeof(opts));
	for (uint32_t max = 65000; max >= 1000; max -= 777) {
		clamp(frame_len, (uint16_t)max);
		cr_assert_eq(frame[TCP_OPTS_AT + 3], max >> 8);
		cr_assert_eq(frame[TCP_OPTS_AT + 4], max & 0xff);
		cr_assert(packet_l4_csum_is_right(frame + 14));
	}
}

Test(tcp_mss, each_of_two_is_lowered)
{
	static const uint8_t opts[] = {2, 4, 5, 0xb4, 2, 4, 35, 0};

	build(opts, sizeof(opts));
	clamp(frame_len, 1200);
	EXPECT(2, 4, 4, 0xb0, 2, 4, 4, 0xb0);
}

Test(tcp_mss, none_is_added)
{
	static const uint8_t opts[] = {1, 1, 1, 1};

	build(opts, sizeof(opts));
	clamp(frame_len, 500);
	EXPECT(1, 1, 1, 1);
	build(NULL, 0);
	clamp(frame_len, 500);
	cr_expect(packet_l4_csum_is_right(frame + 14));
}

/* What a length says that is not an option's ends the search. */
Test(tcp_mss, nonsense_is_left_alone)
{
	static const uint8_t cases[][8] = {
		{2, 3, 5, 0xb4, 0, 0, 0, 0}, /* a wrong length for it */
		{8, 0, 2, 4, 5, 0xb4, 0, 0}, /* length 0 */
		{8, 1, 2, 4, 5, 0xb4, 0, 0}, /* length 1 */
		{8, 9, 2, 4, 5, 0xb4, 0, 0}, /* past the end */
		{0, 0, 2, 4, 5, 0xb4, 0, 0}, /* after the end of the list */
		{1, 1, 1, 1, 1, 2, 4, 0xff}, /* cut by the end of the header */
		{1, 1, 1, 1, 1, 1, 1, 2},    /* kind alone */
	};

	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(cases[i], sizeof(cases[i]));
		clamp(frame_len, 1000);
		cr_expect_arr_eq(frame + TCP_OPTS_AT, cases[i], sizeof(cases[i]), "case %u", i);
		cr_expect(packet_l4_csum_is_right(frame + 14));
	}
}

/* Of a chained frame only the first part is at hand. */
Test(tcp_mss, option_beyond_the_contiguous_bytes_is_left_alone)
{
	static const uint8_t opts[] = {1, 1, 1, 1, 2, 4, 5, 0xb4};

	build(opts, sizeof(opts));
	clamp(TCP_OPTS_AT + 7, 1000);
	EXPECT(1, 1, 1, 1, 2, 4, 5, 0xb4);
	clamp(TCP_OPTS_AT + 8, 1000);
	EXPECT(1, 1, 1, 1, 2, 4, 3, 0xe8);
}

Test(tcp_mss, wrong_checksum_stays_wrong_by_as_much)
{
	static const uint8_t opts[] = {2, 4, 5, 0xb4};
	struct packet_spec s = packet_tcp(0x6440000a, 5000, 0xc0000201, 80, SYN);
	uint16_t right;

	s.tcp_opts = opts;
	s.tcp_opts_len = sizeof(opts);
	s.l4_csum_xor = 0x0100;
	frame_len = packet_build(&s, frame);
	clamp(frame_len, 1000);
	right = packet_l4_csum(frame + 14);
	cr_expect_eq(frame[TCP_OPTS_AT + 2], 3);
	cr_expect_neq(packet_l4_csum_field(frame + 14), right);
}
