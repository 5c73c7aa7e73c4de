/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/net/icmp_reply: echo replies in place, and the datagrams of ICMP errors. */
#include "icmp_reply.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "packet_build.h"
#include "parse.h"

enum { INSIDE = 0x6440000a, BOX = 0x64400001, PEER = 0xc0000201 };

/* A frame in memory of exactly its size, so that the sanitizer watches its end. */
struct frame {
	uint8_t *data;
	uint32_t len;
	struct cgn_pkt pkt;
};

static struct frame
make(const struct packet_spec *s)
{
	static uint8_t buf[PACKET_MAX];
	struct frame f;

	f.len = packet_build(s, buf);
	f.data = malloc(f.len);
	memcpy(f.data, buf, f.len);
	cgn_parse(f.data, f.len, f.len, false, &f.pkt);
	return f;
}

/* Writes the error about the packet into out, of exactly the size promised by the header. */
static uint32_t
write_error(const struct packet_spec *s, const struct cgn_icmp_error *err, uint8_t **out)
{
	struct frame f = make(s);
	uint32_t n;

	*out = malloc(CGN_ICMP_ERROR_MAX);
	n = cgn_icmp_error_write(*out, f.data, f.len, &f.pkt, err);
	free(f.data);
	return n;
}

static const struct cgn_icmp_error ttl_error = {
	.type = CGN_ICMP_TIME_EXCEEDED, .src = RTE_BE32(BOX)};

static bool
allowed(const struct packet_spec *s)
{
	struct frame f = make(s);
	bool ok = cgn_icmp_error_allowed(f.data, &f.pkt);

	free(f.data);
	return ok;
}

Test(echo_reply, equals_the_reply_that_the_addressed_host_would_build)
{
	struct packet_spec s = packet_echo(INSIDE, BOX, true, 77),
			   want = packet_echo(BOX, INSIDE, false, 77);
	uint8_t expected[PACKET_MAX];
	struct frame f;

	s.ttl = 3;
	s.tos = want.tos = 0xb8;
	s.id = want.id = 0x1234;
	f = make(&s);
	cgn_icmp_echo_reply(f.data, &f.pkt);
	cr_assert_eq(packet_build(&want, expected), f.len);
	cr_expect_arr_eq(f.data, expected, f.len);
	free(f.data);
}

Test(echo_reply, checksums_are_right_for_every_ttl_identifier_and_length)
{
	for (uint32_t i = 0; i < 65536; i += 7) {
		struct packet_spec s = packet_echo(INSIDE, BOX, true, (uint16_t)i);
		struct frame f;

		s.ttl = (uint8_t)i;
		s.payload_len = (uint16_t)(i % 61);
		f = make(&s);
		cgn_icmp_echo_reply(f.data, &f.pkt);
		cr_assert(packet_ip_csum_is_right(f.data + 14), "identifier %u", i);
		cr_assert(packet_l4_csum_is_right(f.data + 14), "identifier %u", i);
		free(f.data);
	}
}

Test(echo_reply, a_reply_of_zeros_alone_has_checksum_all_ones)
{
	static const uint8_t zeros[56];
	struct packet_spec s = packet_echo(INSIDE, BOX, true, 0);
	struct frame f;

	s.icmp_rest = 0;
	s.payload = zeros;
	s.payload_len = sizeof(zeros);
	f = make(&s);
	cgn_icmp_echo_reply(f.data, &f.pkt);
	cr_expect_eq(packet_l4_csum_field(f.data + 14), 0xffff);
	free(f.data);
}

Test(echo_reply, a_request_with_a_bad_checksum_gets_a_reply_with_a_bad_one)
{
	struct packet_spec s = packet_echo(INSIDE, BOX, true, 5);
	struct frame f;

	s.l4_csum_xor = 0x1111;
	f = make(&s);
	cgn_icmp_echo_reply(f.data, &f.pkt);
	cr_expect_not(packet_l4_csum_is_right(f.data + 14));
	free(f.data);
}

