/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/net/icmp_quote: a translated error must equal, byte by byte, the one that
 * packet_build makes about the packet as the other side knows it. A failing random test prints its
 * seed.
 */
#include "quote_errors.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "rand.h"

enum { CASES = 400000 };

/* As by a mapping INSIDE:inside ↔ OUTSIDE:outside. */
static void
translate(uint8_t *frame, uint32_t len, enum cgn_dir dir, uint16_t inside, uint16_t outside)
{
	uint8_t *exact = malloc(len);
	struct cgn_icmp_quote q;
	struct cgn_pkt pkt;
	struct cgn_rewrite rw = {.addr = dir == CGN_IN2OUT ? RTE_BE32(OUTSIDE) : RTE_BE32(INSIDE),
		.port = rte_cpu_to_be_16(dir == CGN_IN2OUT ? outside : inside)};

	memcpy(exact, frame, len);
	cgn_parse(exact, len, len, false, &pkt);
	cgn_icmp_quote_parse(exact, len, &pkt, &q);
	cr_assert_eq(q.kind, CGN_QUOTE_FLOW);
	cgn_icmp_quote_rewrite(exact, &pkt, &q, dir, &rw);
	memcpy(frame, exact, len);
	free(exact);
}

/* Half a TCP checksum is of use to nobody and stays as it is. */
static bool
cuts_a_checksum(uint8_t proto, uint32_t transport)
{
	return proto == IPPROTO_TCP && transport == 17;
}

/* Every cut of every protocol: what is there is translated, the checksums are right. */
Test(rewrite, out2in_gives_back_what_inside_has_sent_at_every_cut)
{
	for (int p = 0; p < 3; p++)
		for (uint32_t cut = 28; cut <= 60; cut++) {
			struct error out = outside_error(protos[p]), in = out;
			uint8_t frame[PACKET_MAX], want[PACKET_MAX];
			uint32_t len;

			if (cuts_a_checksum(protos[p], cut - 20))
				continue;
			out.cut = in.cut = cut;
			in.outer.dst = INSIDE;
			in.quoted = flow(protos[p], INSIDE, 5000, PEER, 53);
			len = build(&out, frame);
			translate(frame, len, CGN_OUT2IN, 5000, 40000);
			build(&in, want);
			cr_expect_arr_eq(frame, want, len, "protocol %u, %u bytes", protos[p], cut);
		}
}

Test(rewrite, in2out_hides_the_inside_end_at_every_cut)
{
	for (int p = 0; p < 3; p++)
		for (uint32_t cut = 28; cut <= 60; cut++) {
			struct error in = {.outer = packet_icmp(INSIDE, PEER, 3, 3), .cut = cut};
			struct error out = {.outer = packet_icmp(OUTSIDE, PEER, 3, 3), .cut = cut};
			uint8_t frame[PACKET_MAX], want[PACKET_MAX];
			uint32_t len;

			if (cuts_a_checksum(protos[p], cut - 20))
				continue;
			in.quoted = flow(protos[p], PEER, 53, INSIDE, 5000);
			out.quoted = flow(protos[p], PEER, 53, OUTSIDE, 40000);
			if (protos[p] == IPPROTO_ICMP) {
				in.quoted = packet_echo(PEER, INSIDE, false, 5000);
				out.quoted = packet_echo(PEER, OUTSIDE, false, 40000);
			}
			len = build(&in, frame);
			translate(frame, len, CGN_IN2OUT, 5000, 40000);
			build(&out, want);
			cr_expect_arr_eq(frame, want, len, "protocol %u, %u bytes", protos[p], cut);
		}
}

Test(rewrite, half_a_checksum_is_left_alone)
{
	struct error e = outside_error(IPPROTO_TCP);
	uint8_t frame[PACKET_MAX], was;
	uint32_t len;

	e.cut = 37;
	len = build(&e, frame);
	was = frame[len - 1];
	translate(frame, len, CGN_OUT2IN, 5000, 40000);
	cr_expect_eq(frame[len - 1], was);
	cr_expect(packet_l4_csum_is_right(frame + 14));
}

