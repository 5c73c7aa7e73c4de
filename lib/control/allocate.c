/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocation: an entry, and a port of the subscriber's paired address. Undone as one. The same for
 * mappings that traffic makes and for those that are asked for.
 */
#include "control.h"

uint32_t
cgn_flow_find(const struct cgn_control *c, const struct cgn_flow *flow)
{
	const struct cgn_map_key key = {
		.inside = flow->inside, .port = flow->port, .proto = (uint8_t)flow->proto};
	uint32_t i, dependent;

	if (flow->other != 0)
		return cgn_others_find(
			&c->others, CGN_IN2OUT, flow->inside, flow->remote, flow->other);
	i = cgn_table_find(c->table, &key);
	if (i != CGN_MAPPING_NONE && !cgn_table_at(c->table, i)->beside)
		return i;
	dependent = cgn_share_find(c, flow);
	return dependent != CGN_MAPPING_NONE ? dependent : i;
}

/*
 * An ICMP identifier for a mapping by addresses alone. On an address that is the subscriber's own
 * any will do that it does not use itself.
 */
static enum cgn_fate
take_identifier(struct cgn_control *c, const struct cgn_flow *flow, struct cgn_port *at)
{
	enum { TRIES = 64 };
	enum cgn_fate fate = CGN_FATE_NO_PORTS;

	if (!cgn_pool_owns(c->pool, flow->inside))
		return cgn_pool_take(c->pool, flow->inside, flow->tenant, flow->proto, at);
	at->pool = cgn_subscriber_of(c, flow->inside)->pool;
	for (int i = 0; i < TRIES && fate != CGN_FATE_NONE; i++) {
		at->port = (uint16_t)(1 + cgn_rand_below(&c->rand, UINT16_MAX));
		fate = cgn_pool_take_at(c->pool, flow->inside, flow->tenant, flow->proto, *at);
	}
	return fate;
}

/* What packets of the remote address would reach is one mapping. */
static enum cgn_fate
take_pair(struct cgn_control *c, const struct cgn_flow *flow, struct cgn_port *at)
{
	enum cgn_fate fate = take_identifier(c, flow, at);

	if (fate != CGN_FATE_NONE || flow->is_call || /* which the identifier tells apart */
		cgn_others_find(&c->others, CGN_OUT2IN, at->pool, flow->remote, flow->other) ==
			CGN_MAPPING_NONE)
		return fate;
	cgn_pool_untake(c->pool, *at, flow->proto);
	return CGN_FATE_OTHER_TAKEN;
}

static enum cgn_fate
take_port(struct cgn_control *c, const struct cgn_flow *flow, struct cgn_port *at, bool exact)
{
	if (flow->other != 0)
		return take_pair(c, flow, at);
	if (cgn_pool_owns(c->pool, flow->inside)) {
		/* Inside port = outside port, whatever is wished for. */
		if (exact && at->port != rte_be_to_cpu_16(flow->port))
			return CGN_FATE_NO_PORTS;
		*at = (struct cgn_port){.pool = cgn_subscriber_of(c, flow->inside)->pool,
			.port = rte_be_to_cpu_16(flow->port)};
		exact = true;
	}
	if (!exact) {
		const struct cgn_pool_wish wish = cgn_wish_of(flow);

		return cgn_pool_take_for(c->pool, &wish, at);
	}
	return cgn_pool_take_at(c->pool, flow->inside, flow->tenant, flow->proto, *at);
}

enum cgn_fate
cgn_allocate(struct cgn_control *c, const struct cgn_flow *flow, const struct cgn_port *wanted,
	uint32_t *out)
{
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_tenant *tenant = &dir->tenants[flow->tenant];
	bool shares = wanted == NULL && cgn_share_wants(c, flow);
	uint32_t i = cgn_table_take(c->table);
	struct cgn_port at = {0};
	struct cgn_mapping *m;
	enum cgn_fate fate;

	if (i == CGN_MAPPING_NONE)
		return CGN_FATE_TABLE_FULL;
	if (wanted != NULL)
		at = *wanted;
	fate = shares ? cgn_share_take(c, flow, i, &at) : take_port(c, flow, &at, wanted != NULL);
	if (fate != CGN_FATE_NONE) {
		cgn_table_free(c->table, i);
		return fate;
	}
	m = cgn_table_at(c->table, i);
	m->inside_addr = rte_cpu_to_be_32(cgn_directory_inside_addr(dir, flow->inside));
	m->inside_port = flow->port;
	m->outside_addr = rte_cpu_to_be_32(dir->pool_addrs[at.pool]);
	m->outside_port = rte_cpu_to_be_16(at.port);
	m->inside = flow->inside;
	m->neigh = cgn_directory_inside_neigh(dir, flow->inside);
	m->tenant = flow->tenant;
	m->proto = (uint8_t)flow->proto;
	if (flow->other != 0) {
		m->proto = CGN_OTHER;
		m->ip_proto = flow->other;
		m->remote = flow->remote;
	}
	m->inbound_refresh = tenant->conf->nat.inbound_refresh;
	m->one_to_one = cgn_pool_owner(c->pool, at.pool) != CGN_NONE;
	m->call = flow->is_call;
	m->alg = flow->proto == CGN_TCP &&
		((tenant->conf->alg.ftp &&
			 (flow->is_ftp || flow->port == RTE_BE16(CGN_PORT_FTP))) ||
			(tenant->conf->alg.pptp && flow->is_pptp));
	m->dependent = shares;
	m->pool = at.pool;
	m->made_s = c->now_s;
	atomic_store_explicit(&m->last_use_s, c->now_s, memory_order_relaxed);
	cgn_mapping_seal(m);
	*out = i;
	return CGN_FATE_NONE;
}

void
cgn_unallocate(struct cgn_control *c, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);

	if (m->dependent)
		cgn_share_untake(c, i);
	else
		cgn_pool_untake(c->pool, cgn_mapping_port(m), cgn_mapping_space(m));
	cgn_table_free(c->table, i);
}
