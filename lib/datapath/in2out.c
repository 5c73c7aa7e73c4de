/* SPDX-License-Identifier: BSD-3-Clause */
/* in2out: rewrites the packets of subscribers whose mapping was found. Worker threads. */
#include "contact_check.h"
#include "forward.h"

/* A packet of any kind; hop: of the one before. */
static __attribute__((noinline)) void
in2out_one(struct cgn_worker *w, uint8_t at, struct cgn_hop *hop)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
	struct cgn_mapping *m = cgn_table_at(w->dp->table, b->found[at]);
	struct cgn_rewrite rw = cgn_forward_rewrite(m, CGN_IN2OUT);
	uint8_t *frame = rte_pktmbuf_mtod(b->mbufs[at], uint8_t *);

	if (pkt->proto == CGN_ICMP && pkt->icmp_type == 0 && !m->one_to_one) {
		cgn_drop(w, b->mbufs[at], CGN_FATE_ICMP_OTHER);
		return;
	}
	if (cgn_peer_is_new(w, m, pkt)) {
		cgn_lane_add(&b->miss, at);
		return;
	}
	if (unlikely(m->alg) && cgn_alg_takes(w, b->mbufs[at], b->found[at]))
		return;
	if (unlikely(pkt->ip_len > cgn_forward_mtu(w, pkt->neigh, hop)) &&
		!cgn_forward_fits(w, b->mbufs[at], pkt))
		return;
	if (pkt->proto == CGN_TCP)
		cgn_forward_track(w, m, frame, pkt, CGN_IN2OUT);
	else
		cgn_mapping_touch(m, b->now_s);
	if (unlikely(w->tapping != 0))
		cgn_tap_received(w, b->mbufs[at]);
	cgn_forward_clamp(w, m->tenant, b->mbufs[at]);
	cgn_rewrite_apply(frame, pkt, CGN_IN2OUT, &rw);
	pkt->fate = CGN_FATE_IN2OUT;
	cgn_forward_finish(w, b->mbufs[at]);
	cgn_lane_add(&b->tx, at);
}

/*
 * Is every test of in2out_one answered by these? The first segment of a second is to be learnt of,
 * and with inbound_refresh others too; of UDP there is only the second to be noted.
 */
static inline __attribute__((always_inline)) bool
is_usual(const struct cgn_mapping *m, const struct cgn_pkt *pkt, const uint8_t *frame,
	const struct cgn_hop *hop, uint32_t now_s)
{
	uint32_t filter = atomic_load_explicit(&m->filter, memory_order_relaxed);
	bool is_touched = atomic_load_explicit(&m->last_use_s, memory_order_relaxed) == now_s;

	return !(filter & CGN_FILTER_CONTACTS) &&
		(pkt->proto == CGN_UDP || (is_touched && !m->inbound_refresh)) &&
		cgn_forward_is_usual(m, pkt, frame, hop, pkt->neigh);
}

void
cgn_in2out(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_mapping *entries = w->dp->table->entries;
	struct cgn_hop hop = {.neigh = CGN_NONE};
	const bool is_plain = cgn_forward_is_plain(w);
	const uint32_t now_s = b->now_s, n = b->hit_in2out.n;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t at = b->hit_in2out.at[i];
		struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
		uint8_t *frame = rte_pktmbuf_mtod(b->mbufs[at], uint8_t *);
		struct cgn_mapping *m = &entries[b->found[at]];

		if (likely(is_plain && is_usual(m, pkt, frame, &hop, now_s))) {
			cgn_mapping_touch(m, now_s);
			cgn_forward_usual(m, pkt, frame, CGN_IN2OUT);
			pkt->fate = CGN_FATE_IN2OUT;
			cgn_lane_add(&b->tx, at);
		} else
			in2out_one(w, at, &hop);
	}
}