/* ICM-05: RFC 4884, a quote padded to 128 bytes, and an MPLS label stack object (RFC 4950). */
Test(rewrite, extensions_and_their_length_field_pass_unharmed)
{
	static const uint8_t mpls[] = {0x20, 0, 0, 0, 0, 8, 1, 1, 0x12, 0x34, 0x51, 0x40};

	for (int p = 0; p < 3; p++) {
		struct error out = outside_error(protos[p]), in;
		uint8_t frame[PACKET_MAX], want[PACKET_MAX];
		uint32_t len;

		out.outer.icmp_type = 11;
		out.outer.icmp_code = 0;
		out.outer.icmp_rest = 32 << 16; /* 128 bytes of quote in words */
		out.pad_to = 128;
		out.tail = mpls;
		out.tail_len = sizeof(mpls);
		in = out;
		in.outer.dst = INSIDE;
		in.quoted = flow(protos[p], INSIDE, 5000, PEER, 53);
		len = build(&out, frame);
		translate(frame, len, CGN_OUT2IN, 5000, 40000);
		build(&in, want);
		cr_expect_arr_eq(frame, want, len, "protocol %u", protos[p]);
		cr_expect_arr_eq(frame + HEADS + 128, mpls, sizeof(mpls));
	}
}

Test(rewrite, next_hop_mtu_and_pointer_pass)
{
	static const struct {
		uint8_t type, code;
		uint32_t rest;
	} heads[] = {{3, 4, 1280}, {12, 0, 0x08000000}, {11, 1, 0}, {3, 13, 0}};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct error e = outside_error(IPPROTO_TCP);
		uint8_t frame[PACKET_MAX], was[8];
		uint32_t len;

		e.outer.icmp_type = heads[i].type;
		e.outer.icmp_code = heads[i].code;
		e.outer.icmp_rest = heads[i].rest;
		len = build(&e, frame);
		memcpy(was, frame + 34, 8);
		translate(frame, len, CGN_OUT2IN, 5000, 40000);
		cr_expect_arr_eq(frame + 34, was, 2);
		cr_expect_arr_eq(frame + 38, was + 4, 4);
		cr_expect(packet_l4_csum_is_right(frame + 14));
	}
}

Test(rewrite, udp_without_checksum_stays_without)
{
	struct error e = outside_error(IPPROTO_UDP);
	uint8_t frame[PACKET_MAX];
	uint32_t len;

	e.quoted.udp_no_csum = true;
	len = build(&e, frame);
	translate(frame, len, CGN_OUT2IN, 5000, 40000);
	cr_expect_eq(packet_l4_csum_field(frame + HEADS), 0);
	cr_expect(packet_l4_csum_is_right(frame + 14));
	cr_expect(packet_ip_csum_is_right(frame + HEADS));
}

Test(rewrite, a_bad_icmp_checksum_is_not_repaired)
{
	struct error e = outside_error(IPPROTO_UDP);
	uint8_t frame[PACKET_MAX];
	uint32_t len;

	e.outer.l4_csum_xor = 0x0100;
	len = build(&e, frame);
	translate(frame, len, CGN_OUT2IN, 5000, 40000);
	cr_expect_not(packet_l4_csum_is_right(frame + 14));
}

Test(rewrite, ttl_stays_and_is_lowered_apart)
{
	for (int ttl = 1; ttl <= 255; ttl++) {
		struct error e = outside_error(IPPROTO_UDP);
		uint8_t frame[PACKET_MAX];
		struct cgn_pkt pkt;
		uint32_t len;

		e.outer.ttl = (uint8_t)ttl;
		len = build(&e, frame);
		translate(frame, len, CGN_OUT2IN, 5000, 40000);
		cr_expect_eq(frame[22], ttl);
		cgn_parse(frame, len, len, false, &pkt);
		cgn_rewrite_ttl(frame, &pkt);
		cr_expect_eq(frame[22], ttl - 1);
		cr_expect(packet_ip_csum_is_right(frame + 14), "TTL %d", ttl);
	}
}

