/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmit: next hop's MAC, Ethernet header with the interface's tags, per-port buffers, flush at
 * the end of the turn. A packet is counted as forwarded only when the device has taken it.
 */
#include <rte_ethdev.h>

#include "arp.h"
#include "forward.h"
#include "verdict.h"

/* Padding of a short frame must not be carried on: it may hold anything. */
static void
cut_padding(struct rte_mbuf *m, uint32_t frame_len)
{
	struct rte_mbuf *last = m;
	uint32_t left = frame_len;
	uint16_t n_segs = 1;

	if (m->pkt_len <= frame_len)
		return;
	for (; left > last->data_len; n_segs++) {
		left -= last->data_len;
		last = last->next;
	}
	last->data_len = (uint16_t)left;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	m->nb_segs = n_segs;
	m->pkt_len = frame_len;
}

/* Puts the Ethernet header of the outgoing interface in the place of the old one. */
static bool
write_l2(struct cgn_worker *w, struct rte_mbuf *m, const struct cgn_iface *iface,
	const struct rte_ether_addr *dst)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint16_t len = cgn_l2_len(&iface->tags);

	cut_padding(m, (uint32_t)pkt->l3_off + pkt->ip_len);
	if (len <= pkt->l3_off)
		rte_pktmbuf_adj(m, (uint16_t)(pkt->l3_off - len));
	else if (rte_pktmbuf_prepend(m, (uint16_t)(len - pkt->l3_off)) == NULL)
		return false;
	pkt->l4_off = (uint16_t)(pkt->l4_off - pkt->l3_off + len);
	pkt->l3_off = len;
	cgn_l2_write(rte_pktmbuf_mtod(m, uint8_t *), dst, &w->dp->devs[iface->port].mac,
		&iface->tags, RTE_ETHER_TYPE_IPV4);
	return true;
}

void
cgn_tx_one(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_iface *iface = cgn_forward_iface(w, pkt->neigh);
	struct rte_ether_addr mac;

	if (iface == NULL) {
		cgn_drop(w, m, CGN_FATE_RECONFIGURED);
		return;
	}
	if (!cgn_neigh_mac(w->dp->neigh, pkt->neigh, &mac)) {
		if (pkt->action == CGN_ACT_SEND)
			cgn_drop(w, m, CGN_FATE_NO_NEIGHBOUR); /* was resolved, and no more */
		else
			cgn_punt_local(w, m, CGN_ACT_NO_NEIGH, CGN_FATE_LOCAL_RATE);
		return;
	}
	if (!write_l2(w, m, iface, &mac)) {
		cgn_drop(w, m, CGN_FATE_TX_CHAIN);
		return;
	}
	pkt->out_port = iface->port;
	if (unlikely(pkt->ip_len > iface->mtu) && cgn_forward_may_cut(m, pkt))
		cgn_tx_cut(w, m, iface->mtu);
	else
		cgn_tx_buffer(w, m);
}

void
cgn_tx(struct cgn_worker *w)
{
	for (uint32_t i = 0; i < w->burst.tx.n; i++)
		cgn_tx_one(w, w->burst.mbufs[w->burst.tx.at[i]]);
}

struct sent {
	uint32_t bytes;
	uint16_t tenant, to_tenant, in_port, ip_len;
	uint8_t fate, originated;
};

static void
count_forwarded(struct cgn_counters *c, const struct sent *sent)
{
	enum cgn_dir dir = cgn_fate_dir((enum cgn_fate)sent->fate);

	if (sent->fate != CGN_FATE_HAIRPIN) {
		cgn_counter_add(&c->forwarded_bytes[sent->tenant * 2u + dir], sent->ip_len);
		return;
	}
	cgn_counter_add(&c->forwarded_bytes[sent->tenant * 2u + CGN_IN2OUT], sent->ip_len);
	cgn_counter_add(&c->forwarded_bytes[sent->to_tenant * 2u + CGN_OUT2IN], sent->ip_len);
	cgn_counter_add(&c->hairpin_pkts[sent->to_tenant], 1);
}

