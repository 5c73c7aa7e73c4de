/* SPDX-License-Identifier: BSD-3-Clause */
/* Mappings under a new directory; see directory_switch.h. */
#include "switch_sweep.h"

#include <string.h>

#include "explicit_rules.h"
#include "fixed_range.h"
#include "log.h"

/* Does the new configuration serve what it was asked by? */
static bool
is_served(const struct cgn_control *c, uint32_t tenant, const struct cgn_explicit *e)
{
	const struct cgn_conf_portctl *conf = &c->dp->dir->tenants[tenant].conf->portctl;

	if (e->origin == CGN_EXPLICIT_OPERATOR)
		return true;
	return e->origin == CGN_EXPLICIT_NATPMP ? conf->natpmp : conf->pcp;
}

/* A client's mapping alone: not the operator's, none that has to stay beside others, and none that
 * the client could not renew any more. */
static bool
can_renumber(const struct cgn_control *c, uint32_t tenant, const struct cgn_explicit *e)
{
	return e != NULL && e->origin != CGN_EXPLICIT_OPERATOR && e->set_size == 1 &&
		is_served(c, tenant, e);
}

static void
copy_filters(struct cgn_control *c, struct cgn_mapping *to, const struct cgn_filter_set *rules)
{
	uint32_t set = rules->n > 0 ? cgn_filter_take(&c->filters) : 0;

	if (set == 0)
		return;
	c->filters.sets[set].n = rules->n;
	memcpy(c->filters.sets[set].rules, rules->rules, sizeof(rules->rules));
	atomic_store_explicit(&to->filter, set, memory_order_relaxed);
}

/* An entry for the flow on another address, at the same port if that is free there. */
static enum cgn_fate
allocate_elsewhere(struct cgn_control *c, const struct cgn_flow *flow, uint16_t port, uint32_t *i)
{
	struct cgn_port at = {
		.pool = cgn_pool_pair(c->pool, flow->inside, flow->tenant), .port = port};

	if (at.pool != CGN_NONE && cgn_allocate(c, flow, &at, i) == CGN_FATE_NONE)
		return CGN_FATE_NONE;
	return cgn_allocate(c, flow, NULL, i);
}

/*
 * The client's mapping is made anew on another address, with its record and filters, and the client
 * told. False when there is no room: then it has ended like any other.
 */
static bool
renumber(struct cgn_control *c, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit kept = *cgn_explicit_of(c, (struct cgn_mapping *)m);
	const uint16_t port = rte_be_to_cpu_16(m->outside_port);
	const struct cgn_flow flow = {.inside = m->inside,
		.tenant = m->tenant,
		.port = m->inside_port,
		.proto = (enum cgn_proto)m->proto};
	const uint32_t last_use_s = atomic_load_explicit(&m->last_use_s, memory_order_relaxed);
	uint32_t set = cgn_filter_of(m), fresh;
	const struct cgn_filter_set rules = set != 0 ? c->filters.sets[set]
						     : (struct cgn_filter_set){0};
	struct cgn_explicit *e;

	cgn_unlink(c, i);
	if (allocate_elsewhere(c, &flow, port, &fresh) != CGN_FATE_NONE)
		return false;
	atomic_store_explicit(
		&cgn_table_at(c->table, fresh)->last_use_s, last_use_s, memory_order_relaxed);
	copy_filters(c, cgn_table_at(c->table, fresh), &rules);
	if (cgn_publish(c, fresh) != CGN_FATE_NONE)
		return false;
	e = cgn_explicit_add(c, fresh);
	*e = kept;
	e->mapping = fresh;
	e->next_peer = 0; /* further peers ask again when they see the epoch */
	cgn_explicit_restart_timer(c, fresh);
	cgn_state_set(c, cgn_table_at(c->table, fresh), e);
	cgn_portctl_update(c, fresh);
	return true;
}

bool
cgn_switch_move(struct cgn_control *c, uint32_t i)
{
	struct cgn_mapping *m = cgn_table_at(c->table, i);

	if (can_renumber(c, m->tenant, cgn_explicit_of(c, m)))
		return renumber(c, i);
	cgn_unlink(c, i);
	return false;
}

static void
end_or_renumber(struct cgn_control *c, uint32_t i)
{
	if (cgn_switch_move(c, i))
		c->change.count.renumbered++;
	else
		c->change.count.ended++;
}

bool
cgn_switch_is_published(const struct cgn_control *c, uint32_t i)
{
	return cgn_is_published(c, i);
}

/*
 * Its service was switched off: plain NAT is what stays (RFC 6886 section 5, PMP-42), so a mapping
 * that traffic would keep goes on without its record and filters.
 */
static void
end_service(struct cgn_control *c, uint32_t i)
{
	struct cgn_mapping *m = cgn_table_at(c->table, i);
	uint32_t idle_s = cgn_explicit_idle_left(c, m);

	if (idle_s > 0) {
		cgn_explicit_drop(c, m, 0);
		cgn_explicit_restart_timer(c, i);
		return;
	}
	cgn_unlink(c, i);
	c->change.count.ended++;
}

static bool
timeouts_are_same(const struct cgn_control *c, uint32_t tenant)
{
	const struct cgn_directory *old = c->change.old, *fresh = c->dp->dir;

	return !cgn_directory_tenant_live(old, tenant) ||
		memcmp(&old->tenants[tenant].conf->timeouts, &fresh->tenants[tenant].conf->timeouts,
			sizeof(struct cgn_conf_timeouts)) == 0;
}

static void
follow(struct cgn_control *c, struct cgn_mapping *m)
{
	uint32_t neigh = cgn_directory_inside_neigh(c->dp->dir, m->inside);

	if (atomic_load_explicit(&m->neigh, memory_order_relaxed) == neigh)
		return;
	atomic_store_explicit(&m->neigh, neigh, memory_order_relaxed);
	c->change.count.rehopped++;
}

/* Is its outside port where a computed range has it, if there is one and it has moved (RFC 7422)?
 */
static bool
is_in_place(const struct cgn_control *c, const struct cgn_mapping *m)
{
	if (!(c->change.lost[m->tenant / 64] >> m->tenant % 64 & 1))
		return true;
	return cgn_fixed_allows(c->pool, cgn_directory_holder(c->dp->dir, m->inside), m->tenant,
		cgn_mapping_port(m));
}

void
cgn_switch_sweep(struct cgn_control *c, uint32_t i)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit *e;

	if (!cgn_switch_is_published(c, i))
		return;
	if (!cgn_directory_inside_live(dir, m->inside) ||
		(m->call && !dir->tenants[m->tenant].conf->alg.pptp)) {
		cgn_unlink(c, i);
		c->change.count.ended++;
		return;
	}
	if (!cgn_directory_pool_live(dir, m->pool) || !is_in_place(c, m)) {
		end_or_renumber(c, i);
		return;
	}
	follow(c, m);
	e = cgn_explicit_of(c, m);
	if (e != NULL && !is_served(c, m->tenant, e))
		end_service(c, i);
	else if (!timeouts_are_same(c, m->tenant))
		cgn_explicit_restart_timer(c, i);
}
