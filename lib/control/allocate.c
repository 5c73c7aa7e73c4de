/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocation: an entry, and a port of the subscriber's paired address. Undone as one. The same for
 * mappings that traffic makes and for those that are asked for.
 */
#include "control.h"

static enum cgn_fate
take_port(struct cgn_control *c, const struct cgn_flow *flow, struct cgn_port *at, bool exact)
{
	if (cgn_pool_owns(c->pool, flow->inside)) {
		/* Inside port = outside port, whatever is wished for. */
		if (exact && at->port != rte_be_to_cpu_16(flow->port))
			return CGN_FATE_NO_PORTS;
		*at = (struct cgn_port){.pool = cgn_subscriber_of(c, flow->inside)->pool,
			.port = rte_be_to_cpu_16(flow->port)};
		exact = true;
	}
	if (!exact)
		return cgn_pool_take(c->pool, flow->inside, flow->tenant, flow->proto, at);
	return cgn_pool_take_at(c->pool, flow->inside, flow->tenant, flow->proto, *at);
}

enum cgn_fate
cgn_allocate(struct cgn_control *c, const struct cgn_flow *flow, const struct cgn_port *wanted,
	uint32_t *out)
{
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_tenant *tenant = &dir->tenants[flow->tenant];
	uint32_t i = cgn_table_take(c->table);
	struct cgn_port at = {0};
	struct cgn_mapping *m;
	enum cgn_fate fate;

	if (i == CGN_MAPPING_NONE)
		return CGN_FATE_TABLE_FULL;
	if (wanted != NULL)
		at = *wanted;
	fate = take_port(c, flow, &at, wanted != NULL);
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
	m->inbound_refresh = tenant->conf->nat.inbound_refresh;
	m->one_to_one = cgn_pool_owner(c->pool, at.pool) != CGN_NONE;
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

	cgn_pool_untake(c->pool, cgn_mapping_port(m), (enum cgn_proto)m->proto);
	cgn_table_free(c->table, i);
}
