/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/net: the input is one frame. It is parsed whole and as a chained frame whose
 * first part ends early; what the parser promises in parse.h and pkt.h is checked, and a frame
 * that it accepts goes through rewrite and icmp_reply, which trust it.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "icmp_reply.h"
#include "packet_build.h"
#include "parse.h"
#include "rewrite.h"
#include "tcp_mss.h"

enum { MAX_FRAME = 9216 };

static uint8_t *
copy(const uint8_t *data, uint32_t len)
{
	uint8_t *p = malloc(
		len + 1); /* never zero bytes; the sanitizer sees the end all the same */

	CHECK(p != NULL);
	memcpy(p + 1, data, len);
	return p;
}

static bool
is_ip(const struct cgn_pkt *p)
{
	return p->kind <= CGN_PKT_OTHER_PROTO || p->kind >= CGN_PKT_BAD_IP_LEN;
}

static void
check_flow(const uint8_t *data, uint32_t len, const struct cgn_pkt *p)
{
	uint32_t l4_hdr = p->proto == CGN_TCP ? 20 : 8;
	uint32_t payload = p->ip_len - (uint32_t)(p->l4_off - p->l3_off);
	const uint8_t *l4 = data + p->l4_off;

	CHECK(p->proto < CGN_N_PROTOS);
	CHECK(p->ip_proto ==
		(p->proto == CGN_TCP                  ? IPPROTO_TCP
				: p->proto == CGN_UDP ? IPPROTO_UDP
						      : IPPROTO_ICMP));
	CHECK(p->l4_off + l4_hdr <= len);
	CHECK(payload >= l4_hdr);
	CHECK(p->has_ports == (p->proto != CGN_ICMP));
	if (p->proto == CGN_ICMP)
		CHECK((p->icmp_type == 0 || p->icmp_type == 8) &&
			memcmp(&p->sport, l4 + 4, 2) == 0 && p->dport == p->sport);
	if (p->proto == CGN_UDP)
		CHECK(l4[4] * 256u + l4[5] >= 8 && l4[4] * 256u + l4[5] <= payload);
	if (p->proto == CGN_TCP)
		CHECK((l4[12] >> 4) * 4u >= 20 && (l4[12] >> 4) * 4u <= payload);
}

static void
check_pkt(const uint8_t *data, uint32_t len, uint32_t frame_len, const struct cgn_pkt *p)
{
	static const struct cgn_pkt zero;
	size_t stages = offsetof(struct cgn_pkt, in_port);

	CHECK(p->kind < CGN_N_PKT_KINDS);
	CHECK(p->n_tags <= 2 && p->outer <= 0xfff && p->inner <= 0xfff);
	CHECK(memcmp((const uint8_t *)p + stages, (const uint8_t *)&zero + stages,
		      sizeof(*p) - stages) == 0);
	if (p->kind != CGN_PKT_BAD_ETH && p->kind != CGN_PKT_BAD_TAGS)
		CHECK(p->l3_off == 14 + 4 * p->n_tags && p->l3_off <= len);
	if (p->has_ports) {
		CHECK(p->ip_proto == IPPROTO_UDP || p->ip_proto == IPPROTO_TCP);
		CHECK(p->l4_off + 4u <= len);
		CHECK(memcmp(&p->sport, data + p->l4_off, 2) == 0);
		CHECK(memcmp(&p->dport, data + p->l4_off + 2, 2) == 0);
	}
	if (is_ip(p)) {
		CHECK(p->l4_off >= p->l3_off + 20 && p->l4_off <= p->l3_off + 60 &&
			p->l4_off <= len);
		CHECK(memcmp(&p->src, data + p->l3_off + 12, 4) == 0);
		CHECK(memcmp(&p->dst, data + p->l3_off + 16, 4) == 0);
	}
	if (is_ip(p) && p->kind != CGN_PKT_BAD_IP_LEN) {
		CHECK(p->ip_len >= p->l4_off - p->l3_off);
		CHECK(p->l3_off + (uint32_t)p->ip_len <= frame_len);
	}
	if (p->kind == CGN_PKT_FRAGMENT && p->has_ports)
		CHECK(p->ip_len - (p->l4_off - p->l3_off) >= 4);
	if (p->kind == CGN_PKT_FLOW)
		check_flow(data, len, p);
}

