/* SPDX-License-Identifier: BSD-3-Clause */
/* SACK-permitted, see tcp_sack.h; called by datapath/alg.c. */
#include "tcp_sack.h"

#include <rte_common.h>
#include <rte_tcp.h>

#include "csum.h"

/* RFC 9293 section 3.1, RFC 2018 section 2. */
enum { OPT_END = 0, OPT_NOP = 1, OPT_SACK_PERMITTED = 4, SACK_PERMITTED_LEN = 2 };

static void
put_nops(uint8_t *l4, uint32_t at)
{
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)l4;

	for (uint32_t i = at; i < at + SACK_PERMITTED_LEN; i++) {
		/* A byte at an even place is the high one of its word. */
		uint16_t was = l4[i], is = OPT_NOP;

		if (i % 2 == 0) {
			was = (uint16_t)(was << 8);
			is = OPT_NOP << 8;
		}
		tcp->cksum = cgn_csum_update(
			tcp->cksum, cgn_csum_delta16(rte_cpu_to_be_16(was), rte_cpu_to_be_16(is)));
		l4[i] = OPT_NOP;
	}
}

void
cgn_tcp_sack_forbid(uint8_t *frame, uint32_t len, const struct cgn_pkt *pkt)
{
	uint8_t *l4 = frame + pkt->l4_off;
	uint32_t end = RTE_MIN((uint32_t)(l4[12] >> 4) * 4, len - pkt->l4_off);
	uint32_t i = sizeof(struct rte_tcp_hdr);

	while (i < end && l4[i] != OPT_END) {
		uint32_t n = 1;

		if (l4[i] != OPT_NOP) {
			if (i + 1 >= end || l4[i + 1] < 2 || i + l4[i + 1] > end)
				return;
			n = l4[i + 1];
		}
		if (l4[i] == OPT_SACK_PERMITTED && n == SACK_PERMITTED_LEN)
			put_nops(l4, i);
		i += n;
	}
}
