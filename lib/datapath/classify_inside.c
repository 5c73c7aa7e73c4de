/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet from an attachment. Who sent it: the source must be assigned to a subscriber of this
 * very attachment (seed rule 3), before anything else of it is believed. Where it goes: one look-up
 * of the destination, for this tenant.
 */
#include "classify.h"
#include "verdict.h"

/* The source is nobody's here: somebody else's, or nobody's at all? Only for the count. */
static enum cgn_fate
spoof_fate(const struct cgn_directory *dir, const struct cgn_pkt *pkt)
{
	const struct cgn_range *somewhere = cgn_range_map_find(
		&dir->tenants[pkt->tenant].subscribers, rte_be_to_cpu_32(pkt->src));

	return somewhere != NULL ? CGN_FATE_SPOOFED_ATTACHMENT : CGN_FATE_SPOOFED_UNASSIGNED;
}

/*
 * NAT-PMP or PCP to the subscriber's own service address: the one way to the server, and only for
 * whole datagrams within the subscriber's rate (seed rules 2 and 3 hold by now).
 */
static void
request(struct cgn_worker *w, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (pkt->kind == CGN_PKT_FRAGMENT)
		cgn_drop(w, m, CGN_FATE_FRAGMENT);
	else if (pkt->dport != RTE_BE16(CGN_PORT_PMP_SERVER))
		cgn_drop(w, m, CGN_FATE_INSIDE_SERVICE);
	else if (pkt->kind != CGN_PKT_FLOW || pkt->sport == 0)
		cgn_drop(w, m, CGN_FATE_PORTCTL_BAD);
	else
		cgn_punt_request(w, m);
}

/* To an address of the box: ports on request, and echo. */
static void
to_own(struct cgn_worker *w, struct rte_mbuf *m, const struct cgn_iface *own)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	bool service = own == &w->dir->ifaces[pkt->iface];

	if (cgn_is_natpmp(pkt) && !service)
		cgn_drop(w, m, CGN_FATE_NATPMP_EXTERNAL);
	else if (cgn_is_natpmp(pkt))
		request(w, m);
	else if (service && pkt->kind == CGN_PKT_FLOW && pkt->proto == CGN_ICMP &&
		pkt->icmp_type == 8)
		cgn_answer_echo(w, m);
	else if (pkt->kind == CGN_PKT_FRAGMENT)
		cgn_drop(w, m, CGN_FATE_FRAGMENT);
	else
		cgn_drop(w, m, CGN_FATE_INSIDE_SERVICE);
}

/* Neither TCP nor UDP, or not whole, or with something wrong. */
static void
to_outside_other(struct cgn_worker *w, uint8_t at)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
	/* Echo replies of those who can be asked: in2out.c knows who they are. */
	uint8_t echo = pkt->icmp_type == 0 ? 0 : 8;
	enum cgn_fate fate;

	if (pkt->kind == CGN_PKT_FRAGMENT && !cgn_fragment_enter(w, at))
		return;
	fate = cgn_classify_refuse(pkt, echo, CGN_FATE_ICMP_OTHER);
	if (fate != CGN_FATE_NONE)
		cgn_classify_special(w, at, fate);
	else if (pkt->ttl <= 1)
		cgn_punt_local(w, b->mbufs[at], CGN_ACT_TTL, CGN_FATE_TTL_EXPIRED);
	else
		cgn_lane_add(&b->in2out, at);
}

static inline void
to_outside(struct cgn_worker *w, uint8_t at, const struct cgn_tenant *tenant, uint32_t next_hop)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);

	pkt->neigh = next_hop;
	pkt->dir = CGN_IN2OUT;
	if (cgn_classify_options(w, b->mbufs[at]))
		return;
	if (unlikely(tenant->bypass.n_ranges > 0) && cgn_bypass_out(w, at))
		return;
	if (likely(cgn_classify_is_common(pkt) && pkt->ttl > 1))
		cgn_lane_add(&b->in2out, at);
	else
		to_outside_other(w, at);
}

/* To a pool address: as if a router outside sent it back, but for ports on request (seed rule 2).
 */
static void
to_pool(struct cgn_worker *w, uint8_t at)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
	enum cgn_fate fate;

	pkt->dir = CGN_IN2OUT;
	pkt->hairpin = 1;
	if (cgn_is_natpmp(pkt)) {
		cgn_fragment_refuse(w, b->mbufs[at], CGN_FATE_NATPMP_EXTERNAL);
		cgn_drop(w, b->mbufs[at], CGN_FATE_NATPMP_EXTERNAL);
		return;
	}
	if (cgn_classify_options(w, b->mbufs[at]))
		return;
	if (pkt->kind == CGN_PKT_FRAGMENT && !cgn_fragment_enter(w, at))
		return;
	/* Queries and answers: a subscriber may ping its own outside address (hairpin.c). */
	fate = cgn_classify_refuse(pkt, pkt->icmp_type, CGN_FATE_NONE);
	if (fate != CGN_FATE_NONE)
		cgn_classify_special(w, at, fate);
	else if (pkt->ttl <= 1)
		cgn_punt_local(w, b->mbufs[at], CGN_ACT_TTL, CGN_FATE_TTL_EXPIRED);
	else
		cgn_lane_add(&b->hairpin, at);
}

