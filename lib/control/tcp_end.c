/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resets: each live session of an ended mapping gets one to the peer, from the outside address and
 * port, and one to the inside, from the peer. When data was on its way, a second one follows behind
 * it: the last acknowledgement that came by may be older than what its sender expects by now.
 */
#include "tcp_end.h"

#include "control.h"
#include "tcp_reset.h"

#include <rte_ip.h>

enum { SESSION_SLICE = 32 }; /* slots looked at in one turn */

void
cgn_tcp_sessions_begin(struct cgn_control *c, struct cgn_mapping *m)
{
	uint32_t n = cgn_conf_of(c, m->tenant)->quota.tenant.tcp_sessions;
	uint32_t r = m->proto == CGN_TCP ? cgn_tcp_sessions_take(&c->tcp_sessions, n) : 0;

	if (r == 0)
		return;
	c->tcp_sessions.ctl[r] = (struct cgn_tcp_sessions_ctl){.inside_addr = m->inside_addr,
		.outside_addr = m->outside_addr,
		.inside_port = m->inside_port,
		.outside_port = m->outside_port,
		.neigh = m->neigh,
		.tenant = m->tenant};
	atomic_store_explicit(&m->sessions, r, memory_order_release);
}

/* Workers are done with it when what was unlinked by now is reclaimed. */
static void
to_limbo(struct cgn_control *c, uint32_t r)
{
	c->tcp_sessions.ctl[r].next = c->open.first_sessions;
	c->open.first_sessions = r;
	c->open.n++;
}

static uint32_t
detach(struct cgn_mapping *m)
{
	return atomic_exchange_explicit(&m->sessions, 0, memory_order_relaxed);
}

void
cgn_tcp_sessions_retire(struct cgn_control *c, struct cgn_mapping *m)
{
	uint32_t r = detach(m);

	if (r != 0)
		to_limbo(c, r);
}

void
cgn_tcp_sessions_end(struct cgn_control *c, struct cgn_mapping *m)
{
	uint32_t r = detach(m);

	if (r == 0)
		return;
	c->tcp_sessions.ctl[r].next = 0;
	if (c->tcp_ending.first == 0)
		c->tcp_ending.first = r;
	else
		c->tcp_sessions.ctl[c->tcp_ending.last].next = r;
	c->tcp_ending.last = r;
}

/* The peer is at a pool address (hairpin.c): the reset goes to the subscriber who has its port. */
static uint32_t
next_hop_behind(const struct cgn_control *c, uint32_t pool, struct cgn_tcp_reset *reset)
{
	const struct cgn_port at = {.pool = pool, .port = rte_be_to_cpu_16(reset->dport)};
	const struct cgn_remote remote = {reset->src, reset->sport};
	uint32_t found = cgn_outside_find(c, &at, CGN_TCP, &remote);
	const struct cgn_mapping *m = cgn_table_at(c->table, found);

	if (found == CGN_MAPPING_NONE)
		return CGN_NONE;
	reset->dst = m->inside_addr;
	reset->dport = m->inside_port;
	return m->neigh;
}

/* Next hop of a reset to the peer, or CGN_NONE. */
static uint32_t
next_hop_to_peer(const struct cgn_control *c, uint32_t tenant, struct cgn_tcp_reset *reset)
{
	uint32_t peer = rte_be_to_cpu_32(reset->dst);
	const struct cgn_range *to = cgn_directory_inside_dst(c->dp->dir, tenant, peer);

	if (to != NULL && cgn_dst_class_of(to->value) == CGN_DST_POOL)
		return next_hop_behind(c, cgn_dst_number(to->value) + (peer - to->origin), reset);
	if (to != NULL && cgn_dst_class_of(to->value) == CGN_DST_GATEWAY)
		return cgn_dst_number(to->value);
	if (to != NULL && cgn_dst_class_of(to->value) == CGN_DST_ONLINK)
		return cgn_dst_number(to->value) + (peer - to->origin);
	return CGN_NONE;
}

/* Sends it to a next hop, or holds it until that is resolved. */
static void
send_reset(struct cgn_control *c, uint32_t neigh, const struct cgn_tcp_reset *reset)
{
	struct rte_mbuf *m;
	struct cgn_pkt *pkt;

	if (neigh == CGN_NONE || !cgn_directory_neigh_live(c->dp->dir, neigh))
		return;
	m = cgn_originate(
		c, CGN_ORIG_TCP_RESET, c->dp->dir->ifaces[c->neigh->entries[neigh].iface].port);
	if (m == NULL)
		return;
	cgn_tcp_reset_write((uint8_t *)rte_pktmbuf_append(m, CGN_TCP_RESET_LEN), reset);
	pkt = cgn_pkt_of(m);
	pkt->ip_len = CGN_TCP_RESET_LEN;
	pkt->l4_off = sizeof(struct rte_ipv4_hdr);
	pkt->neigh = neigh;
	cgn_counter_add(&c->tcp_ending.held, 1); /* until released, maybe at once */
	if (cgn_neigh_hold(c->neigh, neigh, m, c->now_s) != CGN_FATE_NONE) {
		cgn_counter_add(&c->tcp_ending.held, UINT64_MAX);
		cgn_control_drop(c, m, CGN_FATE_NEIGHBOUR_HOLD_FULL);
	}
}

/* To one end (CGN_IN2OUT: to the inside), as if from the other. */
static void
reset_end(struct cgn_control *c, const struct cgn_tcp_sessions_ctl *ctl,
	const struct cgn_tcp_live *live, enum cgn_dir end)
{
	bool inside = end == CGN_IN2OUT;
	struct cgn_tcp_reset reset = {
		.src = inside ? live->peer : ctl->outside_addr,
		.sport = inside ? live->port : ctl->outside_port,
		.dst = inside ? ctl->inside_addr : live->peer,
		.dport = inside ? ctl->inside_port : live->port,
		.seq = live->ack[end],
		.ack = live->ack[!end],
	};
	uint32_t neigh = inside ? ctl->neigh : next_hop_to_peer(c, ctl->tenant, &reset);

	send_reset(c, neigh, &reset);
	reset.seq = live->next[!end];
	if (reset.seq != live->ack[end])
		send_reset(c, neigh, &reset);
}

/* Half of worker 0's ring stays for packets of subscribers. */
static bool
has_room(const struct cgn_control *c)
{
	const struct rte_ring *ring = c->dp->workers[0]->back;

	return rte_ring_free_count(ring) > rte_ring_get_capacity(ring) / 2;
}

uint32_t
cgn_tcp_end_slice(struct cgn_control *c)
{
	uint32_t n = 0;

	for (; n < SESSION_SLICE && c->tcp_ending.first != 0 && has_room(c); n++) {
		uint32_t r = c->tcp_ending.first;
		struct cgn_tcp_sessions_ctl *ctl = &c->tcp_sessions.ctl[r];
		const struct cgn_tcp_sessions t = cgn_tcp_sessions_at(&c->tcp_sessions, r);
		struct cgn_tcp_live live;

		if (cgn_tcp_session_is_live(&t.at[ctl->at], &live)) {
			reset_end(c, ctl, &live, CGN_IN2OUT);
			reset_end(c, ctl, &live, CGN_OUT2IN);
		}
		if (++ctl->at < t.n)
			continue;
		c->tcp_ending.first = ctl->next;
		to_limbo(c, r);
	}
	return n;
}
