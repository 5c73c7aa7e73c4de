/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP for IPv4 over Ethernet (RFC 826) and the Ethernet header with its tags. Pure byte work; any
 * thread. Addresses in struct cgn_arp are HOST order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

enum { CGN_ARP_REQUEST = 1, CGN_ARP_REPLY = 2, CGN_ARP_LEN = 28, CGN_L2_MAX_LEN = 22 };

struct cgn_arp {
	uint16_t op;
	struct rte_ether_addr sender_mac, target_mac;
	uint32_t sender_ip, target_ip;
};

/* Tags to send: n 0, 1 (outer, TPID 0x8100) or 2 (outer with outer_tpid, inner with 0x8100). */
struct cgn_tags {
	uint8_t n;
	uint16_t outer, inner, outer_tpid;
};

/* p: the ARP body, len bytes. False when cut, not Ethernet/IPv4, or the sender's MAC is a group or
 * zero; *arp is then undefined. */
bool cgn_arp_parse(const uint8_t *p, uint32_t len, struct cgn_arp *arp);

/* Writes CGN_ARP_LEN bytes. */
void cgn_arp_write(uint8_t *p, const struct cgn_arp *arp);

/* Bytes of an Ethernet header with these tags: 14, 18 or 22. */
enum { CGN_L2_MAX = 22 };

static inline uint16_t
cgn_l2_len(const struct cgn_tags *tags)
{
	return (uint16_t)(RTE_ETHER_HDR_LEN + 4 * tags->n);
}

/* Writes cgn_l2_len(tags) bytes. ethertype: host order. */
void cgn_l2_write(uint8_t *p, const struct rte_ether_addr *dst, const struct rte_ether_addr *src,
	const struct cgn_tags *tags, uint16_t ethertype);
