/* SPDX-License-Identifier: BSD-3-Clause */
/* in2out: rewrites the packets of subscribers whose mapping was found. Worker threads. */
#include "contact_check.h"
#include "forward.h"

void
cgn_in2out(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_hop hop = {.neigh = CGN_NONE};

	for (uint32_t i = 0; i < b->hit_in2out.n; i++) {
		uint8_t at = b->hit_in2out.at[i];
		struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
		struct cgn_mapping *m = cgn_table_at(w->dp->table, b->found[at]);
		struct cgn_rewrite rw = cgn_forward_rewrite(m, CGN_IN2OUT);
		uint8_t *frame = rte_pktmbuf_mtod(b->mbufs[at], uint8_t *);

		if (pkt->proto == CGN_ICMP && pkt->icmp_type == 0 && !m->one_to_one) {
			cgn_drop(w, b->mbufs[at], CGN_FATE_ICMP_OTHER);
			continue;
		}
		if (cgn_peer_is_new(w, m, pkt)) {
			cgn_lane_add(&b->miss, at);
			continue;
		}
		if (unlikely(m->alg) && cgn_alg_takes(w, b->mbufs[at], b->found[at]))
			continue;
		if (unlikely(pkt->ip_len > cgn_forward_mtu(w, pkt->neigh, &hop)) &&
			!cgn_forward_fits(w, b->mbufs[at], pkt))
			continue;
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
}
