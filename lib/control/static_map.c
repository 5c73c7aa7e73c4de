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
	if (at.pool == CGN_NONE)
		return "the outside address is not in the tenant's pool";
	if (cgn_table_find(c->table, &key) != CGN_MAPPING_NONE)
		return "the inside port has a mapping already; clear it first";
	sub = &c->subscribers[flow.inside];
	if (sub->n_blocks > 0 && sub->pool != at.pool)
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
	cgn_explicit_restart_timer(c, i);
	return NULL;
}

const char *
cgn_static_add(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s)
{
	return add(c, tenant, s, false);
}

const char *
cgn_static_del(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s)
{
	struct cgn_map_key key = {
		.inside = cgn_directory_inside_find(c->dp->dir, tenant, s->inside),
		.port = rte_cpu_to_be_16(s->inside_port),
		.proto = s->protocol == CGN_STATIC_TCP ? CGN_TCP : CGN_UDP};
	uint32_t i = key.inside != CGN_NONE ? cgn_table_find(c->table, &key) : CGN_MAPPING_NONE;

	if (i == CGN_MAPPING_NONE || cgn_explicit_of(c, cgn_table_at(c->table, i)) == NULL)
		return "no explicit mapping of this inside port";
	cgn_unlink(c, i);
	return NULL;
}

void
cgn_static_start(struct cgn_control *c)
{
	for (uint32_t t = 0; t < c->dp->dir->n_tenants; t++) {
		const struct cgn_conf_tenant *conf = c->dp->dir->tenants[t].conf;

		for (uint32_t s = 0; conf != NULL && s < conf->n_statics; s++) {
			const char *why = add(c, t, &conf->statics[s], true);

			if (why != NULL)
				cgn_err("static", "entry not set: %s tenant=%s entry=%u", why,
					conf->name, s + 1);
		}
	}
}
