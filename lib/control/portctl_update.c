/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mapping Updates: when a mapping that PCP asked for gets another outside address, its client is
 * told without having asked (RFC 6887 section 14.2, PCP-61): three copies to the address and port
 * it last used, until it refreshes the mapping. NAT-PMP has no such message; its clients learn from
 * the announcement of the new epoch.
 */
#include <string.h>

#include "explicit_rules.h"
#include "portctl_send.h"

enum {
	UPDATE_SLICE = 32, /* in one turn */
	RING_ROOM = 256,   /* answers go first: left free in the ring to the worker */
	/* RFC 6887 section 14.2: 250 ms or more, then 500 ms or more; whole seconds of any phase.
	 */
	GAP_S = 2,
	WAIT_S = 3, /* for the client's MAC, as often as it is asked for: neigh.c */
};

static void
add_filters(
	const struct cgn_control *c, const struct cgn_mapping *m, struct cgn_announce_mapping *out)
{
	uint32_t set = cgn_filter_of(m);

	for (uint32_t f = 0; set != 0 && f < c->filters.sets[set].n; f++) {
		const struct cgn_filter_rule *rule = &c->filters.sets[set].rules[f];

		out->filters[out->n_filters++] = (struct cgn_portctl_filter){
			.addr = rte_be_to_cpu_32(rule->addr),
			.prefix_len = (uint8_t)__builtin_popcount(rule->mask),
			.port = rte_be_to_cpu_16(rule->port)};
	}
}

/* What MAP granted, or (peer: entry of the mapping's record or of one chained to it) PEER. */
static struct cgn_announce_mapping
update_of(struct cgn_control *c, uint32_t i, const struct cgn_explicit *peer)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit *e = cgn_explicit_of(c, m);
	uint32_t inside_addr = rte_be_to_cpu_32(m->inside_addr);
	struct cgn_announce_mapping out = {
		.origin = peer != NULL ? CGN_EXPLICIT_PCP_PEER : CGN_EXPLICIT_PCP_MAP,
		.proto = (enum cgn_proto)m->proto,
		.third_party = e->client_addr != inside_addr ? inside_addr : 0};

	memcpy(out.nonce, peer != NULL ? peer->peer.nonce : e->nonce, sizeof(out.nonce));
	cgn_explicit_read(c, i, &out.now);
	if (peer == NULL)
		add_filters(c, m, &out);
	else {
		out.peer_addr = peer->peer.addr;
		out.peer_port = peer->peer.port;
		out.now.lifetime_s = peer->peer.ends_s - c->now_s;
	}
	return out;
}

/* Where the client is now; false when its address is nobody's or its MAC is not known (yet). */
static bool
find_client(struct cgn_control *c, uint32_t tenant, const struct cgn_explicit *e,
	struct cgn_portctl_dest *to)
{
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t inside = cgn_directory_inside_find(dir, tenant, e->client_addr);
	uint32_t neigh;

	if (inside == CGN_NONE)
		return false;
	neigh = cgn_directory_inside_neigh(dir, inside);
	*to = (struct cgn_portctl_dest){.iface = cgn_directory_run_at(dir, inside)->iface,
		.addr = e->client_addr,
		.port = e->client_port};
	if (cgn_neigh_mac(c->neigh, neigh, &to->mac))
		return true;
	cgn_neigh_want(c->neigh, neigh, c->now_s);
	return false;
}

static void
send_one(struct cgn_control *c, uint32_t i, const struct cgn_explicit *peer,
	const struct cgn_portctl_dest *to)
{
	const struct cgn_announce_mapping update = update_of(c, i, peer);

	cgn_announce_update_write(&c->replies[0], &update,
		cgn_epoch_at(&c->epochs[cgn_table_at(c->table, i)->tenant], c->now));
	cgn_portctl_send(c, to, &c->replies[0]);
}

static bool
send_copy(struct cgn_control *c, const struct cgn_explicit *e)
{
	const uint32_t i = e->mapping;
	struct cgn_portctl_dest to;

	if (!find_client(c, cgn_table_at(c->table, i)->tenant, e, &to))
		return false;
	if (e->origin == CGN_EXPLICIT_PCP_MAP)
		send_one(c, i, NULL, &to);
	for (; e != NULL; e = e->next_peer != 0 ? &c->explicits.records[e->next_peer] : NULL)
		if (e->peer.addr != 0 && (int32_t)(e->peer.ends_s - c->now_s) > 0)
			send_one(c, i, e, &to);
	return true;
}

void
cgn_portctl_update(struct cgn_control *c, uint32_t i)
{
	uint32_t r = cgn_table_at(c->table, i)->explicit_ref;
	const struct cgn_explicit *e = &c->explicits.records[r];

	if (e->origin != CGN_EXPLICIT_PCP_MAP && e->origin != CGN_EXPLICIT_PCP_PEER)
		return;
	cgn_portctl_update_stop(c, r);
	c->updates.at[r].left = CGN_UPDATE_COPIES;
	c->updates.at[r].waited_s = 0;
	cgn_wheel_add(&c->updates.wheel, r, c->now_s);
}

void
cgn_portctl_update_stop(struct cgn_control *c, uint32_t r)
{
	if (c->updates.at[r].left == 0)
		return;
	c->updates.at[r].left = 0;
	cgn_wheel_del(&c->updates.wheel, r);
}

static bool
has_room(const struct cgn_control *c)
{
	return rte_ring_free_count(c->dp->workers[0]->back) > RING_ROOM;
}

uint32_t
cgn_portctl_updates(struct cgn_control *c)
{
	struct cgn_update *u;
	uint32_t n = 0;

	for (; n < UPDATE_SLICE && has_room(c); n++) {
		uint32_t r = cgn_wheel_next_due(&c->updates.wheel, c->now_s);

		if (r == UINT32_MAX)
			break;
		u = &c->updates.at[r];
		if (!send_copy(c, &c->explicits.records[r]) && u->waited_s < WAIT_S) {
			u->waited_s++; /* the copy is not lost */
			cgn_wheel_add(&c->updates.wheel, r, c->now_s + 1);
		} else if (--u->left > 0)
			cgn_wheel_add(&c->updates.wheel, r, c->now_s + GAP_S);
	}
	return n;
}
