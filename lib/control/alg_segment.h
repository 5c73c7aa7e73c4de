/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the ALGs share: a segment that a worker has sent to control, and the record of its
 * connection (alg_edit.h). Included by alg_edit.c and pptp_edit.c; control thread.
 */
#pragma once

#include <rte_ip.h>
#include <rte_tcp.h>

#include "control.h"

/* A segment at hand. */
struct cgn_alg_segment {
	struct rte_mbuf *m;
	struct cgn_pkt *pkt;
	struct rte_ipv4_hdr *ip;
	struct rte_tcp_hdr *tcp;
	uint8_t *payload;
	uint32_t len, mapping;
	struct cgn_alg_flow *flow; /* NULL: never edited */
};

/* A record for a segment from inside, or NULL: no room, or the shares of its subscriber or tenant
 * are used up. Those that have been idle too long make room (alg_edit.c). */
struct cgn_alg_flow *cgn_alg_begin(struct cgn_control *c, const struct cgn_alg_segment *s);

bool cgn_alg_csum_is_right(const struct cgn_alg_segment *s);

/* A segment of a PPTP control connection of a client inside: its call ids are translated. NONE, or
 * why it cannot go (pptp_edit.c). */
enum cgn_fate cgn_pptp_input(struct cgn_control *c, struct cgn_alg_segment *s);

/* The record of a connection ends: so do its calls. */
void cgn_pptp_end(struct cgn_control *c, struct cgn_alg_flow *f);