static void
count_sent(struct cgn_counters *c, uint16_t port, const struct sent *sent, uint32_t n)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		bytes += sent[i].bytes;
		if (sent[i].originated != 0) {
			cgn_counter_add(&c->originated[sent[i].originated - 1], 1);
			continue;
		}
		cgn_counters_fate(c, sent[i].tenant, (enum cgn_fate)sent[i].fate);
		if (cgn_fate_is_forward((enum cgn_fate)sent[i].fate))
			count_forwarded(c, &sent[i]);
		else
			cgn_counter_add(&c->port_fates[(uint64_t)sent[i].in_port * CGN_N_FATES +
						sent[i].fate],
				1);
	}
	cgn_counter_add(&c->tx_pkts[port], n);
	cgn_counter_add(&c->tx_bytes[port], bytes);
}

/* Sends, and records what the device has taken. */
static uint16_t
send_tapped(struct cgn_worker *w, uint16_t port, struct cgn_tx_buffer *buf)
{
	struct cgn_tap_sending sending;
	uint16_t n;

	cgn_tap_sending_begin(w, port, buf, &sending);
	n = rte_eth_tx_burst(w->dp->devs[port].id, buf->queue, buf->mbufs, buf->n);
	cgn_tap_sending_end(w, &sending, n);
	return n;
}

static void
send_burst(struct cgn_worker *w, uint16_t port, struct cgn_tx_buffer *buf)
{
	struct sent sent[CGN_BURST]; /* the buffers are the device's once it has taken them */
	uint16_t n;

	for (uint32_t i = 0; i < buf->n; i++) {
		const struct cgn_pkt *pkt = cgn_pkt_of(buf->mbufs[i]);

		sent[i] = (struct sent){.bytes = buf->mbufs[i]->pkt_len,
			.tenant = pkt->tenant,
			.to_tenant = pkt->to_tenant,
			.in_port = pkt->in_port,
			.ip_len = pkt->ip_len,
			.fate = pkt->fate,
			.originated = pkt->originated};
	}
	if (unlikely(w->tapping != 0))
		n = send_tapped(w, port, buf);
	else
		n = rte_eth_tx_burst(w->dp->devs[port].id, buf->queue, buf->mbufs, buf->n);
	count_sent(&w->counters, port, sent, n);
	for (uint32_t i = n; i < buf->n; i++)
		cgn_drop(w, buf->mbufs[i], CGN_FATE_TX_FULL);
}

/* To the worker that has a queue on this port; it counts. */
static void
hand_over(struct cgn_worker *w, struct cgn_tx_buffer *buf)
{
	struct rte_ring *ring = w->dp->workers[buf->owner]->handover;
	unsigned int n = rte_ring_mp_enqueue_burst(ring, (void *const *)buf->mbufs, buf->n, NULL);

	cgn_counter_add(&w->counters.handed_over, n);
	for (unsigned int i = n; i < buf->n; i++)
		cgn_drop(w, buf->mbufs[i], CGN_FATE_TX_FULL);
}

static void
flush_port(struct cgn_worker *w, uint16_t port)
{
	struct cgn_tx_buffer *buf = &w->tx[port];

	if (buf->n == 0)
		return;
	if (buf->own_queue)
		send_burst(w, port, buf);
	else
		hand_over(w, buf);
	buf->n = 0;
}

void
cgn_tx_flush(struct cgn_worker *w)
{
	for (uint16_t port = 0; port < w->dp->n_devs; port++)
		flush_port(w, port);
}

void
cgn_tx_buffer(struct cgn_worker *w, struct rte_mbuf *m)
{
	uint16_t port = cgn_pkt_of(m)->out_port;
	struct cgn_tx_buffer *buf = &w->tx[port];

	if (m->nb_segs > 1 && !w->dp->devs[port].tx_chains && rte_pktmbuf_linearize(m) < 0) {
		cgn_drop(w, m, CGN_FATE_TX_CHAIN);
		return;
	}
	buf->mbufs[buf->n++] = m;
	if (buf->n == CGN_BURST)
		flush_port(w, port);
}
