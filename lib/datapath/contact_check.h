/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may send to a mapping: asked of its PCP filter and of its filtering (RFC 4787 section 5),
 * both in one word, which is 0 when anybody may. Called by in2out.c, out2in.c, hairpin.c and
 * icmp_error.c; worker threads.
 */
#pragma once

#include "contact.h"
#include "filter.h"
#include "verdict.h"

/*
 * The slow half of cgn_peer_refused, for a mapping whose filter is not 0, or was not a moment ago;
 * addr and port are the peer's. Renews its contact if refresh and the mapping say so.
 */
enum cgn_fate cgn_peer_refused_slow(struct cgn_worker *w, const struct cgn_mapping *m,
	rte_be32_t addr, rte_be16_t port, bool refresh);

/*
 * The slow half of cgn_peer_is_new: has control recorded the peer that a packet from inside goes
 * to? filter: that of the mapping, with CGN_FILTER_CONTACTS. Renews the contact, but for a RST.
 */
bool cgn_contact_is_known(struct cgn_worker *w, const struct cgn_mapping *m, uint32_t filter,
	const struct cgn_pkt *pkt);

/*
 * Asks for what the slow halves will read about the peers of a burst, its mappings found. Only
 * while mappings ask for peers: the slow halves say so for the next burst, so that the first one
 * waits for memory and those without a filter pay a test a burst.
 */
void cgn_peers_prefetch_slow(struct cgn_worker *w);

static inline void
cgn_peers_prefetch(struct cgn_worker *w)
{
	if (unlikely(w->burst.asks_peers))
		cgn_peers_prefetch_slow(w);
}

/* Why this peer may not send to the mapping, or CGN_FATE_NONE. refresh: nat.inbound_refresh counts
 * for such a packet. */
static inline enum cgn_fate
cgn_peer_refused(struct cgn_worker *w, const struct cgn_mapping *m, rte_be32_t addr,
	rte_be16_t port, bool refresh)
{
	if (likely(atomic_load_explicit(&m->filter, memory_order_relaxed) == 0))
		return CGN_FATE_NONE;
	return cgn_peer_refused_slow(w, m, addr, port, refresh);
}

/*
 * The subscriber sends to a peer that control has to record first: a new flow, though it has a
 * mapping. Else its contact is in use.
 */
static inline bool
cgn_peer_is_new(struct cgn_worker *w, const struct cgn_mapping *m, const struct cgn_pkt *pkt)
{
	uint32_t filter = atomic_load_explicit(&m->filter, memory_order_relaxed);

	return unlikely((filter & CGN_FILTER_CONTACTS) != 0) &&
		!cgn_contact_is_known(w, m, filter, pkt);
}
