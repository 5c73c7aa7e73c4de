/* SPDX-License-Identifier: BSD-3-Clause */
/* What the two files of tests of lib/net/icmp_quote share: errors as packet_build makes them. */
#pragma once

#include "icmp_quote.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "packet_build.h"
#include "parse.h"

enum {
	INSIDE = 0x6440000a,
	OUTSIDE = 0xcb007111,
	PEER = 0xc0000201,
	ROUTER = 0xc0000a01,
	HEADS = 14 + 20 + 8, /* where the quote starts in a frame without tags and options */
};

/* An error about a packet: both as specs, and how much of the packet is quoted. */
struct error {
	struct packet_spec outer, quoted;
	uint32_t cut;        /* bytes of the quoted datagram; 0: all */
	uint32_t pad_to;     /* zeros behind it up to this length */
	const uint8_t *tail; /* behind the padding */
	uint32_t tail_len;
};

static inline uint32_t
build(const struct error *e, uint8_t *frame)
{
	static uint8_t quoted[PACKET_MAX];
	struct packet_spec s = e->outer;
	uint32_t len = packet_build(&e->quoted, quoted) - 14;

	if (e->cut != 0 && e->cut < len)
		len = e->cut;
	for (; len < e->pad_to; len++)
		quoted[14 + len] = 0;
	if (e->tail_len > 0)
		memcpy(quoted + 14 + len, e->tail, e->tail_len);
	s.payload = quoted + 14;
	s.payload_len = (uint16_t)(len + e->tail_len);
	return packet_build(&s, frame);
}

static inline struct packet_spec
flow(uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	if (proto == IPPROTO_TCP)
		return packet_tcp(src, sport, dst, dport, 0x10);
	if (proto == IPPROTO_UDP)
		return packet_udp(src, sport, dst, dport);
	return packet_echo(src, dst, true, sport);
}

/* An error from a router outside about what INSIDE:5000 has sent, as it is seen outside. */
static inline struct error
outside_error(uint8_t proto)
{
	return (struct error){.outer = packet_icmp(ROUTER, OUTSIDE, 3, 1),
		.quoted = flow(proto, OUTSIDE, 40000, PEER, 53)};
}

static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
static const uint8_t nops[40] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