Test(echo_reply, options_and_tags_are_kept)
{
	static const uint8_t opts[4] = {1, 1, 1, 0};
	struct packet_spec s = packet_echo(INSIDE, BOX, true, 5), want;
	uint8_t expected[PACKET_MAX];
	struct frame f;

	s.opts = opts;
	s.opts_len = 4;
	s.n_tags = 1;
	s.tags[0] = (struct packet_tag){0x8100, 102};
	want = s;
	want.src = BOX;
	want.dst = INSIDE;
	want.icmp_type = 0;
	f = make(&s);
	cgn_icmp_echo_reply(f.data, &f.pkt);
	packet_build(&want, expected);
	cr_expect_arr_eq(f.data, expected, f.len);
	free(f.data);
}

Test(icmp_error, header_comes_from_the_box_and_goes_to_the_sender)
{
	struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);
	uint8_t *out;
	uint32_t n = write_error(&s, &ttl_error, &out), src = RTE_BE32(BOX), dst = RTE_BE32(INSIDE);

	cr_assert_eq(n, 28 + 44);
	cr_expect_eq(out[0], 0x45);
	cr_expect_eq(out[2] * 256 + out[3], (int)n);
	cr_expect_eq(out[8], 64, "TTL");
	cr_expect_eq(out[9], IPPROTO_ICMP);
	cr_expect_arr_eq(out + 12, &src, 4);
	cr_expect_arr_eq(out + 16, &dst, 4);
	cr_expect_eq(out[20], 11);
	cr_expect_eq(out[21], 0);
	free(out);
}

Test(icmp_error, both_checksums_are_right_for_every_quoted_length)
{
	for (uint16_t len = 0; len < 700; len++) {
		struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);
		uint8_t *out;
		uint32_t n;

		s.payload_len = len;
		n = write_error(&s, &ttl_error, &out);
		cr_expect(packet_ip_csum_is_right(out), "payload %u", len);
		cr_expect_eq(packet_csum(out + 20, n - 20), 0, "payload %u", len);
		free(out);
	}
}

Test(icmp_error, quote_is_the_original_datagram_without_its_ethernet_header)
{
	struct packet_spec s = packet_tcp(INSIDE, 40000, PEER, 443, 2);
	uint8_t frame[PACKET_MAX], *out;
	uint32_t len, n;

	s.n_tags = 2;
	s.tags[0] = s.tags[1] = (struct packet_tag){0x8100, 5};
	len = packet_build(&s, frame);
	n = write_error(&s, &ttl_error, &out);
	cr_assert_eq(n, 28 + len - 22);
	cr_expect_arr_eq(out + 28, frame + 22, len - 22);
	free(out);
}

Test(icmp_error, ethernet_padding_is_not_quoted)
{
	struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);
	uint8_t *out;

	s.payload_len = 2;
	s.pad_to = 60;
	cr_expect_eq(write_error(&s, &ttl_error, &out), 28 + 30);
	free(out);
}

Test(icmp_error, whole_datagram_is_at_most_576_bytes)
{
	for (uint16_t len = 518; len <= 1472; len += len < 524 ? 1 : 237) {
		struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);
		uint8_t frame[PACKET_MAX], *out;
		uint32_t n, want = 28 + 28u + len;

		s.payload_len = len;
		packet_build(&s, frame);
		n = write_error(&s, &ttl_error, &out);
		cr_expect_eq(n, want < 576 ? want : 576, "payload %u", len);
		cr_expect_eq(out[2] * 256 + out[3], (int)n);
		cr_expect_arr_eq(out + 28, frame + 14, n - 28);
		free(out);
	}
}

Test(icmp_error, only_the_contiguous_bytes_of_a_chained_frame_are_quoted)
{
	struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);
	uint8_t *out = malloc(CGN_ICMP_ERROR_MAX), *first;
	struct frame f;

	s.payload_len = 400;
	f = make(&s);
	first = malloc(60);
	memcpy(first, f.data, 60);
	cr_expect_eq(cgn_icmp_error_write(out, first, 60, &f.pkt, &ttl_error), 28 + 60 - 14);
	cr_expect_eq(packet_csum(out + 20, 8 + 60 - 14), 0);
	free(first);
	free(f.data);
	free(out);
}

