/* SPDX-License-Identifier: BSD-3-Clause */
/* Port overloading by destination; see share.h. Called by allocate.c, publish.c, reclaim.c, and by
 * whoever asks whether a mapping is published. */
#include "share.h"

#include "control.h"
#include "fixed_range.h"
#include "port_block.h"

/*
 * A search looks at so many of the subscriber's shared ports, 0.1 µs each, and begins at most so
 * far from where the last one ended, so that who has seen one port does not know the next
 * (RFC 6056).
 */
enum { TRIES = 64, MAX_SKIP = 16 };

static struct cgn_dependent_key
key_of(const struct cgn_flow *flow)
{
	return (struct cgn_dependent_key){.end = flow->inside,
		.remote = flow->remote,
		.port = flow->port,
		.remote_port = flow->remote_port,
		.proto = (uint8_t)flow->proto,
		.dir = CGN_IN2OUT};
}

static uint32_t
find_outside(const struct cgn_control *c, const struct cgn_port *at, uint8_t proto,
	rte_be32_t remote, rte_be16_t remote_port)
{
	const struct cgn_dependent_key key = {.end = at->pool,
		.remote = remote,
		.port = rte_cpu_to_be_16(at->port),
		.remote_port = remote_port,
		.proto = proto,
		.dir = CGN_OUT2IN};

	return cgn_dependent_find(&c->dependents, &key);
}

bool
cgn_share_wants(const struct cgn_control *c, const struct cgn_flow *flow)
{
	const struct cgn_conf_tenant *conf = cgn_conf_of(c, flow->tenant);
	const struct cgn_conf_nat_rule *rule;
	struct cgn_pool_wish wish;

	if (c->dependents.capacity == 0 || flow->remote == 0 || flow->other != 0 ||
		!cgn_proto_may_share((uint8_t)flow->proto) || cgn_pool_owns(c->pool, flow->inside))
		return false;
	if (conf->alg.ftp && (flow->is_ftp || flow->port == RTE_BE16(CGN_PORT_FTP)))
		return false;
	if (conf->alg.pptp && flow->is_pptp)
		return false;
	rule = cgn_conf_nat_rule_find(
		conf, (uint32_t)flow->proto, rte_be_to_cpu_16(flow->remote_port));
	if (rule != NULL && rule->mapping == CGN_MAPPING_ADDRESS_PORT)
		return true;
	wish = cgn_wish_of(flow);
	return conf->nat.overload_when_full > 0 &&
		cgn_pool_is_short(c->pool, &wish, conf->nat.overload_when_full);
}

/* Parity and range of the inside port, where they are kept (RFC 4787 REQ-3a, REQ-4). */
static bool
is_alike(const struct cgn_control *c, const struct cgn_flow *flow, uint16_t port)
{
	const struct cgn_conf_tenant *conf = cgn_conf_of(c, flow->tenant);
	uint16_t inside = rte_be_to_cpu_16(flow->port);

	if (conf->ports.parity && flow->proto == CGN_UDP && (inside & 1) != (port & 1))
		return false;
	return !conf->ports.keep_range || (inside < 1024) == (port < 1024);
}

/* Is it what the flow sends to? That is for another one of the subscriber's, not for itself. */
static bool
is_remote(const struct cgn_control *c, const struct cgn_flow *flow, const struct cgn_port *at)
{
	return flow->remote == rte_cpu_to_be_32(c->dp->dir->pool_addrs[at->pool]) &&
		flow->remote_port == rte_cpu_to_be_16(at->port);
}

/* May a flow that begins now share the port, and is its remote end not taken there? */
static bool
suits(const struct cgn_control *c, const struct cgn_flow *flow, const struct cgn_shared_port *port)
{
	const struct cgn_pool *pool = c->pool;
	uint32_t granule = port->at.port / CGN_GRANULE_PORTS,
		 bit = port->at.port % CGN_GRANULE_PORTS;

	if (port->at.pool != pool->subscribers[port->holder].pool ||
		!cgn_directory_pool_live(pool->dir, port->at.pool) ||
		cgn_block_moves(pool, port->holder, flow->tenant) ||
		(cgn_pool_reserved(pool, port->at.pool, granule, flow->proto) >> bit & 1) != 0 ||
		!cgn_fixed_allows(pool, port->holder, flow->tenant, port->at) ||
		is_remote(c, flow, &port->at))
		return false;
	return find_outside(c, &port->at, port->proto, flow->remote, flow->remote_port) ==
		CGN_MAPPING_NONE;
}

