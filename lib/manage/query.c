/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries about the box, tenants, subscribers and neighbours; control thread, see query.h. */
#include "query.h"

#include <stdio.h>
#include <string.h>

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
		.tcp_tracked = c->tcp_sessions.n_used,
		.contacts = c->contacts.n_used,
		.dependent = c->dependents.n_live,
		.shared_ports = c->dependents.n_ports,
		.journal_on = c->state.ring != NULL,
		.journal_written = c->state.written,
		.journal_resyncs = c->state.resyncs,
		.journal_waits = c->state.lease_waits,
		.blocks_restored = c->state.blocks_restored,
		.alarms_active = c->alarms.n_active,
		.alarms_raised = c->alarms.n_raised,
		.drains = c->drains.n_on,
	};
	memcpy(q->alarms, c->alarms.box, sizeof(q->alarms));
	for (uint32_t t = 0; t < c->dp->dir->n_tenants; t++) {
		q->blocks_resting += c->pool->use[t].blocks_resting;
		q->made += c->tenants[t].made;
		q->refused += c->tenants[t].refused;
	}
}

uint64_t
cgn_query_peak_utc_s(const struct cgn_control *c, const struct cgn_peak *peak)
{
	return peak->n > 0 ? cgn_alarm_utc_s() - (c->now_s - peak->at_s) : 0;
}

void
cgn_query_tenants(struct cgn_control *c, void *arg)
{
	struct cgn_query_tenants *q = arg;
	const struct cgn_alarm *alarms;
	uint64_t t = q->q.cursor;
	const uint32_t n = c->dp->dir->n_tenants;

	q->q.n = 0;
	for (; t < n && q->q.n < q->q.limit; t++) {
		if (!cgn_directory_tenant_live(c->dp->dir, (uint32_t)t))
			continue;
		q->rows[q->q.n].tenant = (uint32_t)t;
		alarms = c->alarms.tenants[t].each;
		q->rows[q->q.n].use = c->tenants[t];
		q->rows[q->q.n].peak_utc_s =
			alarms[CGN_ALARM_MAPPINGS - CGN_N_BOX_ALARMS].peak_utc_s;
		q->rows[q->q.n].blocks_peak_utc_s =
			alarms[CGN_ALARM_BLOCKS - CGN_N_BOX_ALARMS].peak_utc_s;
		q->rows[q->q.n].busy_peak_utc_s = cgn_query_peak_utc_s(
			c, &c->pool->use[t].busy_peak);
		q->rows[q->q.n++].pool = c->pool->use[t];
	}
	q->q.cursor = t < n ? t : 0;
}

static bool
subscriber_is_active(const struct cgn_subscriber *sub)
{
	return sub->n_blocks > 0 || cgn_use_total(&sub->use) > 0 || sub->use.session != 0;
}

void
cgn_query_subscriber_row(
	const struct cgn_control *c, uint32_t inside, struct cgn_subscriber_row *row)
{
	row->inside = inside;
	row->sub = c->subscribers[inside];
	snprintf(row->id, sizeof(row->id), "%s", cgn_session_id(c, row->sub.use.session));
}

void
cgn_query_subscribers(struct cgn_control *c, void *arg)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_query_subscribers *q = arg;
	struct cgn_number_run all;
	struct cgn_number_runs numbers = cgn_query_numbers(
		q->q.tenant != CGN_NONE ? &dir->tenants[q->q.tenant].inside : NULL, dir->n_inside,
		&all);
	uint32_t i = cgn_query_number_at(&numbers, q->q.cursor), steps = 0;

	q->q.n = 0;
	while (i != CGN_NONE && q->q.n < q->q.limit && steps++ < CGN_QUERY_STEPS) {
		if (subscriber_is_active(&c->subscribers[i]) && cgn_directory_inside_live(dir, i))
			cgn_query_subscriber_row(c, i, &q->rows[q->q.n++]);
		i = cgn_number_next(&numbers, i + 1);
	}
	q->q.cursor = i != CGN_NONE ? i : 0;
}

void
cgn_query_busiest(struct cgn_control *c, void *arg)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_query_subscribers *q = arg;
	uint64_t slot = q->q.cursor;

	q->q.n = 0;
	for (; slot < CGN_BUSIEST_SLOTS && q->q.n < q->q.limit; slot++) {
		const uint32_t i = cgn_busiest_at(&c->busiest, (uint32_t)slot);

		if (i == CGN_NONE || !cgn_directory_inside_live(dir, i) ||
			(q->q.tenant != CGN_NONE &&
				dir->ifaces[cgn_directory_run_at(dir, i)->iface].tenant !=
					q->q.tenant))
			continue;
		cgn_query_subscriber_row(c, i, &q->rows[q->q.n++]);
	}
	q->q.cursor = slot < CGN_BUSIEST_SLOTS ? slot : 0;
}

void
cgn_query_subscriber(struct cgn_control *c, void *arg)
{
	struct cgn_query_subscriber *q = arg;

	cgn_query_subscriber_row(c, cgn_holder_of(c, q->inside), &q->row);
	q->row.inside = q->inside;
}

static bool
neighbour_matches(const struct cgn_control *c, const struct cgn_query_neighbours *q, uint64_t i)
{
	const struct cgn_iface *iface = &c->dp->dir->ifaces[c->neigh->entries[i].iface];

	return c->neigh->ctl[i].state != CGN_NEIGH_UNKNOWN &&
		(q->port == CGN_NONE || q->port == iface->port) &&
		(q->q.tenant == CGN_NONE || q->q.tenant == iface->tenant) &&
		cgn_directory_neigh_live(c->dp->dir, (uint32_t)i);
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
