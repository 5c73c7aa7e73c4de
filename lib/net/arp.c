/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP and Ethernet headers; neigh/ calls it on the control thread, datapath/tx.c on workers. */
#include "arp.h"

#include <string.h>

#include <rte_byteorder.h>

/* Hardware type Ethernet, protocol type IPv4, address lengths 6 and 4. */
static const uint8_t arp_head[6] = {0, 1, 8, 0, 6, 4};

static void
put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, (uint16_t)(v >> 16));
	put_be16(p + 2, (uint16_t)v);
}

static uint32_t
get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool
cgn_arp_parse(const uint8_t *p, uint32_t len, struct cgn_arp *arp)
{
	if (len < CGN_ARP_LEN || memcmp(p, arp_head, sizeof(arp_head)) != 0)
		return false;
	arp->op = (uint16_t)(p[6] << 8 | p[7]);
	memcpy(&arp->sender_mac, p + 8, RTE_ETHER_ADDR_LEN);
	arp->sender_ip = get_be32(p + 14);
	memcpy(&arp->target_mac, p + 18, RTE_ETHER_ADDR_LEN);
	arp->target_ip = get_be32(p + 24);
	return rte_is_valid_assigned_ether_addr(&arp->sender_mac) == 1;
}

void
cgn_arp_write(uint8_t *p, const struct cgn_arp *arp)
{
	memcpy(p, arp_head, sizeof(arp_head));
	put_be16(p + 6, arp->op);
	memcpy(p + 8, &arp->sender_mac, RTE_ETHER_ADDR_LEN);
	put_be32(p + 14, arp->sender_ip);
	memcpy(p + 18, &arp->target_mac, RTE_ETHER_ADDR_LEN);
	put_be32(p + 24, arp->target_ip);
}

void
cgn_l2_write(uint8_t *p, const struct rte_ether_addr *dst, const struct rte_ether_addr *src,
	const struct cgn_tags *tags, uint16_t ethertype)
{
	memcpy(p, dst, RTE_ETHER_ADDR_LEN);
	memcpy(p + 6, src, RTE_ETHER_ADDR_LEN);
	p += 12;
	if (tags->n == 2) {
		put_be16(p, tags->outer_tpid);
		put_be16(p + 2, tags->outer);
		p += 4;
	}
	if (tags->n != 0) {
		put_be16(p, RTE_ETHER_TYPE_VLAN);
		put_be16(p + 2, tags->n == 2 ? tags->inner : tags->outer);
		p += 4;
	}
	put_be16(p, ethertype);
}
