/* SPDX-License-Identifier: BSD-3-Clause */
/* The rare parts of packet rewriting; called by datapath/ on workers. */
#include "rewrite.h"

enum { ICMP_CSUM_OFF = 2, ICMP_ID_OFF = 4 };

void
cgn_rewrite_icmp(uint8_t *l4, rte_be16_t id, uint16_t l4_delta)
{
	uint16_t csum;

	memcpy(&csum, l4 + ICMP_CSUM_OFF, sizeof(csum));
	csum = cgn_csum_update_icmp(csum, l4_delta, l4[0] == 0 && id == 0);
	memcpy(l4 + ICMP_CSUM_OFF, &csum, sizeof(csum));
	memcpy(l4 + ICMP_ID_OFF, &id, sizeof(id));
}

void
cgn_rewrite_ttl(uint8_t *frame, const struct cgn_pkt *pkt)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + pkt->l3_off);

	ip->time_to_live--;
	ip->hdr_checksum = cgn_csum_update(ip->hdr_checksum, CGN_REWRITE_TTL_DELTA);
}
