/* SPDX-License-Identifier: BSD-3-Clause */
/* Mappings of one remote end; see dependent_find.h. */
#include "dependent_find.h"

#include <rte_prefetch.h>

/* First the one of the remote end, then the one for all others: control makes the second only
 * where the first ones are not to be lost. */
uint32_t
cgn_dependent_at_inside(const struct cgn_worker *w, uint32_t inside, const struct cgn_ends *ends)
{
	const struct cgn_dependent_key key = {.end = inside,
		.remote = ends->remote,
		.port = ends->port,
		.remote_port = ends->remote_port,
		.proto = ends->proto,
		.dir = CGN_IN2OUT};
	const struct cgn_map_key beside = {
		.inside = inside, .port = ends->port, .proto = ends->proto, .beside = 1};
	uint32_t found;

	if (!cgn_proto_may_share(ends->proto) || w->dp->dependents->hash == NULL)
		return CGN_MAPPING_NONE;
	found = cgn_dependent_find(w->dp->dependents, &key);
	if (found == CGN_MAPPING_NONE)
		cgn_table_find_bulk(w->dp->table, &beside, 1, &found);
	return found;
}

void
cgn_dependent_misses_slow(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;
	uint32_t n = b->miss.n;

	b->miss.n = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t at = b->miss.at[i];
		const struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
		const struct cgn_ends ends = {.port = pkt->sport,
			.remote = pkt->dst,
			.remote_port = pkt->dport,
			.proto = pkt->proto};
		uint32_t found = pkt->dir == CGN_IN2OUT
			? cgn_dependent_at_inside(w, pkt->inside, &ends)
			: CGN_MAPPING_NONE;

		if (found == CGN_MAPPING_NONE) {
			cgn_lane_add(&b->miss, at);
			continue;
		}
		b->found[at] = found;
		rte_prefetch0(cgn_table_at(w->dp->table, found));
		cgn_lane_add(pkt->hairpin ? &b->hit_hairpin : &b->hit_in2out, at);
	}
}

/* The slot says whether it is worth a look-up: what scans find costs nothing more. */
static uint32_t
find_behind(const struct cgn_worker *w, uint32_t pool, const struct cgn_ends *ends)
{
	const struct cgn_dependent_key key = {.end = pool,
		.remote = ends->remote,
		.port = ends->port,
		.remote_port = ends->remote_port,
		.proto = ends->proto,
		.dir = CGN_OUT2IN};
	uint32_t slot = cgn_pool_slot(
		w->dp->pool, pool, (enum cgn_proto)ends->proto, rte_be_to_cpu_16(ends->port));

	return cgn_slot_sharer(slot) != CGN_MAPPING_NONE
		? cgn_dependent_find(w->dp->dependents, &key)
		: CGN_MAPPING_NONE;
}

uint32_t
cgn_dependent_behind_slow(const struct cgn_worker *w, const struct cgn_pkt *pkt, uint32_t pool)
{
	const struct cgn_ends ends = {.port = pkt->dport,
		.remote = pkt->src,
		.remote_port = pkt->sport,
		.proto = pkt->proto};

	return find_behind(w, pool, &ends);
}

struct cgn_mapping *
cgn_dependent_at_outside(const struct cgn_worker *w, const struct cgn_ends *ends)
{
	uint32_t host = rte_be_to_cpu_32(ends->addr), found;
	const struct cgn_range *to = cgn_range_map_find(&w->dir->outside_dst, host);
	struct cgn_mapping *m;

	if (w->dp->dependents->hash == NULL || to == NULL ||
		cgn_dst_class_of(to->value) != CGN_DST_POOL)
		return NULL;
	found = find_behind(w, cgn_dst_number(to->value) + (host - to->origin), ends);
	m = cgn_table_at(w->dp->table, found);
	/* A reload may have given the pool index to another address. */
	return found != CGN_MAPPING_NONE && m->outside_addr == ends->addr ? m : NULL;
}
