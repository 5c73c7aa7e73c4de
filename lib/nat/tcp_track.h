/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a mapping knows about its TCP connection: enough to choose a timeout (RFC 5382 REQ-5,
 * RFC 7857 section 2), without ending one early. One 32-bit word in the mapping: 12 bits of state,
 * 20 bits that tell the peer of the tracked connection; and the numbers by which a segment shows
 * that it belongs to the connection. Written by workers when it changes: on SYN,
 * FIN, RST, what answers them, and with the inside's first segment of a second.
 *
 * The states are those of RFC 7857 section 2 (RFC 6146 section 3.5.2): INIT is opening; ESTABLISHED
 * and the two with one FIN are established; both FINs, and TRANS (RST), are closing. A segment that
 * does not fit the connection passes and changes no state: its receiver knows better (RFC 5961).
 *
 *   opening      the inside sends SYN, or answers one. A SYN of the outside alone is no state.
 *   established  the outside has sent SYN too and acknowledged that of the inside.
 *   FIN          counts when it fits and the other end has acknowledged exactly it.
 *   RST          counts when its numbers are about those of the inside. Traffic takes it back.
 *   closing      a SYN of the inside, or its answer to one, opens anew.
 *
 * A mapping may carry connections to several peers. The first is tracked; once the inside opens a
 * second one while the first lives, the mapping is "shared": it is established when any is, and
 * then keeps that timeout until it goes idle: a late end is allowed, an early one is not.
 */
#pragma once

#include <stdint.h>

#include "table.h"
#include "tcp_segment.h"

enum cgn_tcp_state {
	CGN_TCP_OPENING,
	CGN_TCP_ESTABLISHED,
	CGN_TCP_CLOSING, /* FIN from both sides, or RST */
};

enum {
	CGN_TCP_STATE_MASK = 0x003,
	CGN_TCP_KNOWN = 0x004,    /* what the inside expects is in the numbers */
	CGN_TCP_ENDS_IN = 0x008,  /* FIN from inside, not acknowledged yet */
	CGN_TCP_ENDS_OUT = 0x010, /* FIN from outside, not acknowledged yet */
	CGN_TCP_FIN_IN = 0x020,   /* FIN from inside, acknowledged */
	CGN_TCP_FIN_OUT = 0x040,
	CGN_TCP_RST = 0x080, /* closing because of RST: traffic revives it (RFC 7857 section 2.2) */
	CGN_TCP_SYN_OUT = 0x100,
	CGN_TCP_OPENED = 0x200, /* has been established */
	CGN_TCP_SHARED = 0x400,
	CGN_TCP_AFTER = 0x800, /* opening, while the last segments of another one may be due */
	/*
	 * How far a RST or FIN may be from what is known of the connection: the largest window
	 * without scaling (RFC 9293 section 3.1). A forged one fits with probability 2^-16 by its
	 * sequence number, and if it has an acknowledgement with 2^-15 by that.
	 */
	CGN_TCP_WINDOW = 65536,
};

/* The common case, data on an established connection: the mapping's word says it all. */
static inline bool
cgn_tcp_is_calm(const struct cgn_mapping *m, uint8_t flags)
{
	const uint8_t syn_fin_rst = 0x02 | 0x01 | 0x04;
	const uint32_t mask = CGN_TCP_STATE_MASK | CGN_TCP_KNOWN | CGN_TCP_ENDS_IN |
		CGN_TCP_ENDS_OUT;

	return (flags & syn_fin_rst) == 0 &&
		(atomic_load_explicit(&m->tcp, memory_order_relaxed) & mask) ==
		(CGN_TCP_ESTABLISHED | CGN_TCP_KNOWN);
}

/*
 * Is what is known of the inside near what this segment of it says, for cgn_tcp_track to be asked
 * once a second and each half a window? For mappings whose second others begin too. frame: where
 * pkt's offsets count from.
 */
static inline bool
cgn_tcp_is_told(const struct cgn_mapping *m, const struct cgn_pkt *pkt, const uint8_t *frame)
{
	const uint64_t inside = atomic_load_explicit(&m->tcp_inside, memory_order_relaxed);
	const struct cgn_tcp_segment seg = cgn_tcp_segment_of(pkt, frame);

	return seg.end - (uint32_t)(inside >> 32) < CGN_TCP_WINDOW / 2 &&
		seg.ack - (uint32_t)inside < CGN_TCP_WINDOW / 2;
}

/*
 * Takes note of one segment of m, an entry of t, before it is changed; frame: where pkt's offsets
 * count from. Due when it is not calm, and with the inside's first segment of a second. Worker
 * thread that forwards the packet; does nothing for a table without sides. True when the closing
 * time begins, which is from now on however long the connection has been idle (RFC 7857
 * section 2.2).
 */
bool cgn_tcp_track(const struct cgn_table *t, struct cgn_mapping *m, const struct cgn_pkt *pkt,
	const uint8_t *frame, enum cgn_dir dir);

/* "opening", "established", "closing". */
const char *cgn_tcp_state_str(uint32_t tcp);
