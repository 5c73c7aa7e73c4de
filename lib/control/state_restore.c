/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Takes the journal's records back at start: the same mappings with the same outside ports, what is
 * left of their lifetimes, epochs that go on, and ports that were resting. Sessions come before
 * blocks, which are nobody's when they are of an owner before, and blocks before mappings, which
 * find their places in them. What cannot be taken back (its tenant, address or pool is gone) is
 * lost; then the tenant's epoch starts anew, which tells its clients (RFC 6886 section 3.6, RFC
 * 6887 section 8.5).
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explicit_rules.h"
#include "log.h"

struct restore {
	struct cgn_control *c;
	uint64_t now_utc_s;
	uint32_t kept, lapsed, lost, resting, blocks_lost, sessions, sessions_lost;
	bool *epochs; /* [n_tenants]: the journal knows when its state began */
};

static enum cgn_proto
proto_of(const struct cgn_journal_record *r)
{
	return r->proto == IPPROTO_TCP ? CGN_TCP : CGN_UDP;
}

/* Inside end and outside end as numbers of today's configuration; false when they are gone. */
static bool
locate(const struct cgn_control *c, const struct cgn_journal_record *r, struct cgn_flow *flow,
	struct cgn_port *at)
{
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t tenant = cgn_directory_tenant_find(dir, r->tenant);
	const struct cgn_range *range = cgn_range_map_find(&dir->outside_dst, r->outside_addr);

	if (tenant == CGN_NONE || range == NULL || cgn_dst_class_of(range->value) != CGN_DST_POOL)
		return false;
	at->pool = cgn_dst_number(range->value) + (r->outside_addr - range->origin);
	at->port = r->outside_port;
	*flow = (struct cgn_flow){.tenant = (uint16_t)tenant,
		.inside = cgn_directory_inside_find(dir, tenant, r->inside_addr),
		.port = rte_cpu_to_be_16(r->inside_port),
		.proto = proto_of(r)};
	return flow->inside != CGN_NONE && dir->pool_tenants[at->pool] == tenant;
}

/* The filters of a record; none when there is no room for them, or when they name PEER's peer. */
static struct cgn_explicit_ask
filters_of(const struct cgn_control *c, const struct cgn_journal_record *r)
{
	struct cgn_explicit_ask ask = {.n_filters = r->n_filters};

	for (uint32_t f = 0; f < r->n_filters; f++)
		ask.filters[f] = (struct cgn_portctl_filter){.addr = r->filters[f].addr,
			.prefix_len = r->filters[f].prefix_len,
			.port = r->filters[f].port};
	if (r->origin == CGN_EXPLICIT_PCP_PEER ||
		cgn_explicit_filters_check(c, NULL, &ask, 1) != CGN_EXPLICIT_OK)
		ask.n_filters = 0;
	return ask;
}

/* No lifetime is longer than a day: what is, comes from a wall clock that was stepped. */
static uint32_t
seconds_left(const struct restore *s, const struct cgn_journal_record *r)
{
	const uint64_t day_s = 86400;
	uint64_t left = r->ends_utc_s - s->now_utc_s;

	return (uint32_t)(left < day_s ? left : day_s);
}

/* Does the configuration still serve what it was asked by? */
static bool
is_served(const struct cgn_control *c, uint32_t tenant, const struct cgn_journal_record *r)
{
	const struct cgn_conf_portctl *conf;

	if (tenant == CGN_NONE || r->origin == CGN_EXPLICIT_OPERATOR)
		return true;
	conf = &c->dp->dir->tenants[tenant].conf->portctl;
	return r->origin == CGN_EXPLICIT_NATPMP ? conf->natpmp : conf->pcp;
}

static bool
is_there(const struct cgn_control *c, const struct cgn_flow *flow, const struct cgn_port *at)
{
	struct cgn_map_key key = {
		.inside = flow->inside, .port = flow->port, .proto = (uint8_t)flow->proto};
	uint32_t i = cgn_table_find(c->table, &key);
	struct cgn_port there;

	if (i == CGN_MAPPING_NONE)
		return false;
	there = cgn_mapping_port(cgn_table_at(c->table, i));
	return there.pool == at->pool && there.port == at->port;
}

/* The peer stands where a MAP has filters, which PEER has none of. */
static void
restore_peer(struct cgn_explicit *e, const struct cgn_journal_record *r)
{
	e->peer_ends_s = e->ends_s;
	if (r->n_filters != 1)
		return;
	e->peer.addr = r->filters[0].addr;
	e->peer.port = r->filters[0].port;
	e->peer.ends_s = e->ends_s;
	memcpy(e->peer.nonce, r->nonce, sizeof(e->peer.nonce));
}

