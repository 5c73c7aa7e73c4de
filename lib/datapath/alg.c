/* SPDX-License-Identifier: BSD-3-Clause */
/* What of connections with an ALG goes to control; see alg.h. Called by in2out.c and out2in.c. */
#include "alg.h"

#include <rte_tcp.h>

#include "pptp.h"
#include "tcp_sack.h"
#include "verdict.h"

static bool
is_ftp(const struct cgn_pkt *pkt)
{
	return pkt->sport == RTE_BE16(CGN_PORT_FTP) || pkt->dport == RTE_BE16(CGN_PORT_FTP);
}

/* Of a client inside; texts keep their length. */
static bool
is_pptp(const struct cgn_pkt *pkt)
{
	return (pkt->dir == CGN_IN2OUT ? pkt->dport : pkt->sport) == RTE_BE16(CGN_PORT_PPTP);
}

static bool
has_text(const uint8_t *frame, const struct cgn_pkt *pkt)
{
	uint32_t headers = (uint32_t)(pkt->l4_off - pkt->l3_off) +
		(uint32_t)(frame[pkt->l4_off + 12] >> 4) * 4;

	return pkt->ip_len > headers;
}

bool
cgn_alg_takes(struct cgn_worker *w, struct rte_mbuf *m, uint32_t mapping)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	bool in2out = pkt->dir == CGN_IN2OUT;
	uint32_t mark;

	if (pkt->proto != CGN_TCP || pkt->fragment != CGN_FRAGMENT_NONE ||
		(!is_ftp(pkt) && !is_pptp(pkt)))
		return false;
	if (in2out && is_ftp(pkt) && (pkt->tcp_flags & RTE_TCP_SYN_FLAG))
		cgn_tcp_sack_forbid(frame, m->data_len, pkt);
	if (pkt->resumed)
		return false;
	mark = cgn_alg_mark(
		mapping, in2out ? pkt->dst : pkt->src, in2out ? pkt->dport : pkt->sport);
	if (atomic_load_explicit(&w->dp->alg_marks->n[mark], memory_order_relaxed) == 0 &&
		!(in2out && has_text(frame, pkt)))
		return false;
	cgn_punt_alg(w, m);
	return true;
}
