/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filter sets: which outside peers may send to a mapping (RFC 6887 section 13.3). A set is filled
 * completely, then its number is stored in the mapping with release order; a set that is replaced
 * is freed after the grace period (control/reclaim.c). A mapping without one lets in everybody.
 * Writer: control. Readers: workers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mapping.h"

enum { CGN_FILTERS_PER_SET = 8 };

struct cgn_filter_rule {
	rte_be32_t addr, mask; /* addr has no bits outside mask */
	rte_be16_t port;       /* 0: any */
	uint16_t reserved;
};

struct cgn_filter_set {
	uint32_t n;
	uint32_t next; /* control: chain of free or waiting sets */
	struct cgn_filter_rule rules[CGN_FILTERS_PER_SET];
};

struct cgn_filters {
	struct cgn_filter_set *sets; /* [capacity + 1]; set 0 unused */
	uint32_t capacity, n_used, first_free;
};

/* 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_filters_init(struct cgn_filters *f, uint32_t capacity, int socket);
void cgn_filters_fini(struct cgn_filters *f);

/* A set to fill, or 0. free: never published, or the grace period is over. Control. */
uint32_t cgn_filter_take(struct cgn_filters *f);
void cgn_filter_free(struct cgn_filters *f, uint32_t set);

/* Does the set let this peer in? */
bool cgn_filter_matches(const struct cgn_filter_set *set, rte_be32_t addr, rte_be16_t port);

/* Control: the set of the mapping, or 0. */
static inline uint32_t
cgn_filter_of(const struct cgn_mapping *m)
{
	uint32_t filter = atomic_load_explicit(&m->filter, memory_order_relaxed);

	return filter & CGN_FILTER_CONTACTS ? 0 : filter;
}
