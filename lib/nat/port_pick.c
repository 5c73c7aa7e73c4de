/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which port of a block: each free one with the same chance, however the free ones lie (RFC 6056
 * section 3.3.1, RFC 7857 section 9). Called by pool.c, port_run.c and port_rest.c.
 */
#include <assert.h>

#include <rte_prefetch.h>

#include "port_block.h"

enum { TRIES = 8 }; /* of a block that is half full, 1 in 256 is counted through */

static uint64_t
free_in(const struct cgn_pool *pool, const struct cgn_block *block, uint32_t g,
	const struct cgn_port_set *set, uint32_t *chunk)
{
	*chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)block->pool * CGN_GRANULES + block->first_granule + g],
		memory_order_relaxed);
	return ~pool->ctl[*chunk].busy[set->proto] & set->mask;
}

bool
cgn_block_has(const struct cgn_pool *pool, uint32_t b, const struct cgn_port_set *set)
{
	const struct cgn_block *block = &pool->blocks[b];
	uint32_t chunk;

	if (block->busy[set->proto] >= block->capacity[set->proto])
		return false;
	if (set->mask == UINT64_MAX)
		return true;
	for (uint32_t g = 0; g < block->n_granules; g++)
		if (free_in(pool, block, g, set, &chunk) != 0)
			return true;
	return false;
}

/* The free port with n free ones before it in the block, of which there are more. */
static uint16_t
pick_nth(struct cgn_pool *pool, const struct cgn_block *block, const struct cgn_port_set *set,
	uint32_t n)
{
	for (uint32_t g = 0; g < block->n_granules; g++) {
		uint32_t chunk, here;
		uint64_t free = free_in(pool, block, g, set, &chunk);

		here = (uint32_t)__builtin_popcountll(free);
		if (n >= here) {
			n -= here;
			continue;
		}
		for (; n > 0; n--)
			free &= free - 1;
		n = (uint32_t)__builtin_ctzll(free);
		cgn_block_book(pool, chunk, set->proto, n);
		return (uint16_t)((block->first_granule + g) * CGN_GRANULE_PORTS + n);
	}
	assert(false); /* the caller knows that there is one */
	return 0;
}

uint16_t
cgn_block_pick(struct cgn_pool *pool, uint32_t b, const struct cgn_port_set *set, uint64_t draw)
{
	const struct cgn_block *block = &pool->blocks[b];
	uint32_t n = 0, chunk;

	assert(cgn_block_has(pool, b, set));
	for (int t = 0; t < TRIES; t++) {
		uint32_t r, g, bit;

		if (t > 0 || draw == 0)
			draw = cgn_rand_u64(pool->rand);
		r = cgn_rand_scale(draw, block->n_granules * (uint32_t)CGN_GRANULE_PORTS);
		g = r / CGN_GRANULE_PORTS;
		bit = r % CGN_GRANULE_PORTS;

		if (!(free_in(pool, block, g, set, &chunk) >> bit & 1))
			continue;
		cgn_block_book(pool, chunk, set->proto, bit);
		return (uint16_t)((block->first_granule + g) * CGN_GRANULE_PORTS + bit);
	}
	for (uint32_t g = 0; g < block->n_granules; g++)
		n += (uint32_t)__builtin_popcountll(free_in(pool, block, g, set, &chunk));
	return pick_nth(pool, block, set, cgn_rand_below(pool->rand, n));
}

/* Taken ports count as mapped until they rest (port_rest.c). */
static void
count_busy(struct cgn_pool *pool, uint32_t i, enum cgn_proto proto, int by)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];
	struct cgn_pool_use *use = &pool->use[addr->tenant];

	use->busy[proto] += (uint32_t)by;
	addr->busy += (uint32_t)by;
	addr->mapped += (uint32_t)by;
	cgn_peak_see(&use->busy_peak, use->busy[CGN_TCP] + use->busy[CGN_UDP] + use->busy[CGN_ICMP],
		pool->rest_now_s);
	cgn_peak_see(&addr->busy_peak, addr->busy, pool->rest_now_s);
	cgn_peak_see(&addr->mapped_peak, addr->mapped, pool->rest_now_s);
}

void
cgn_block_book(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit)
{
	struct cgn_block *block = &pool->blocks[pool->ctl[chunk].block];

	rte_prefetch0((const void *)&pool->chunks[chunk].slots[proto][bit]); /* publish */
	pool->ctl[chunk].busy[proto] |= UINT64_C(1) << bit;
	block->busy[proto]++;
	count_busy(pool, block->pool, proto, 1);
}

void
cgn_block_unpick(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit)
{
	uint32_t b = pool->ctl[chunk].block;
	struct cgn_block *block = &pool->blocks[b];

	assert(pool->ctl[chunk].busy[proto] >> bit & 1);
	if (cgn_pool_reserved(pool, block->pool, pool->ctl[chunk].granule, proto) >> bit & 1)
		block->capacity[proto]--; /* by now */
	else
		pool->ctl[chunk].busy[proto] &= ~(UINT64_C(1) << bit);
	block->busy[proto]--;
	count_busy(pool, block->pool, proto, -1);
	if (cgn_block_is_idle(block))
		cgn_block_give_back(pool, b);
}
