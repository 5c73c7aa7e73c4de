/* SPDX-License-Identifier: BSD-3-Clause */
/* MSS clamping; called by the data path for SYN segments of tenants that ask for it. */
#include "tcp_mss.h"

#include <string.h>

#include <rte_common.h>
#include <rte_tcp.h>

#include "csum.h"

/* RFC 9293 section 3.1. */
enum { OPT_END = 0, OPT_NOP = 1, OPT_MSS = 2, MSS_LEN = 4 };

static void
lower(uint8_t *l4, uint32_t at, uint16_t max)
{
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)l4;
	rte_be16_t was, is = rte_cpu_to_be_16(max);

	memcpy(&was, l4 + at, sizeof(was));
	if (rte_be_to_cpu_16(was) <= max)
		return;
	memcpy(l4 + at, &is, sizeof(is));
	if (at % 2 != 0) { /* across two words: in the sum its bytes stand the other way round */
		was = rte_bswap16(was);
		is = rte_bswap16(is);
	}
	tcp->cksum = cgn_csum_update(tcp->cksum, cgn_csum_delta16(was, is));
}

void
cgn_tcp_mss_clamp(uint8_t *frame, uint32_t len, const struct cgn_pkt *pkt, uint16_t max)
{
	uint8_t *l4 = frame + pkt->l4_off;
	uint32_t end = RTE_MIN((uint32_t)(l4[12] >> 4) * 4, len - pkt->l4_off);
	uint32_t i = sizeof(struct rte_tcp_hdr);

	while (i < end && l4[i] != OPT_END) {
		if (l4[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= end || l4[i + 1] < 2 || i + l4[i + 1] > end)
			return;
		if (l4[i] == OPT_MSS && l4[i + 1] == MSS_LEN)
			lower(l4, i + 2, max);
		i += l4[i + 1];
	}
}
