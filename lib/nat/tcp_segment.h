/* SPDX-License-Identifier: BSD-3-Clause */
/* What a TCP segment says, read before it is translated. Worker threads; pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pkt.h"

#include <rte_tcp.h>

/* Host order. */
struct cgn_tcp_segment {
	uint32_t seq, ack;
	uint32_t end; /* sequence number behind it; SYN and FIN take one each */
	uint8_t flags;
};

/* frame: where pkt's offsets count from, kind FLOW and CGN_TCP. */
static inline struct cgn_tcp_segment
cgn_tcp_segment_of(const struct cgn_pkt *pkt, const uint8_t *frame)
{
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(frame + pkt->l4_off);
	const uint32_t hdr = (uint32_t)(tcp->data_off >> 4) * 4;
	const uint32_t len = pkt->ip_len - (uint32_t)(pkt->l4_off - pkt->l3_off) - hdr;
	struct cgn_tcp_segment seg = {.seq = rte_be_to_cpu_32(tcp->sent_seq),
		.ack = rte_be_to_cpu_32(tcp->recv_ack),
		.flags = pkt->tcp_flags};

	seg.end = seg.seq + len + !!(seg.flags & RTE_TCP_SYN_FLAG) +
		!!(seg.flags & RTE_TCP_FIN_FLAG);
	return seg;
}

/*
 * Can the flags be those of a segment? SYN, FIN and RST exclude each other, and all but SYN and RST
 * acknowledge something (RFC 9293 section 3.10.7); PSH, URG and the bits of ECN do not count.
 */
static inline bool
cgn_tcp_flags_are_legal(uint8_t flags)
{
	enum { F = RTE_TCP_FIN_FLAG, S = RTE_TCP_SYN_FLAG, R = RTE_TCP_RST_FLAG, A = 0x08 };
	const uint32_t legal = 1u << S | 1u << (S | A) | 1u << R | 1u << (R | A) | 1u << A |
		1u << (F | A);

	return legal >> ((flags & (F | S | R)) | (flags & RTE_TCP_ACK_FLAG) >> 1) & 1;
}
