/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What making a mapping will touch, asked of memory before it is needed: each step needs what the
 * one before has brought, so a caller takes a burst through one step after the other. Hints: they
 * change nothing, and may be wrong by the time. Control thread.
 */
#pragma once

#include <rte_prefetch.h>

#include "pool.h"
#include "table.h"

/* The entry that the nth take from now will give. */
static inline void
cgn_table_prefetch_take(const struct cgn_table *t, uint32_t nth)
{
	if (nth < t->n_free)
		rte_prefetch0(&t->entries[t->free_stack[t->n_free - 1 - nth]]);
}

/* 1: the newest block of a holder. */
static inline void
cgn_pool_prefetch_block(const struct cgn_pool *pool, uint32_t holder)
{
	const uint32_t b = pool->subscribers[holder].first_block;

	if (b == CGN_NONE)
		return;
	rte_prefetch0(&pool->blocks[b]);
	rte_prefetch0((const char *)(&pool->blocks[b] + 1) - 1);
}

static inline const _Atomic uint32_t *
cgn_pool_prefetch_at(const struct cgn_pool *pool, const struct cgn_block *block)
{
	return &pool->granules[(uint64_t)block->pool * CGN_GRANULES + block->first_granule];
}

/* 2: where its chunks are. */
static inline void
cgn_pool_prefetch_granules(const struct cgn_pool *pool, uint32_t holder)
{
	const uint32_t b = pool->subscribers[holder].first_block;

	if (b != CGN_NONE)
		rte_prefetch0((const void *)cgn_pool_prefetch_at(pool, &pool->blocks[b]));
}

/* 3: which ports of them are free. The chunks of a block lie side by side, in either order, as long
 * as blocks of one size are leased. */
static inline void
cgn_pool_prefetch_ports(const struct cgn_pool *pool, uint32_t holder)
{
	enum { MAX_CHUNKS = 16, LINE = RTE_CACHE_LINE_SIZE };
	const uint32_t b = pool->subscribers[holder].first_block;
	const _Atomic uint32_t *granules;
	uint32_t n, first, last;

	if (b == CGN_NONE)
		return;
	granules = cgn_pool_prefetch_at(pool, &pool->blocks[b]);
	n = pool->blocks[b].n_granules;
	first = atomic_load_explicit(&granules[0], memory_order_relaxed);
	last = atomic_load_explicit(&granules[n - 1], memory_order_relaxed);
	n = RTE_MIN(n, (uint32_t)MAX_CHUNKS) * sizeof(*pool->ctl);
	for (uint32_t at = 0; at < n; at += LINE)
		rte_prefetch0((const char *)&pool->ctl[RTE_MIN(first, last)] + at);
}