/* Sum modulo 65535 of the transport bytes and what the pseudo header takes from the addresses: it
 * must not change, whether the checksum was right before or not. */
static uint32_t
residue(const uint8_t *frame, const struct cgn_pkt *p)
{
	const uint8_t *ip = frame + p->l3_off;
	uint32_t sum = (uint16_t)~packet_csum(
		frame + p->l4_off, p->ip_len - (uint32_t)(p->l4_off - p->l3_off));

	if (p->ip_proto != IPPROTO_ICMP)
		sum += (uint16_t)~packet_csum(ip + 12, 8);
	return sum % 0xffff;
}

static void
try_rewrite(const uint8_t *data, uint32_t len, const struct cgn_pkt *p, enum cgn_dir dir)
{
	uint8_t *block = copy(data, len), *frame = block + 1, *ip = frame + p->l3_off;
	rte_be32_t from = dir == CGN_IN2OUT ? p->src : p->dst;
	rte_be16_t from_port = dir == CGN_IN2OUT ? p->sport : p->dport;
	struct cgn_rewrite rw = {.addr = from * 2654435761u + 12345, .port = from_port ^ 0x5aa5};
	bool in = dir == CGN_IN2OUT;
	bool no_csum = p->proto == CGN_UDP && packet_l4_csum_field(ip) == 0;
	uint32_t before = residue(frame, p);

	rw.l3_delta = cgn_rewrite_l3_delta(in ? from : rw.addr, in ? rw.addr : from);
	rw.l4_delta = cgn_rewrite_l4_delta(
		p->proto, rw.l3_delta, in ? from_port : rw.port, in ? rw.port : from_port);
	cgn_rewrite_apply(frame, p, dir, &rw);
	CHECK(packet_ip_csum_is_right(ip));
	CHECK(ip[8] == p->ttl - 1);
	CHECK(memcmp(ip + (in ? 12 : 16), &rw.addr, 4) == 0);
	CHECK(memcmp(ip + (in ? 16 : 12), data + p->l3_off + (in ? 16 : 12), 4) == 0);
	if (p->proto == CGN_UDP)
		CHECK((packet_l4_csum_field(ip) == 0) == no_csum);
	if (!no_csum)
		CHECK(residue(frame, p) == before);
	free(block);
}

/* Nothing but the options and the checksum may change, and the sum may not. */
static void
try_mss(const uint8_t *data, uint32_t len, const struct cgn_pkt *p)
{
	uint8_t *block = copy(data, len), *frame = block + 1;
	uint32_t before = residue(frame, p), opts = p->l4_off + 20u;
	uint32_t end = p->l4_off + (uint32_t)(frame[p->l4_off + 12] >> 4) * 4;

	cgn_tcp_mss_clamp(frame, len, p, 1000);
	CHECK(residue(frame, p) == before);
	CHECK(memcmp(frame, data, p->l4_off + 16u) == 0);
	CHECK(end >= len || memcmp(frame + end, data + end, len - end) == 0);
	if (end >= opts + 4 && data[opts] == 2 && data[opts + 1] == 4)
		CHECK(frame[opts + 2] * 256u + frame[opts + 3] <= 1000);
	free(block);
}

static void
try_echo_reply(const uint8_t *data, uint32_t len, const struct cgn_pkt *p)
{
	uint8_t *block = copy(data, len), *frame = block + 1;
	uint32_t before = residue(frame, p);

	cgn_icmp_echo_reply(frame, p);
	CHECK(packet_ip_csum_is_right(frame + p->l3_off));
	CHECK(residue(frame, p) == before);
	CHECK(frame[p->l4_off] == 0);
	free(block);
}

static void
try_error(const uint8_t *data, uint32_t len, const struct cgn_pkt *p)
{
	struct cgn_icmp_error err = {.type = CGN_ICMP_UNREACH,
		.code = CGN_ICMP_UNREACH_FRAG,
		.mtu = 1400,
		.src = p->dst};
	uint8_t *block = copy(data, len), *out = malloc(CGN_ICMP_ERROR_MAX);
	uint32_t n;

	if (cgn_icmp_error_allowed(block + 1, p)) {
		n = cgn_icmp_error_write(out, block + 1, len, p, &err);
		CHECK(n >= 28 + 20 && n <= CGN_ICMP_ERROR_MAX && n <= 28u + p->ip_len);
		CHECK(packet_ip_csum_is_right(out));
		CHECK(packet_csum(out + 20, n - 20) == 0);
		CHECK(memcmp(out + 28, data + p->l3_off, n - 28) == 0);
	}
	free(out);
	free(block);
}

