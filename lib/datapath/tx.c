/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmit: next hop's MAC, Ethernet header with the interface's tags, per-port buffers, flush at
 * the end of the turn. A packet is counted as forwarded only when the device has taken it.
 */
#include <string.h>

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

/* How to get to a next hop, as of the packet before: packets of a burst often share it. */
struct way {
	uint32_t neigh;
	const struct cgn_iface *iface; /* NULL: not in the directory of this turn */
	bool is_resolved;
	bool is_plain; /* resolved, and no tags */
	uint16_t l2_len;
	uint8_t l2[CGN_L2_MAX]; /* Ethernet header with the interface's tags */
};

static void
find_way(struct cgn_worker *w, uint32_t neigh, struct way *way)
{
	struct rte_ether_addr mac;

	way->neigh = neigh;
	way->iface = cgn_forward_iface(w, neigh);
	way->is_resolved = way->iface != NULL && cgn_neigh_mac(w->dp->neigh, neigh, &mac);
	way->is_plain = false;
	if (!way->is_resolved)
		return;
	way->l2_len = cgn_l2_len(&way->iface->tags);
	cgn_l2_write(way->l2, &mac, &w->dp->devs[way->iface->port].mac, &way->iface->tags,
		RTE_ETHER_TYPE_IPV4);
	way->is_plain = way->l2_len == RTE_ETHER_HDR_LEN;
}

/* Puts the Ethernet header of the outgoing interface in the place of the old one. */
static inline bool
write_l2(struct rte_mbuf *m, struct cgn_pkt *pkt, const struct way *way)
{
	const uint32_t frame_len = (uint32_t)pkt->l3_off + pkt->ip_len;
	const uint16_t len = way->l2_len;

	if (m->pkt_len > frame_len)
		cut_padding(m, frame_len);
	if (unlikely(len != pkt->l3_off)) {
		if (len < pkt->l3_off)
			rte_pktmbuf_adj(m, (uint16_t)(pkt->l3_off - len));
		else if (rte_pktmbuf_prepend(m, (uint16_t)(len - pkt->l3_off)) == NULL)
			return false;
		pkt->l4_off = (uint16_t)(pkt->l4_off - pkt->l3_off + len);
		pkt->l3_off = len;
	}
	if (likely(len == RTE_ETHER_HDR_LEN))
		memcpy(rte_pktmbuf_mtod(m, uint8_t *), way->l2, RTE_ETHER_HDR_LEN);
	else
		memcpy(rte_pktmbuf_mtod(m, uint8_t *), way->l2, len);
	return true;
}

/* There is no way: the packet ends, or control asks for the next hop's address. */
static void
stranded(struct cgn_worker *w, struct rte_mbuf *m, const struct way *way)
{
	if (way->iface == NULL)
		cgn_drop(w, m, CGN_FATE_RECONFIGURED);
	else if (cgn_pkt_of(m)->action == CGN_ACT_SEND)
		cgn_drop(w, m, CGN_FATE_NO_NEIGHBOUR); /* was resolved, and no more */
	else
		cgn_punt_local(w, m, CGN_ACT_NO_NEIGH, CGN_FATE_LOCAL_RATE);
}

static void flush_port(struct cgn_worker *w, uint16_t port);

/* What is compared of a packet, cgn_sent.kind: two words of its description, without `session`. */
static inline uint64_t
kind_of(const struct cgn_pkt *pkt)
{
	uint32_t from, to;

	static_assert(offsetof(struct cgn_pkt, tenant) == offsetof(struct cgn_pkt, in_port) + 2 &&
			offsetof(struct cgn_pkt, originated) ==
				offsetof(struct cgn_pkt, fate) + 1 &&
			offsetof(struct cgn_pkt, to_tenant) == offsetof(struct cgn_pkt, fate) + 2,
		"as in struct cgn_sent");
	memcpy(&from, &pkt->in_port, sizeof(from));
	memcpy(&to, &pkt->fate, sizeof(to));
	return (from & UINT32_C(0xffff00ff)) | (uint64_t)to << 32;
}

/* The run that a packet of this kind belongs to: the last one, or a new one. */
static inline struct cgn_sent *
sent_for(struct cgn_tx_buffer *buf, uint64_t kind)
{
	if (buf->n_sent == 0 || buf->sent[buf->n_sent - 1].kind != kind)
		buf->sent[buf->n_sent++] = (struct cgn_sent){.kind = kind};
	return &buf->sent[buf->n_sent - 1];
}

