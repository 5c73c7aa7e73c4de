/* SPDX-License-Identifier: BSD-3-Clause */
/* NAT-PMP and PCP from an uplink (seed rule 1): their end, before anything else is asked. */
#include "classify.h"
#include "verdict.h"

/* The decision is made; the destination only tells whose counter moves, and that the rest of the
 * datagram ends like this too. */
static void
refuse_natpmp(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_directory *dir = w->dir;
	uint32_t dst = rte_be_to_cpu_32(pkt->dst);
	const struct cgn_range *to = cgn_range_map_find(&dir->outside_dst, dst);

	pkt->tenant = cgn_classify_pool_tenant(dir, to, dst);
	if (to != NULL && cgn_dst_class_of(to->value) == CGN_DST_POOL) {
		pkt->dir = CGN_OUT2IN;
		pkt->neigh = cgn_dst_number(to->value) + (dst - to->origin);
		if (unlikely(pkt->kind == CGN_PKT_FRAGMENT))
			cgn_fragment_refuse(w, m, CGN_FATE_WAN_NATPMP);
	}
	cgn_end(w, m, CGN_FATE_WAN_NATPMP);
}

void
cgn_classify_wan_natpmp(struct cgn_worker *w, const struct cgn_lane *lane)
{
	struct rte_mbuf *refused[CGN_BURST];

	for (uint32_t i = 0; i < lane->n; i++) {
		refused[i] = w->burst.mbufs[lane->at[i]];
		refuse_natpmp(w, refused[i]);
	}
	rte_pktmbuf_free_bulk(refused, lane->n);
}
