/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looks ahead at a burst of new flows: what punt_drain.c will touch for them one by one comes from
 * memory for all of them at one time. Random bits are drawn here, so that the place of the port
 * that they choose is known before it is needed.
 */
#include "control.h"
#include "prefetch.h"

enum { SEEN_BITS = 256 };

/* Packets that may make a mapping, with what is known of them. */
struct burst {
	uint32_t n, holders[CGN_PUNT_AHEAD];
	struct cgn_map_key keys[CGN_PUNT_AHEAD];
	struct cgn_ahead *known[CGN_PUNT_AHEAD];
	bool has_others; /* that may make mappings too */
	uint64_t seen[SEEN_BITS / 64];
};

/* Of two packets of one flow, the second is never the first one here. */
static bool
is_first(struct burst *b, const struct cgn_table *t, const struct cgn_map_key *key)
{
	uint32_t bit = cgn_map_key_hash(&t->secret, key) % SEEN_BITS;
	bool is_first = !(b->seen[bit / 64] >> bit % 64 & 1);

	b->seen[bit / 64] |= UINT64_C(1) << bit % 64;
	return is_first;
}

/* A packet that a switch has overtaken may name what is gone: those are looked at one by one. */
static void
collect(struct cgn_control *c, struct rte_mbuf *m, struct burst *b, struct cgn_ahead *known)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	struct cgn_map_key *key = &b->keys[b->n];
	struct cgn_flow flow;

	if (pkt->action != CGN_ACT_NEW_FLOW) {
		b->has_others = true;
		return;
	}
	if (pkt->proto == CGN_OTHER || pkt->inside >= c->dp->dir->n_inside)
		return;
	flow = cgn_flow_of(pkt);
	*key = (struct cgn_map_key){
		.inside = flow.inside, .port = flow.port, .proto = (uint8_t)flow.proto};
	known->is_new = is_first(b, c->table, key);
	known->draw = cgn_rand_u64(&c->rand);
	b->known[b->n] = known;
	b->holders[b->n] = cgn_directory_holder(c->dp->dir, flow.inside);
	rte_prefetch0(&c->subscribers[b->holders[b->n]]);
	cgn_table_prefetch_take(c->table, b->n);
	b->n++;
}

/* Brings the buckets of the index, too. */
static void
find(const struct cgn_control *c, struct burst *b)
{
	/* There are mappings that one look-up in the table does not find (dependent.h). */
	bool may_miss = b->has_others || c->dependents.n_live > 0 || c->table->n_beside > 0;
	uint32_t found[CGN_PUNT_AHEAD];

	cgn_table_find_bulk(c->table, b->keys, b->n, found);
	for (uint32_t i = 0; i < b->n; i++)
		b->known[i]->is_new &= found[i] == CGN_MAPPING_NONE && !may_miss;
}

void
cgn_punt_ahead(
	struct cgn_control *c, struct rte_mbuf *const *mbufs, uint32_t n, struct cgn_ahead *known)
{
	struct burst b = {0};

	for (uint32_t i = 0; i < n; i++)
		collect(c, mbufs[i], &b, &known[i]);
	find(c, &b);
	for (uint32_t i = 0; i < b.n; i++)
		cgn_pool_prefetch_block(c->pool, b.holders[i]);
	for (uint32_t i = 0; i < b.n; i++)
		cgn_pool_prefetch_granule(c->pool, b.holders[i], b.known[i]->draw);
	for (uint32_t i = 0; i < b.n; i++)
		cgn_pool_prefetch_port(
			c->pool, b.holders[i], (enum cgn_proto)b.keys[i].proto, b.known[i]->draw);
}
