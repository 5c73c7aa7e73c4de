/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet from an uplink: never believed to be inside, whatever its addresses say. */
#include "classify.h"
#include "verdict.h"

/* For a pool address, but neither TCP nor UDP, or not whole, or with something wrong. */
static void
to_pool_other(struct cgn_worker *w, uint8_t at, uint32_t pool_index)
{
	struct cgn_pkt *pkt = cgn_pkt_of(w->burst.mbufs[at]);
	uint8_t echo = 0; /* reply; requests get to those who have the address for themselves */
	enum cgn_fate fate;

	if (pkt->kind == CGN_PKT_FRAGMENT && !cgn_fragment_enter(w, at))
		return;
	if (pkt->icmp_type == 8 && cgn_pool_owner(w->dp->pool, pool_index) != CGN_NONE)
		echo = 8;
	fate = cgn_classify_refuse(pkt, echo, CGN_FATE_NO_MAPPING);
	if (fate != CGN_FATE_NONE) {
		cgn_classify_special(w, at, fate);
		return;
	}
	w->burst.found[at] = pool_index;
	cgn_lane_add(&w->burst.out2in, at);
}

static inline void
to_pool(struct cgn_worker *w, uint8_t at, uint32_t pool_index)
{
	struct rte_mbuf *m = w->burst.mbufs[at];

	cgn_pkt_of(m)->neigh = pool_index; /* until its mapping is found: for when control sends it
					      back */
	if (cgn_classify_options(w, m))
		return;
	if (unlikely(!cgn_classify_is_common(cgn_pkt_of(m)))) {
		to_pool_other(w, at, pool_index);
		return;
	}
	w->burst.found[at] = pool_index;
	cgn_lane_add(&w->burst.out2in, at);
}

/* To an address of the box. */
static void
to_own(struct cgn_worker *w, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (pkt->kind == CGN_PKT_FLOW && pkt->proto == CGN_ICMP && pkt->icmp_type == 8)
		cgn_answer_echo(w, m);
	else
		cgn_drop(w, m, CGN_FATE_OUTSIDE_SERVICE);
}

/* Where the packet before was found: pool addresses, all of them if they stand together. */
struct near {
	uint32_t first, n, index; /* none, when every packet has to be looked at */
};

/* A packet to the same pool as before, from the Internet, and nothing rare about it: then all of it
 * is done here. What classify_one would find out, in few steps. */
static inline bool
take_usual(
	struct cgn_burst *b, uint8_t at, const struct cgn_directory *dir, const struct near *near)
{
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
	uint32_t number = rte_be_to_cpu_32(pkt->dst) - near->first;

	if (unlikely(number >= near->n) ||
		unlikely(!cgn_range_blocks_has(&dir->outside_free, rte_be_to_cpu_32(pkt->src))) ||
		unlikely(!cgn_classify_is_common(pkt)))
		return false;
	number += near->index;
	pkt->dir = CGN_OUT2IN;
	pkt->tenant = dir->pool_tenants[number];
	pkt->neigh = number;
	b->found[at] = number;
	cgn_lane_add(&b->out2in, at);
	return true;
}

static __rte_noinline void
classify_one(struct cgn_worker *w, uint8_t at, struct near *near)
{
	struct rte_mbuf *m = w->burst.mbufs[at];
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_directory *dir = w->dir;
	uint32_t src = rte_be_to_cpu_32(pkt->src), dst = rte_be_to_cpu_32(pkt->dst);
	const struct cgn_range *from = cgn_range_map_find(&dir->outside_src, src);
	const struct cgn_range *to = cgn_range_map_find(&dir->outside_dst, dst);

	pkt->dir = CGN_OUT2IN;
	pkt->tenant = cgn_classify_pool_tenant(dir, to, dst);
	if (unlikely(from != NULL || to == NULL)) {
		if (from == NULL && dir->n_bypass_groups > 0 && cgn_bypass_in(w, at))
			return;
		cgn_drop(w, m,
			from != NULL ? (enum cgn_fate)from->value : CGN_FATE_OUTSIDE_NOT_OURS);
		return;
	}
	if (unlikely(cgn_dst_class_of(to->value) == CGN_DST_OWN))
		to_own(w, m);
	else {
		if ((dir->policies & CGN_POLICY_DROP) == 0)
			*near = (struct near){.first = to->first,
				.n = to->last - to->first + 1,
				.index = cgn_dst_number(to->value) + (to->first - to->origin)};
		to_pool(w, at, cgn_dst_number(to->value) + (dst - to->origin));
	}
}

void
cgn_classify_outside(struct cgn_worker *w, const struct cgn_lane *lane)
{
	struct near near = {0};

	for (uint32_t i = 0; i < lane->n; i++)
		if (unlikely(!take_usual(&w->burst, lane->at[i], w->dir, &near)))
			classify_one(w, lane->at[i], &near);
}
