/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Applies one translation to a packet: an address, a port or ICMP identifier, the TTL, and the
 * checksums by difference. The only protocol switch of the data path. A checksum that was wrong
 * stays wrong (RFC 4787 and the ADV-17 case: nothing is repaired).
 */
#pragma once

#include <stdint.h>

#include "csum.h"
#include "pkt.h"

/* Wire order throughout. Deltas describe in2out; out2in applies their complement. */
struct cgn_rewrite {
	rte_be32_t addr; /* new source (in2out) or destination (out2in) */
	rte_be16_t port; /* new port or ICMP identifier on that side */
	uint16_t l3_delta, l4_delta;
};

/* Folded deltas of a mapping inside addr:port → outside addr:port. ICMP has no pseudo header. */
static inline uint16_t
cgn_rewrite_l3_delta(rte_be32_t inside_addr, rte_be32_t outside_addr)
{
	return cgn_csum_fold(cgn_csum_delta32(inside_addr, outside_addr));
}

static inline uint16_t
cgn_rewrite_l4_delta(
	enum cgn_proto proto, uint16_t l3_delta, rte_be16_t inside_port, rte_be16_t outside_port)
{
	uint64_t sum = cgn_csum_delta16(inside_port, outside_port);

	return cgn_csum_fold(proto == CGN_ICMP ? sum : sum + l3_delta);
}

/*
 * frame: start of the frame that pkt describes, kind FLOW. The TTL must be above 1; it is lowered
 * by one. Worker threads.
 */
void cgn_rewrite_apply(
	uint8_t *frame, const struct cgn_pkt *pkt, enum cgn_dir dir, const struct cgn_rewrite *rw);

/* The same without the TTL: for the second translation of a packet, which is one hop all the same.
 */
void cgn_rewrite_again(
	uint8_t *frame, const struct cgn_pkt *pkt, enum cgn_dir dir, const struct cgn_rewrite *rw);

/* Lowers the TTL, which must be above 0, of a packet of any kind that has an IPv4 header. */
void cgn_rewrite_ttl(uint8_t *frame, const struct cgn_pkt *pkt);
