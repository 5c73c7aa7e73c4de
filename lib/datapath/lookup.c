/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lookup: inside packets, hairpins too, through the hash in one bulk, outside packets through the
 * pool's index. Fills b->found with mapping indices; the entries have been read, or prefetched, for
 * the next stage.
 */
#include <rte_prefetch.h>

#include "dependent_find.h"
#include "verdict.h"

static void
lookup_inside(struct cgn_worker *w, const struct cgn_lane *lane, struct cgn_lane *hits)
{
	struct cgn_burst *b = &w->burst;
	const struct cgn_table *t = w->dp->table;
	struct cgn_map_key keys[CGN_BURST];
	uint32_t found[CGN_BURST];

	for (uint32_t i = 0; i < lane->n; i++) {
		const struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[lane->at[i]]);

		keys[i] = (struct cgn_map_key){
			.inside = pkt->inside, .port = pkt->sport, .proto = pkt->proto};
	}
	cgn_table_find_bulk(t, keys, lane->n, found);
	for (uint32_t i = 0; i < lane->n; i++) {
		uint8_t at = lane->at[i];

		b->found[at] = found[i];
		if (found[i] == CGN_MAPPING_NONE)
			cgn_lane_add(&b->miss, at);
		else
			cgn_lane_add(hits, at);
	}
}

/* Asks for what cgn_pool_find will read one after the other: granules, then slots. */
static void
prefetch_slots(const struct cgn_worker *w)
{
	const struct cgn_burst *b = &w->burst;
	const struct cgn_pool *pool = w->dp->pool;
	const _Atomic uint32_t *granules[CGN_BURST];

	for (uint32_t i = 0; i < b->out2in.n; i++) {
		uint8_t at = b->out2in.at[i];
		uint16_t port = rte_be_to_cpu_16(cgn_pkt_of(b->mbufs[at])->dport);

		granules[i] = &pool->granules[(uint64_t)b->found[at] * CGN_GRANULES +
			port / CGN_GRANULE_PORTS];
		rte_prefetch0((const void *)granules[i]);
	}
	for (uint32_t i = 0; i < b->out2in.n; i++) {
		const struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[b->out2in.at[i]]);
		uint32_t chunk = atomic_load_explicit(granules[i], memory_order_acquire);
		uint16_t port = rte_be_to_cpu_16(pkt->dport);

		rte_prefetch0((const void *)&pool->chunks[chunk]
				      .slots[pkt->proto][port % CGN_GRANULE_PORTS]);
	}
}

static void
lookup_out2in(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;

	prefetch_slots(w);
	for (uint32_t i = 0; i < b->out2in.n; i++) {
		uint8_t at = b->out2in.at[i];
		struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
		uint32_t m = cgn_pool_find(w->dp->pool, b->found[at], (enum cgn_proto)pkt->proto,
			rte_be_to_cpu_16(pkt->dport));

		if (m == CGN_MAPPING_NONE)
			m = cgn_dependent_behind(w, pkt, b->found[at]);
		if (m == CGN_MAPPING_NONE) {
			uint32_t owner = cgn_pool_owner(w->dp->pool, b->found[at]);

			pkt->inside = owner;
			if (owner != CGN_NONE)
				cgn_lane_add(&b->miss, at);
			else
				cgn_punt_unsolicited(w, b->mbufs[at], CGN_FATE_NO_MAPPING);
			continue;
		}
		b->found[at] = m;
		rte_prefetch0(cgn_table_at(w->dp->table, m));
		cgn_lane_add(&b->hit_out2in, at);
	}
}

void
cgn_lookup(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;

	if (b->in2out.n > 0)
		lookup_inside(w, &b->in2out, &b->hit_in2out);
	if (b->hairpin.n > 0)
		lookup_inside(w, &b->hairpin, &b->hit_hairpin);
	cgn_dependent_misses(w);
	if (b->out2in.n > 0)
		lookup_out2in(w);
}
