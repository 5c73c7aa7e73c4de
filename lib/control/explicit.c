/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules for one port: an existing mapping of the inside port is looked for before any
 * suggestion is (clients.md's first lesson: most clients suggest their inside port for ever).
 */
#include "explicit.h"

#include "explicit_rules.h"

void
cgn_explicit_read(struct cgn_control *c, uint32_t i, struct cgn_explicit_answer *answer)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit *e = cgn_explicit_of(c, m);

	*answer = (struct cgn_explicit_answer){.addr = rte_be_to_cpu_32(m->outside_addr),
		.port = rte_be_to_cpu_16(m->outside_port),
		.inside_port = rte_be_to_cpu_16(m->inside_port),
		.n_ports = 1,
		.lifetime_s = e != NULL ? cgn_explicit_left(c, e) : cgn_explicit_idle_left(c, m)};
}

static enum cgn_explicit_result
delete_one(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t i,
	struct cgn_explicit_answer *answer)
{
	const struct cgn_explicit *e;

	if (i == CGN_MAPPING_NONE)
		return CGN_EXPLICIT_OK;
	e = cgn_explicit_of(c, cgn_table_at(c->table, i));
	if (e == NULL) /* RFC 6887 section 15.1; NAT-PMP has nothing of its own to delete */
		return ask->origin == CGN_EXPLICIT_NATPMP ? CGN_EXPLICIT_OK : CGN_EXPLICIT_IMPLICIT;
	if (e->origin == CGN_EXPLICIT_OPERATOR)
		return CGN_EXPLICIT_STATIC;
	answer->lifetime_s = cgn_explicit_left(c, e);
	if (!cgn_explicit_is_owner(e, ask))
		return CGN_EXPLICIT_NOT_OWNER;
	if (e->origin == CGN_EXPLICIT_PCP_PEER) /* only outbound state: MAP does not delete it */
		return CGN_EXPLICIT_IMPLICIT;
	cgn_unit_end(c, ask, (struct cgn_unit){e->set_first, e->set_size}, answer);
	return CGN_EXPLICIT_OK;
}

/* PEER with lifetime 0 on what is there: says how it is, changes nothing (RFC 6887 section 12.3).
 */
static enum cgn_explicit_result
peek_peer(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t i,
	struct cgn_explicit_answer *answer)
{
	cgn_explicit_read(c, i, answer);
	return cgn_peer_check(c, cgn_explicit_of(c, cgn_table_at(c->table, i)), ask, answer);
}

/* What traffic alone would give a flow that has none yet. */
static uint32_t
implicit_lifetime(const struct cgn_control *c, const struct cgn_explicit_ask *ask)
{
	const struct cgn_conf_timeouts *timeouts = &c->dp->dir->tenants[ask->tenant].conf->timeouts;

	return ask->proto == CGN_TCP ? timeouts->tcp_opening : timeouts->udp;
}

static bool
is_suggested(const struct cgn_mapping *m, const struct cgn_explicit_ask *ask)
{
	return rte_be_to_cpu_16(m->outside_port) == ask->suggested_port &&
		(ask->suggested_addr == 0 ||
			rte_be_to_cpu_32(m->outside_addr) == ask->suggested_addr);
}

/* A request for one port of a PORT_SET is one for all of it (RFC 7753 section 4.4). */
static enum cgn_explicit_result
on_member(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t i,
	struct cgn_explicit_answer *answer)
{
	const struct cgn_explicit *e = cgn_explicit_of(c, cgn_table_at(c->table, i));
	const struct cgn_unit unit = {e->set_first, e->set_size};
	enum cgn_explicit_result result = cgn_unit_filters_check(c, ask, unit, unit.size);
	struct cgn_explicit_answer whole;

	if (result != CGN_EXPLICIT_OK)
		return result;
	cgn_unit_renew(c, ask, unit, &whole);
	cgn_explicit_read(c, i, answer);
	answer->lifetime_s = whole.lifetime_s;
	return CGN_EXPLICIT_OK;
}

