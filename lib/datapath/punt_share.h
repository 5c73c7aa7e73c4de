/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much of the way to control each tenant and each subscriber takes (docs/decisions/0013). A
 * worker counts what it hands over, control what it is done with; the difference is under way: in
 * the ring, or in control's queue. Whoever has as much under way as is left for him must wait
 * (Choudhury and Hahne, dynamic thresholds): one that floods takes half of the window, two a third
 * each, and there is always room for one who has nothing under way. So the ring is never full, and
 * nobody needs to know how fast control is.
 */
#pragma once

#include <stdint.h>

/* Subscribers of a tenant share by lanes: 64 bits are one word of control's queue, and two
 * subscribers meet in one of 64 cases. */
enum { CGN_PUNT_LANES = 64 };

static inline uint32_t
cgn_punt_lane(uint32_t holder)
{
	return (holder * UINT32_C(0x9e3779b1)) >> 26; /* neighbours get different ones */
}

struct cgn_punt_tenant {
	uint32_t all;
	uint32_t lanes[CGN_PUNT_LANES];
};

/* Packets since start, modulo 2³². One writer. */
struct cgn_punt_count {
	uint32_t all;
	struct cgn_punt_tenant *tenants; /* [CGN_MAX_TENANTS], reserved (base/reserve.h) */
};

static inline void
cgn_punt_add(uint32_t *n, uint32_t add)
{
	__atomic_store_n(n, __atomic_load_n(n, __ATOMIC_RELAXED) + add, __ATOMIC_RELAXED);
}

/* Adds packets of one subscriber, of the lane that the packet carries: by the time it is done
 * another directory may be in force. The writer. */
static inline void
cgn_punt_book(struct cgn_punt_count *count, uint32_t tenant, uint32_t lane, uint32_t add)
{
	struct cgn_punt_tenant *t = &count->tenants[tenant];

	cgn_punt_add(&t->lanes[lane], add);
	cgn_punt_add(&t->all, add);
	cgn_punt_add(&count->all, add);
}

static inline uint32_t
cgn_punt_under_way(const uint32_t *sent, const uint32_t *done)
{
	return __atomic_load_n(sent, __ATOMIC_RELAXED) - __atomic_load_n(done, __ATOMIC_RELAXED);
}