static inline void
put(struct cgn_worker *w, struct rte_mbuf *m, const struct cgn_pkt *pkt, uint16_t port)
{
	struct cgn_tx_buffer *buf = &w->tx[port];
	struct cgn_sent *sent = sent_for(buf, kind_of(pkt));

	sent->n++;
	sent->bytes += m->pkt_len;
	sent->ip_bytes += pkt->ip_len;
	buf->mbufs[buf->n++] = m;
	if (buf->n == CGN_BURST)
		flush_port(w, port);
}

static inline void
send_by(struct cgn_worker *w, struct rte_mbuf *m, struct way *way)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (unlikely(pkt->neigh != way->neigh))
		find_way(w, pkt->neigh, way);
	if (unlikely(!way->is_resolved)) {
		stranded(w, m, way);
		return;
	}
	if (unlikely(!write_l2(m, pkt, way))) {
		cgn_drop(w, m, CGN_FATE_TX_CHAIN);
		return;
	}
	pkt->out_port = way->iface->port;
	if (unlikely(pkt->ip_len > way->iface->mtu) && cgn_forward_may_cut(m, pkt))
		cgn_tx_cut(w, m, way->iface->mtu);
	else if (unlikely(m->nb_segs > 1))
		cgn_tx_buffer(w, m);
	else
		put(w, m, pkt, pkt->out_port);
}

void
cgn_tx_one(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct way way = {.neigh = CGN_NONE};

	send_by(w, m, &way);
}

/* What the packets of a run have in common. */
struct run {
	uint64_t kind;
	uint32_t neigh;
	uint16_t mtu, port;
	uint64_t l2_head, l2_tail; /* of the Ethernet header; they overlap */
};

static inline struct run
run_of(const struct cgn_pkt *pkt, const struct way *way)
{
	struct run run = {.kind = kind_of(pkt),
		.neigh = way->neigh,
		.mtu = way->iface->mtu,
		.port = way->iface->port};

	memcpy(&run.l2_head, way->l2, sizeof(run.l2_head));
	memcpy(&run.l2_tail, way->l2 + RTE_ETHER_HDR_LEN - sizeof(run.l2_tail),
		sizeof(run.l2_tail));
	return run;
}

/* One segment that fits, with room for exactly the new Ethernet header. */
static inline bool
is_plain(const struct rte_mbuf *m, const struct cgn_pkt *pkt, const struct run *run)
{
	return likely(pkt->neigh == run->neigh) && likely(m->nb_segs == 1) &&
		likely(pkt->l3_off == RTE_ETHER_HDR_LEN) && likely(pkt->ip_len <= run->mtu) &&
		likely(kind_of(pkt) == run->kind);
}

/* As send_by, for the first of the n packets at these places that are plain and of one run: their
 * number. *ip_bytes: theirs. */
static __rte_noinline uint32_t
write_run(struct rte_mbuf *const *mbufs, const uint8_t *at, uint32_t n, const struct run *of,
	struct rte_mbuf **to, uint32_t *ip_bytes)
{
	const struct run run = *of;
	uint32_t sum = 0, i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[at[i]];
		struct cgn_pkt *pkt = cgn_pkt_of(m);
		uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
		const uint32_t ip_len = pkt->ip_len;

		if (!is_plain(m, pkt, &run))
			break;
		m->pkt_len = RTE_ETHER_HDR_LEN + ip_len; /* without padding */
		m->data_len = (uint16_t)(RTE_ETHER_HDR_LEN + ip_len);
		memcpy(frame, &run.l2_head, sizeof(run.l2_head));
		memcpy(frame + RTE_ETHER_HDR_LEN - sizeof(run.l2_tail), &run.l2_tail,
			sizeof(run.l2_tail));
		pkt->out_port = run.port;
		sum += ip_len;
		to[i] = m;
	}
	*ip_bytes = sum;
	return i;
}

