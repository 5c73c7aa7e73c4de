/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Applies one translation to a packet: an address, a port or ICMP identifier, the TTL, and the
 * checksums by difference. The only protocol switch of the data path. A checksum that was wrong
 * stays wrong (RFC 4787 and the ADV-17 case: nothing is repaired).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ip.h>

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

/* What lowering the TTL by one adds to the header's sum: ~m + m' of the word TTL|protocol. */
#define CGN_REWRITE_TTL_DELTA RTE_BE16(0xfeff)

/* ICMP has its checksum and its identifier elsewhere. Called by the functions below. */
void cgn_rewrite_icmp(uint8_t *l4, rte_be16_t id, uint16_t l4_delta);

/* TCP or UDP, without a branch that tells which: they come mixed. */
static inline void
cgn_rewrite_ports(uint8_t *l4, const struct cgn_pkt *pkt, enum cgn_dir dir, rte_be16_t port,
	uint16_t l4_delta)
{
	enum { TCP_CSUM = 16, UDP_CSUM = 6 };
	bool udp = pkt->proto == CGN_UDP;
	uint8_t *at = l4 + (udp ? UDP_CSUM : TCP_CSUM);
	uint16_t before, after;

	memcpy(&before, at, sizeof(before));
	after = cgn_csum_update_folded(before, l4_delta);
	if (unlikely(udp & ((before == 0) | (after == 0))))
		after = cgn_csum_update_udp(before, l4_delta);
	memcpy(at, &after, sizeof(after));
	memcpy(l4 + (dir == CGN_IN2OUT ? 0 : 2), &port, sizeof(port));
}

/* The address, the TTL if is_hop, and the header's checksum. */
static inline __attribute__((always_inline)) void
cgn_rewrite_ip(uint8_t *l3, enum cgn_dir dir, const struct cgn_rewrite *rw, bool is_hop)
{
	/* Through the packed struct, never through a pointer to its member: the header is
	 * unaligned. */
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;
	uint16_t delta = rw->l3_delta ^ (dir == CGN_IN2OUT ? 0 : 0xffff);
	uint16_t csum = cgn_csum_update_folded(ip->hdr_checksum, delta);

	if (dir == CGN_IN2OUT)
		ip->src_addr = rw->addr;
	else
		ip->dst_addr = rw->addr;
	ip->time_to_live = (uint8_t)(ip->time_to_live - is_hop);
	ip->hdr_checksum = is_hop ? cgn_csum_update_folded(csum, CGN_REWRITE_TTL_DELTA) : csum;
}

static inline __attribute__((always_inline)) void
cgn_rewrite(uint8_t *frame, const struct cgn_pkt *pkt, enum cgn_dir dir,
	const struct cgn_rewrite *rw, bool is_hop)
{
	uint16_t l4_delta = rw->l4_delta ^ (dir == CGN_IN2OUT ? 0 : 0xffff);

	cgn_rewrite_ip(frame + pkt->l3_off, dir, rw, is_hop);
	if (unlikely(pkt->proto == CGN_ICMP))
		cgn_rewrite_icmp(frame + pkt->l4_off, rw->port, l4_delta);
	else
		cgn_rewrite_ports(frame + pkt->l4_off, pkt, dir, rw->port, l4_delta);
}

/*
 * frame: start of the frame that pkt describes, kind FLOW. The TTL must be above 1; it is lowered
 * by one. Worker threads.
 */
static inline void
cgn_rewrite_apply(
	uint8_t *frame, const struct cgn_pkt *pkt, enum cgn_dir dir, const struct cgn_rewrite *rw)
{
	cgn_rewrite(frame, pkt, dir, rw, true);
}

/* The same without the TTL: for the second translation of a packet, which is one hop all the same.
 */
static inline void
cgn_rewrite_again(
	uint8_t *frame, const struct cgn_pkt *pkt, enum cgn_dir dir, const struct cgn_rewrite *rw)
{
	cgn_rewrite(frame, pkt, dir, rw, false);
}

/* Lowers the TTL, which must be above 0, of a packet of any kind that has an IPv4 header. */
void cgn_rewrite_ttl(uint8_t *frame, const struct cgn_pkt *pkt);