static bool
restore_set(struct restore *s, const struct cgn_journal_record *r)
{
	struct cgn_control *c = s->c;
	struct cgn_explicit_ask ask;
	struct cgn_explicit *e;
	struct cgn_flow flow;
	struct cgn_port at;
	uint32_t i;

	if (!locate(c, r, &flow, &at) || c->explicits.first_free == 0 ||
		!cgn_state_is_of_owner(c, flow.inside, r->at_utc_s, true))
		return false;
	if (is_there(c, &flow, &at)) /* the configuration has the same port forward */
		return true;
	if (cgn_subscriber_of(c, flow.inside)->n_blocks == 0)
		cgn_subscriber_of(c, flow.inside)->pool = at.pool;
	ask = filters_of(c, r);
	if (cgn_explicit_make(c, &flow, &at, &ask, &i) != CGN_FATE_NONE)
		return false;
	e = cgn_explicit_add(c, i);
	e->origin = r->origin;
	e->adopted = r->flags;
	e->client_addr = r->client_addr;
	e->client_port = r->client_port;
	e->set_first = r->set_first;
	e->set_size = r->set_size;
	e->ends_s = c->now_s + seconds_left(s, r);
	if (r->origin == CGN_EXPLICIT_PCP_PEER)
		restore_peer(e, r);
	else
		memcpy(e->nonce, r->nonce, sizeof(e->nonce));
	cgn_explicit_restart_timer(c, i);
	cgn_natlog_explicit(c, cgn_table_at(c->table, i), e, CGN_NATLOG_RESTORED);
	return true;
}

/* A port that was resting goes on resting, in a block of the subscriber that had it. */
static void
restore_rest(struct restore *s, const struct cgn_journal_record *r)
{
	struct cgn_control *c = s->c;
	uint64_t left = r->ends_utc_s > s->now_utc_s ? r->ends_utc_s - s->now_utc_s : 0;
	struct cgn_flow flow;
	struct cgn_port at;

	if (left == 0 || left >= CGN_REST_SLOTS || !locate(c, r, &flow, &at) ||
		!cgn_state_is_of_owner(c, flow.inside, r->at_utc_s, false))
		return; /* of an owner before: its block rests, and is nobody's */
	if (cgn_subscriber_of(c, flow.inside)->n_blocks == 0)
		cgn_subscriber_of(c, flow.inside)->pool = at.pool;
	if (cgn_pool_take_at(c->pool, flow.inside, flow.tenant, flow.proto, at) != CGN_FATE_NONE)
		return;
	cgn_pool_rest(c->pool, at, flow.proto, c->now_s + (uint32_t)left);
	s->resting++;
}

static void
restore_epoch(struct restore *s, const struct cgn_journal_record *r, uint32_t tenant)
{
	uint64_t age = s->now_utc_s > r->at_utc_s ? s->now_utc_s - r->at_utc_s : 0;

	s->epochs[tenant] = true;
	cgn_epoch_continue(
		&s->c->epochs[tenant], s->c->now, 0, age < UINT32_MAX ? (uint32_t)age : UINT32_MAX);
}

static void
restore_one(struct restore *s, const struct cgn_journal_record *r)
{
	uint32_t tenant = cgn_directory_tenant_find(s->c->dp->dir, r->tenant);

	if (r->type == CGN_JOURNAL_EPOCH) {
		if (tenant != CGN_NONE)
			restore_epoch(s, r, tenant);
	} else if (r->type == CGN_JOURNAL_SESSION) {
		if (cgn_state_restore_session(s->c, r))
			s->sessions++;
		else
			s->sessions_lost++;
	} else if (r->type == CGN_JOURNAL_DEL)
		restore_rest(s, r);
	else if (r->ends_utc_s <= s->now_utc_s || !is_served(s->c, tenant, r)) {
		cgn_state_forget(s->c, r);
		s->lapsed++;
	} else if (restore_set(s, r))
		s->kept++;
	else {
		s->lost++;
		if (tenant != CGN_NONE)
			cgn_epoch_reset(&s->c->epochs[tenant], s->c->now);
	}
}

void
cgn_state_restore(struct cgn_control *c, const struct cgn_journal_record *records, uint32_t n)
{
	struct restore s = {.c = c, .now_utc_s = (uint64_t)time(NULL)};

	s.epochs = calloc(c->dp->dir->n_tenants, sizeof(*s.epochs));
	if (s.epochs == NULL) {
		cgn_err("state", "no memory to take back the journal; all of it is lost");
		return;
	}
	c->pool->restores = true;
	for (uint32_t i = 0; i < n; i++)
		if (records[i].type == CGN_JOURNAL_LEASE)
			s.blocks_lost += !cgn_state_restore_lease(c, &records[i]);
		else
			restore_one(&s, &records[i]);
	c->pool->restores = false;
	for (uint32_t t = 0; t < c->dp->dir->n_tenants; t++)
		if (cgn_directory_tenant_live(c->dp->dir, t) && !s.epochs[t])
			cgn_state_epoch(c, t);
	free(s.epochs);
	/* An epoch that began anew ends what the journal holds of its tenant: write all of it
	 * again. */
	c->state.resync |= s.lost > 0;
	cgn_notice("state",
		"taken back kept=%u lapsed=%u lost=%u ports_resting=%u blocks_resting=%u "
		"blocks_lost=%u sessions=%u sessions_lost=%u",
		s.kept, s.lapsed, s.lost, s.resting, c->state.blocks_restored, s.blocks_lost,
		s.sessions, s.sessions_lost);
}
