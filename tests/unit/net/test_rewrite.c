/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/net/rewrite: the translated frame must equal, byte by byte, the frame that
 * packet_build makes for the translated addresses. A failing random test prints its seed.
 */
#include "rewrite.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "packet_build.h"
#include "parse.h"
#include "rand.h"

enum { INSIDE = 0x6440000a, OUTSIDE = 0xcb007111, PEER = 0xc0000201, CASES = 1000000 };

/* One translation, host order. */
struct nat {
	uint32_t inside, outside;
	uint16_t inside_port, outside_port;
};

static struct cgn_rewrite
rewrite_of(const struct nat *n, enum cgn_proto proto, enum cgn_dir dir)
{
	rte_be32_t in = rte_cpu_to_be_32(n->inside), out = rte_cpu_to_be_32(n->outside);
	rte_be16_t in_port = rte_cpu_to_be_16(n->inside_port);
	rte_be16_t out_port = rte_cpu_to_be_16(n->outside_port);
	struct cgn_rewrite rw = {.addr = dir == CGN_IN2OUT ? out : in,
		.port = dir == CGN_IN2OUT ? out_port : in_port};

	rw.l3_delta = cgn_rewrite_l3_delta(in, out);
	rw.l4_delta = cgn_rewrite_l4_delta(proto, rw.l3_delta, in_port, out_port);
	return rw;
}

/* Parses and translates the frame; returns where its IPv4 header starts. */
static uint32_t
translate(uint8_t *frame, uint32_t len, const struct nat *n, enum cgn_dir dir)
{
	struct cgn_rewrite rw;
	struct cgn_pkt pkt;

	cgn_parse(frame, len, len, false, &pkt);
	cr_assert_eq(pkt.kind, CGN_PKT_FLOW);
	rw = rewrite_of(n, pkt.proto, dir);
	cgn_rewrite_apply(frame, &pkt, dir, &rw);
	return pkt.l3_off;
}

/* The same spec seen outside. */
static struct packet_spec
outside_of(struct packet_spec s, const struct nat *n)
{
	s.src = n->outside;
	if (s.proto == IPPROTO_ICMP)
		s.icmp_rest = (s.icmp_rest & 0xffff) | (uint32_t)n->outside_port << 16;
	else
		s.sport = n->outside_port;
	s.ttl--;
	return s;
}

static struct packet_spec
spec_of(uint8_t proto, const struct nat *n)
{
	if (proto == IPPROTO_ICMP)
		return packet_echo(n->inside, PEER, true, n->inside_port);
	if (proto == IPPROTO_TCP)
		return packet_tcp(n->inside, n->inside_port, PEER, 443, 0x02);
	return packet_udp(n->inside, n->inside_port, PEER, 53);
}

static const struct nat plain = {INSIDE, OUTSIDE, 40000, 1024};
static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

static uint32_t
random_edge(struct cgn_rand *r)
{
	static const uint32_t edges[] = {0, 1, 0xffff, 0x10000, 0xffff0000, 0xfffffffe, 0xffffffff};

	return cgn_rand_below(r, 4) == 0 ? edges[cgn_rand_below(r, 7)] : (uint32_t)cgn_rand_u64(r);
}

static struct nat
random_nat(struct cgn_rand *r)
{
	struct nat n = {
		random_edge(r), random_edge(r), (uint16_t)random_edge(r), (uint16_t)random_edge(r)};

	if (cgn_rand_below(r, 16) == 0)
		n.outside = n.inside;
	if (cgn_rand_below(r, 16) == 0)
		n.outside_port = n.inside_port;
	return n;
}

static struct packet_spec
random_spec(struct cgn_rand *r, const struct nat *n)
{
	static const struct packet_tag tag = {.tpid = 0x8100, .tci = 102};
	static const uint8_t opts[8] = {1, 1, 1, 1, 0};
	static uint8_t payload[64];
	struct packet_spec s = spec_of(protos[cgn_rand_below(r, 3)], n);

	for (size_t i = 0; i < sizeof(payload); i += 8) {
		uint64_t v = cgn_rand_u64(r);

		memcpy(payload + i, &v, 8);
	}
	s.dst = random_edge(r);
	s.dport = (uint16_t)random_edge(r);
	s.ttl = (uint8_t)(3 + cgn_rand_below(r, 253));
	s.tos = (uint8_t)cgn_rand_u64(r);
	s.id = (uint16_t)cgn_rand_u64(r);
	s.n_tags = (uint8_t)cgn_rand_below(r, 3);
	s.tags[0] = s.tags[1] = tag;
	s.opts = opts;
	s.opts_len = (uint8_t)(cgn_rand_below(r, 3) * 4);
	s.payload = payload;
	s.payload_len = (uint16_t)cgn_rand_below(r, 41);
	s.udp_no_csum = cgn_rand_below(r, 8) == 0;
	return s;
}

