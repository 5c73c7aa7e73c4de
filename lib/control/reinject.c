/* SPDX-License-Identifier: BSD-3-Clause */
/* What leaves the control core: packets back to workers, packets of the box's own, ends. */
#include "control.h"
#include "verdict.h"

static void
end(struct cgn_control *c, struct rte_mbuf *m, enum cgn_fate fate)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (unlikely(cgn_tap_active(c->dp->tap) != 0))
		cgn_tap_dropped_at(c->dp->tap, c->dp->n_workers, c->dp->dir, c->now, m, fate);
	if (pkt->originated != 0)
		cgn_counter_add(&c->counters.originated[CGN_ORIG_LOST], 1);
	else
		cgn_count(&c->counters, pkt, fate);
	rte_pktmbuf_free(m);
}

void
cgn_control_drop(struct cgn_control *c, struct rte_mbuf *m, enum cgn_fate fate)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);

	/* The rest of its datagram waits at the worker, which ends this one and them (fragment.h).
	 */
	if (pkt->fragment == CGN_FRAGMENT_FIRST && pkt->action == CGN_ACT_NEW_FLOW &&
		fate != CGN_FATE_STOPPED) {
		pkt->lane = (uint8_t)fate;
		cgn_reinject(c, m, CGN_ACT_END);
		return;
	}
	end(c, m, fate);
}

static void
flush(struct cgn_control *c, uint16_t worker)
{
	struct cgn_back_buffer *buf = &c->back[worker];
	unsigned int n;

	if (buf->n == 0)
		return;
	n = rte_ring_sp_enqueue_burst(
		c->dp->workers[worker]->back, (void *const *)buf->mbufs, buf->n, NULL);
	for (unsigned int i = n; i < buf->n; i++)
		end(c, buf->mbufs[i], CGN_FATE_RETURN_RING_FULL);
	buf->n = 0;
}

void
cgn_reinject_flush(struct cgn_control *c)
{
	for (uint16_t w = 0; w < c->dp->n_workers; w++)
		flush(c, w);
}

void
cgn_reinject_mark(struct cgn_control *c)
{
	cgn_reinject_flush(c);
	for (uint16_t w = 0; w < c->dp->n_workers; w++)
		c->back[w].mark = c->dp->workers[w]->back->prod.tail;
}

bool
cgn_reinject_is_taken(const struct cgn_control *c)
{
	for (uint16_t w = 0; w < c->dp->n_workers; w++) {
		const struct rte_ring *ring = c->dp->workers[w]->back;

		/* Both tails count all packets since start, and wrap. */
		if ((int32_t)(__atomic_load_n(&ring->cons.tail, __ATOMIC_ACQUIRE) -
			    c->back[w].mark) < 0)
			return false;
	}
	return true;
}

void
cgn_reinject(struct cgn_control *c, struct rte_mbuf *m, enum cgn_pkt_action action)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	struct cgn_back_buffer *buf = &c->back[pkt->worker];

	pkt->action = (uint8_t)action;
	pkt->resumed = 1;
	if (buf->n == CGN_BURST)
		flush(c, pkt->worker);
	buf->mbufs[buf->n++] = m;
}

struct rte_mbuf *
cgn_originate(struct cgn_control *c, enum cgn_originated kind, uint16_t out_port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->mempool);

	if (m == NULL) {
		cgn_counter_add(&c->counters.originated[CGN_ORIG_LOST], 1);
		return NULL;
	}
	*cgn_pkt_of(m) = (struct cgn_pkt){.originated = (uint8_t)(kind + 1),
		.tenant = CGN_TENANT_BOX,
		.in_port = out_port,
		.out_port = out_port};
	return m;
}
