/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What RFC 7857 section 2 (with RFC 6146 section 3.5.2) says about one TCP connection over a NAT,
 * for prop_tcp.c. Written from the RFCs and lib/nat/tcp_track.h's contract, without its code: the
 * model is told which segments are true, so it needs no windows, and it keeps a connection as names
 * of states instead of bits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { M_FIN = 0x01, M_SYN = 0x02, M_RST = 0x04, M_ACK = 0x10 };
enum { M_INSIDE, M_OUTSIDE };

enum model_state {
	M_CLOSED, /* nothing, or both FINs acknowledged */
	M_INIT,   /* the inside has sent SYN */
	M_ESTABLISHED,
	M_TRANS, /* RST; traffic leads back to where it came from */
};

struct model_connection {
	enum model_state state, before_rst;
	bool was_open;       /* CLOSED after a connection, not before any */
	bool syn_of_outside; /* seen, in INIT */
	bool fin[2], fin_acknowledged[2];
	uint32_t syn_end, fin_end[2];
	uint32_t last_s;  /* of the inside's last segment that was no RST */
	uint32_t ended_s; /* of the RST, or of what acknowledged the second FIN */
};

struct model_segment {
	int by; /* M_INSIDE, M_OUTSIDE */
	uint32_t seq, ack, end;
	uint8_t flags;
};

/* A true segment has passed at now_s. */
void model_pass(struct model_connection *c, const struct model_segment *s, uint32_t now_s);

/* Seconds that the connection keeps its mapping without traffic; 0: not at all. */
struct model_times {
	uint32_t opening, established, closing;
};
uint32_t model_needs_s(const struct model_connection *c, const struct model_times *t);
