/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries of `trace`; control thread, see query_trace.h. */
#include "query_trace.h"

#include <errno.h>

#include "port_block.h"

static const struct cgn_block *
block_at(const struct cgn_pool *pool, struct cgn_port at)
{
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)at.pool * CGN_GRANULES + at.port / CGN_GRANULE_PORTS],
		memory_order_relaxed);

	return chunk != 0 ? &pool->blocks[pool->ctl[chunk].block] : NULL;
}

/* Is it a port that subscribers get? One that was leased in an older range still counts as such. */
static bool
is_given_out(const struct cgn_control *c, const struct cgn_query_trace *q, bool is_leased)
{
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_conf_tenant *conf = cgn_conf_of(c, dir->pool_tenants[q->at.pool]);

	if (cgn_pool_reserved(c->pool, q->at.pool, q->at.port / CGN_GRANULE_PORTS, q->proto) >>
			(q->at.port % CGN_GRANULE_PORTS) &
		1)
		return false;
	return is_leased || (q->at.port >= conf->ports.first && q->at.port <= conf->ports.last);
}

static void
trace_mapping(struct cgn_control *c, struct cgn_query_trace *q, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit *e = cgn_explicit_of(c, m);

	q->status = CGN_TRACE_MAPPED;
	q->n_mappings = m->dependent
		? c->dependents.ports[cgn_dependent_of(&c->dependents, i)->shared].n
		: 1;
	q->row = cgn_query_mapping_row(c, i, 0);
	q->idle_s = cgn_query_idle(c, m);
	q->origin = e != NULL ? (int8_t)e->origin : -1;
}

/* The port has no mapping, its block is leased. */
static void
trace_rest(struct cgn_control *c, struct cgn_query_trace *q, const struct cgn_block *block)
{
	uint32_t until_s;
	int rc = cgn_pool_rest_until(
		c->pool, q->at, q->proto, &q->search, CGN_QUERY_FAR_STEPS, &until_s);

	q->status = CGN_TRACE_RESTING;
	q->is_searching = rc == -EAGAIN;
	if (rc == 0)
		q->rests_s = (int32_t)(until_s - c->now_s);
	if (block->is_resting && (int32_t)(block->rests_until_s - c->now_s) > q->rests_s)
		q->rests_s = (int32_t)(block->rests_until_s - c->now_s);
	if (rc == -ENOENT && !block->is_resting)
		q->status = CGN_TRACE_LEASED;
}

void
cgn_query_trace(struct cgn_control *c, void *arg)
{
	struct cgn_query_trace *q = arg;
	const struct cgn_block *block = block_at(c->pool, q->at);
	uint32_t i = cgn_outside_nth(c, &q->at, (uint8_t)q->proto, 0);

	q->status = CGN_TRACE_FREE;
	q->inside = block != NULL ? block->inside : CGN_NONE;
	cgn_session_id_copy(c, q->inside, q->id);
	q->rests_s = -1;
	q->is_searching = false;
	if (block != NULL) {
		q->first = (uint16_t)(block->first_granule * CGN_GRANULE_PORTS);
		q->last = (uint16_t)(q->first + block->n_granules * CGN_GRANULE_PORTS - 1);
	}
	if (i != CGN_MAPPING_NONE)
		trace_mapping(c, q, i);
	else if (!is_given_out(c, q, block != NULL))
		q->status = CGN_TRACE_NEVER;
	else if (block != NULL)
		trace_rest(c, q, block);
}

static const uint64_t per_block = UINT64_C(65536) * 4;

static bool
rests(const struct cgn_pool *pool, const struct cgn_block *block, uint32_t port, uint32_t proto)
{
	uint32_t granule = block->first_granule + port / CGN_GRANULE_PORTS;
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)block->pool * CGN_GRANULES + granule],
		memory_order_relaxed);

	return atomic_load_explicit(&pool->chunks[chunk].slots[proto][port % CGN_GRANULE_PORTS],
		       memory_order_relaxed) &
		CGN_SLOT_RESTING;
}

static void
block_add(const struct cgn_control *c, struct cgn_query_ranges *q, const struct cgn_block *block,
	uint64_t at)
{
	uint32_t first = block->first_granule * (uint32_t)CGN_GRANULE_PORTS, mapped = 0;

	for (int p = 0; p < CGN_N_PROTOS; p++)
		mapped += block->busy[p] - (uint32_t)block->resting[p];
	q->rows[q->q.n++] = (struct cgn_range_row){.at = at,
		.pool = block->pool,
		.first = (uint16_t)first,
		.last = (uint16_t)(first + block->n_granules * CGN_GRANULE_PORTS - 1),
		.proto = -1,
		.mapped = mapped,
		.rests_s = block->is_resting ? (int32_t)(block->rests_until_s - c->now_s) : 0};
}

/* From place k of the block on; returns where it stopped, 0: the block is finished. */
static uint64_t
ranges_of_block(const struct cgn_control *c, struct cgn_query_ranges *q,
	const struct cgn_block *block, uint64_t k, uint32_t *steps)
{
	const uint32_t n_ports = block->n_granules * (uint32_t)CGN_GRANULE_PORTS;
	const uint64_t end = (uint64_t)n_ports * CGN_N_PROTOS;

	if (n_ports == 0)
		return 0;         /* not so of a leased block */
	for (k--; k < end; k++) { /* protocol by protocol */
		uint32_t proto = (uint32_t)(k / n_ports), port = (uint32_t)(k % n_ports), n = 0;

		if (q->q.n == q->q.limit || *steps >= CGN_QUERY_STEPS)
			return k + 1;
		while (port + n < n_ports && rests(c->pool, block, port + n, proto))
			n++;
		*steps += n + 1;
		if (n == 0)
			continue;
		q->rows[q->q.n++] = (struct cgn_range_row){.at = k + 1,
			.pool = block->pool,
			.first = (uint16_t)(block->first_granule * CGN_GRANULE_PORTS + port),
			.last = (uint16_t)(block->first_granule * CGN_GRANULE_PORTS + port + n - 1),
			.proto = (int8_t)proto};
		k += n - 1;
	}
	return 0;
}

void
cgn_query_ranges(struct cgn_control *c, void *arg)
{
	struct cgn_query_ranges *q = arg;
	uint64_t nth = q->q.cursor / per_block, k = q->q.cursor % per_block, i = 0;
	uint32_t b = cgn_subscriber_of(c, q->inside)->first_block, steps = 0;

	q->q.n = 0;
	q->q.cursor = 0;
	for (; b != CGN_NONE && i < nth; i++)
		b = c->pool->blocks[b].next;
	for (; b != CGN_NONE; b = c->pool->blocks[b].next, i++, k = 0) {
		const struct cgn_block *block = &c->pool->blocks[b];
		uint32_t n;

		if (k == 0 && (q->q.n == q->q.limit || steps >= CGN_QUERY_STEPS)) {
			q->q.cursor = i * per_block;
			return;
		}
		if (k == 0)
			block_add(c, q, block, i * per_block);
		n = q->q.n;
		k = ranges_of_block(c, q, block, k > 0 ? k : 1, &steps);
		for (; n < q->q.n; n++)
			q->rows[n].at += i * per_block;
		if (k != 0) {
			q->q.cursor = i * per_block + k;
			return;
		}
	}
}
