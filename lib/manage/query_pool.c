/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries about mappings, outside addresses and port blocks; control thread, see query.h. */
#include <string.h>

#include "lifetime.h"
#include "pool_addr.h"
#include "query.h"

static bool
mapping_matches(const struct cgn_control *c, const struct cgn_query_mappings *q,
	const struct cgn_mapping *m)
{
	return (q->protos >> m->proto & 1) &&
		(q->q.tenant == CGN_NONE || q->q.tenant == m->tenant) &&
		cgn_query_wants(c, q->inside, m->inside);
}

/* Whether the entry is wanted and published. The entry itself comes first; its port is somewhere
 * else in memory. */
static bool
mapping_is_wanted(const struct cgn_control *c, const struct cgn_query_mappings *q, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);

	return m->inside_addr != 0 && mapping_matches(c, q, m) && cgn_is_published(c, i);
}

/* By traffic or by its record, whichever is later; -1: the operator's. */
static int32_t
mapping_left(const struct cgn_control *c, const struct cgn_mapping *m)
{
	const struct cgn_conf_timeouts *timeouts = &cgn_conf_of(c, m->tenant)->timeouts;
	int32_t left = (int32_t)(cgn_lifetime_end_s(timeouts, m) - c->now_s), record = 0;

	if (m->explicit_ref != 0)
		record = cgn_query_explicit_left(c, &c->explicits.records[m->explicit_ref]);
	if (record < 0)
		return -1;
	left = left > record ? left : record;
	return left > 0 ? left : 0;
}

struct cgn_mapping_row
cgn_query_mapping_row(const struct cgn_control *c, uint32_t i, uint64_t at)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_dependent *dependent = m->dependent ? cgn_dependent_of(&c->dependents, i)
							     : NULL;
	uint32_t age = c->now_s - m->made_s;
	int32_t idle =
		(int32_t)(c->now_s - atomic_load_explicit(&m->last_use_s, memory_order_relaxed));

	if (idle > 0 && (uint32_t)idle > age)
		idle = (int32_t)age; /* asked for, and no packet yet */
	return (struct cgn_mapping_row){
		.at = at,
		.inside_addr = rte_be_to_cpu_32(m->inside_addr),
		.outside_addr = rte_be_to_cpu_32(m->outside_addr),
		.inside_port = rte_be_to_cpu_16(m->inside_port),
		.outside_port = rte_be_to_cpu_16(m->outside_port),
		.tenant = m->tenant,
		.proto = m->proto,
		.ip_proto = m->proto == CGN_OTHER ? (uint8_t)m->ip_proto : 0,
		.is_call = m->call,
		.remote = m->proto == CGN_OTHER ? rte_be_to_cpu_32(m->remote)
			: dependent != NULL     ? rte_be_to_cpu_32(dependent->remote)
						: 0,
		.remote_port = dependent != NULL ? rte_be_to_cpu_16(dependent->remote_port) : 0,
		.tcp = atomic_load_explicit(&m->tcp, memory_order_relaxed),
		.age_s = age,
		.idle_s = idle > 0 ? (uint32_t)idle : 0, /* a worker's second may be ahead */
		.left_s = mapping_left(c, m),
		.filter = atomic_load_explicit(&m->filter, memory_order_relaxed),
		.contacts = cgn_contacts_of(c, i),
	};
}

static void
mapping_add(const struct cgn_control *c, struct cgn_query_mappings *q, uint32_t i, uint64_t at)
{
	q->rows[q->q.n++] = cgn_query_mapping_row(c, i, at);
}

/*
 * The mappings of a port and protocol from the place *at on, which goes on to the next port when
 * there are no others.
 */
static void
mappings_of_port(const struct cgn_control *c, struct cgn_query_mappings *q,
	const struct cgn_port *port, uint64_t *at)
{
	enum cgn_proto proto = (enum cgn_proto)(*at % CGN_QUERY_SHARER % CGN_N_PROTOS);
	uint32_t i = cgn_outside_nth(c, port, (uint8_t)proto, (uint32_t)(*at / CGN_QUERY_SHARER));

	if (!(q->protos >> proto & 1))
		i = CGN_MAPPING_NONE;
	while (i != CGN_MAPPING_NONE && q->q.n < q->q.limit) {
		if (mapping_matches(c, q, cgn_table_at(c->table, i)))
			mapping_add(c, q, i, *at);
		*at += CGN_QUERY_SHARER;
		i = cgn_outside_next(c, i);
	}
	if (i == CGN_MAPPING_NONE)
		*at = *at % CGN_QUERY_SHARER + 1;
}