/* A flow to a peer over a mapping that is there: its suggestion does not count (PCP-48). */
static enum cgn_explicit_result
peer_on_existing(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t i,
	struct cgn_explicit_answer *answer)
{
	enum cgn_explicit_result result;

	cgn_explicit_read(c, i, answer);
	result = cgn_peer_check(c, cgn_explicit_of(c, cgn_table_at(c->table, i)), ask, answer);
	if (result == CGN_EXPLICIT_OK)
		cgn_explicit_grant(c, ask, i, true, answer);
	return result;
}

static enum cgn_explicit_result
on_existing(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t i,
	struct cgn_explicit_answer *answer)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	struct cgn_explicit *e = cgn_explicit_of(c, m);
	enum cgn_explicit_result result = CGN_EXPLICIT_OK;

	if (e != NULL && e->origin == CGN_EXPLICIT_OPERATOR) {
		cgn_explicit_read(c, i, answer);
		return CGN_EXPLICIT_OK; /* RFC 6887 section 11.3: whoever asks is told */
	}
	if (ask->origin == CGN_EXPLICIT_PCP_PEER)
		return peer_on_existing(c, ask, i, answer);
	if (e != NULL && !cgn_explicit_is_owner(e, ask)) {
		cgn_explicit_read(c, i, answer);
		/* NAT-PMP may read what PCP has made: port and time left (AMB-05). */
		return ask->origin == CGN_EXPLICIT_NATPMP ? CGN_EXPLICIT_OK
							  : CGN_EXPLICIT_NOT_OWNER;
	}
	if (ask->prefer_failure && !is_suggested(m, ask))
		return CGN_EXPLICIT_CANNOT_PROVIDE;
	if (e == NULL && cgn_drain_refuses(c, ask->tenant))
		return CGN_EXPLICIT_NO_PORTS; /* what traffic made would live longer */
	if (e == NULL && cgn_explicit_room(c, ask, &result) == 0)
		return result;
	if (e != NULL && e->set_size > 1)
		return on_member(c, ask, i, answer);
	result = cgn_explicit_filters_check(c, m, ask, 1);
	if (result != CGN_EXPLICIT_OK)
		return result;
	cgn_explicit_grant(c, ask, i, true, answer);
	return CGN_EXPLICIT_OK;
}

static enum cgn_explicit_result
result_of(enum cgn_fate fate)
{
	switch (fate) {
	case CGN_FATE_DRAINING:
	case CGN_FATE_NO_ADDRESS:
	case CGN_FATE_NO_PORTS:
	case CGN_FATE_TABLE_FULL:
	case CGN_FATE_QUOTA_TENANT_MAPPINGS:
	case CGN_FATE_QUOTA_TENANT_RATE:
		return CGN_EXPLICIT_NO_PORTS;
	default:
		return CGN_EXPLICIT_QUOTA;
	}
}

/*
 * The suggested outside port on the paired address; false when there is none to try. Address and
 * port are hints apart (RFC 6887 section 11.3): libtorrent behind 100.64/10 names its own inside
 * address with the port it wants. exact: the client takes the pair or nothing.
 */
static bool
suggestion(
	struct cgn_control *c, const struct cgn_explicit_ask *ask, bool exact, struct cgn_port *at)
{
	uint32_t pair = cgn_pool_pair(c->pool, ask->inside, ask->tenant);

	if (ask->suggested_port == 0 || pair == CGN_NONE)
		return false;
	*at = (struct cgn_port){.pool = pair, .port = ask->suggested_port};
	return !exact || ask->suggested_addr == 0 ||
		c->dp->dir->pool_addrs[pair] == ask->suggested_addr;
}

/* Does the request name a port, or an address other than the paired one? */
static bool
is_specific(struct cgn_control *c, const struct cgn_explicit_ask *ask)
{
	uint32_t pair = cgn_pool_pair(c->pool, ask->inside, ask->tenant);

	return ask->suggested_port != 0 ||
		(ask->suggested_addr != 0 &&
			(pair == CGN_NONE || c->dp->dir->pool_addrs[pair] != ask->suggested_addr));
}