/* Specs of one error as both sides see it; payloads, cuts, options, checksums at random. */
static void
random_pair(struct cgn_rand *r, struct error *out, struct error *in, const uint16_t ports[2])
{
	static uint8_t payload[64];
	uint8_t proto = protos[cgn_rand_below(r, 3)];
	uint32_t len;

	for (size_t i = 0; i < sizeof(payload); i += 8) {
		uint64_t v = cgn_rand_below(r, 4) == 0 ? 0 : cgn_rand_u64(r);

		memcpy(payload + i, &v, 8);
	}
	*out = outside_error(proto);
	out->outer.tos = (uint8_t)cgn_rand_u64(r);
	out->outer.icmp_rest = (uint32_t)cgn_rand_u64(r);
	out->outer.opts = nops;
	out->outer.opts_len = (uint8_t)(4 * cgn_rand_below(r, 4));
	out->quoted = flow(
		proto, OUTSIDE, ports[1], (uint32_t)cgn_rand_u64(r), (uint16_t)cgn_rand_u64(r));
	if (proto == IPPROTO_ICMP && cgn_rand_below(r, 2) == 0)
		out->quoted.icmp_type = 0;
	out->quoted.icmp_rest &= 0xffff0000 | (cgn_rand_below(r, 2) - 1);
	out->quoted.opts = nops;
	out->quoted.opts_len = (uint8_t)(4 * cgn_rand_below(r, 11));
	out->quoted.payload = payload;
	out->quoted.payload_len = (uint16_t)cgn_rand_below(r, 64);
	out->quoted.udp_no_csum = cgn_rand_below(r, 8) == 0;
	len = 20u + out->quoted.opts_len;
	out->cut = len + 8 + cgn_rand_below(r, 60);
	out->cut -= cuts_a_checksum(proto, out->cut - len);
	*in = *out;
	in->outer.dst = INSIDE;
	in->quoted.src = INSIDE;
	if (proto == IPPROTO_ICMP)
		in->quoted.icmp_rest = (out->quoted.icmp_rest & 0xffff) | (uint32_t)ports[0] << 16;
	else
		in->quoted.sport = ports[0];
}

/* Both forms of zero are right for a reply that is not zeros alone (csum.h): taken for one. */
static void
forget_form_of_zero(const struct error *e, uint8_t *frame)
{
	uint8_t *csum = frame + 14 + 20 + e->outer.opts_len + 8 + 20 + e->quoted.opts_len + 2;

	if (e->quoted.proto == IPPROTO_ICMP && csum[0] == 0xff && csum[1] == 0xff)
		csum[0] = csum[1] = 0;
}

/* And for one that is, there is only one. */
Test(rewrite, a_quoted_reply_that_becomes_all_zeros_keeps_a_right_checksum)
{
	static const uint8_t zeros[8];
	struct error out = outside_error(IPPROTO_ICMP), in;
	uint8_t frame[PACKET_MAX], want[PACKET_MAX];
	uint32_t len;

	out.quoted = packet_echo(OUTSIDE, PEER, false, 40000);
	out.quoted.icmp_rest = 40000u << 16;
	out.quoted.payload = zeros;
	out.quoted.payload_len = sizeof(zeros);
	in = out;
	in.outer.dst = in.quoted.src = INSIDE;
	in.quoted.icmp_rest = 0;
	len = build(&out, frame);
	translate(frame, len, CGN_OUT2IN, 0, 40000);
	build(&in, want);
	cr_expect_arr_eq(frame, want, len);
	cr_expect_eq(packet_l4_csum_field(frame + HEADS), 0xffff);
}

Test(rewrite, random_errors_equal_recomputation)
{
	uint64_t seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
	static uint8_t frame[PACKET_MAX], want[PACKET_MAX];
	struct cgn_rand r;

	fprintf(stderr, "quote seed %lu\n", seed);
	cgn_rand_init(&r, seed);
	for (int i = 0; i < CASES; i++) {
		static const uint16_t edges[] = {0, 1, 0xff00, 0xffff};
		uint16_t ports[2];
		struct error out, in;
		uint32_t len;

		for (int k = 0; k < 2; k++)
			ports[k] = cgn_rand_below(&r, 4) == 0 ? edges[cgn_rand_below(&r, 4)]
							      : (uint16_t)cgn_rand_u64(&r);
		random_pair(&r, &out, &in, ports);
		len = build(&out, frame);
		translate(frame, len, CGN_OUT2IN, ports[0], ports[1]);
		build(&in, want);
		forget_form_of_zero(&in, frame);
		forget_form_of_zero(&in, want);
		cr_assert_eq(memcmp(frame, want, len), 0, "seed %lu case %d", seed, i);
	}
}
