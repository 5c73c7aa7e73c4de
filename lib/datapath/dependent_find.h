/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mappings of one remote end (nat/dependent.h), for packets that no endpoint-independent mapping
 * was found for. Called by lookup.c, hairpin.c and icmp_error.c; worker threads.
 */
#pragma once

#include "verdict.h"

/* An end of ours and the remote one. */
struct cgn_ends {
	rte_be32_t addr, remote;
	rte_be16_t port, remote_port;
	uint8_t proto; /* enum cgn_proto */
};

void cgn_dependent_misses_slow(struct cgn_worker *w);
uint32_t cgn_dependent_behind_slow(
	const struct cgn_worker *w, const struct cgn_pkt *pkt, uint32_t pool);

/* Of the packets from inside that have missed, those that have such a mapping, or one that lies
 * beside such, become hits. */
static inline void
cgn_dependent_misses(struct cgn_worker *w)
{
	if (unlikely(w->burst.miss.n > 0) && w->dp->dependents->hash != NULL)
		cgn_dependent_misses_slow(w);
}

/* The mapping of a packet from outside to an address (pool index) without one of its port, or
 * CGN_MAPPING_NONE. */
static inline uint32_t
cgn_dependent_behind(const struct cgn_worker *w, const struct cgn_pkt *pkt, uint32_t pool)
{
	return w->dp->dependents->hash != NULL ? cgn_dependent_behind_slow(w, pkt, pool)
					       : CGN_MAPPING_NONE;
}

/* The mapping at an outside end (addr, port) for the remote one, or NULL. */
struct cgn_mapping *cgn_dependent_at_outside(
	const struct cgn_worker *w, const struct cgn_ends *ends);

/* Mapping index of an inside end for the remote one, or of the one beside such; addr does not
 * count. */
uint32_t cgn_dependent_at_inside(
	const struct cgn_worker *w, uint32_t inside, const struct cgn_ends *ends);
