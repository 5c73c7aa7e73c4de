/* SPDX-License-Identifier: BSD-3-Clause */
/* Receive: one burst from one queue into w->burst. First stage; worker threads. */
#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "worker.h"

static void
count(struct cgn_counters *c, uint16_t port, uint32_t n, uint64_t bytes)
{
	cgn_counter_add(&c->rx_pkts[port], n);
	cgn_counter_add(&c->rx_bytes[port], bytes);
	cgn_counter_add(&c->received, n);
	cgn_counter_add(&c->bursts[31 - __builtin_clz(n)], 1);
}

uint32_t
cgn_rx(struct cgn_worker *w, const struct cgn_rxq *q)
{
	struct cgn_burst *b = &w->burst;
	uint16_t n = rte_eth_rx_burst(
		w->dp->devs[q->port].id, q->queue, b->mbufs, (uint16_t)CGN_BURST);

	uint64_t bytes = 0;

	b->n = n;
	b->port = q->port;
	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(b->mbufs[i], void *));
		bytes += b->mbufs[i]->pkt_len;
	}
	count(&w->counters, q->port, n, bytes);
	return n;
}
