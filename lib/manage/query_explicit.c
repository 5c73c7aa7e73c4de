/* SPDX-License-Identifier: BSD-3-Clause */
/* Explicit mappings: the list, and the operator's changes; control thread, see query.h. */
#include "query.h"

enum { FAR_STEP = CGN_QUERY_STEPS / CGN_QUERY_FAR_STEPS }; /* what a look at a mapping counts */

int32_t
cgn_query_explicit_left(const struct cgn_control *c, const struct cgn_explicit *e)
{
	uint32_t left = cgn_explicit_left(c, e);

	if (e->origin == CGN_EXPLICIT_OPERATOR)
		return -1;
	return left < INT32_MAX ? (int32_t)left : INT32_MAX;
}

/* The mapping of record r, or NULL when the record is free: then it holds a number of another. */
static const struct cgn_mapping *
mapping_of(const struct cgn_control *c, uint32_t r)
{
	uint32_t i = c->explicits.records[r].mapping;
	const struct cgn_mapping *m;

	if (i == CGN_MAPPING_NONE || i > c->table->capacity)
		return NULL;
	m = cgn_table_at(c->table, i);
	return m->explicit_ref == r ? m : NULL;
}

static bool
explicit_matches(const struct cgn_control *c, const struct cgn_query_explicits *q,
	const struct cgn_explicit *e, const struct cgn_mapping *m)
{
	return (q->origins >> e->origin & 1) && (q->protos >> m->proto & 1) &&
		(q->q.tenant == CGN_NONE || q->q.tenant == m->tenant) &&
		cgn_query_wants(c, q->inside, m->inside);
}

/* One without a packet was made as if used longer ago than it exists. */
int32_t
cgn_query_idle(const struct cgn_control *c, const struct cgn_mapping *m)
{
	int32_t idle =
		(int32_t)(c->now_s - atomic_load_explicit(&m->last_use_s, memory_order_relaxed));

	if (idle < 0)
		return 0; /* a worker's second may be ahead */
	return (uint32_t)idle <= c->now_s - m->made_s ? idle : -1;
}

static int8_t
n_sessions(const struct cgn_control *c, const struct cgn_mapping *m)
{
	uint32_t r = atomic_load_explicit(&m->sessions, memory_order_relaxed);
	struct cgn_tcp_sessions t;

	if (r == 0)
		return m->proto == CGN_TCP ? -1 : 0;
	t = cgn_tcp_sessions_at(&c->tcp_sessions, r);
	return (int8_t)cgn_tcp_sessions_n_live(&t);
}

static void
explicit_row(const struct cgn_control *c, uint32_t r, const struct cgn_mapping *m,
	struct cgn_explicit_row *row)
{
	const struct cgn_explicit *e = &c->explicits.records[r];
	uint32_t set = cgn_filter_of(m);

	*row = (struct cgn_explicit_row){
		.at = r,
		.inside_addr = rte_be_to_cpu_32(m->inside_addr),
		.outside_addr = rte_be_to_cpu_32(m->outside_addr),
		.client_addr = e->client_addr,
		.inside_port = rte_be_to_cpu_16(m->inside_port),
		.outside_port = rte_be_to_cpu_16(m->outside_port),
		.client_port = e->client_port,
		.tenant = m->tenant,
		.set_first = e->set_first,
		.set_size = e->set_size,
		.proto = m->proto,
		.origin = e->origin,
		.n_filters = set != 0 ? (uint8_t)c->filters.sets[set].n : 0,
		.n_sessions = n_sessions(c, m),
		.idle_s = cgn_query_idle(c, m),
		.left_s = cgn_query_explicit_left(c, e),
	};
}

void
cgn_query_explicits(struct cgn_control *c, void *arg)
{
	struct cgn_query_explicits *q = arg;
	uint64_t r = q->q.cursor > 0 ? q->q.cursor : 1, steps = 0;

	q->q.n = 0;
	for (; r <= c->explicits.capacity && q->q.n < q->q.limit && steps < CGN_QUERY_STEPS; r++) {
		const struct cgn_explicit *e = &c->explicits.records[r];
		const struct cgn_mapping *m;

		steps++;
		if (e->set_size == 0)
			continue; /* free */
		steps += FAR_STEP - 1;
		m = mapping_of(c, (uint32_t)r);
		if (m != NULL && explicit_matches(c, q, e, m))
			explicit_row(c, (uint32_t)r, m, &q->rows[q->q.n++]);
	}
	q->q.cursor = r <= c->explicits.capacity ? r : 0;
}

/* A refusal that repeats meanwhile moves to the front and is missed by the pages that follow. */
void
cgn_query_refusals(struct cgn_control *c, void *arg)
{
	struct cgn_query_refusals *q = arg;
	const struct cgn_refusals *r = &c->refusals;
	uint32_t k = r->newest;

	q->q.n = 0;
	while (k != 0 && q->q.cursor != 0 && r->records[k].seq > CGN_REFUSAL_END - q->q.cursor)
		k = r->records[k].older;
	for (; k != 0 && q->q.n < q->q.limit; k = r->records[k].older) {
		const struct cgn_refused *what = &r->records[k].what;

		if ((q->q.tenant == CGN_NONE || q->q.tenant == what->tenant) &&
			(q->inside == CGN_NONE || cgn_holder_of(c, q->inside) == what->holder))
			q->rows[q->q.n++] = r->records[k];
	}
	q->q.cursor = k != 0 ? CGN_REFUSAL_END - r->records[k].seq : 0;
}

void
cgn_query_map_add(struct cgn_control *c, void *arg)
{
	struct cgn_query_map *q = arg;

	q->why = cgn_static_add(c, q->tenant, &q->map);
}

/* Fills in what is about to go; cgn_static_del says why when there is nothing. */
void
cgn_query_map_delete(struct cgn_control *c, void *arg)
{
	struct cgn_query_map *q = arg;
	struct cgn_map_key key = {
		.inside = cgn_directory_inside_find(c->dp->dir, q->tenant, q->map.inside),
		.port = rte_cpu_to_be_16(q->map.inside_port),
		.proto = q->map.protocol == CGN_STATIC_TCP ? CGN_TCP : CGN_UDP};
	uint32_t i = key.inside != CGN_NONE ? cgn_table_find(c->table, &key) : CGN_MAPPING_NONE;
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit *e = i != CGN_MAPPING_NONE ? cgn_explicit_of(c, m) : NULL;

	if (e != NULL) {
		q->origin = e->origin;
		q->map.outside = rte_be_to_cpu_32(m->outside_addr);
		q->map.outside_port = rte_be_to_cpu_16(m->outside_port);
	}
	q->why = cgn_static_del(c, q->tenant, &q->map);
}

void
cgn_query_clear(struct cgn_control *c, void *arg)
{
	cgn_clear_slice(c, arg);
}
