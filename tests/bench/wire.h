/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands in for the devices: receive queues that are loaded with packets beforehand and sinks
 * that keep what is sent. A worker reaches them by rte_eth_rx_burst and rte_eth_tx_burst as it
 * reaches a device: only the functions behind these are others, and they only copy pointers.
 */
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>

#include "dataplane.h"

enum { WIRE_INSIDE, WIRE_OUTSIDE, WIRE_PORTS, WIRE_WORKERS = 16 };

struct wire_queue {
	struct rte_mbuf **mbufs; /* [room] */
	uint32_t room, n, next;  /* next: that the worker has not taken yet */
};

/* A line of its own for what each worker moves. */
struct wire_lane {
	_Alignas(128) struct wire_queue rx[WIRE_PORTS], tx[WIRE_PORTS];
};

struct wire {
	struct wire_lane lanes[WIRE_WORKERS]; /* of workers */
	struct cgn_dev devs[WIRE_PORTS];
	void *rx_queues[WIRE_PORTS][WIRE_WORKERS], *tx_queues[WIRE_PORTS][WIRE_WORKERS];
	void *no_callbacks[WIRE_WORKERS];
};

/* room: packets of a queue. Takes two DPDK port numbers that no device has. Ends the process when
 * there is no memory. */
struct wire *wire_create(uint32_t room, uint16_t n_workers);
void wire_destroy(struct wire *wire);

/* Other functions for rte_eth_*_burst, with other queues behind them; NULL: back to those above. */
struct wire_hooks {
	uint16_t (*rx)(void *queue, struct rte_mbuf **mbufs, uint16_t n);
	uint16_t (*tx)(void *queue, struct rte_mbuf **mbufs, uint16_t n);
	void *rx_queue[WIRE_PORTS], *tx_queue[WIRE_PORTS]; /* of worker 0 */
};
void wire_hook(struct wire *wire, const struct wire_hooks *hooks);

static inline void
wire_put(struct wire_queue *q, struct rte_mbuf *m)
{
	q->mbufs[q->n++] = m;
}

/* Has the worker taken all there was? */
static inline bool
wire_is_empty(const struct wire_lane *lane)
{
	return lane->rx[WIRE_INSIDE].next == lane->rx[WIRE_INSIDE].n &&
		lane->rx[WIRE_OUTSIDE].next == lane->rx[WIRE_OUTSIDE].n;
}

/* All of a lane may be loaded anew; the packets in the sinks are the caller's by now. */
static inline void
wire_reset(struct wire_lane *lane)
{
	for (int p = 0; p < WIRE_PORTS; p++)
		lane->rx[p].n = lane->rx[p].next = lane->tx[p].n = 0;
}
