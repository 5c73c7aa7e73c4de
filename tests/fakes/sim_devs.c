/* SPDX-License-Identifier: BSD-3-Clause */
/* The simulator's devices: net_ring ports, whose other ends of the rings are the test's. */
#include <stdio.h>
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "sim_internal.h"

static struct rte_ring *
make_ring(const struct cgn_sim *sim, const char *what, uint16_t port, uint16_t queue)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "%s_%s%u.%u", sim->name, what, port, queue);
	ring = rte_ring_create(
		name, sim->params.ring_size, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (ring == NULL)
		cgn_sim_die("no ring %s", name);
	return ring;
}

static void
start(struct cgn_sim *sim, uint16_t port)
{
	const struct cgn_dev *dev = &sim->devs[port];
	struct rte_eth_conf conf = {0};

	if (rte_eth_dev_configure(dev->id, dev->n_rxq, dev->n_txq, &conf) < 0)
		cgn_sim_die("port %u: cannot be configured", port);
	for (uint16_t q = 0; q < dev->n_rxq; q++)
		if (rte_eth_rx_queue_setup(dev->id, q, 64, 0, NULL, sim->mempool) < 0)
			cgn_sim_die("port %u: no receive queue %u", port, q);
	for (uint16_t q = 0; q < dev->n_txq; q++)
		if (rte_eth_tx_queue_setup(dev->id, q, 64, 0, NULL) < 0)
			cgn_sim_die("port %u: no transmit queue %u", port, q);
	if (rte_eth_dev_start(dev->id) < 0)
		cgn_sim_die("port %u: does not start", port);
}

static void
open_one(struct cgn_sim *sim, uint16_t port)
{
	struct cgn_dev *dev = &sim->devs[port];
	char name[32];
	int id;

	*dev = (struct cgn_dev){.n_rxq = sim->conf->ports[port].rx_queues,
		.n_txq = sim->conf->cores.n_workers,
		.tx_chains = !sim->params.no_tx_chains,
		.mac = {{0x02, 0, 0, 0, 1, (uint8_t)port}}};
	if (sim->params.n_txq > 0 && sim->params.n_txq < dev->n_txq)
		dev->n_txq = sim->params.n_txq;
	for (uint16_t q = 0; q < dev->n_rxq; q++)
		sim->rx[port][q] = make_ring(sim, "rx", port, q);
	for (uint16_t q = 0; q < dev->n_txq; q++)
		sim->tx[port][q] = make_ring(sim, "tx", port, q);
	snprintf(name, sizeof(name), "%s_%u", sim->name, port);
	id = rte_eth_from_rings(name, sim->rx[port], dev->n_rxq, sim->tx[port], dev->n_txq, 0);
	if (id < 0)
		cgn_sim_die("port %u: no net_ring device", port);
	dev->id = (uint16_t)id;
	start(sim, port);
}

void
cgn_sim_devs_open(struct cgn_sim *sim)
{
	for (uint16_t p = 0; p < sim->conf->n_ports; p++)
		open_one(sim, p);
}

static void
free_ring(struct rte_ring *ring)
{
	struct rte_mbuf *m;

	while (ring != NULL && rte_ring_dequeue(ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(ring);
}

void
cgn_sim_devs_close(struct cgn_sim *sim)
{
	for (uint16_t p = 0; p < sim->conf->n_ports; p++) {
		char name[64];

		rte_eth_dev_get_name_by_port(sim->devs[p].id, name);
		rte_eth_dev_stop(sim->devs[p].id);
		rte_eth_dev_close(sim->devs[p].id);
		rte_vdev_uninit(name);
		for (uint16_t q = 0; q < sim->devs[p].n_rxq; q++)
			free_ring(sim->rx[p][q]);
		for (uint16_t q = 0; q < sim->devs[p].n_txq; q++)
			free_ring(sim->tx[p][q]);
	}
}