/* The usual packets, as many of one run as come next and have room in the buffer: their number. */
static uint32_t
send_run(struct cgn_worker *w, const uint8_t *at, uint32_t n, const struct way *way)
{
	const struct run run = run_of(cgn_pkt_of(w->burst.mbufs[at[0]]), way);
	struct cgn_tx_buffer *buf = &w->tx[run.port];
	struct cgn_sent *sent;
	uint32_t ip_bytes;

	n = write_run(w->burst.mbufs, at, RTE_MIN(n, (uint32_t)CGN_BURST - buf->n), &run,
		buf->mbufs + buf->n, &ip_bytes);
	if (n == 0)
		return 0;
	sent = sent_for(buf, run.kind);
	sent->n += n;
	sent->bytes += ip_bytes + n * RTE_ETHER_HDR_LEN;
	sent->ip_bytes += ip_bytes;
	buf->n = (uint16_t)(buf->n + n);
	if (buf->n == CGN_BURST)
		flush_port(w, run.port);
	return n;
}

void
cgn_tx(struct cgn_worker *w)
{
	const struct cgn_lane *lane = &w->burst.tx;
	struct way way = {.neigh = CGN_NONE};

	for (uint32_t i = 0; i < lane->n;) {
		uint32_t n = way.is_plain ? send_run(w, lane->at + i, lane->n - i, &way) : 0;

		if (n == 0) {
			send_by(w, w->burst.mbufs[lane->at[i]], &way);
			n = 1;
		}
		i += n;
	}
}

static void
count_forwarded(struct cgn_counters *c, const struct cgn_sent *sent)
{
	const uint64_t bytes = sent->ip_bytes;
	enum cgn_dir dir = cgn_fate_dir((enum cgn_fate)sent->fate);

	if (sent->fate != CGN_FATE_HAIRPIN) {
		cgn_counter_add(&c->forwarded_bytes[sent->tenant * 2u + dir], bytes);
		return;
	}
	cgn_counter_add(&c->forwarded_bytes[sent->tenant * 2u + CGN_IN2OUT], bytes);
	cgn_counter_add(&c->forwarded_bytes[sent->to_tenant * 2u + CGN_OUT2IN], bytes);
	cgn_counter_add(&c->hairpin_pkts[sent->to_tenant], sent->n);
}

static void
count_run(struct cgn_counters *c, const struct cgn_sent *sent)
{
	if (sent->originated != 0) {
		cgn_counter_add(&c->originated[sent->originated - 1], sent->n);
		return;
	}
	cgn_counters_fates(c, sent->tenant, (enum cgn_fate)sent->fate, sent->n);
	if (cgn_fate_is_forward((enum cgn_fate)sent->fate))
		count_forwarded(c, sent);
	else
		cgn_counter_add(&c->port_fates[(uint64_t)sent->in_port * CGN_N_FATES + sent->fate],
			sent->n);
}

static void
count_sent(struct cgn_counters *c, uint16_t port, const struct cgn_tx_buffer *buf, uint32_t n)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < buf->n_sent; i++) {
		count_run(c, &buf->sent[i]);
		bytes += buf->sent[i].bytes;
	}
	cgn_counter_add(&c->tx_pkts[port], n);
	cgn_counter_add(&c->tx_bytes[port], bytes);
}

/* Takes the last packet out of what will be counted: the device had no room. */
static void
uncount(struct cgn_tx_buffer *buf, struct rte_mbuf *m)
{
	struct cgn_sent *sent = &buf->sent[buf->n_sent - 1];

	sent->bytes -= m->pkt_len;
	sent->ip_bytes -= cgn_pkt_of(m)->ip_len;
	if (--sent->n == 0)
		buf->n_sent--;
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
	uint16_t n;

	if (unlikely(w->tapping != 0))
		n = send_tapped(w, port, buf);
	else
		n = rte_eth_tx_burst(w->dp->devs[port].id, buf->queue, buf->mbufs, buf->n);
	for (uint32_t i = buf->n; i-- > n;)
		uncount(buf, buf->mbufs[i]);
	count_sent(&w->counters, port, buf, n);
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
	buf->n = buf->n_sent = 0;
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
	const struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (m->nb_segs > 1 && !w->dp->devs[pkt->out_port].tx_chains &&
		rte_pktmbuf_linearize(m) < 0) {
		cgn_drop(w, m, CGN_FATE_TX_CHAIN);
		return;
	}
	put(w, m, pkt, pkt->out_port);
}
