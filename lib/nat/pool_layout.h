/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How an address is cut: blocks that are given out as they are needed, and beside them places that
 * are fixed, the computed ranges of subscribers (ports.deterministic) or the 16 granules of low
 * ports (ports.keep_range). For the files of the pool only. Control thread; memory: main too.
 */
#pragma once

#include "pool.h"

enum { CGN_LOW_GRANULES = 1024 / CGN_GRANULE_PORTS };

struct cgn_layout {
	uint16_t first, last;  /* granules of blocks, inclusive; last < first: none */
	uint16_t block;        /* granules of a block; the last one may be shorter */
	struct cgn_span fixed; /* granules of fixed places */
	uint16_t fixed_block;  /* granules of each; 0: there are none */
};

/* Of address i, as the directory has it. */
struct cgn_layout cgn_layout_of(
	const struct cgn_pool *pool, const struct cgn_directory *dir, uint32_t i);

/* Is the address cut so? */
bool cgn_layout_is(const struct cgn_pool_addr *addr, const struct cgn_layout *l);

/* Blocks that it can have at a time, and those of them that are not fixed. */
uint32_t cgn_layout_blocks(const struct cgn_layout *l);
uint32_t cgn_layout_free_blocks(const struct cgn_layout *l);

/* Granules of the layout and of leased blocks together. */
uint32_t cgn_layout_covers(const struct cgn_pool_addr *addr, const struct cgn_layout *l);

static inline uint32_t
cgn_addr_n_leased(const struct cgn_pool_addr *addr)
{
	return (uint32_t)addr->n_blocks - addr->n_free;
}

/* The bits of word w that stand for granules first … last. */
static inline uint64_t
cgn_word_mask(uint32_t w, uint32_t first, uint32_t last)
{
	uint32_t from = w * 64, to = from + 63;
	uint64_t mask = UINT64_MAX;

	if (first > to || last < from || last < first)
		return 0;
	if (first > from)
		mask &= UINT64_MAX << (first - from);
	if (last < to)
		mask &= UINT64_MAX >> (to - last);
	return mask;
}

/* Is nothing of it leased? */
static inline bool
cgn_span_is_free(const struct cgn_pool_addr *addr, const struct cgn_span *span)
{
	for (uint32_t w = span->first / 64u; w <= span->last / 64u; w++)
		if ((addr->leased[w] & cgn_word_mask(w, span->first, span->last)) != 0)
			return false;
	return true;
}