/* One outside address and port: at most one mapping per protocol, but where they share it. */
static void
mappings_at_outside(const struct cgn_control *c, struct cgn_query_mappings *q)
{
	const struct cgn_port port = {.pool = q->pool, .port = q->port};
	uint64_t at = q->q.cursor;

	while (at % CGN_QUERY_SHARER < CGN_N_PROTOS && q->q.n < q->q.limit)
		mappings_of_port(c, q, &port, &at);
	q->q.cursor = at % CGN_QUERY_SHARER < CGN_N_PROTOS ? at : 0;
}

/* One subscriber: the ports of its paired address; granules of others are passed at a glance. */
static void
mappings_of_subscriber(const struct cgn_control *c, struct cgn_query_mappings *q)
{
	uint64_t at = q->q.cursor, steps = 0;
	const uint64_t end = UINT64_C(65536) * CGN_N_PROTOS;
	const uint32_t holder = cgn_holder_of(c, q->inside);
	uint32_t pool = c->subscribers[holder].pool;

	while (pool != CGN_NONE && at % CGN_QUERY_SHARER < end && q->q.n < q->q.limit &&
		steps < CGN_QUERY_STEPS) {
		uint32_t port = (uint32_t)(at % CGN_QUERY_SHARER / CGN_N_PROTOS);
		const struct cgn_port place = {.pool = pool, .port = (uint16_t)port};
		uint32_t chunk = atomic_load_explicit(
			&c->pool->granules[(uint64_t)pool * CGN_GRANULES +
				port / CGN_GRANULE_PORTS],
			memory_order_relaxed);

		steps++;
		if (chunk == 0 || c->pool->blocks[c->pool->ctl[chunk].block].inside != holder) {
			at = (uint64_t)(port / CGN_GRANULE_PORTS + 1) * CGN_GRANULE_PORTS *
				CGN_N_PROTOS;
			continue;
		}
		mappings_of_port(c, q, &place, &at);
	}
	q->q.cursor = pool != CGN_NONE && at % CGN_QUERY_SHARER < end ? at : 0;
}

void
cgn_query_mappings(struct cgn_control *c, void *arg)
{
	struct cgn_query_mappings *q = arg;
	uint64_t i = q->q.cursor > 0 ? q->q.cursor : 1, steps = 0;

	q->q.n = 0;
	if (q->pool != CGN_NONE) {
		mappings_at_outside(c, q);
		return;
	}
	if (q->inside != CGN_NONE) {
		mappings_of_subscriber(c, q);
		return;
	}
	for (; i <= c->table->last && q->q.n < q->q.limit && steps < CGN_QUERY_STEPS;
		i++, steps++) {
		if (mapping_is_wanted(c, q, (uint32_t)i))
			mapping_add(c, q, (uint32_t)i, i);
	}
	q->q.cursor = i <= c->table->last ? i : 0;
}

/* The block that holds a granule, or NULL when it is not leased. */
static const struct cgn_block *
block_at(const struct cgn_pool *pool, uint32_t addr, uint32_t granule)
{
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)addr * CGN_GRANULES + granule], memory_order_relaxed);

	return chunk != 0 ? &pool->blocks[pool->ctl[chunk].block] : NULL;
}

