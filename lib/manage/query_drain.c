/* SPDX-License-Identifier: BSD-3-Clause */
/* What drains, and the operator's wish to drain, for telemetry. Control thread, between two turns.
 */
#include "query.h"

static void
add_pool(const struct cgn_control *c, uint32_t pool, struct cgn_drain_row *row)
{
	const struct cgn_pool_addr *addr = &c->pool->addrs[pool];
	const struct cgn_drain *drain = &c->drains.pools[pool];

	*row = (struct cgn_drain_row){.what = CGN_DRAIN_POOL,
		.tenant = c->dp->dir->pool_tenants[pool],
		.pool = pool,
		.drain = *drain,
		.is_configured = c->dp->dir->pool_drains[pool],
		.mappings = addr->mapped,
		.blocks = (uint32_t)addr->n_blocks - addr->n_free,
		.left_s = drain->has_end ? drain->ends_s - c->now_s : 0};
}

static void
add_tenant(const struct cgn_control *c, uint32_t tenant, struct cgn_drain_row *row)
{
	*row = (struct cgn_drain_row){.what = CGN_DRAIN_TENANT,
		.tenant = tenant,
		.pool = CGN_NONE,
		.drain = c->drains.tenants[tenant],
		.mappings = cgn_use_total(&c->tenants[tenant]),
		.blocks = c->pool->use[tenant].blocks};
}

static void
add_box(const struct cgn_control *c, struct cgn_drain_row *row)
{
	const struct cgn_directory *dir = c->dp->dir;

	*row = (struct cgn_drain_row){.what = CGN_DRAIN_BOX,
		.tenant = CGN_NONE,
		.pool = CGN_NONE,
		.drain = c->drains.box};
	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		row->mappings += cgn_use_total(&c->tenants[t]);
		row->blocks += c->pool->use[t].blocks;
	}
}

/* Place 0 is the box, then come the tenants, then the addresses. */
static bool
row_at(const struct cgn_control *c, uint64_t at, uint32_t tenant, struct cgn_drain_row *row)
{
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t i = (uint32_t)(at - 1);

	if (at == 0) {
		add_box(c, row);
		return c->drains.box.is_on && tenant == CGN_NONE;
	}
	if (i < dir->n_tenants) {
		add_tenant(c, i, row);
		return c->drains.tenants[i].is_on && (tenant == CGN_NONE || tenant == i);
	}
	i -= dir->n_tenants;
	if (!cgn_directory_pool_live(dir, i) || c->pool->addrs[i].state != CGN_ADDR_DRAINING ||
		(tenant != CGN_NONE && dir->pool_tenants[i] != tenant))
		return false;
	add_pool(c, i, row);
	return true;
}

void
cgn_query_drains(struct cgn_control *c, void *arg)
{
	const uint64_t end = 1 + (uint64_t)c->dp->dir->n_tenants + c->dp->dir->n_pool;
	struct cgn_query_drains *q = arg;
	uint64_t at = q->q.cursor;
	uint32_t steps = 0;

	for (q->q.n = 0; at < end && q->q.n < q->q.limit && steps < CGN_QUERY_FAR_STEPS;
		at++, steps++)
		if (row_at(c, at, q->q.tenant, &q->rows[q->q.n]))
			q->rows[q->q.n++].at = at;
	q->q.cursor = at < end ? at : 0;
}

void
cgn_query_drain(struct cgn_control *c, void *arg)
{
	struct cgn_query_drain *q = arg;

	switch (q->what) {
	case CGN_DRAIN_POOL:
		q->why = q->on ? cgn_drain_pool(c, q->pool, q->after_s, &q->open)
			       : cgn_undrain_pool(c, q->pool, &q->open);
		add_pool(c, q->pool, &q->row);
		break;
	case CGN_DRAIN_TENANT:
		q->why = cgn_drain_tenant(c, q->tenant, q->on);
		add_tenant(c, q->tenant, &q->row);
		break;
	default:
		q->why = cgn_drain_box(c, q->on);
		add_box(c, &q->row);
		break;
	}
}