static void
use(const uint8_t *data, uint32_t len, const struct cgn_pkt *p)
{
	if (p->kind == CGN_PKT_FLOW && p->ttl > 1) {
		try_rewrite(data, len, p, CGN_IN2OUT);
		try_rewrite(data, len, p, CGN_OUT2IN);
	}
	if (p->kind == CGN_PKT_FLOW && p->proto == CGN_TCP)
		try_mss(data, len, p);
	if (p->kind == CGN_PKT_FLOW && p->ip_proto == IPPROTO_ICMP && p->icmp_type == 8)
		try_echo_reply(data, len, p);
	if (p->kind <= CGN_PKT_OTHER_PROTO)
		try_error(data, len, p);
}

/* What is dropped unparsed is just what the parser would show as such (seed rule 1). */
static void
check_natpmp(const uint8_t *data, uint32_t len, const struct cgn_pkt *p)
{
	bool is_plain = p->has_ports && p->ip_proto == IPPROTO_UDP && p->n_tags == 0 &&
		p->l4_off - p->l3_off == 20 && (data[20] & 0x3f) == 0 && data[21] == 0 &&
		(p->dport == RTE_BE16(CGN_PORT_PMP_CLIENT) ||
			p->dport == RTE_BE16(CGN_PORT_PMP_SERVER));

	CHECK(cgn_parse_is_plain_natpmp(data, len) == is_plain);
}

static struct cgn_pkt
parse(const uint8_t *data, uint32_t len, uint32_t frame_len, bool csum_good)
{
	uint8_t *block = copy(data, len);
	struct cgn_pkt pkt, any;

	memset(&pkt, 0x5a, sizeof(pkt));
	cgn_parse(block + 1, len, frame_len, csum_good, &pkt);
	cgn_parse_any(block + 1, len, frame_len, csum_good, &any);
	CHECK(memcmp(&pkt, &any, sizeof(pkt)) == 0); /* the short way and the long one */
	check_pkt(block + 1, len, frame_len, &pkt);
	check_natpmp(block + 1, len, &pkt);
	free(block);
	return pkt;
}

/* A shorter first part either shows the same packet or looks cut. */
static void
check_part(const uint8_t *data, uint32_t part, uint32_t len, const struct cgn_pkt *whole)
{
	struct cgn_pkt pkt = parse(data, part, len, false);

	if (part >= CGN_PARSE_MAX_HEADERS || part == len)
		CHECK(memcmp(&pkt, whole, sizeof(pkt)) == 0);
	else
		CHECK(pkt.kind == whole->kind || pkt.kind == CGN_PKT_BAD_ETH ||
			pkt.kind == CGN_PKT_BAD_IP || pkt.kind == CGN_PKT_BAD_L4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t len = size < MAX_FRAME ? (uint32_t)size : MAX_FRAME;
	struct cgn_pkt whole = parse(data, len, len, false), trusted = parse(data, len, len, true);

	if (whole.kind != CGN_PKT_BAD_IP_CSUM) {
		CHECK(memcmp(&whole, &trusted, sizeof(whole)) == 0);
		use(data, len, &whole);
	} else if (len >= (uint32_t)trusted.l4_off) {
		/* The fuzzer seldom finds a checksum: go on with the right one. */
		uint8_t *block = copy(data, len), *ip = block + 1 + trusted.l3_off;
		uint16_t csum;

		ip[10] = ip[11] = 0;
		csum = packet_csum(ip, (ip[0] & 15) * 4u);
		ip[10] = (uint8_t)(csum >> 8);
		ip[11] = (uint8_t)csum;
		use(block + 1, len, &trusted);
		free(block);
	}
	for (uint32_t part = 0; part < len && part < CGN_PARSE_MAX_HEADERS; part++)
		check_part(data, part, len, &whole);
	check_part(data, len, len, &whole);
	return 0;
}