Test(icmp_error, dscp_is_copied_and_ecn_is_not)
{
	struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);
	uint8_t *out;

	s.tos = 0xbb; /* EF, CE */
	write_error(&s, &ttl_error, &out);
	cr_expect_eq(out[1], 0xb8);
	free(out);
}

Test(icmp_error, mtu_stands_in_the_last_two_bytes_of_the_header_and_the_rest_is_zero)
{
	struct cgn_icmp_error err = {.type = CGN_ICMP_UNREACH,
		.code = CGN_ICMP_UNREACH_FRAG,
		.mtu = 1492,
		.src = RTE_BE32(BOX)};
	static const uint8_t rest[4] = {0, 0, 1492 >> 8, 1492 & 255};
	struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);
	uint8_t *out;
	uint32_t n = write_error(&s, &err, &out);

	cr_expect_eq(out[20], 3);
	cr_expect_eq(out[21], 4);
	cr_expect_arr_eq(out + 24, rest, 4);
	cr_expect_eq(packet_csum(out + 20, n - 20), 0);
	free(out);
}

Test(icmp_error, our_parser_takes_the_datagram_for_an_icmp_error)
{
	struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);
	uint8_t frame[14 + CGN_ICMP_ERROR_MAX] = {0}, *out;
	uint32_t n = write_error(&s, &ttl_error, &out);
	struct cgn_pkt pkt;

	memcpy(frame + 14, out, n);
	frame[12] = 8;
	cgn_parse(frame, 14 + n, 14 + n, false, &pkt);
	cr_expect_eq(pkt.kind, CGN_PKT_ICMP_ERROR);
	cr_expect_eq(pkt.ip_len, n);
	free(out);
}

Test(icmp_error_allowed, about_tcp_udp_echo_requests_and_other_protocols)
{
	struct packet_spec udp = packet_udp(INSIDE, 40000, PEER, 53);
	struct packet_spec tcp = packet_tcp(INSIDE, 40000, PEER, 443, 2);
	struct packet_spec echo = packet_echo(INSIDE, PEER, true, 1), gre = udp;

	gre.proto = IPPROTO_GRE;
	cr_expect(allowed(&udp));
	cr_expect(allowed(&tcp));
	cr_expect(allowed(&echo));
	cr_expect(allowed(&gre));
}

Test(icmp_error_allowed, not_about_any_icmp_but_echo_requests)
{
	for (int type = 0; type <= 255; type++) {
		struct packet_spec s = packet_icmp(INSIDE, PEER, (uint8_t)type, 0);

		cr_expect_eq(allowed(&s), type == 8, "type %d", type);
	}
}

Test(icmp_error_allowed, about_first_fragments_and_not_about_later_ones)
{
	struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);

	s.frag = PACKET_MF;
	cr_expect(allowed(&s));
	s.frag = PACKET_MF | 1;
	cr_expect_not(allowed(&s));
	s.frag = 0x1fff;
	cr_expect_not(allowed(&s));
}

Test(icmp_error_allowed, not_about_frames_to_a_group_mac)
{
	struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);

	s.dst_mac[0] = 0x01;
	cr_expect_not(allowed(&s));
	memset(s.dst_mac, 0xff, sizeof(s.dst_mac));
	cr_expect_not(allowed(&s));
}

Test(icmp_error_allowed, only_between_addresses_that_name_one_host)
{
	static const struct {
		uint32_t addr;
		bool ok;
	} rows[] = {{0, false}, {0x00ffffff, false}, {0x01000000, true}, {0x7effffff, true},
		{0x7f000000, false}, {0x7fffffff, false}, {0x80000000, true}, {0xdfffffff, true},
		{0xe0000001, false}, {0xefffffff, false}, {0xf0000000, false}, {0xffffffff, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet_spec from = packet_udp(rows[i].addr, 1, PEER, 2);
		struct packet_spec to = packet_udp(INSIDE, 1, rows[i].addr, 2);

		cr_expect_eq(allowed(&from), rows[i].ok, "source %#x", rows[i].addr);
		cr_expect_eq(allowed(&to), rows[i].ok, "destination %#x", rows[i].addr);
	}
}
