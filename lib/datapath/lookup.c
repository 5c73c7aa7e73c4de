/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lookup: inside packets, hairpins too, through the index in one bulk, outside packets through the
 * pool's index. Fills b->found with mapping indices; the entries have been read, or prefetched, for
 * the next stage.
 */
#include <rte_prefetch.h>

#include "dependent_find.h"
#include "verdict.h"

/* The places of the lane whose mapping was found go to hits, the others to miss. */
static void
split(struct cgn_burst *b, const struct cgn_lane *lane, const uint32_t *found,
	struct cgn_lane *hits)
{
	for (uint32_t i = 0; i < lane->n; i++) {
		uint8_t at = lane->at[i];

		b->found[at] = found[i];
		if (found[i] == CGN_MAPPING_NONE)
			cgn_lane_add(&b->miss, at);
		else
			cgn_lane_add(hits, at);
	}
}

static void
lookup_inside(struct cgn_worker *w, const struct cgn_lane *lane, struct cgn_lane *hits)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_map_key keys[CGN_BURST];
	uint32_t of_lane[CGN_BURST], n_found;
	/* Of a whole burst place i is i. */
	uint32_t *found = lane->n == b->n ? b->found : of_lane;

	for (uint32_t i = 0; i < lane->n; i++) {
		const struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[lane->at[i]]);

		keys[i] = (struct cgn_map_key){
			.inside = pkt->inside, .port = pkt->sport, .proto = pkt->proto};
	}
	n_found = cgn_table_find_bulk(w->dp->table, keys, lane->n, found);
	if (likely(n_found == b->n))
		*hits = *lane;
	else
		split(b, lane, found, hits);
}

/*
 * Where the slots of the lane's packets are, as cgn_pool_slot; granules and slots are asked for, a
 * burst of each at a time.
 */
static void
find_slots(const struct cgn_worker *w, const struct cgn_lane *lane,
	const _Atomic uint32_t *slots[CGN_BURST])
{
	const struct cgn_burst *b = &w->burst;
	const struct cgn_pool *pool = w->dp->pool;
	const _Atomic uint32_t *granules[CGN_BURST];

	for (uint32_t i = 0; i < lane->n; i++) {
		uint8_t at = lane->at[i];
		uint16_t port = rte_be_to_cpu_16(cgn_pkt_of(b->mbufs[at])->dport);

		granules[i] = &pool->granules[(uint64_t)b->found[at] * CGN_GRANULES +
			port / CGN_GRANULE_PORTS];
		rte_prefetch0((const void *)granules[i]);
	}
	for (uint32_t i = 0; i < lane->n; i++) {
		const struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[lane->at[i]]);
		uint32_t chunk = atomic_load_explicit(granules[i], memory_order_acquire);
		uint16_t port = rte_be_to_cpu_16(pkt->dport);

		slots[i] = &pool->chunks[chunk].slots[pkt->proto][port % CGN_GRANULE_PORTS];
		rte_prefetch0((const void *)slots[i]);
	}
}

/* No mapping has the port for all remote ends. */
static __rte_noinline void
not_in_slot(struct cgn_worker *w, uint8_t at)
{
	struct cgn_burst *b = &w->burst;
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
	uint32_t m = cgn_dependent_behind(w, pkt, b->found[at]);

	if (m != CGN_MAPPING_NONE) {
		b->found[at] = m;
		cgn_lane_add(&b->hit_out2in, at);
		return;
	}
	pkt->inside = cgn_pool_owner(w->dp->pool, b->found[at]);
	if (pkt->inside != CGN_NONE)
		cgn_lane_add(&b->miss, at);
	else
		cgn_punt_unsolicited(w, b->mbufs[at], CGN_FATE_NO_MAPPING);
}

static void
lookup_out2in(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;
	const struct cgn_mapping *entries = w->dp->table->entries;
	const _Atomic uint32_t *slots[CGN_BURST];

	find_slots(w, &b->out2in, slots);
	for (uint32_t i = 0; i < b->out2in.n; i++) {
		uint32_t m = cgn_slot_mapping(atomic_load_explicit(slots[i], memory_order_acquire));
		uint8_t at = b->out2in.at[i];

		if (unlikely(m == CGN_MAPPING_NONE)) {
			not_in_slot(w, at);
			continue;
		}
		b->found[at] = m;
		rte_prefetch0(&entries[m]);
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
