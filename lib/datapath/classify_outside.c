/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet from an uplink: never believed to be inside, whatever its addresses say. */
#include "classify.h"
#include "verdict.h"

/* Whose pool the packet is for; the box when it is nobody's. */
static uint16_t
pool_tenant(const struct cgn_directory *dir, const struct cgn_range *to, uint32_t dst)
{
	if (to == NULL || cgn_dst_class_of(to->value) != CGN_DST_POOL)
		return CGN_TENANT_BOX;
	return dir->pool_tenants[cgn_dst_number(to->value) + (dst - to->origin)];
}

bool
cgn_classify_wan_natpmp(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_directory *dir = w->dir;
	const struct cgn_range *to;
	uint32_t dst;

	if (!cgn_is_natpmp(pkt))
		return false;
	/* The decision is made; the destination only tells whose counter moves, and that the rest
	 * of the datagram ends like this too. */
	dst = rte_be_to_cpu_32(pkt->dst);
	to = cgn_range_map_find(&dir->outside_dst, dst);
	pkt->tenant = pool_tenant(dir, to, dst);
	if (to != NULL && cgn_dst_class_of(to->value) == CGN_DST_POOL) {
		pkt->dir = CGN_OUT2IN;
		pkt->neigh = cgn_dst_number(to->value) + (dst - to->origin);
		cgn_fragment_refuse(w, m, CGN_FATE_WAN_NATPMP);
	}
	cgn_drop(w, m, CGN_FATE_WAN_NATPMP);
	return true;
}

void
cgn_classify_outside(struct cgn_worker *w, uint8_t at)
{
	struct cgn_burst *b = &w->burst;
	struct rte_mbuf *m = b->mbufs[at];
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_directory *dir = w->dir;
	uint32_t src = rte_be_to_cpu_32(pkt->src), dst = rte_be_to_cpu_32(pkt->dst);
	const struct cgn_range *from = cgn_range_map_find(&dir->outside_src, src);
	const struct cgn_range *to = cgn_range_map_find(&dir->outside_dst, dst);
	enum cgn_fate fate;
	uint8_t echo = 0; /* reply; requests get to those who have the address for themselves */
	uint32_t i;

	pkt->dir = CGN_OUT2IN;
	pkt->tenant = pool_tenant(dir, to, dst);
	if (from == NULL && to == NULL && dir->n_bypass_groups > 0 && cgn_bypass_in(w, at))
		return;
	if (from != NULL || to == NULL) {
		cgn_drop(w, m,
			from != NULL ? (enum cgn_fate)from->value : CGN_FATE_OUTSIDE_NOT_OURS);
		return;
	}
	if (cgn_dst_class_of(to->value) == CGN_DST_OWN) {
		if (pkt->kind == CGN_PKT_FLOW && pkt->proto == CGN_ICMP && pkt->icmp_type == 8)
			cgn_answer_echo(w, m);
		else
			cgn_drop(w, m, CGN_FATE_OUTSIDE_SERVICE);
		return;
	}
	i = cgn_dst_number(to->value) + (dst - to->origin);
	pkt->neigh = i; /* until its mapping is found: for when control sends it back */
	if (cgn_classify_options(w, m))
		return;
	if (pkt->kind == CGN_PKT_FRAGMENT && !cgn_fragment_enter(w, at))
		return;
	if (pkt->icmp_type == 8 && cgn_pool_owner(w->dp->pool, i) != CGN_NONE)
		echo = 8;
	fate = cgn_classify_refuse(pkt, echo, CGN_FATE_NO_MAPPING);
	if (fate != CGN_FATE_NONE) {
		cgn_classify_special(w, at, fate);
		return;
	}
	b->found[at] = i;
	cgn_lane_add(&b->out2in, at);
}
