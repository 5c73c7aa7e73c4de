/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers of TCP segments: both ends of a conversation with one peer (address and port) count as
 * TCP does, and hear what the other has sent. A scenario that has two conversations with one peer,
 * or one between two subscribers, says seq and ack itself.
 */
#include <netinet/in.h>

#include "scn.h"

enum { FIN = 0x01, SYN = 0x02, ACK = 0x10, FIRST_INSIDE = 0xfffffff0, FIRST_PEER = 1000 };

static struct scn_stream *
stream_of(struct scn *s, uint32_t addr, uint16_t port)
{
	for (uint32_t k = 0; k < SCN_MAX_STREAMS; k++) {
		struct scn_stream *t = &s->streams[k];

		if (t->peer == 0)
			*t = (struct scn_stream){
				.peer = addr, .port = port, .next = {FIRST_INSIDE, FIRST_PEER}};
		if (t->peer == addr && t->port == port)
			return t;
	}
	scn_wrong(s, "too many TCP peers");
}

void
scn_tcp_number(struct scn *s, struct scn_packet *p)
{
	const int by = p->port == SIM_WAN, other = !by;
	const uint8_t flags = p->spec.tcp_flags;
	struct scn_stream *t;

	if (p->spec.proto != IPPROTO_TCP || p->has_numbers)
		return;
	t = by ? stream_of(s, p->spec.src, p->spec.sport)
	       : stream_of(s, p->spec.dst, p->spec.dport);
	p->spec.tcp_seq = t->next[by] + p->off;
	p->spec.tcp_ack = flags & ACK ? t->expected[by] + p->off : 0;
	if (p->off == 0)
		t->expected[other] = t->next[by] += p->spec.payload_len + !!(flags & SYN) +
			!!(flags & FIN);
}
