/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Token bucket in eight bytes: the generic cell rate algorithm (ITU-T I.371). The state is the
 * time at which the bucket would be full again; zero is a full bucket. One writer per state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

/* Fixed parameters of a rate; computed once. */
struct cgn_rate {
	uint64_t interval_ns; /* per token; 0: unlimited */
	uint64_t depth_ns;    /* burst tokens × interval */
};

/* per_s 0 refuses everything; burst is at least 1. Rates above 10⁹/s count as unlimited. */
static inline struct cgn_rate
cgn_rate_make(uint32_t per_s, uint32_t burst)
{
	struct cgn_rate r = {.interval_ns = UINT64_MAX / 4, .depth_ns = 0};

	if (per_s > 0) {
		r.interval_ns = CGN_NS_PER_S / per_s;
		r.depth_ns = r.interval_ns * (burst > 0 ? burst : 1);
	}
	return r;
}

/* Takes a token if there is one. now may not run backwards by more than the depth. */
static inline bool
cgn_rate_take(const struct cgn_rate *rate, uint64_t *full_at, cgn_ns_t now)
{
	uint64_t at = *full_at > now ? *full_at : now;

	if (at + rate->interval_ns - now > rate->depth_ns)
		return false;
	*full_at = at + rate->interval_ns;
	return true;
}

/* Would cgn_rate_take succeed? */
static inline bool
cgn_rate_has(const struct cgn_rate *rate, uint64_t full_at, cgn_ns_t now)
{
	uint64_t at = full_at > now ? full_at : now;

	return at + rate->interval_ns - now <= rate->depth_ns;
}