Test(rewrite, in2out_equals_recomputation_and_out2in_restores_the_inside_frame)
{
	uint64_t seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
	static uint8_t frame[PACKET_MAX], expected[PACKET_MAX];
	struct cgn_rand r;

	fprintf(stderr, "rewrite seed %lu\n", seed);
	cgn_rand_init(&r, seed);
	for (int i = 0; i < CASES; i++) {
		struct nat n = random_nat(&r);
		struct packet_spec s = random_spec(&r, &n), out = outside_of(s, &n);
		uint32_t len = packet_build(&s, frame), off = translate(frame, len, &n, CGN_IN2OUT);

		packet_build(&out, expected);
		cr_assert_eq(memcmp(frame, expected, len), 0, "seed %lu case %d: in2out", seed, i);
		packet_mirror(frame, off);
		translate(frame, len, &n, CGN_OUT2IN);
		packet_mirror(frame, off);
		s.ttl -= 2;
		packet_build(&s, expected);
		cr_assert_eq(memcmp(frame, expected, len), 0, "seed %lu case %d: out2in", seed, i);
	}
}

Test(rewrite, a_bad_checksum_stays_bad_in_both_directions)
{
	uint64_t seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
	static uint8_t frame[PACKET_MAX];
	struct cgn_rand r;

	fprintf(stderr, "rewrite seed %lu\n", seed);
	cgn_rand_init(&r, seed);
	for (int i = 0; i < CASES / 4; i++) {
		struct nat n = random_nat(&r);
		struct packet_spec s = random_spec(&r, &n);
		uint32_t len, off;

		/* 0xffff would turn one form of zero into the other, which is no error. */
		s.l4_csum_xor = (uint16_t)(1 + cgn_rand_below(&r, 0xfffe));
		s.udp_no_csum = false;
		len = packet_build(&s, frame);
		if (packet_l4_csum_is_right(frame + 14 + 4 * s.n_tags))
			continue; /* UDP: became zero, which is none */
		off = translate(frame, len, &n, CGN_IN2OUT);
		cr_assert_not(
			packet_l4_csum_is_right(frame + off), "seed %lu case %d: in2out", seed, i);
		packet_mirror(frame, off);
		translate(frame, len, &n, CGN_OUT2IN);
		cr_assert_not(
			packet_l4_csum_is_right(frame + off), "seed %lu case %d: out2in", seed, i);
	}
}

Test(rewrite, a_wrong_header_checksum_is_not_repaired)
{
	struct packet_spec s = spec_of(IPPROTO_UDP, &plain);
	struct cgn_rewrite rw = rewrite_of(&plain, CGN_UDP, CGN_IN2OUT);
	uint8_t frame[PACKET_MAX];
	struct cgn_pkt pkt;
	uint32_t len;

	s.ip_csum_xor = 0x0100;
	len = packet_build(&s, frame);
	cgn_parse(frame, len, len, true, &pkt); /* a device that lied */
	cgn_rewrite_apply(frame, &pkt, CGN_IN2OUT, &rw);
	cr_expect_not(packet_ip_csum_is_right(frame + 14));
}

Test(rewrite, ttl_falls_by_exactly_one_and_the_header_checksum_follows)
{
	for (int p = 0; p < 3; p++) {
		for (int ttl = 2; ttl <= 255; ttl++) {
			struct packet_spec s = spec_of(protos[p], &plain);
			uint8_t frame[PACKET_MAX];

			s.ttl = (uint8_t)ttl;
			translate(frame, packet_build(&s, frame), &plain, CGN_IN2OUT);
			cr_expect_eq(frame[14 + 8], ttl - 1);
			cr_expect(packet_ip_csum_is_right(frame + 14), "TTL %d", ttl);
		}
	}
}

Test(rewrite, out2in_changes_destination_and_nothing_of_the_source)
{
	for (int p = 0; p < 3; p++) {
		struct packet_spec s = spec_of(protos[p], &plain), want;
		uint8_t frame[PACKET_MAX], expected[PACKET_MAX];
		uint32_t len;

		s.src = PEER;
		s.dst = OUTSIDE;
		s.sport = 443;
		s.dport = 1024;
		s.icmp_type = 0;
		s.icmp_rest = 1024u << 16 | 9;
		want = s;
		want.dst = INSIDE;
		want.dport = 40000;
		want.icmp_rest = 40000u << 16 | 9;
		want.ttl--;
		len = packet_build(&s, frame);
		translate(frame, len, &plain, CGN_OUT2IN);
		packet_build(&want, expected);
		cr_expect_arr_eq(frame, expected, len, "protocol %u", protos[p]);
	}
}

