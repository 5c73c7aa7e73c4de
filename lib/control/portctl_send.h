/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams of the NAT-PMP and PCP server, from a service address and port 5351. Control thread. */
#pragma once

#include <rte_ip.h>
#include <rte_udp.h>

#include "control.h"

struct cgn_portctl_dest {
	uint32_t iface; /* attachment; its address is the source */
	struct rte_ether_addr mac;
	uint32_t addr;  /* host order */
	uint16_t port;  /* host order */
	uint8_t worker; /* that sends it */
};

/* Sends one message; counted as originated. */
void cgn_portctl_send(struct cgn_control *c, const struct cgn_portctl_dest *to,
	const struct cgn_portctl_reply *message);

/* UDP checksum with the pseudo header over dgram_len contiguous bytes; 0 means a received one is
 * right. */
uint16_t cgn_portctl_udp_csum(const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp);
