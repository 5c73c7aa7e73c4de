/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries about the box, tenants, subscribers and neighbours; control thread, see query.h. */
#include "query.h"

void
cgn_query_box(struct cgn_control *c, void *arg)
{
	struct cgn_query_box *q = arg;

	*q = (struct cgn_query_box){
		.uptime_s = c->now_s - c->start_s,
		.limbo = c->open.n + c->waiting.n,
		.mappings = cgn_table_n_used(c->table),
		.expired = c->expired,
		.grace_wait_ns_max = c->grace_wait_ns_max,
		.neighbours = c->neigh->n_known,
		.held = c->neigh->n_held,
		.explicits = c->explicits.n_used,
		.filters = c->filters.n_used,
		.journal_on = c->state.ring != NULL,
		.journal_written = c->state.written,
		.journal_resyncs = c->state.resyncs,
		.journal_waits = c->state.lease_waits,
		.blocks_restored = c->state.blocks_restored,
	};
	for (uint32_t t = 0; t < c->dp->dir->n_tenants; t++) {
		q->blocks_resting += c->pool->use[t].blocks_resting;
		q->made += c->tenants[t].made;
		q->refused += c->tenants[t].refused;
	}
}

void
cgn_query_tenants(struct cgn_control *c, void *arg)
{
	struct cgn_query_tenants *q = arg;
	uint32_t n = c->dp->dir->n_tenants;

	q->q.n = 0;
	for (; q->q.cursor < n && q->q.n < q->q.limit; q->q.cursor++, q->q.n++) {
		q->rows[q->q.n].use = c->tenants[q->q.cursor];
		q->rows[q->q.n].pool = c->pool->use[q->q.cursor];
	}
	if (q->q.cursor >= n)
		q->q.cursor = 0;
}

static bool
subscriber_is_active(const struct cgn_subscriber *sub)
{
	return sub->n_blocks > 0 || cgn_use_total(&sub->use) > 0;
}

void
cgn_query_subscribers(struct cgn_control *c, void *arg)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_query_subscribers *q = arg;
	uint64_t i = q->q.cursor, end = dir->n_inside, steps = 0;

	if (q->q.tenant != CGN_NONE) {
		const struct cgn_tenant *tenant = &dir->tenants[q->q.tenant];

		i = i < tenant->first_inside ? tenant->first_inside : i;
		end = tenant->first_inside + tenant->n_inside;
	}
	q->q.n = 0;
	for (; i < end && q->q.n < q->q.limit && steps < CGN_QUERY_STEPS; i++, steps++) {
		if (subscriber_is_active(&c->subscribers[i]))
			q->rows[q->q.n++] = (struct cgn_subscriber_row){
				.inside = (uint32_t)i, .sub = c->subscribers[i]};
	}
	q->q.cursor = i < end ? i : 0;
}

void
cgn_query_subscriber(struct cgn_control *c, void *arg)
{
	struct cgn_query_subscriber *q = arg;

	q->sub = c->subscribers[q->inside];
}

static bool
neighbour_matches(const struct cgn_control *c, const struct cgn_query_neighbours *q, uint64_t i)
{
	const struct cgn_iface *iface = &c->dp->dir->ifaces[c->neigh->entries[i].iface];

	return c->neigh->ctl[i].state != CGN_NEIGH_UNKNOWN &&
		(q->port == CGN_NONE || q->port == iface->port) &&
		(q->q.tenant == CGN_NONE || q->q.tenant == iface->tenant);
}

void
cgn_query_neighbours(struct cgn_control *c, void *arg)
{
	struct cgn_query_neighbours *q = arg;
	uint64_t i = q->q.cursor > q->first ? q->q.cursor : q->first, steps = 0;

	q->q.n = 0;
	for (; i < q->last && q->q.n < q->q.limit && steps < CGN_QUERY_STEPS; i++, steps++) {
		const struct cgn_neigh_ctl *ctl = &c->neigh->ctl[i];

		if (!neighbour_matches(c, q, i))
			continue;
		q->rows[q->q.n++] = (struct cgn_neigh_row){
			.neigh = (uint32_t)i,
			.mac = atomic_load_explicit(
				&c->neigh->entries[i].mac, memory_order_relaxed),
			.age_s = c->now_s - ctl->confirmed_s,
			.n_held = ctl->n_held,
			.state = ctl->state,
		};
	}
	q->q.cursor = i < q->last ? i : 0;
}