/* From here on along the ring: a port that the flow may share, or 0. */
static uint32_t
search(const struct cgn_control *c, const struct cgn_flow *flow, uint32_t s, bool alike)
{
	const struct cgn_dependents *d = &c->dependents;
	uint32_t n = d->rings[cgn_holder_of(c, flow->inside)][flow->proto].n;

	for (uint32_t k = 0; k < n && k < TRIES; k++, s = d->ports[s].next)
		if (is_alike(c, flow, d->ports[s].at.port) == alike && suits(c, flow, &d->ports[s]))
			return s;
	return 0;
}

static enum cgn_fate
refuse(const struct cgn_control *c, const struct cgn_flow *flow)
{
	const struct cgn_dependents *d = &c->dependents;

	if (d->of_tenants[flow->tenant] >=
		c->dp->dir->tenants[flow->tenant].conf->quota.tenant.dependent)
		return CGN_FATE_QUOTA_TENANT_MAPPINGS;
	return d->n < d->capacity ? CGN_FATE_NONE : CGN_FATE_TABLE_FULL;
}

/* A port for the flow, as a number of the shared ones: one of these, a fresh one, or one of the
 * wrong parity or range. 0 and *fate. */
static uint32_t
choose(struct cgn_control *c, const struct cgn_flow *flow, enum cgn_fate *fate)
{
	struct cgn_dependents *d = &c->dependents;
	const struct cgn_pool_wish wish = cgn_wish_of(flow);
	const uint32_t holder = cgn_holder_of(c, flow->inside);
	struct cgn_shared_ring *ring = &d->rings[holder][flow->proto];
	struct cgn_port fresh;
	uint32_t s;

	if (ring->n > 1)
		for (uint32_t skip = cgn_rand_below(&c->rand, MAX_SKIP); skip > 0; skip--)
			ring->at = d->ports[ring->at].next;
	s = search(c, flow, ring->at, true);
	if (s == 0) {
		*fate = cgn_pool_take_for(c->pool, &wish, &fresh);
		s = *fate == CGN_FATE_NONE ? cgn_shared_port_add(d, holder, flow->proto, fresh)
					   : search(c, flow, ring->at, false);
	}
	if (s != 0)
		ring->at = s;
	return s;
}

enum cgn_fate
cgn_share_take(struct cgn_control *c, const struct cgn_flow *flow, uint32_t i, struct cgn_port *at)
{
	struct cgn_dependents *d = &c->dependents;
	enum cgn_fate fate = refuse(c, flow);
	struct cgn_dependent *r;
	uint32_t s;

	if (fate != CGN_FATE_NONE)
		return fate;
	s = choose(c, flow, &fate);
	if (s == 0)
		return fate;
	r = cgn_dependent_take(d, i); /* refuse has seen that there is room */
	r->remote = flow->remote;
	r->remote_port = flow->remote_port;
	cgn_shared_port_join(d, r, s);
	*at = d->ports[s].at;
	return CGN_FATE_NONE;
}

void
cgn_share_untake(struct cgn_control *c, uint32_t i)
{
	struct cgn_dependents *d = &c->dependents;
	struct cgn_dependent *r = cgn_dependent_of(d, i);
	uint32_t s = r->shared;
	const struct cgn_shared_port port = d->ports[s];

	if (cgn_shared_port_leave(d, r) == 0) {
		cgn_shared_port_del(d, s);
		cgn_pool_untake(c->pool, port.at, (enum cgn_proto)port.proto);
	}
	cgn_dependent_free(d, i);
}

enum cgn_fate
cgn_share_foresee(const struct cgn_control *c, const struct cgn_flow *flow, struct cgn_port *at,
	struct cgn_pool_choice *choice)
{
	const struct cgn_dependents *d = &c->dependents;
	const struct cgn_pool_wish wish = cgn_wish_of(flow);
	uint32_t first = d->rings[cgn_holder_of(c, flow->inside)][flow->proto].at, s;
	enum cgn_fate fate = refuse(c, flow);

