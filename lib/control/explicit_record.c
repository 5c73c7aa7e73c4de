/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of explicit mappings: memory, counts, filters, timer, end; see explicit.h. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "explicit_rules.h"
#include "lifetime.h"
#include "mem.h"

/* "Never used by traffic": further back than any timeout, and safe when seconds wrap. */
enum { NEVER_USED_S = 30 * 86400 };

int
cgn_explicit_init(struct cgn_explicit_pool *p, uint32_t capacity, int socket)
{
	p->records = cgn_mem_zalloc("explicit", (size_t)capacity + 1, sizeof(*p->records), socket);
	if (p->records == NULL)
		return -ENOMEM;
	p->capacity = capacity;
	for (uint32_t r = 1; r <= capacity; r++)
		p->records[r].mapping = r < capacity ? r + 1 : 0;
	p->first_free = capacity > 0 ? 1 : 0;
	return 0;
}

void
cgn_explicit_fini(struct cgn_explicit_pool *p)
{
	cgn_mem_free(p->records);
	memset(p, 0, sizeof(*p));
}

struct cgn_explicit *
cgn_explicit_of(struct cgn_control *c, const struct cgn_mapping *m)
{
	return m->explicit_ref != 0 ? &c->explicits.records[m->explicit_ref] : NULL;
}

struct cgn_explicit *
cgn_explicit_take(struct cgn_control *c, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	uint32_t r = c->explicits.first_free;

	assert(r != 0 && c->explicits.records != NULL); /* cgn_explicit_room has said so */
	c->explicits.first_free = c->explicits.records[r].mapping;
	c->explicits.records[r] = (struct cgn_explicit){
		.mapping = i, .ends_s = c->now_s, .peer_ends_s = c->now_s};
	c->explicits.n_used++;
	cgn_room_take(&c->explicit_room, c->tenants[m->tenant].explicit_mappings++,
		cgn_promise_of(c, m->tenant).explicit_mappings);
	cgn_subscriber_of(c, m->inside)->use.explicit_mappings++;
	return &c->explicits.records[r];
}

void
cgn_explicit_give_back(struct cgn_control *c, struct cgn_explicit *e)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, e->mapping);

	*e = (struct cgn_explicit){.mapping = c->explicits.first_free};
	c->explicits.first_free = (uint32_t)(e - c->explicits.records);
	c->explicits.n_used--;
	cgn_room_give(&c->explicit_room, --c->tenants[m->tenant].explicit_mappings,
		cgn_promise_of(c, m->tenant).explicit_mappings);
	cgn_subscriber_of(c, m->inside)->use.explicit_mappings--;
}

struct cgn_explicit *
cgn_explicit_add(struct cgn_control *c, uint32_t i)
{
	struct cgn_mapping *m = cgn_table_at(c->table, i);
	struct cgn_explicit *e = cgn_explicit_take(c, i);

	e->set_first = rte_be_to_cpu_16(m->inside_port);
	e->set_size = 1;
	m->explicit_ref = (uint32_t)(e - c->explicits.records);
	cgn_contacts_end(c, i);
	cgn_tcp_sessions_begin(c, m);
	return e;
}

/* The set is seen no more; it is freed with the mappings that wait for their grace period. */
static void
retire_filter(struct cgn_control *c, struct cgn_mapping *m, uint32_t successor)
{
	uint32_t old = cgn_filter_of(m);

	atomic_store_explicit(&m->filter, successor, memory_order_release);
	if (old == 0)
		return;
	c->filters.sets[old].next = c->open.first_filter;
	c->open.first_filter = old;
	c->open.n++;
}

void
cgn_explicit_drop(struct cgn_control *c, struct cgn_mapping *m, uint32_t rest_s)
{
	struct cgn_explicit *e = cgn_explicit_of(c, m);

	if (e == NULL)
		return;
	cgn_portctl_update_stop(c, m->explicit_ref);
	cgn_natlog_explicit_end(c, m, e);
	cgn_state_del(c, m, rest_s);
	retire_filter(c, m, 0);
	cgn_peers_drop(c, e);
	cgn_tcp_sessions_retire(c, m);
	m->explicit_ref = 0;
	cgn_explicit_give_back(c, e);
}

uint32_t
cgn_explicit_room(const struct cgn_control *c, const struct cgn_explicit_ask *ask,
	enum cgn_explicit_result *result)
{
	const struct cgn_conf_tenant *conf = c->dp->dir->tenants[ask->tenant].conf;
	const struct cgn_subscriber *sub = cgn_subscriber_of(c, ask->inside);
	uint32_t sub_used = sub->use.explicit_mappings;
	uint32_t tenant_used = c->tenants[ask->tenant].explicit_mappings;
	struct cgn_class own;
	uint32_t sub_max = cgn_class_of(c->dp->dir, ask->tenant, sub, ask->inside, &own)
				   ->quota.explicit_mappings;
	uint32_t tenant_max = conf->quota.tenant.explicit_mappings;
	uint32_t room = sub_used < sub_max ? sub_max - sub_used : 0;
	uint32_t rest = cgn_room_for(
		&c->explicit_room, tenant_used, cgn_promise_of(c, ask->tenant).explicit_mappings);