/* Adds up the blocks of an address; returns how many places it looked at. */
static uint32_t
pool_row_fill(const struct cgn_control *c, uint32_t i, struct cgn_pool_row *row)
{
	const struct cgn_pool *pool = c->pool;
	const struct cgn_pool_addr *addr = &pool->addrs[i];
	uint32_t steps = 0;

	*row = (struct cgn_pool_row){.pool = i,
		.n_blocks = (uint16_t)(addr->n_blocks + addr->n_idle),
		.n_free = (uint16_t)(addr->n_free + addr->n_idle),
		.state = addr->state,
		.mapped_peak = addr->mapped_peak,
		.busy_peak = addr->busy_peak,
		.blocks_peak = addr->blocks_peak,
		.mapped_peak_utc_s = cgn_query_peak_utc_s(c, &addr->mapped_peak),
		.busy_peak_utc_s = cgn_query_peak_utc_s(c, &addr->busy_peak),
		.blocks_peak_utc_s = cgn_query_peak_utc_s(c, &addr->blocks_peak)};
	for (uint32_t g = cgn_pool_addr_leased(addr, 0); g < CGN_GRANULES;) {
		const struct cgn_block *block = block_at(pool, i, g);

		steps++;
		for (int p = 0; p < CGN_N_PROTOS; p++) {
			row->busy[p] += block->busy[p];
			row->resting[p] += block->resting[p];
		}
		g = cgn_pool_addr_leased(addr, block->first_granule + block->n_granules);
	}
	return steps + 1;
}

/* The pool indices that a query is about. */
static struct cgn_number_runs
pool_numbers(const struct cgn_control *c, uint32_t tenant, struct cgn_number_run *all)
{
	const struct cgn_directory *dir = c->dp->dir;

	return cgn_query_numbers(
		tenant != CGN_NONE ? &dir->tenants[tenant].pool : NULL, dir->n_pool, all);
}

void
cgn_query_pools(struct cgn_control *c, void *arg)
{
	struct cgn_query_pools *q = arg;
	struct cgn_number_run all;
	struct cgn_number_runs numbers = pool_numbers(c, q->q.tenant, &all);
	uint32_t i = cgn_query_number_at(&numbers, q->q.cursor), steps = 0;

	q->q.n = 0;
	while (i != CGN_NONE && q->q.n < q->q.limit && steps++ < CGN_QUERY_FAR_STEPS) {
		if (cgn_directory_pool_live(c->dp->dir, i) &&
			c->pool->addrs[i].state != CGN_ADDR_NONE)
			steps += pool_row_fill(c, i, &q->rows[q->q.n++]);
		i = cgn_number_next(&numbers, i + 1);
	}
	q->q.cursor = i != CGN_NONE ? i : 0;
}

static struct cgn_block_row
block_row(const struct cgn_control *c, uint64_t at, const struct cgn_block *block)
{
	return (struct cgn_block_row){.at = at,
		.block = *block,
		.rests_s = block->is_resting ? block->rests_until_s - c->now_s : 0};
}

static void
blocks_of_subscriber(const struct cgn_control *c, struct cgn_query_blocks *q)
{
	uint32_t b = cgn_subscriber_of(c, q->inside)->first_block;

	for (uint64_t i = 0; b != CGN_NONE; i++, b = c->pool->blocks[b].next) {
		if (i < q->q.cursor)
			continue;
		if (q->q.n == q->q.limit) {
			q->q.cursor = i;
			return;
		}
		q->rows[q->q.n++] = block_row(c, i, &c->pool->blocks[b]);
	}
	q->q.cursor = 0;
}

void
cgn_query_blocks(struct cgn_control *c, void *arg)
{
	struct cgn_query_blocks *q = arg;
	struct cgn_number_run all;
	struct cgn_number_runs numbers = pool_numbers(c, q->q.tenant, &all);
	uint64_t at = q->q.cursor;
	uint32_t i = cgn_query_number_at(&numbers, at / CGN_GRANULES), steps = 0;

	q->q.n = 0;
	if (q->inside != CGN_NONE) {
		blocks_of_subscriber(c, q);
		return;
	}
	at = i == at / CGN_GRANULES ? at : (uint64_t)i * CGN_GRANULES;
	while (i != CGN_NONE && q->q.n < q->q.limit && steps++ < CGN_QUERY_FAR_STEPS) {
		const struct cgn_block *block = block_at(c->pool, i, at % CGN_GRANULES);

		if (block != NULL && block->first_granule == at % CGN_GRANULES &&
			cgn_directory_pool_live(c->dp->dir, i))
			q->rows[q->q.n++] = block_row(c, at, block);
		if (++at % CGN_GRANULES == 0) {
			i = cgn_number_next(&numbers, i + 1);
			at = (uint64_t)i * CGN_GRANULES;
		}
	}
	q->q.cursor = i != CGN_NONE ? at : 0;
}