	*at = (struct cgn_port){.pool = CGN_NONE};
	if (fate != CGN_FATE_NONE)
		return fate;
	s = search(c, flow, first, true);
	if (s == 0) {
		fate = cgn_pool_foresee(c->pool, &wish, choice);
		if (fate == CGN_FATE_NONE)
			return fate;
		s = search(c, flow, first, false);
	}
	if (s == 0)
		return fate;
	*at = d->ports[s].at;
	*choice = (struct cgn_pool_choice){.block = CGN_NONE, .address = at->pool};
	return CGN_FATE_NONE;
}

/* The slot names one that shares the port, or the last one has gone. */
static void
mark(struct cgn_control *c, uint32_t s)
{
	const struct cgn_shared_port *port = &c->dependents.ports[s];

	cgn_pool_publish(c->pool, port->at, (enum cgn_proto)port->proto,
		cgn_shared_port_slot(&c->dependents, s));
}

void
cgn_share_publish(struct cgn_control *c, uint32_t i)
{
	cgn_dependent_publish(&c->dependents, cgn_table_at(c->table, i), i);
	mark(c, cgn_dependent_of(&c->dependents, i)->shared);
}

void
cgn_share_unlink(struct cgn_control *c, uint32_t i, uint32_t until_s)
{
	struct cgn_dependents *d = &c->dependents;
	struct cgn_dependent *r = cgn_dependent_of(d, i);
	uint32_t s = r->shared;
	const struct cgn_shared_port port = d->ports[s];

	cgn_dependent_unlink(d, cgn_table_at(c->table, i), i);
	if (cgn_shared_port_leave(d, r) > 0) {
		mark(c, s);
		return;
	}
	cgn_shared_port_del(d, s);
	cgn_pool_rest(c->pool, port.at, (enum cgn_proto)port.proto, until_s);
}

void
cgn_share_reclaim(struct cgn_control *c, uint32_t i)
{
	cgn_dependent_reclaim(&c->dependents, i);
	cgn_table_free(c->table, i);
}

uint32_t
cgn_share_find(const struct cgn_control *c, const struct cgn_flow *flow)
{
	const struct cgn_dependent_key key = key_of(flow);

	return flow->remote != 0 && cgn_proto_may_share((uint8_t)flow->proto)
		? cgn_dependent_find(&c->dependents, &key)
		: CGN_MAPPING_NONE;
}

bool
cgn_is_published(const struct cgn_control *c, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);

	if (m->inside_addr == 0)
		return false;
	if (m->dependent)
		return cgn_dependent_of(&c->dependents, i)->is_published;
	return cgn_pool_find(c->pool, m->pool, cgn_mapping_space(m),
		       rte_be_to_cpu_16(m->outside_port)) == i;
}

uint32_t
cgn_outside_find(const struct cgn_control *c, const struct cgn_port *at, uint8_t proto,
	const struct cgn_remote *remote)
{
	uint32_t i = cgn_pool_find(c->pool, at->pool, (enum cgn_proto)proto, at->port);

	return i != CGN_MAPPING_NONE ? i : find_outside(c, at, proto, remote->addr, remote->port);
}

uint32_t
cgn_outside_nth(const struct cgn_control *c, const struct cgn_port *at, uint8_t proto, uint32_t k)
{
	uint32_t slot = cgn_pool_slot(c->pool, at->pool, (enum cgn_proto)proto, at->port);
	uint32_t sharer = cgn_slot_sharer(slot), r;

	if (sharer == CGN_MAPPING_NONE)
		return k == 0 && slot < CGN_SLOT_SHARED ? slot : CGN_MAPPING_NONE;
	for (r = c->dependents.record_of[sharer]; r != 0 && k > 0; k--)
		r = c->dependents.records[r].next;
	return c->dependents.records[r].mapping; /* of none: 0 */
}

uint32_t
cgn_outside_next(const struct cgn_control *c, uint32_t i)
{
	const struct cgn_dependents *d = &c->dependents;

	return cgn_table_at(c->table, i)->dependent
		? d->records[cgn_dependent_of(d, i)->next].mapping
		: CGN_MAPPING_NONE;
}
