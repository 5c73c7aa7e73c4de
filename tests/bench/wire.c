/* SPDX-License-Identifier: BSD-3-Clause */
/* The devices of a bench; see wire.h. The worker's thread runs take and sink. */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "machine.h"

static uint16_t
take(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	struct wire_queue *q = queue;

	if (n > q->n - q->next)
		n = (uint16_t)(q->n - q->next);
	memcpy(mbufs, q->mbufs + q->next, n * sizeof(*mbufs));
	q->next += n;
	return n;
}

/* Takes all: a device that is full is not what is measured. */
static uint16_t
sink(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	struct wire_queue *q = queue;

	if (n > q->room - q->n)
		n = (uint16_t)(q->room - q->n);
	memcpy(q->mbufs + q->n, mbufs, n * sizeof(*mbufs));
	q->n += n;
	return n;
}

static void
make_queue(struct wire_queue *q, uint32_t room)
{
	q->room = room;
	q->mbufs = calloc(room, sizeof(struct rte_mbuf *));
	if (q->mbufs == NULL)
		machine_die("no memory for a queue of %u packets", room);
}

struct wire *
wire_create(uint32_t room, uint16_t n_workers)
{
	static uint16_t next_id;
	struct wire *wire = aligned_alloc(_Alignof(struct wire), sizeof(*wire));

	if (wire == NULL || n_workers > WIRE_WORKERS)
		machine_die("no memory for the wires");
	memset(wire, 0, sizeof(*wire));
	for (uint16_t w = 0; w < n_workers; w++)
		for (int p = 0; p < WIRE_PORTS; p++) {
			make_queue(&wire->lanes[w].rx[p], room);
			make_queue(&wire->lanes[w].tx[p], room);
			wire->rx_queues[p][w] = &wire->lanes[w].rx[p];
			wire->tx_queues[p][w] = &wire->lanes[w].tx[p];
		}
	for (int p = 0; p < WIRE_PORTS; p++) {
		uint16_t id = next_id++ % RTE_MAX_ETHPORTS;
		struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[id];

		if (rte_eth_dev_is_valid_port(id))
			machine_die("EAL has found a device of its own");
		ops->rxq.clbk = ops->txq.clbk = wire->no_callbacks;
		wire->devs[p] = (struct cgn_dev){.id = id,
			.n_rxq = n_workers,
			.n_txq = n_workers,
			.tx_chains = true,
			.rx_ip_csum = true, /* as a NIC of the kind that this is for */
			.mac = {{0x02, 0, 0, 0, 1, (uint8_t)p}}};
	}
	wire_hook(wire, NULL);
	return wire;
}

void
wire_hook(struct wire *wire, const struct wire_hooks *hooks)
{
	for (int p = 0; p < WIRE_PORTS; p++) {
		struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[wire->devs[p].id];

		wire->rx_queues[p][0] = hooks != NULL ? hooks->rx_queue[p] : &wire->lanes[0].rx[p];
		wire->tx_queues[p][0] = hooks != NULL ? hooks->tx_queue[p] : &wire->lanes[0].tx[p];
		ops->rxq.data = wire->rx_queues[p];
		ops->txq.data = wire->tx_queues[p];
		ops->rx_pkt_burst = hooks != NULL ? hooks->rx : take;
		ops->tx_pkt_burst = hooks != NULL ? hooks->tx : sink;
	}
}

void
wire_destroy(struct wire *wire)
{
	for (int w = 0; w < WIRE_WORKERS; w++)
		for (int p = 0; p < WIRE_PORTS; p++) {
			free(wire->lanes[w].rx[p].mbufs);
			free(wire->lanes[w].tx[p].mbufs);
		}
	free(wire);
}