/* A new mapping at the suggested port if it can be had, else anywhere on the paired address. */
static enum cgn_explicit_result
create(struct cgn_control *c, const struct cgn_explicit_ask *ask,
	struct cgn_explicit_answer *answer)
{
	struct cgn_flow flow = {.inside = ask->inside,
		.tenant = (uint16_t)ask->tenant,
		.port = rte_cpu_to_be_16(ask->inside_port),
		.proto = ask->proto};
	/* PEER: a suggestion that cannot be met is a failure (RFC 6887 section 12.3). */
	bool must = ask->prefer_failure ||
		(ask->origin == CGN_EXPLICIT_PCP_PEER && is_specific(c, ask));
	enum cgn_explicit_result result;
	enum cgn_fate fate;
	struct cgn_port at;
	uint32_t i;

	if (c->dp->dir->tenants[ask->tenant].n_pool == 0)
		return CGN_EXPLICIT_NO_ADDRESS;
	if (cgn_explicit_room(c, ask, &result) == 0)
		return result;
	result = cgn_explicit_filters_check(c, NULL, ask, 1);
	if (result != CGN_EXPLICIT_OK)
		return result;
	fate = cgn_admit(c, &flow);
	if (fate != CGN_FATE_NONE)
		return result_of(fate);
	fate = suggestion(c, ask, must, &at) ? cgn_explicit_make(c, &flow, &at, ask, &i)
					     : CGN_FATE_NO_PORTS;
	if (fate != CGN_FATE_NONE && must)
		return CGN_EXPLICIT_CANNOT_PROVIDE;
	if (fate != CGN_FATE_NONE)
		fate = cgn_explicit_make(c, &flow, NULL, ask, &i);
	if (fate != CGN_FATE_NONE)
		return result_of(fate);
	cgn_explicit_grant(c, ask, i, false, answer);
	return CGN_EXPLICIT_OK;
}

enum cgn_explicit_result
cgn_explicit_ask_one(struct cgn_control *c, const struct cgn_explicit_ask *ask,
	struct cgn_explicit_answer *answer)
{
	uint32_t i = cgn_explicit_find(c, ask, ask->inside_port);

	*answer = (struct cgn_explicit_answer){.inside_port = ask->inside_port, .n_ports = 1};
	if (ask->lifetime_s == 0 && ask->origin == CGN_EXPLICIT_PCP_PEER) {
		struct cgn_explicit_ask fresh = *ask;

		if (i != CGN_MAPPING_NONE)
			return peek_peer(c, ask, i, answer);
		fresh.lifetime_s = implicit_lifetime(c, ask);
		return create(c, &fresh, answer);
	}
	if (ask->lifetime_s == 0)
		return delete_one(c, ask, i, answer);
	if (i != CGN_MAPPING_NONE)
		return on_existing(c, ask, i, answer);
	return create(c, ask, answer);
}

/* PEER is told where a flow is seen from; a port that others share is nothing to be kept. */
static bool
shares_its_port(const struct cgn_control *c, const struct cgn_explicit_ask *ask)
{
	const struct cgn_flow flow = {.inside = ask->inside,
		.port = rte_cpu_to_be_16(ask->inside_port),
		.proto = ask->proto,
		.remote = rte_cpu_to_be_32(ask->peer_addr),
		.remote_port = rte_cpu_to_be_16(ask->peer_port)};

	return ask->origin == CGN_EXPLICIT_PCP_PEER && cgn_share_find(c, &flow) != CGN_MAPPING_NONE;
}

