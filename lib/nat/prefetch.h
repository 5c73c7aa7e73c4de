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
	uint32_t m;

	if (nth >= t->n_free)
		return;
	m = t->free_stack[t->n_free - 1 - nth];
	rte_prefetch0(&t->entries[m]);
	rte_prefetch0(&t->sides[m]);
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

/* The granule of the newest block that a port is drawn of. */
static inline const _Atomic uint32_t *
cgn_pool_drawn_granule(const struct cgn_pool *pool, const struct cgn_block *block, uint64_t draw)
{
	uint32_t port = cgn_rand_scale(draw, block->n_granules * (uint32_t)CGN_GRANULE_PORTS);

	return &pool->granules[(uint64_t)block->pool * CGN_GRANULES + block->first_granule +
		port / CGN_GRANULE_PORTS];
}

/* 2: where the chunk of the port is. */
static inline void
cgn_pool_prefetch_granule(const struct cgn_pool *pool, uint32_t holder, uint64_t draw)
{
	const uint32_t b = pool->subscribers[holder].first_block;

	if (b != CGN_NONE)
		rte_prefetch0((const void *)cgn_pool_drawn_granule(pool, &pool->blocks[b], draw));
}

/* 3: whether it is free, and its slot. */
static inline void
cgn_pool_prefetch_port(
	const struct cgn_pool *pool, uint32_t holder, enum cgn_proto proto, uint64_t draw)
{
	const uint32_t b = pool->subscribers[holder].first_block;
	const struct cgn_block *block = &pool->blocks[b];
	uint32_t chunk, port;

	if (b == CGN_NONE)
		return;
	chunk = atomic_load_explicit(
		cgn_pool_drawn_granule(pool, block, draw), memory_order_relaxed);
	port = cgn_rand_scale(draw, block->n_granules * (uint32_t)CGN_GRANULE_PORTS);
	rte_prefetch0(&pool->ctl[chunk]);
	rte_prefetch0((const void *)&pool->chunks[chunk].slots[proto][port % CGN_GRANULE_PORTS]);
}
