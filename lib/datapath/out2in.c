/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * out2in: rewrites outside packets whose mapping was found. Filtering is endpoint-independent
 * (RFC 4787 REQ-8, RFC 6888 REQ-7) unless a PCP client has set filters or the tenant filters by
 * contacts. Worker threads.
 */
#include "contact_check.h"
#include "forward.h"

/*
 * The index may be a moment older than the entry: port and granule can have changed hands between
 * the loads (pool.h). An entry that is not exactly this packet's is no mapping.
 */
static bool
is_for(const struct cgn_mapping *m, const struct cgn_pkt *pkt)
{
	return m->outside_addr == pkt->dst && m->outside_port == pkt->dport &&
		m->proto == pkt->proto;
}

/* A packet of any kind; hop: of the one before. */
static __attribute__((noinline)) void
out2in_one(struct cgn_worker *w, uint8_t at, struct cgn_hop *hop)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
	struct cgn_mapping *m = cgn_table_at(w->dp->table, b->found[at]);
	struct cgn_rewrite rw = cgn_forward_rewrite(m, CGN_OUT2IN);
	uint8_t *frame = rte_pktmbuf_mtod(b->mbufs[at], uint8_t *);
	enum cgn_fate fate;

	if (!is_for(m, pkt)) {
		cgn_drop(w, b->mbufs[at], CGN_FATE_NO_MAPPING);
		return;
	}
	pkt->inside = m->inside;
	fate = cgn_peer_refused(w, m, pkt->src, pkt->sport, true);
	if (unlikely(fate != CGN_FATE_NONE)) {
		cgn_punt_unsolicited(w, b->mbufs[at], fate);
		return;
	}
	if (pkt->ttl <= 1) {
		cgn_punt_local(w, b->mbufs[at], CGN_ACT_TTL, CGN_FATE_TTL_EXPIRED);
		return;
	}
	if (unlikely(m->alg) && cgn_alg_takes(w, b->mbufs[at], b->found[at]))
		return;
	pkt->neigh = m->neigh;
	if (unlikely(pkt->ip_len > cgn_forward_mtu(w, pkt->neigh, hop)) &&
		!cgn_forward_fits(w, b->mbufs[at], pkt))
		return;
	if (m->inbound_refresh)
		cgn_mapping_touch(m, b->now_s);
	if (pkt->proto == CGN_TCP)
		cgn_forward_track(w, m, frame, pkt, CGN_OUT2IN);
	if (unlikely(w->tapping != 0))
		cgn_tap_received(w, b->mbufs[at]);
	cgn_forward_clamp(w, m->tenant, b->mbufs[at]);
	cgn_rewrite_apply(frame, pkt, CGN_OUT2IN, &rw);
	pkt->fate = CGN_FATE_OUT2IN;
	cgn_forward_finish(w, b->mbufs[at]);
	cgn_lane_add(&b->tx, at);
}

/* Is every test of out2in_one answered by these? neigh: next hop of the mapping. */
static inline __attribute__((always_inline)) bool
is_usual(const struct cgn_mapping *m, const struct cgn_pkt *pkt, const uint8_t *frame,
	const struct cgn_hop *hop, uint32_t neigh)
{
	return is_for(m, pkt) && pkt->ttl > 1 && !m->inbound_refresh &&
		atomic_load_explicit(&m->filter, memory_order_relaxed) == 0 &&
		cgn_forward_is_usual(m, pkt, frame, hop, neigh);
}

void
cgn_out2in(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_mapping *entries = w->dp->table->entries;
	struct cgn_hop hop = {.neigh = CGN_NONE};
	const bool is_plain = cgn_forward_is_plain(w);
	const uint32_t n = b->hit_out2in.n;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t at = b->hit_out2in.at[i];
		struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
		uint8_t *frame = rte_pktmbuf_mtod(b->mbufs[at], uint8_t *);
		struct cgn_mapping *m = &entries[b->found[at]];
		const uint32_t neigh = atomic_load_explicit(&m->neigh, memory_order_relaxed);

		if (likely(is_plain && is_usual(m, pkt, frame, &hop, neigh))) {
			pkt->inside = m->inside;
			pkt->neigh = neigh;
			cgn_forward_usual(m, pkt, frame, CGN_OUT2IN);
			pkt->fate = CGN_FATE_OUT2IN;
			cgn_lane_add(&b->tx, at);
		} else
			out2in_one(w, at, &hop);
	}
}