static enum cgn_explicit_result
ask_any(void *ctx, const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answers,
	uint32_t *n_answers)
{
	struct cgn_control *c = ctx;
	enum cgn_explicit_result result;

	*n_answers = 1;
	if (shares_its_port(c, ask)) {
		c->why = (struct cgn_why){.text = "the flow shares its outside port with others"};
		result = CGN_EXPLICIT_NO_PORTS;
	} else if (ask->n_ports > 1)
		result = cgn_explicit_ask_set(c, ask, answers, n_answers);
	else
		result = cgn_explicit_ask_one(c, ask, &answers[0]);
	if (result != CGN_EXPLICIT_OK && c->why.text == NULL)
		c->why = cgn_explicit_why(c, ask, result);
	return result;
}

/* Deletes the NAT-PMP records of an inside address in one granule of ports; says whether it has
 * others there. */
static bool
delete_in_chunk(struct cgn_control *c, uint32_t chunk, uint32_t inside, enum cgn_proto proto)
{
	bool others = false;

	for (uint32_t bit = 0; bit < CGN_GRANULE_PORTS; bit++) {
		uint32_t i = atomic_load_explicit(
			&c->pool->chunks[chunk].slots[proto][bit], memory_order_relaxed);
		const struct cgn_explicit *e;

		if (i == CGN_MAPPING_NONE || i >= CGN_SLOT_SHARED ||
			cgn_table_at(c->table, i)->inside != inside)
			continue;
		e = cgn_explicit_of(c, cgn_table_at(c->table, i));
		if (e != NULL && e->origin == CGN_EXPLICIT_NATPMP)
			cgn_explicit_end(c, i, 0);
		else
			others |= e != NULL;
	}
	return others;
}

static enum cgn_explicit_result
delete_all(void *ctx, uint32_t tenant, uint32_t inside, enum cgn_proto proto)
{
	struct cgn_control *c = ctx;
	bool others = false;

	(void)tenant;
	for (uint32_t b = cgn_subscriber_of(c, inside)->first_block, next; b != CGN_NONE;
		b = next) {
		const struct cgn_block block = c->pool->blocks[b]; /* may go with its last port */

		next = block.next;
		for (uint32_t g = 0; g < block.n_granules; g++) {
			uint32_t chunk = atomic_load_explicit(
				&c->pool->granules[(uint64_t)block.pool * CGN_GRANULES +
					block.first_granule + g],
				memory_order_relaxed);

			if (chunk != 0)
				others |= delete_in_chunk(c, chunk, inside, proto);
		}
	}
	return others ? CGN_EXPLICIT_SOME_LEFT : CGN_EXPLICIT_OK;
}

static uint32_t
epoch(void *ctx, uint32_t tenant)
{
	const struct cgn_control *c = ctx;

	return cgn_epoch_at(&c->epochs[tenant], c->now);
}

static uint32_t
outside_addr(void *ctx, uint32_t tenant, uint32_t inside)
{
	struct cgn_control *c = ctx;
	uint32_t pair = cgn_pool_pair(c->pool, inside, tenant);

	return pair != CGN_NONE ? c->dp->dir->pool_addrs[pair] : 0;
}

static uint32_t
find_inside(void *ctx, uint32_t tenant, uint32_t addr)
{
	const struct cgn_control *c = ctx;
	uint32_t inside = cgn_directory_inside_find(c->dp->dir, tenant, addr);

	return inside != CGN_NONE && cgn_is_served(c, inside) ? inside : CGN_NONE;
}

static bool
peer_allowed(void *ctx, uint32_t tenant, uint32_t addr)
{
	const struct cgn_control *c = ctx;
	const struct cgn_range *to = cgn_directory_inside_dst(c->dp->dir, tenant, addr);

	return to != NULL &&
		(cgn_dst_class_of(to->value) == CGN_DST_GATEWAY ||
			cgn_dst_class_of(to->value) == CGN_DST_ONLINK);
}

const struct cgn_portctl_ops cgn_explicit_ops = {
	.epoch = epoch,
	.outside_addr = outside_addr,
	.ask = ask_any,
	.delete_all = delete_all,
	.find_inside = find_inside,
	.peer_allowed = peer_allowed,
};
