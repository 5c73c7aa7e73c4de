/* SPDX-License-Identifier: BSD-3-Clause */
/* Packet rewriting; called by datapath/in2out.c and out2in.c on workers. */
#include "rewrite.h"

#include <stddef.h>

#include <rte_branch_prediction.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

/* What lowering the TTL by one adds to the header's sum: ~m + m' of the word TTL|protocol. */
#define TTL_DELTA RTE_BE16(0xfeff)

enum { ICMP_CSUM_OFF = 2, ICMP_ID_OFF = 4 };

static inline __attribute__((always_inline)) void
rewrite(uint8_t *frame, const struct cgn_pkt *pkt, enum cgn_dir dir, const struct cgn_rewrite *rw,
	bool is_hop)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + pkt->l3_off);
	uint8_t *l4 = frame + pkt->l4_off;
	uint16_t flip = dir == CGN_IN2OUT ? 0 : 0xffff;
	uint16_t l3_delta = rw->l3_delta ^ flip, l4_delta = rw->l4_delta ^ flip;
	uint8_t *port = l4 + (dir == CGN_IN2OUT ? 0 : 2);
	struct rte_tcp_hdr *tcp;
	struct rte_udp_hdr *udp;
	uint16_t csum;

	/* Through the packed struct, never through a pointer to its member: the header is
	 * unaligned. */
	if (dir == CGN_IN2OUT)
		ip->src_addr = rw->addr;
	else
		ip->dst_addr = rw->addr;
	ip->time_to_live = (uint8_t)(ip->time_to_live - is_hop);
	ip->hdr_checksum = cgn_csum_update(
		ip->hdr_checksum, (uint64_t)l3_delta + (is_hop ? TTL_DELTA : 0));

	switch (pkt->proto) {
	case CGN_TCP:
		tcp = (struct rte_tcp_hdr *)l4;
		tcp->cksum = cgn_csum_update(tcp->cksum, l4_delta);
		break;
	case CGN_UDP:
		udp = (struct rte_udp_hdr *)l4;
		udp->dgram_cksum = cgn_csum_update_udp(udp->dgram_cksum, l4_delta);
		break;
	case CGN_ICMP:
		memcpy(&csum, l4 + ICMP_CSUM_OFF, sizeof(csum));
		csum = cgn_csum_update_icmp(csum, l4_delta, l4[0] == 0 && rw->port == 0);
		memcpy(l4 + ICMP_CSUM_OFF, &csum, sizeof(csum));
		port = l4 + ICMP_ID_OFF;
		break;
	}
	memcpy(port, &rw->port, sizeof(rw->port));
}

void
cgn_rewrite_apply(
	uint8_t *frame, const struct cgn_pkt *pkt, enum cgn_dir dir, const struct cgn_rewrite *rw)
{
	rewrite(frame, pkt, dir, rw, true);
}

void
cgn_rewrite_again(
	uint8_t *frame, const struct cgn_pkt *pkt, enum cgn_dir dir, const struct cgn_rewrite *rw)
{
	rewrite(frame, pkt, dir, rw, false);
}

void
cgn_rewrite_ttl(uint8_t *frame, const struct cgn_pkt *pkt)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + pkt->l3_off);

	ip->time_to_live--;
	ip->hdr_checksum = cgn_csum_update(ip->hdr_checksum, TTL_DELTA);
}
