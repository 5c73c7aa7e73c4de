/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocation: an entry, and a port of the subscriber's paired address. Undone as one. */
#include "control.h"

enum cgn_fate
cgn_allocate(struct cgn_control *c, const struct cgn_pkt *pkt, uint32_t *out)
{
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_tenant *tenant = &dir->tenants[pkt->tenant];
	uint32_t i = cgn_table_take(c->table);
	struct cgn_mapping *m;
	struct cgn_port at;
	enum cgn_fate fate;

	if (i == CGN_MAPPING_NONE)
		return CGN_FATE_TABLE_FULL;
	fate = cgn_pool_take(c->pool, pkt->inside, pkt->tenant, (enum cgn_proto)pkt->proto, &at);
	if (fate != CGN_FATE_NONE) {
		cgn_table_free(c->table, i);
		return fate;
	}
	m = cgn_table_at(c->table, i);
	m->inside_addr = pkt->src;
	m->inside_port = pkt->sport;
	m->outside_addr = rte_cpu_to_be_32(dir->pool_addrs[at.pool]);
	m->outside_port = rte_cpu_to_be_16(at.port);
	m->inside = pkt->inside;
	m->neigh = cgn_directory_inside_neigh(dir, pkt->inside);
	m->tenant = pkt->tenant;
	m->proto = pkt->proto;
	m->inbound_refresh = tenant->conf->nat.inbound_refresh;
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
