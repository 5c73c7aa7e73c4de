/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Up to 64 packets on their way through the stages, and the lanes that tell which of them a stage
 * works on. A stage is one loop over one lane. Each packet is in exactly one lane, or is gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "clock.h"
#include "pkt.h"

enum { CGN_BURST = 64 };

/* Tenants share the new flows of a burst by these when the worker is behind (punt.c). */
enum { CGN_BURST_SHARES = 16 };

struct cgn_lane {
	uint32_t n;
	uint8_t at[CGN_BURST]; /* places in the burst */
};

struct cgn_burst {
	cgn_ns_t now;
	uint32_t now_s;
	uint16_t port; /* all packets came in by this port, if from a port */
	uint16_t n;
	bool is_behind;  /* the queue that it is of fills faster than it is emptied */
	bool asks_peers; /* a mapping of the burst before, or of this one, does (contact_check.h) */
	uint8_t new_flows[CGN_BURST_SHARES]; /* handed over so far, by tenant; if is_behind */
	struct rte_mbuf *mbufs[CGN_BURST];
	uint32_t found[CGN_BURST]; /* out2in: pool index; in2out: destination value; then mapping */
	struct cgn_lane in2out, out2in, hit_in2out, hit_out2in, miss, tx;
	struct cgn_lane hairpin, hit_hairpin, icmp_error, other; /* rare: only if used */
};

static inline void
cgn_burst_clear_lanes(struct cgn_burst *b)
{
	b->in2out.n = b->out2in.n = b->hit_in2out.n = b->hit_out2in.n = b->miss.n = b->tx.n = 0;
	b->hairpin.n = b->hit_hairpin.n = b->icmp_error.n = b->other.n = 0;
}

static inline void
cgn_lane_add(struct cgn_lane *lane, uint8_t at)
{
	lane->at[lane->n++] = at;
}

/* The packet's description travels in the private area of its first buffer. */
static inline struct cgn_pkt *
cgn_pkt_of(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}
