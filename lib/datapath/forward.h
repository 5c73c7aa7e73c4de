/* SPDX-License-Identifier: BSD-3-Clause */
/* What in2out and out2in share: the MTU check before a packet is changed. Worker threads. */
#pragma once

#include "tcp_track.h"
#include "verdict.h"

/* True when the packet fits the link of its next hop; else it has been punted or dropped. */
static inline bool
cgn_forward_fits(struct cgn_worker *w, struct rte_mbuf *m, const struct cgn_pkt *pkt)
{
	const struct cgn_neigh *n = &w->dp->neigh->entries[pkt->neigh];

	if (pkt->ip_len <= w->dp->dir->ifaces[n->iface].mtu)
		return true;
	cgn_punt_local(w, m, CGN_ACT_TOO_BIG, CGN_FATE_TOO_BIG);
	return false;
}

/* What the mapping learns from a TCP segment, before it is changed. */
static inline void
cgn_forward_track(struct cgn_worker *w, struct cgn_mapping *m, const uint8_t *frame,
	const struct cgn_pkt *pkt, enum cgn_dir dir)
{
	if (cgn_tcp_sessions_note(w->dp->tcp_sessions, m, pkt, frame, dir, w->burst.now_s))
		cgn_tcp_track(m, pkt, dir);
}

static inline struct cgn_rewrite
cgn_forward_rewrite(const struct cgn_mapping *m, enum cgn_dir dir)
{
	return (struct cgn_rewrite){
		.addr = dir == CGN_IN2OUT ? m->outside_addr : m->inside_addr,
		.port = dir == CGN_IN2OUT ? m->outside_port : m->inside_port,
		.l3_delta = m->l3_delta,
		.l4_delta = m->l4_delta,
	};
}