Test(rewrite, udp_checksum_zero_stays_zero_in_both_directions)
{
	struct packet_spec s = spec_of(IPPROTO_UDP, &plain);
	uint8_t frame[PACKET_MAX];
	uint32_t len;

	s.udp_no_csum = true;
	len = packet_build(&s, frame);
	translate(frame, len, &plain, CGN_IN2OUT);
	cr_expect_eq(packet_l4_csum_field(frame + 14), 0);
	packet_mirror(frame, 14);
	translate(frame, len, &plain, CGN_OUT2IN);
	cr_expect_eq(packet_l4_csum_field(frame + 14), 0);
}

/* A payload of two bytes that brings the checksum of the spec to (computed) zero. */
static void
make_csum_zero(const struct packet_spec *spec, uint8_t payload[2])
{
	struct packet_spec s = *spec;
	uint8_t frame[PACKET_MAX];
	uint16_t csum;

	memset(payload, 0, 2);
	packet_build(&s, frame);
	csum = packet_l4_csum(frame + 14);
	payload[0] = (uint8_t)(csum >> 8);
	payload[1] = (uint8_t)csum;
	packet_build(&s, frame);
	cr_assert_eq(packet_l4_csum(frame + 14), s.proto == IPPROTO_UDP ? 0xffff : 0);
}

Test(rewrite, udp_computed_zero_is_sent_as_all_ones)
{
	struct packet_spec s = spec_of(IPPROTO_UDP, &plain), out;
	uint8_t frame[PACKET_MAX], payload[2];

	s.payload = payload;
	s.payload_len = 2;
	out = outside_of(s, &plain);
	make_csum_zero(&out, payload);
	translate(frame, packet_build(&s, frame), &plain, CGN_IN2OUT);
	cr_expect_eq(packet_l4_csum_field(frame + 14), 0xffff);
}

Test(rewrite, tcp_computed_zero_is_sent_as_zero)
{
	struct packet_spec s = spec_of(IPPROTO_TCP, &plain), out;
	uint8_t frame[PACKET_MAX], payload[2];

	s.payload = payload;
	s.payload_len = 2;
	out = outside_of(s, &plain);
	make_csum_zero(&out, payload);
	translate(frame, packet_build(&s, frame), &plain, CGN_IN2OUT);
	cr_expect_eq(packet_l4_csum_field(frame + 14), 0);
}

/* The one transport header whose words can all be zero: its checksum is 0xffff, not 0. */
Test(rewrite, an_echo_reply_that_becomes_all_zeros_keeps_a_right_checksum)
{
	static const struct nat n = {INSIDE, OUTSIDE, 0, 1024};
	static const uint8_t zeros[8];
	struct packet_spec s = packet_echo(PEER, OUTSIDE, false, 1024);
	uint8_t frame[PACKET_MAX];

	s.icmp_rest = 1024u << 16;
	s.payload = zeros;
	s.payload_len = sizeof(zeros);
	translate(frame, packet_build(&s, frame), &n, CGN_OUT2IN);
	cr_expect_eq(packet_l4_csum_field(frame + 14), 0xffff);
	cr_expect(packet_l4_csum_is_right(frame + 14));
}

Test(rewrite, icmp_checksum_does_not_depend_on_addresses)
{
	struct nat n = plain;
	struct packet_spec s = spec_of(IPPROTO_ICMP, &plain);
	uint8_t frame[PACKET_MAX];
	uint16_t before;
	uint32_t len = packet_build(&s, frame);

	n.outside_port = n.inside_port;
	before = packet_l4_csum_field(frame + 14);
	translate(frame, len, &n, CGN_IN2OUT);
	cr_expect_eq(packet_l4_csum_field(frame + 14), before);
	cr_expect(packet_l4_csum_is_right(frame + 14));
}

Test(rewrite, nothing_is_read_or_written_behind_the_transport_header)
{
	for (int p = 0; p < 3; p++) {
		struct packet_spec s = spec_of(protos[p], &plain);
		uint8_t frame[PACKET_MAX], *exact;
		uint32_t len;

		s.payload_len = 0;
		len = packet_build(&s, frame);
		exact = malloc(len); /* the sanitizer watches its end */
		memcpy(exact, frame, len);
		translate(exact, len, &plain, CGN_IN2OUT);
		cr_expect(packet_l4_csum_is_right(exact + 14));
		free(exact);
	}
}
