/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hairpin: from a subscriber to a pool address, and on to the subscriber who has the port there
 * (RFC 4787 REQ-9, RFC 5382 REQ-8): both translations at once, with the result that a router
 * outside would give by sending the packet back. So the receiver sees the sender's outside address
 * and port, its filter is asked about these, and another tenant's subscriber is reached by its
 * public address only. The box is one hop all the same: the TTL falls by one (ICM-11).
 *
 * An echo request that comes back from outside is let in to nobody, and so it is here, but for a
 * subscriber who pings its own outside address. Worker threads.
 */
#include "contact_check.h"
#include "dependent_find.h"
#include "forward.h"

/* The two mappings of a packet, and what it looks like between them. */
struct bounce {
	struct cgn_mapping *from, *to;
	struct cgn_pkt outside;
};

static enum cgn_fate
find_receiver(struct cgn_worker *w, struct bounce *b)
{
	struct cgn_pkt *pkt = &b->outside;

	pkt->src = b->from->outside_addr;
	pkt->sport = b->from->outside_port;
	if (pkt->proto == CGN_ICMP)
		pkt->dport = pkt->sport;
	b->to = cgn_forward_find_outside(w, (enum cgn_proto)pkt->proto, pkt->dst, pkt->dport);
	if (b->to == NULL)
		b->to = cgn_dependent_at_outside(w,
			&(struct cgn_ends){pkt->dst, pkt->src, pkt->dport, pkt->sport, pkt->proto});
	if (b->to == NULL || (pkt->proto == CGN_ICMP && b->to != b->from))
		return CGN_FATE_NO_MAPPING;
	return cgn_peer_refused(w, b->to, pkt->src, pkt->sport, true);
}

/* As in2out and out2in do, before the packet is changed. */
static void
refresh(struct cgn_worker *w, const struct bounce *b, const uint8_t *frame,
	const struct cgn_pkt *pkt)
{
	if (b->to->inbound_refresh)
		cgn_mapping_touch(b->to, w->burst.now_s);
	if (pkt->proto == CGN_TCP) {
		cgn_forward_track(w, b->from, frame, pkt, CGN_IN2OUT);
		cgn_forward_track(w, b->to, frame, &b->outside, CGN_OUT2IN);
	} else
		cgn_mapping_touch(b->from, w->burst.now_s);
}

static void
hairpin_one(struct cgn_worker *w, uint8_t at)
{
	struct rte_mbuf *m = w->burst.mbufs[at];
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	struct bounce b = {.from = cgn_table_at(w->dp->table, w->burst.found[at]), .outside = *pkt};
	struct cgn_rewrite out, in;
	enum cgn_fate fate;

	if (cgn_peer_is_new(w, b.from, pkt)) {
		cgn_lane_add(&w->burst.miss, at);
		return;
	}
	fate = find_receiver(w, &b);
	if (fate != CGN_FATE_NONE) {
		cgn_drop(w, m, fate);
		return;
	}
	pkt->neigh = b.to->neigh;
	if (!cgn_forward_fits(w, m, pkt))
		return;
	refresh(w, &b, frame, pkt);
	if (unlikely(w->tapping != 0))
		cgn_tap_received(w, m);
	cgn_forward_clamp(w, b.from->tenant, m);
	cgn_forward_clamp(w, b.to->tenant, m);
	out = cgn_forward_rewrite(b.from, CGN_IN2OUT);
	in = cgn_forward_rewrite(b.to, CGN_OUT2IN);
	cgn_rewrite_apply(frame, pkt, CGN_IN2OUT, &out);
	cgn_rewrite_again(frame, pkt, CGN_OUT2IN, &in);
	pkt->to_tenant = b.to->tenant;
	pkt->to_inside = b.to->inside;
	pkt->fate = CGN_FATE_HAIRPIN;
	cgn_forward_finish(w, m);
	cgn_lane_add(&w->burst.tx, at);
}

void
cgn_hairpin(struct cgn_worker *w)
{
	const struct cgn_lane *hits = &w->burst.hit_hairpin;

	for (uint32_t i = 0; i < hits->n; i++)
		hairpin_one(w, hits->at[i]);
}
