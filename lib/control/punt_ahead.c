/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looks ahead at a burst of new flows: what punt_drain.c will touch for them one by one comes from
 * memory for all of them at one time. Changes nothing.
 */
#include "control.h"
#include "prefetch.h"

/* Packets that may make a mapping, with what is known of them. */
struct ahead {
	uint32_t n, holders[CGN_PUNT_AHEAD];
	struct cgn_map_key keys[CGN_PUNT_AHEAD];
};

/* A packet that a switch has overtaken may name what is gone: those are looked at one by one. */
static void
collect(const struct cgn_control *c, struct rte_mbuf *const *mbufs, uint32_t n, struct ahead *a)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct cgn_pkt *pkt = cgn_pkt_of(mbufs[i]);
		struct cgn_flow flow;

		if (pkt->action != CGN_ACT_NEW_FLOW || pkt->proto == CGN_OTHER ||
			pkt->inside >= c->dp->dir->n_inside)
			continue;
		flow = cgn_flow_of(pkt);
		a->keys[a->n] = (struct cgn_map_key){
			.inside = flow.inside, .port = flow.port, .proto = (uint8_t)flow.proto};
		a->holders[a->n] = cgn_directory_holder(c->dp->dir, flow.inside);
		rte_prefetch0(&c->subscribers[a->holders[a->n]]);
		cgn_table_prefetch_take(c->table, a->n);
		a->n++;
	}
}

void
cgn_punt_ahead(const struct cgn_control *c, struct rte_mbuf *const *mbufs, uint32_t n)
{
	uint32_t found[CGN_PUNT_AHEAD];
	struct ahead a = {0};

	collect(c, mbufs, n, &a);
	cgn_table_find_bulk(c->table, a.keys, a.n, found); /* for the buckets of the hash */
	for (uint32_t i = 0; i < a.n; i++)
		cgn_pool_prefetch_block(c->pool, a.holders[i]);
	for (uint32_t i = 0; i < a.n; i++)
		cgn_pool_prefetch_granules(c->pool, a.holders[i]);
	for (uint32_t i = 0; i < a.n; i++)
		cgn_pool_prefetch_ports(c->pool, a.holders[i]);
}
