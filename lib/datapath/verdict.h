/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only ways for a packet to end on a worker: cgn_drop, or cgn_sent when a device has taken it.
 * Each counts exactly one fate.
 */
#pragma once

#include "worker.h"

static inline bool
cgn_fate_is_forward(enum cgn_fate fate)
{
	return fate <= CGN_FATE_BYPASS_IN; /* fates.def begins with them */
}

/* Of what is forwarded, but for hairpins, which go both ways. */
static inline enum cgn_dir
cgn_fate_dir(enum cgn_fate fate)
{
	return fate == CGN_FATE_OUT2IN || fate == CGN_FATE_BYPASS_IN ? CGN_OUT2IN : CGN_IN2OUT;
}

static inline void
cgn_count(struct cgn_counters *c, const struct cgn_pkt *pkt, enum cgn_fate fate)
{
	cgn_counters_fate(c, pkt->tenant, fate);
	if (!cgn_fate_is_forward(fate))
		cgn_counters_port_fates(c, pkt->in_port, fate, 1);
}

/* The rest of a datagram ends as its first fragment, if that is not translated (fragment.c). */
void cgn_fragment_end_rest(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_fate fate);

static inline void
cgn_fragment_first_ends(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_fate fate)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (unlikely(pkt->fragment == CGN_FRAGMENT_FIRST) && pkt->kind == CGN_PKT_FLOW &&
		pkt->fate == CGN_FATE_NONE)
		cgn_fragment_end_rest(w, m, fate);
}

/* As cgn_drop, but the buffer is still the caller's, to be freed with others. */
static inline void
cgn_end(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_fate fate)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (unlikely(w->tapping != 0))
		cgn_tap_dropped(w, m, fate);
	cgn_fragment_first_ends(w, m, fate);
	if (pkt->originated != 0)
		cgn_counter_add(&w->counters.originated[CGN_ORIG_LOST], 1);
	else
		cgn_count(&w->counters, pkt, fate);
}

/* Ends a packet here, whatever it was to become. */
static inline void
cgn_drop(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_fate fate)
{
	cgn_end(w, m, fate);
	rte_pktmbuf_free(m);
}
