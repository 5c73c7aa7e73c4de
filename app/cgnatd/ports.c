/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices: finds each configured port among what EAL has probed, sets up queues, offloads and MTU
 * by what the device can do, starts it; stops and closes in reverse. Main thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>

#include "daemon.h"
#include "log.h"

/* Room in a frame beyond the IP packet: Ethernet, two tags, and a checksum that some devices keep.
 */
enum { L2_ROOM = RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN };

uint16_t
cgn_ports_data_room(const struct cgn_conf *conf)
{
	uint32_t room = 2048; /* what most devices ask for at least */

	for (uint16_t p = 0; p < conf->n_ports; p++)
		if (conf->ports[p].mtu + (uint32_t)L2_ROOM > room)
			room = conf->ports[p].mtu + (uint32_t)L2_ROOM;
	return (uint16_t)RTE_ALIGN(room, 64);
}

static int
fail(struct cgn_errmsg *err, const struct cgn_conf_port *port, const char *what, int rc)
{
	cgn_errmsg_set(err, "port %s (%s): %s: %s", port->name, port->device, what, strerror(-rc));
	return rc;
}

/* A device that fails to probe does not fail EAL: it is simply not there. */
static int
find(const struct cgn_conf_port *port, uint16_t *id, struct cgn_errmsg *err)
{
	char name[CGN_DEVICE_LEN];

	snprintf(name, sizeof(name), "%s", port->device);
	name[strcspn(name, ",")] = '\0';
	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return 0;
	cgn_errmsg_set(err,
		"port %s: device \"%s\" did not come up: check its name, driver and arguments; "
		"DPDK says "
		"more above",
		port->name, port->device);
	return -ENODEV;
}

static struct rte_eth_conf
eth_conf(const struct cgn_conf_port *port, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf ec = {.rxmode = {.mtu = port->mtu}};

	/* A tap checks in software over the whole packet; classify is cheaper. */
	if (strcmp(info->driver_name, "net_tap") != 0)
		ec.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	ec.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	ec.txmode.offloads |= info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	/* Both directions of a subscriber on any worker are correct; spreading is for speed only.
	 * But all fragments of a datagram must meet at one worker: by addresses alone, the first
	 * one too. FRAG_IPV4 is that for devices that hash fragments as a type of their own. */
	ec.rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads &
		(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4);
	if (ec.rx_adv_conf.rss_conf.rss_hf != 0 && port->rx_queues > 1)
		ec.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	else
		ec.rx_adv_conf.rss_conf.rss_hf = 0;
	return ec;
}

static int
setup_queues(struct cgn_daemon *d, const struct cgn_conf_port *port, const struct cgn_dev *dev)
{
	uint16_t n_rxd = port->rx_descriptors, n_txd = port->tx_descriptors;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(dev->id, &n_rxd, &n_txd);

	for (uint16_t q = 0; rc == 0 && q < dev->n_rxq; q++)
		rc = rte_eth_rx_queue_setup(dev->id, q, n_rxd,
			(unsigned int)rte_eth_dev_socket_id(dev->id), NULL, d->mempool);
	for (uint16_t q = 0; rc == 0 && q < dev->n_txq; q++)
		rc = rte_eth_tx_queue_setup(
			dev->id, q, n_txd, (unsigned int)rte_eth_dev_socket_id(dev->id), NULL);
	return rc;
}

static uint16_t
least(uint32_t a, uint32_t b)
{
	return (uint16_t)(a < b ? a : b);
}

/* The MTU is set where the device has one; where it has none, the buffers bound the frame. */
static int
set_mtu(const struct cgn_conf_port *port, const struct cgn_dev *dev)
{
	int rc = rte_eth_dev_set_mtu(dev->id, port->mtu);

	return rc == -ENOTSUP ? 0 : rc;
}

static int
configure(struct cgn_daemon *d, uint16_t p, struct cgn_errmsg *err)
{
	const struct cgn_conf_port *port = &d->conf->ports[p];
	struct cgn_dev *dev = &d->devs[p];
	struct rte_eth_dev_info info;
	struct rte_eth_conf ec;
	int rc = rte_eth_dev_info_get(dev->id, &info);

	if (rc < 0)
		return fail(err, port, "cannot be asked about", rc);
	ec = eth_conf(port, &info);
	dev->n_rxq = least(port->rx_queues, info.max_rx_queues);
	dev->n_txq = least(d->conf->cores.n_workers, info.max_tx_queues);
	if (strcmp(info.driver_name, "net_tap") == 0 || strcmp(info.driver_name, "net_af_xdp") == 0)
		dev->n_rxq = dev->n_txq = least(
			dev->n_rxq, dev->n_txq); /* these want them paired */
	dev->rx_ip_csum = (ec.rxmode.offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) != 0;
	dev->tx_chains = (ec.txmode.offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
	rc = rte_eth_dev_configure(dev->id, dev->n_rxq, dev->n_txq, &ec);
	if (rc < 0)
		return fail(err, port, "cannot be configured (queues, offloads, MTU)", rc);
	rc = setup_queues(d, port, dev);
	if (rc < 0)
		return fail(err, port, "queues cannot be set up", rc);
	rc = set_mtu(port, dev);
	if (rc < 0)
		return fail(err, port, "the device does not take this MTU", rc);
	return 0;
}

static int
start_one(struct cgn_daemon *d, uint16_t p, struct cgn_errmsg *err)
{
	const struct cgn_conf_port *port = &d->conf->ports[p];
	struct cgn_dev *dev = &d->devs[p];
	char mac[RTE_ETHER_ADDR_FMT_SIZE];
	int rc = configure(d, p, err);

	if (rc < 0)
		return rc;
	rc = rte_eth_dev_start(dev->id);
	if (rc < 0)
		return fail(err, port, "does not start", rc);
	if (port->promiscuous && rte_eth_promiscuous_enable(dev->id) < 0)
		cgn_warn("ports", "no promiscuous mode port=%s", port->name);
	rte_eth_macaddr_get(dev->id, &dev->mac);
	rte_ether_format_addr(mac, sizeof(mac), &dev->mac);
	cgn_info("ports", "up port=%s device=%s mac=%s mtu=%u rx_queues=%u tx_queues=%u",
		port->name, port->device, mac, port->mtu, dev->n_rxq, dev->n_txq);
	return 0;
}

int
cgn_ports_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	for (uint16_t p = 0; p < d->conf->n_ports; p++) {
		int rc = find(&d->conf->ports[p], &d->devs[p].id, err);

		if (rc == 0) {
			d->n_devs_open = (uint16_t)(p + 1);
			rc = start_one(d, p, err);
		}
		if (rc < 0) {
			cgn_ports_stop(d);
			return rc;
		}
	}
	return 0;
}

void
cgn_ports_stop(struct cgn_daemon *d)
{
	while (d->n_devs_open > 0) {
		uint16_t id = d->devs[--d->n_devs_open].id;

		rte_eth_dev_stop(id);
		rte_eth_dev_close(id);
	}
}
