/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operator's mappings: from the configuration at start, and at run time through requests. They
 * are explicit mappings that never end and that NAT-PMP and PCP can read but not change.
 */
#include "explicit_rules.h"
#include "log.h"

static const char *
add(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s, bool configured)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_flow flow = {.inside = cgn_directory_inside_find(dir, tenant, s->inside),
		.tenant = (uint16_t)tenant,
		.port = rte_cpu_to_be_16(s->inside_port),
		.proto = s->protocol == CGN_STATIC_TCP ? CGN_TCP : CGN_UDP};
	struct cgn_port at = {
		.pool = cgn_directory_pool_find(dir, tenant, s->outside), .port = s->outside_port};
	struct cgn_map_key key = {
		.inside = flow.inside, .port = flow.port, .proto = (uint8_t)flow.proto};
	struct cgn_subscriber *sub;
	struct cgn_explicit *e;
	uint32_t i, paired;

	if (flow.inside == CGN_NONE)
		return "the inside address is not assigned to a subscriber of the tenant";
	if (!configured && !cgn_is_served(c, flow.inside))
		return "the inside address has no session";
	if (at.pool == CGN_NONE)
		return "the outside address is not in the tenant's pool";
	if (!configured && cgn_drain_refuses(c, tenant))
		return "the tenant, or the box, drains: undrain it first";
	if (!configured && c->pool->addrs[at.pool].state == CGN_ADDR_DRAINING)
		return "the outside address drains: undrain it first";
	if (cgn_table_find(c->table, &key) != CGN_MAPPING_NONE)
		return "the inside port has a mapping already; clear it first";
	sub = cgn_subscriber_of(c, flow.inside);
	if (cgn_pool_is_bound_elsewhere(c->pool, flow.inside, at.pool))
		return "the subscriber is paired with another outside address";
	if (c->explicits.first_free == 0)
		return "table.explicit is full";
	paired = sub->pool;
	sub->pool = at.pool;
	if (cgn_explicit_make(c, &flow, &at, NULL, &i) != CGN_FATE_NONE) {
		sub->pool = paired;
		return "the outside port is taken, reserved or outside the tenant's port range";
	}
	e = cgn_explicit_add(c, i);
	e->origin = CGN_EXPLICIT_OPERATOR;
	e->configured = configured;
	if (!configured)
		cgn_state_set(c, cgn_table_at(c->table, i), e);
	else
		cgn_natlog_explicit(c, cgn_table_at(c->table, i), e, 0);
	cgn_explicit_restart_timer(c, i);
	return NULL;
}

const char *
cgn_static_add(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s)
{
	return add(c, tenant, s, false);
}

/* Mapping of the entry's inside port, or CGN_MAPPING_NONE. */
static uint32_t
find(const struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s)
{
	struct cgn_map_key key = {
		.inside = cgn_directory_inside_find(c->dp->dir, tenant, s->inside),
		.port = rte_cpu_to_be_16(s->inside_port),
		.proto = s->protocol == CGN_STATIC_TCP ? CGN_TCP : CGN_UDP};

	return key.inside != CGN_NONE ? cgn_table_find(c->table, &key) : CGN_MAPPING_NONE;
}

const char *
cgn_static_del(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s)
{
	uint32_t i = find(c, tenant, s);

	if (i == CGN_MAPPING_NONE || cgn_explicit_of(c, cgn_table_at(c->table, i)) == NULL)
		return "no explicit mapping of this inside port";
	cgn_unlink(c, i);
	return NULL;
}

bool
cgn_static_configure(struct cgn_control *c, uint32_t tenant, uint32_t entry)
{
	const struct cgn_conf_tenant *conf = c->dp->dir->tenants[tenant].conf;
	const char *why = add(c, tenant, &conf->statics[entry], true);

	if (why != NULL)
		cgn_err("static", "entry not set: %s tenant=%s entry=%u", why, conf->name,
			entry + 1);
	return why == NULL;
}

bool
cgn_static_withdraw(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s)
{
	const struct cgn_explicit *e;
	uint32_t i = find(c, tenant, s);

	e = i != CGN_MAPPING_NONE ? cgn_explicit_of(c, cgn_table_at(c->table, i)) : NULL;
	if (e == NULL || !e->configured)
		return false; /* it has ended with its address */
	cgn_unlink(c, i);
	return true;
}

bool
cgn_static_is_set(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s)
{
	uint32_t i = find(c, tenant, s);
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit *e = i != CGN_MAPPING_NONE ? cgn_explicit_of(c, m) : NULL;

	return e != NULL && e->configured && rte_be_to_cpu_32(m->outside_addr) == s->outside &&
		rte_be_to_cpu_16(m->outside_port) == s->outside_port;
}

void
cgn_static_start(struct cgn_control *c)
{
	for (uint32_t t = 0; t < c->dp->dir->n_tenants; t++) {
		const struct cgn_conf_tenant *conf = c->dp->dir->tenants[t].conf;

		for (uint32_t s = 0; conf != NULL && s < conf->n_statics; s++)
			cgn_static_configure(c, t, s);
	}
}