/* What the packet before was found in: the next one is often of the same attachment, and to the
 * same part of the Internet. */
struct near {
	const struct cgn_iface *iface;
	const struct cgn_range *from, *to;
	/* Of from, for take_usual: without subscribers when every packet has to be looked at. */
	struct usual {
		uint32_t iface;
		uint32_t first, n, index;   /* subscribers' addresses, inside index of the first */
		uint32_t own_low, own_span; /* addresses that the tenant has ways of its own to */
	} usual;
};

static void
remember(struct near *near, const struct cgn_directory *dir, const struct cgn_pkt *pkt)
{
	const struct cgn_tenant *tenant = &dir->tenants[pkt->tenant];
	const struct cgn_range *from = near->from;

	near->usual.n = 0;
	if (tenant->bypass.n_ranges > 0 || (dir->policies & CGN_POLICY_DROP) != 0)
		return;
	near->usual = (struct usual){.iface = pkt->iface,
		.first = from->first,
		.n = from->last - from->first + 1,
		.index = from->value + (from->first - from->origin),
		.own_low = tenant->inside_dst.low,
		.own_span = tenant->inside_dst.span};
}

/*
 * A packet of the same subscribers as before, to the Internet by the usual way, and nothing rare
 * about it: then all of it is done here. What classify_one would find out, in few steps.
 */
static inline bool
take_usual(struct cgn_burst *b, uint8_t at, const struct cgn_directory *dir, const struct usual *as)
{
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
	uint32_t number = rte_be_to_cpu_32(pkt->src) - as->first;
	uint32_t dst = rte_be_to_cpu_32(pkt->dst);

	if (unlikely(pkt->iface != as->iface) || unlikely(number >= as->n) ||
		unlikely(!cgn_range_blocks_has(&dir->usual_dst, dst)) ||
		unlikely(dst - as->own_low <= as->own_span) ||
		unlikely(!cgn_classify_is_common(pkt)) || unlikely(pkt->ttl <= 1))
		return false;
	pkt->inside = as->index + number;
	pkt->neigh = dir->usual_neigh;
	pkt->dir = CGN_IN2OUT;
	cgn_lane_add(&b->in2out, at);
	return true;
}

static __rte_noinline void
classify_one(struct cgn_worker *w, uint8_t at, struct near *near)
{
	struct rte_mbuf *m = w->burst.mbufs[at];
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_directory *dir = w->dir;
	const struct cgn_tenant *tenant = &dir->tenants[pkt->tenant];
	uint32_t src = rte_be_to_cpu_32(pkt->src), dst = rte_be_to_cpu_32(pkt->dst), number;
	const struct cgn_range *before, *from, *to;

	if (unlikely(near->iface != &dir->ifaces[pkt->iface])) {
		near->iface = &dir->ifaces[pkt->iface];
		near->from = &cgn_range_empty;
	}
	before = near->from;
	from = cgn_range_map_find_near(&near->iface->subscribers, src, &near->from);
	if (unlikely(from == NULL)) {
		cgn_drop(w, m, spoof_fate(dir, pkt));
		return;
	}
	if (from != before)
		remember(near, dir, pkt);
	pkt->inside = from->value + (src - from->origin);
	to = cgn_directory_inside_dst_near(dir, tenant, dst, &near->to);
	if (unlikely(to == NULL)) {
		cgn_drop(w, m, CGN_FATE_NO_ROUTE);
		return;
	}
	number = cgn_dst_number(to->value);
	switch (cgn_dst_class_of(to->value)) {
	case CGN_DST_ONLINK:
		number += dst - to->origin; /* fall through */
	case CGN_DST_GATEWAY:
		to_outside(w, at, tenant, number);
		break;
	case CGN_DST_POOL:
		to_pool(w, at);
		break;
	case CGN_DST_OWN:
		to_own(w, m, &dir->ifaces[number]);
		break;
	case CGN_DST_INSIDE:
		cgn_drop(w, m, CGN_FATE_INSIDE_TO_INSIDE);
		break;
	case CGN_DST_NEVER:
		cgn_drop(w, m, CGN_FATE_MARTIAN_DESTINATION);
		break;
	}
}

void
cgn_classify_inside(struct cgn_worker *w, const struct cgn_lane *lane)
{
	struct near near = {.to = &cgn_range_empty};

	for (uint32_t i = 0; i < lane->n; i++)
		if (unlikely(!take_usual(&w->burst, lane->at[i], w->dir, &near.usual)))
			classify_one(w, lane->at[i], &near);
}
