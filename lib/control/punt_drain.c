/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First step for everything that workers hand over: a burst from each ring of each worker in turn.
 * Packets of one new flow that follow each other into the ring make one mapping: the first makes
 * it, the others find it here and go straight back.
 */
#include "control.h"

/* A mapping that the switch under way has not come to yet may name a next hop that is gone. */
static void
want(struct cgn_control *c, uint32_t neigh)
{
	if (cgn_switch_is_over(&c->change) || cgn_directory_neigh_live(c->dp->dir, neigh))
		cgn_neigh_want(c->neigh, neigh, c->now_s);
}

static void
hold(struct cgn_control *c, struct rte_mbuf *m)
{
	const uint32_t neigh = cgn_pkt_of(m)->neigh;
	enum cgn_fate fate;

	if (!cgn_directory_neigh_live(c->dp->dir, neigh)) {
		cgn_control_drop(c, m, CGN_FATE_RECONFIGURED);
		return;
	}
	fate = cgn_neigh_hold(c->neigh, neigh, m, c->now_s);
	if (fate != CGN_FATE_NONE)
		cgn_control_drop(c, m, fate);
}

static void
new_flow(struct cgn_control *c, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	struct cgn_flow flow = cgn_flow_of(pkt);
	struct cgn_map_key key = {.inside = pkt->inside, .port = flow.port, .proto = pkt->proto};
	uint32_t mapping = cgn_table_find(c->table, &key);
	enum cgn_fate fate = CGN_FATE_NONE;

	if (mapping == CGN_MAPPING_NONE) {
		fate = cgn_admit(c, &flow);
		if (fate == CGN_FATE_NONE)
			fate = cgn_allocate(c, &flow, NULL, &mapping);
		if (fate == CGN_FATE_NONE)
			fate = cgn_publish(c, mapping);
	}
	if (fate == CGN_FATE_NONE) {
		/* Ask for the way back while the packet is on its way out. */
		want(c, cgn_table_at(c->table, mapping)->neigh);
		cgn_reinject(c, m, CGN_ACT_RESUME);
		return;
	}
	c->subscribers[pkt->inside].last_refusal = (uint16_t)fate;
	if (pkt->dir == CGN_OUT2IN) /* strangers are told nothing (RFC 5382 REQ-4) */
		cgn_control_drop(c, m, fate);
	else
		cgn_refuse(c, m, fate);
}

static void
local(struct cgn_control *c, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);

	switch ((enum cgn_pkt_action)pkt->action) {
	case CGN_ACT_ARP:
		cgn_arp_input(c, m);
		break;
	case CGN_ACT_NO_NEIGH:
		hold(c, m);
		break;
	case CGN_ACT_PORTCTL:
		cgn_portctl_input(c, m);
		break;
	case CGN_ACT_TTL:
		cgn_refuse(c, m, CGN_FATE_TTL_EXPIRED);
		break;
	default:
		cgn_refuse(c, m, CGN_FATE_TOO_BIG);
		break;
	}
}

/*
 * Does what the packet is about exist still, and is a request on the attachment of its sender? A
 * switch may have overtaken it.
 */
static bool
is_current(const struct cgn_control *c, const struct cgn_pkt *pkt)
{
	const struct cgn_directory *dir = c->dp->dir;

	if (!cgn_is_current(c, pkt))
		return false;
	if (pkt->action == CGN_ACT_NEW_FLOW)
		return cgn_directory_inside_live(dir, pkt->inside);
	return pkt->action != CGN_ACT_PORTCTL ||
		(cgn_directory_inside_live(dir, pkt->inside) &&
			cgn_directory_run_at(dir, pkt->inside)->iface == pkt->iface);
}

static uint32_t
drain_ring(struct cgn_control *c, struct rte_ring *ring,
	void (*step)(struct cgn_control *, struct rte_mbuf *))
{
	struct rte_mbuf *mbufs[CGN_BURST] = {NULL};
	uint32_t n = rte_ring_sc_dequeue_burst(ring, (void **)mbufs, CGN_BURST, NULL);

	for (uint32_t i = 0; i < n; i++)
		if (is_current(c, cgn_pkt_of(mbufs[i])))
			step(c, mbufs[i]);
		else
			cgn_control_drop(c, mbufs[i], CGN_FATE_RECONFIGURED);
	return n;
}

uint32_t
cgn_punt_drain(struct cgn_control *c)
{
	uint32_t n = 0;

	for (uint16_t w = 0; w < c->dp->n_workers; w++) {
		n += drain_ring(c, c->dp->workers[w]->local.ring, local);
		n += drain_ring(c, c->dp->workers[w]->new_flows.ring, new_flow);
	}
	return n;
}
