/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bypass: destinations of nat.bypass are reached without translation (RFC 6888 REQ-6), by any
 * protocol, in fragments too. The packet is routed as any other; only its TTL changes. Nothing is
 * kept about it, so that what may come in is decided packet by packet: from a destination of the
 * tenant's list to an assigned address, or an ICMP error about a packet to one. NAT-PMP and PCP
 * from outside has been dropped before this (seed rule 1), and so has what claims to be inside.
 * Called by classify on workers.
 */
#include <string.h>

#include "classify.h"
#include "forward.h"

enum { ICMP_HDR_LEN = 8 };

/* Tenant, inside and next hop of the packet are set. */
static void
forward(struct cgn_worker *w, uint8_t at, enum cgn_fate fate)
{
	struct rte_mbuf *m = w->burst.mbufs[at];
	struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (pkt->fragment == CGN_FRAGMENT_TINY) /* its ports were looked for, and are not there */
		cgn_drop(w, m, CGN_FATE_FRAGMENT_TINY);
	else if (cgn_is_unserved(w, pkt, cgn_directory_holder(w->dir, pkt->inside)))
		cgn_drop(w, m, CGN_FATE_NO_SESSION);
	else if (pkt->ttl <= 1)
		cgn_punt_local(w, m, CGN_ACT_TTL, CGN_FATE_TTL_EXPIRED);
	else if (cgn_forward_fits(w, m, pkt)) {
		if (unlikely(w->tapping != 0))
			cgn_tap_received(w, m);
		cgn_forward_clamp(w, pkt->tenant, m);
		cgn_rewrite_ttl(rte_pktmbuf_mtod(m, uint8_t *), pkt);
		pkt->fate = (uint8_t)fate;
		cgn_lane_add(&w->burst.tx, at);
	}
}

bool
cgn_bypass_out(struct cgn_worker *w, uint8_t at)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(w->burst.mbufs[at]);

	if (cgn_range_map_find(&w->dir->tenants[pkt->tenant].bypass, rte_be_to_cpu_32(pkt->dst)) ==
		NULL)
		return false;
	forward(w, at, CGN_FATE_BYPASS_OUT);
	return true;
}

/*
 * Whom the remote end of an ICMP error's quote may reach: a router on the way speaks about a packet
 * that it has got from the address to the remote end. CGN_NONE: nobody.
 */
static uint32_t
find_by_quote(const struct cgn_worker *w, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint32_t off = pkt->l4_off + (uint32_t)ICMP_HDR_LEN;
	struct rte_ipv4_hdr quote;

	if (m->data_len < off + sizeof(quote) ||
		(uint32_t)pkt->l3_off + pkt->ip_len < off + sizeof(quote))
		return CGN_NONE;
	memcpy(&quote, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), sizeof(quote));
	if (quote.version != 4 || quote.src_addr != pkt->dst)
		return CGN_NONE;
	return cgn_directory_bypass_inside(
		w->dir, rte_be_to_cpu_32(quote.dst_addr), rte_be_to_cpu_32(pkt->dst));
}

bool
cgn_bypass_in(struct cgn_worker *w, uint8_t at)
{
	struct rte_mbuf *m = w->burst.mbufs[at];
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_directory *dir = w->dir;
	uint32_t inside = cgn_directory_bypass_inside(
		dir, rte_be_to_cpu_32(pkt->src), rte_be_to_cpu_32(pkt->dst));

	if (inside == CGN_NONE && pkt->kind == CGN_PKT_ICMP_ERROR)
		inside = find_by_quote(w, m);
	if (inside == CGN_NONE)
		return false;
	pkt->inside = inside;
	pkt->tenant = dir->ifaces[cgn_directory_run_at(dir, inside)->iface].tenant;
	pkt->neigh = cgn_directory_inside_neigh(dir, inside);
	forward(w, at, CGN_FATE_BYPASS_IN);
	return true;
}