	*result = CGN_EXPLICIT_QUOTA;
	if (room == 0)
		return 0;
	*result = CGN_EXPLICIT_NO_PORTS;
	if (tenant_used >= tenant_max)
		return 0;
	room = room < tenant_max - tenant_used ? room : tenant_max - tenant_used;
	return room < rest ? room : rest;
}

static const struct cgn_conf_timeouts *
timeouts_of(const struct cgn_control *c, const struct cgn_mapping *m)
{
	return &cgn_conf_of(c, m->tenant)->timeouts;
}

static uint32_t
seconds_until(const struct cgn_control *c, uint32_t at_s)
{
	int32_t left = (int32_t)(at_s - c->now_s);

	return left > 0 ? (uint32_t)left : 0;
}

uint32_t
cgn_explicit_idle_left(const struct cgn_control *c, const struct cgn_mapping *m)
{
	return seconds_until(c, cgn_lifetime_end_s(timeouts_of(c, m), m));
}

uint32_t
cgn_explicit_left(const struct cgn_control *c, const struct cgn_explicit *e)
{
	uint32_t map = seconds_until(c, e->ends_s), peer = seconds_until(c, e->peer_ends_s);

	if (e->origin == CGN_EXPLICIT_OPERATOR)
		return UINT32_MAX;
	return map > peer ? map : peer;
}

void
cgn_explicit_restart_timer(struct cgn_control *c, uint32_t i)
{
	enum { LOOK_AGAIN_S = 3600 }; /* an operator's mapping has no end */
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit *e = cgn_explicit_of(c, m);
	uint32_t left = e != NULL ? cgn_explicit_left(c, e) : 0;

	cgn_wheel_del(&c->wheel, i);
	if (left > LOOK_AGAIN_S)
		left = LOOK_AGAIN_S;
	cgn_wheel_add(&c->wheel, i,
		left > 0 ? c->now_s + left : cgn_lifetime_check_s(timeouts_of(c, m), m, c->now_s));
}

bool
cgn_explicit_is_owner(const struct cgn_explicit *e, const struct cgn_explicit_ask *ask)
{
	if (e->origin == CGN_EXPLICIT_OPERATOR)
		return false;
	if (ask->origin == CGN_EXPLICIT_NATPMP)
		return e->origin == CGN_EXPLICIT_NATPMP;
	return e->origin != CGN_EXPLICIT_PCP_MAP || ask->replace_nonce ||
		memcmp(e->nonce, ask->nonce, sizeof(e->nonce)) == 0;
}

/* Rules that stay when the request's filters come on top. */
static uint32_t
filters_kept(const struct cgn_control *c, const struct cgn_mapping *m,
	const struct cgn_explicit_ask *ask)
{
	uint32_t set = m != NULL ? cgn_filter_of(m) : 0;

	return ask->filters_cleared || set == 0 ? 0 : c->filters.sets[set].n;
}

enum cgn_explicit_result
cgn_explicit_filters_check(const struct cgn_control *c, const struct cgn_mapping *m,
	const struct cgn_explicit_ask *ask, uint32_t n)
{
	if (ask->n_filters == 0)
		return CGN_EXPLICIT_OK;
	if (filters_kept(c, m, ask) + ask->n_filters > CGN_FILTERS_PER_SET)
		return CGN_EXPLICIT_TOO_MANY_FILTERS;
	return c->filters.capacity - c->filters.n_used >= n ? CGN_EXPLICIT_OK
							    : CGN_EXPLICIT_NO_PORTS;
}

static struct cgn_filter_rule
rule_of(const struct cgn_portctl_filter *filter)
{
	uint32_t mask = cgn_mask(filter->prefix_len);

	return (struct cgn_filter_rule){.addr = rte_cpu_to_be_32(filter->addr & mask),
		.mask = rte_cpu_to_be_32(mask),
		.port = rte_cpu_to_be_16(filter->port)};
}

void
cgn_explicit_filters_apply(
	struct cgn_control *c, struct cgn_mapping *m, const struct cgn_explicit_ask *ask)
{
	uint32_t old = cgn_filter_of(m);
	uint32_t kept = filters_kept(c, m, ask), set = 0;

	if (ask->n_filters == 0 && !(ask->filters_cleared && old != 0))
		return;
	if (ask->n_filters > 0) {
		struct cgn_filter_set *fresh;

		set = cgn_filter_take(&c->filters);
		fresh = &c->filters.sets[set];
		if (kept > 0)
			memcpy(fresh->rules, c->filters.sets[old].rules,
				kept * sizeof(fresh->rules[0]));
		for (uint32_t f = 0; f < ask->n_filters; f++)
			fresh->rules[kept + f] = rule_of(&ask->filters[f]);
		fresh->n = kept + ask->n_filters;
	}
	retire_filter(c, m, set);
}

