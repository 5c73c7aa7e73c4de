/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the two files of parser tests share: frames to start from, and parsing in memory of exactly
 * the frame's size, so that a read behind its end is a sanitizer report and not luck.
 */
#pragma once

#include "parse.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "packet_build.h"

enum { INSIDE = 0x6440000a, PEER = 0xc0000201 };

/* As cgn_parse_is_plain_natpmp, of what has been parsed; the parser may have ended before it asked
 * for fragments. */
static inline bool
is_plain_natpmp(const uint8_t *frame, const struct cgn_pkt *any)
{
	return any->has_ports && any->ip_proto == IPPROTO_UDP && any->n_tags == 0 &&
		any->l4_off - any->l3_off == 20 && (frame[20] & 0x3f) == 0 && frame[21] == 0 &&
		(any->dport == RTE_BE16(CGN_PORT_PMP_CLIENT) ||
			any->dport == RTE_BE16(CGN_PORT_PMP_SERVER));
}

/* The first len bytes of the frame, in a block of that size. */
static inline struct cgn_pkt
parse_part(const uint8_t *frame, uint32_t len, uint32_t frame_len, bool csum_good)
{
	uint8_t *exact = malloc(len + 1); /* + 1 in front: odd address, end stays exact */
	struct cgn_pkt pkt, any;

	memset(&pkt, 0x5a, sizeof(pkt));
	memcpy(exact + 1, frame, len);
	cgn_parse(exact + 1, len, frame_len, csum_good, &pkt);
	cgn_parse_any(exact + 1, len, frame_len, csum_good, &any);
	cr_assert_arr_eq(&pkt, &any, sizeof(pkt), "the short way says something else");
	cr_assert_eq(cgn_parse_is_plain_natpmp(exact + 1, len), is_plain_natpmp(exact + 1, &any));
	free(exact);
	return pkt;
}

static inline struct cgn_pkt
parse(struct packet_spec s)
{
	uint8_t frame[PACKET_MAX];
	uint32_t len = packet_build(&s, frame);

	return parse_part(frame, len, len, false);
}

static inline struct packet_spec
udp(void)
{
	return packet_udp(INSIDE, 40000, PEER, 53);
}

static inline struct packet_spec
tcp(void)
{
	return packet_tcp(INSIDE, 40001, PEER, 443, 0x12);
}

static inline struct packet_spec
tagged(struct packet_spec s, uint8_t n, uint16_t tpid)
{
	s.n_tags = n;
	for (uint8_t i = 0; i < n; i++)
		s.tags[i] = (struct packet_tag){.tpid = tpid, .tci = (uint16_t)(100 + i)};
	return s;
}

static inline struct packet_spec
with_opts(struct packet_spec s, const uint8_t *opts, uint8_t len)
{
	s.opts = opts;
	s.opts_len = len;
	return s;
}
