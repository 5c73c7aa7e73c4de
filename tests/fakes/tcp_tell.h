/* SPDX-License-Identifier: BSD-3-Clause */
/* One TCP segment for lib/nat/tcp_track, as the data path shows it; for tests without a box. */
#pragma once

#include <string.h>

#include "tcp_segment.h"
#include "tcp_track.h"

/* A table of one mapping. */
struct tcp_one {
	struct cgn_mapping m;
	struct cgn_mapping_side side;
	struct cgn_table table;
};

static inline void
tcp_one_init(struct tcp_one *one)
{
	memset(one, 0, sizeof(*one));
	one->m.proto = CGN_TCP;
	one->table.entries = &one->m;
	one->table.sides = &one->side;
}

/* s.end says how long the segment is. */
static inline void
tcp_tell(const struct cgn_table *t, struct cgn_mapping *m, enum cgn_dir dir, uint32_t peer,
	struct cgn_tcp_segment s)
{
	enum { L3 = 14, L4 = 34 };
	uint8_t frame[L4 + sizeof(struct rte_tcp_hdr)] = {0};
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(frame + L4);
	struct cgn_pkt pkt = {.l3_off = L3, .l4_off = L4, .tcp_flags = s.flags};

	pkt.ip_len = (uint16_t)(40 + s.end - s.seq - !!(s.flags & RTE_TCP_SYN_FLAG) -
		!!(s.flags & RTE_TCP_FIN_FLAG));
	*(dir == CGN_IN2OUT ? &pkt.dst : &pkt.src) = rte_cpu_to_be_32(peer);
	*(dir == CGN_IN2OUT ? &pkt.dport : &pkt.sport) = RTE_BE16(443);
	tcp->sent_seq = rte_cpu_to_be_32(s.seq);
	tcp->recv_ack = rte_cpu_to_be_32(s.ack);
	tcp->data_off = 0x50;
	cgn_tcp_track(t, m, &pkt, frame, dir);
}