uint32_t
cgn_explicit_stays(struct cgn_control *c, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit *e = cgn_explicit_of(c, m);

	return e->origin == CGN_EXPLICIT_NATPMP ? 0 : cgn_explicit_idle_left(c, m);
}

/* What PEER was granted outlives the MAP (RFC 6887 section 11.3), without the MAP's filters. */
static void
end_but_peer(struct cgn_control *c, struct cgn_mapping *m, struct cgn_explicit *e)
{
	retire_filter(c, m, 0);
	e->origin = CGN_EXPLICIT_PCP_PEER;
	e->ends_s = c->now_s;
	cgn_state_set(c, m, e);
}

/*
 * PCP: what traffic has earned stays up, with its nonce, so that the owner can ask again or claim
 * it back (RFC 6887 section 15). NAT-PMP: the mapping goes at once, unless traffic had made it
 * before; its port rests at least as long as traffic would have kept it.
 */
uint32_t
cgn_explicit_end(struct cgn_control *c, uint32_t i, uint32_t stays_s)
{
	struct cgn_mapping *m = cgn_table_at(c->table, i);
	struct cgn_explicit *e = cgn_explicit_of(c, m);
	bool natpmp = e->origin == CGN_EXPLICIT_NATPMP;
	uint32_t idle = cgn_explicit_idle_left(c, m);

	if (seconds_until(c, e->peer_ends_s) > 0)
		end_but_peer(c, m, e);
	else if (natpmp ? idle == 0 || !e->adopted : stays_s == 0) {
		cgn_unlink_resting(c, i, idle);
		return 0;
	} else if (natpmp)
		cgn_explicit_drop(c, m, 0);
	else {
		e->ends_s = c->now_s + stays_s;
		cgn_state_set(c, m, e);
	}
	cgn_explicit_restart_timer(c, i);
	e = cgn_explicit_of(c, m);
	return e != NULL ? cgn_explicit_left(c, e) : 0;
}

void
cgn_explicit_grant(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t i,
	bool adopted, struct cgn_explicit_answer *answer)
{
	struct cgn_mapping *m = cgn_table_at(c->table, i);
	struct cgn_explicit *e = cgn_explicit_of(c, m);
	uint32_t lifetime_s = ask->lifetime_s, floor_s = cgn_explicit_idle_left(c, m);
	bool made = e == NULL && !adopted; /* with its filters */

	if (e == NULL) {
		e = cgn_explicit_add(c, i);
		e->adopted = adopted;
		e->origin = (uint8_t)ask->origin;
	}
	/* PCP answers no less than what traffic has earned already (RFC 6887 section 15). */
	if (ask->origin != CGN_EXPLICIT_NATPMP && lifetime_s < floor_s)
		lifetime_s = floor_s;
	if (ask->origin == CGN_EXPLICIT_PCP_PEER)
		cgn_peer_grant(c, e, ask, lifetime_s);
	else {
		e->adopted |= e->origin == CGN_EXPLICIT_PCP_PEER;
		e->origin = (uint8_t)ask->origin;
		e->ends_s = c->now_s + lifetime_s;
		memcpy(e->nonce, ask->nonce, sizeof(e->nonce));
	}
	e->client_addr = ask->client_addr;
	e->client_port = ask->client_port;
	if (!made)
		cgn_explicit_filters_apply(c, m, ask);
	cgn_explicit_restart_timer(c, i);
	cgn_portctl_update_stop(c, m->explicit_ref); /* it knows by the answer */
	cgn_state_set(c, m, e);
	*answer = (struct cgn_explicit_answer){.addr = rte_be_to_cpu_32(m->outside_addr),
		.port = rte_be_to_cpu_16(m->outside_port),
		.inside_port = rte_be_to_cpu_16(m->inside_port),
		.n_ports = 1,
		.lifetime_s = lifetime_s};
}

enum cgn_fate
cgn_explicit_make(struct cgn_control *c, const struct cgn_flow *flow, const struct cgn_port *at,
	const struct cgn_explicit_ask *ask, uint32_t *i)
{
	enum cgn_fate fate = cgn_allocate(c, flow, at, i);
	struct cgn_mapping *m;
	uint32_t set;

	if (fate != CGN_FATE_NONE)
		return fate;
	m = cgn_table_at(c->table, *i);
	atomic_store_explicit(&m->last_use_s, c->now_s - NEVER_USED_S, memory_order_relaxed);
	if (ask != NULL)
		cgn_explicit_filters_apply(c, m, ask);
	set = cgn_filter_of(m);
	fate = cgn_publish(c, *i);
	if (fate != CGN_FATE_NONE && set != 0)
		cgn_filter_free(&c->filters, set); /* seen by nobody */
	return fate;
}

uint32_t
cgn_explicit_find(
	const struct cgn_control *c, const struct cgn_explicit_ask *ask, uint16_t inside_port)
{
	struct cgn_map_key key = {.inside = ask->inside,
		.port = rte_cpu_to_be_16(inside_port),
		.proto = (uint8_t)ask->proto};

	return cgn_table_find(c->table, &key);
}
