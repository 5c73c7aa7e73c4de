/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First step for everything that workers hand over: a burst of local packets from each worker, and
 * from the fair queue as many new flows and requests as all workers have bursts, in its order.
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
new_flow(struct cgn_control *c, struct rte_mbuf *m, const struct cgn_ahead *known)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	struct cgn_flow flow = cgn_flow_of(pkt);
	uint32_t mapping = known->is_new ? (uint32_t)CGN_MAPPING_NONE : cgn_flow_find(c, &flow);
	enum cgn_fate fate = CGN_FATE_NONE;

	flow.draw = known->draw;
	if (mapping == CGN_MAPPING_NONE) {
		fate = cgn_admit(c, &flow);
		if (fate == CGN_FATE_NONE)
			fate = cgn_allocate(c, &flow, NULL, &mapping);
		if (fate == CGN_FATE_NONE) {
			cgn_filtering_choose(c, cgn_table_at(c->table, mapping), pkt);
			fate = cgn_publish(c, mapping);
		}
	}
	if (fate == CGN_FATE_NONE)
		fate = cgn_contact_note(c, mapping, pkt);
	if (fate == CGN_FATE_NONE) {
		/* Ask for the way back while the packet is on its way out. */
		want(c, cgn_table_at(c->table, mapping)->neigh);
		cgn_reinject(c, m, CGN_ACT_RESUME);
		return;
	}
	cgn_subscriber_of(c, pkt->inside)->last_refusal = (uint16_t)fate;
	cgn_natlog_refused(c, &flow, fate);
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
	case CGN_ACT_UNSOLICITED:
		cgn_unsolicited_note(c, m);
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
	if (pkt->action == CGN_ACT_NEW_FLOW ||
		pkt->action == CGN_ACT_ALG) /* from inside it names its next hop */
		return cgn_directory_inside_live(dir, pkt->inside) &&
			(pkt->dir != CGN_IN2OUT || pkt->hairpin ||
				cgn_directory_neigh_live(dir, pkt->neigh));
	return pkt->action != CGN_ACT_PORTCTL ||
		(cgn_directory_inside_live(dir, pkt->inside) &&
			cgn_directory_run_at(dir, pkt->inside)->iface == pkt->iface);
}

/* What a worker sent on behalf of an owner who has the address no more counts for nobody. */
static bool
is_dropped_as_unserved(struct cgn_control *c, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (pkt->session ==
			atomic_load_explicit(&c->sessions.owners[cgn_holder_of(c, pkt->inside)],
				memory_order_relaxed) &&
		cgn_is_served(c, pkt->inside))
		return false;
	cgn_control_drop(c, m, CGN_FATE_NO_SESSION);
	return true;
}

static bool
is_dropped_as_stale(struct cgn_control *c, struct rte_mbuf *m)
{
	if (is_current(c, cgn_pkt_of(m)))
		return false;
	cgn_control_drop(c, m, CGN_FATE_RECONFIGURED);
	return true;
}

static uint32_t
drain_local(struct cgn_control *c, struct rte_ring *ring)
{
	struct rte_mbuf *mbufs[CGN_BURST] = {NULL};
	uint32_t n = rte_ring_sc_dequeue_burst(ring, (void **)mbufs, CGN_BURST, NULL);

	for (uint32_t i = 0; i < n; i++)
		if (!is_dropped_as_stale(c, mbufs[i]))
			local(c, mbufs[i]);
	return n;
}

static uint16_t
weight_of(const struct cgn_control *c, uint32_t tenant)
{
	const struct cgn_directory *dir = c->dp->dir;

	return cgn_directory_tenant_live(dir, tenant)
		? dir->tenants[tenant].conf->quota.tenant.weight
		: 1;
}

/* All of it, so that nobody waits behind others in the ring: windows bound how much that is. */
static void
queue_ring(struct cgn_control *c, struct rte_ring *ring)
{
	struct rte_mbuf *mbufs[CGN_BURST] = {NULL};
	uint32_t n, left = rte_ring_get_capacity(ring);

	do {
		n = RTE_MIN(left, cgn_fair_room(&c->queue));
		n = RTE_MIN(n, (uint32_t)CGN_BURST);
		n = rte_ring_sc_dequeue_burst(ring, (void **)mbufs, n, NULL);
		for (uint32_t i = 0; i < n; i++)
			cgn_fair_put(
				&c->queue, mbufs[i], weight_of(c, cgn_pkt_of(mbufs[i])->tenant));
		left -= n;
	} while (n > 0 && left > 0);
}

static struct rte_mbuf *
take_next(struct cgn_control *c)
{
	return cgn_fair_get(&c->queue, weight_of(c, cgn_fair_next(&c->queue)));
}

/* Its worker may send one more of that subscriber. */
static void
book_done(struct cgn_control *c, const struct cgn_pkt *pkt)
{
	cgn_punt_book(&c->dp->workers[pkt->worker]->punt_done, pkt->tenant, pkt->lane, 1);
}

static void
serve(struct cgn_control *c, struct rte_mbuf *m, const struct cgn_ahead *known)
{
	if (is_dropped_as_stale(c, m) || is_dropped_as_unserved(c, m))
		return;
	if (cgn_pkt_of(m)->action == CGN_ACT_PORTCTL)
		cgn_portctl_input(c, m);
	else if (cgn_pkt_of(m)->action == CGN_ACT_ALG)
		cgn_alg_input(c, m);
	else
		new_flow(c, m, known);
}

/* The next packets of the queue, at most so many of them. */
static uint32_t
serve_some(struct cgn_control *c, uint32_t budget)
{
	struct cgn_ahead known[CGN_PUNT_AHEAD] = {0};
	struct rte_mbuf *mbufs[CGN_PUNT_AHEAD];
	uint32_t n = 0;

	for (; n < RTE_MIN(budget, (uint32_t)CGN_PUNT_AHEAD); n++) {
		mbufs[n] = take_next(c);
		if (mbufs[n] == NULL)
			break;
		book_done(c, cgn_pkt_of(mbufs[n]));
	}
	if (n > 1)
		cgn_punt_ahead(c, mbufs, n, known);
	for (uint32_t i = 0; i < n; i++)
		serve(c, mbufs[i], &known[i]);
	return n;
}

static uint32_t
serve_queue(struct cgn_control *c, uint32_t budget)
{
	uint32_t n = 0, served;

	do {
		served = serve_some(c, budget - n);
		n += served;
	} while (served > 0 && n < budget);
	return n;
}

uint32_t
cgn_punt_drain(struct cgn_control *c)
{
	uint32_t n = 0;

	for (uint16_t w = 0; w < c->dp->n_workers; w++) {
		n += drain_local(c, c->dp->workers[w]->local.ring);
		queue_ring(c, c->dp->workers[w]->new_flows.ring);
	}
	return n + serve_queue(c, (uint32_t)c->dp->n_workers * CGN_BURST);
}

void
cgn_punt_purge(struct cgn_control *c)
{
	for (uint32_t n = c->queue.n; n > 0; n--) {
		struct rte_mbuf *m = take_next(c);
		const struct cgn_pkt *pkt = cgn_pkt_of(m);

		if (!c->stopping && is_current(c, pkt)) {
			cgn_fair_put(&c->queue, m, weight_of(c, pkt->tenant));
			continue;
		}
		book_done(c, pkt);
		cgn_control_drop(c, m, c->stopping ? CGN_FATE_STOPPED : CGN_FATE_RECONFIGURED);
	}
}
