/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a mapping knows about its TCP connection: enough to choose a timeout (RFC 5382 REQ-5,
 * RFC 7857 section 2), without ending one early. One 32-bit word in the mapping: 8 bits of state,
 * 24 bits that tell the peer of the tracked connection. Written by workers when it changes, which
 * is on SYN, FIN and RST only.
 *
 * A mapping may carry connections to several peers. The first is tracked; once a second one opens
 * while the first lives, the mapping is "shared" and keeps the established timeout until it goes
 * idle: a late end is allowed, an early one is not (RFC 5382 REQ-5).
 */
#pragma once

#include <stdint.h>

#include "mapping.h"

enum cgn_tcp_state {
	CGN_TCP_OPENING,     /* SYN seen from one side */
	CGN_TCP_ESTABLISHED, /* SYN seen from both sides */
	CGN_TCP_CLOSING,     /* FIN from both sides, or RST */
};

enum {
	CGN_TCP_STATE_MASK = 0x03,
	CGN_TCP_FIN_IN = 0x04,  /* FIN from inside */
	CGN_TCP_FIN_OUT = 0x08, /* FIN from outside */
	CGN_TCP_RST = 0x10, /* closing because of RST: traffic revives it (RFC 7857 section 2.2) */
	CGN_TCP_SHARED = 0x20,
	CGN_TCP_SYN_IN = 0x40,
	CGN_TCP_SYN_OUT = 0x80,
};

/*
 * Takes note of one segment. peer and peer_port: the outside end, as in the packet (in2out:
 * destination). Worker thread that forwards the packet.
 */
void cgn_tcp_track_slow(struct cgn_mapping *m, uint8_t flags, enum cgn_dir dir, rte_be32_t peer,
	rte_be16_t peer_port);

/* The common case, data on an established connection, reads one word and does nothing. */
static inline void
cgn_tcp_track(struct cgn_mapping *m, const struct cgn_pkt *pkt, enum cgn_dir dir)
{
	uint32_t tcp = atomic_load_explicit(&m->tcp, memory_order_relaxed);
	const uint8_t syn_fin_rst = 0x02 | 0x01 | 0x04;

	if ((pkt->tcp_flags & syn_fin_rst) == 0 &&
		(tcp & CGN_TCP_STATE_MASK) == CGN_TCP_ESTABLISHED)
		return;
	if (dir == CGN_IN2OUT)
		cgn_tcp_track_slow(m, pkt->tcp_flags, dir, pkt->dst, pkt->dport);
	else
		cgn_tcp_track_slow(m, pkt->tcp_flags, dir, pkt->src, pkt->sport);
}

/* "opening", "established", "closing". */
const char *cgn_tcp_state_str(uint32_t tcp);
