/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports that nobody gets: those of every address, and ports.reserved of the tenant, which a reload
 * can change under blocks that are leased. A reserved port is busy without being counted as such;
 * one that is mapped or rests when it becomes reserved is counted until it is free. Called by
 * port_block.c and pool_addr.c.
 */
#include <assert.h>

#include "pool_addr.h"
#include "pool_layout.h"
#include "port_block.h"

uint64_t
cgn_granule_reserved(uint32_t granule, enum cgn_proto proto)
{
	static_assert(
		CGN_PORT_PMP_CLIENT / CGN_GRANULE_PORTS == CGN_PORT_PMP_SERVER / CGN_GRANULE_PORTS,
		"both in one granule");
	if (granule == 0)
		return proto == CGN_ICMP ? 0 : 1;
	if (proto != CGN_UDP || granule != CGN_PORT_PMP_CLIENT / CGN_GRANULE_PORTS)
		return 0;
	return UINT64_C(3) << (CGN_PORT_PMP_CLIENT % CGN_GRANULE_PORTS);
}

uint64_t
cgn_pool_reserved(const struct cgn_pool *pool, uint32_t i, uint32_t granule, enum cgn_proto proto)
{
	const uint64_t *map = pool->dir->tenants[pool->addrs[i].tenant].reserved;
	uint64_t reserved = cgn_granule_reserved(granule, proto);

	return map != NULL && proto != CGN_ICMP && cgn_pool_owner(pool, i) == CGN_NONE
		? reserved | map[granule]
		: reserved;
}

bool
cgn_span_is_reserved(const struct cgn_pool *pool, uint32_t i, const struct cgn_span *span)
{
	for (uint32_t g = span->first; g <= span->last; g++)
		if (cgn_pool_reserved(pool, i, g, CGN_TCP) != UINT64_MAX)
			return false;
	return true;
}

void
cgn_block_reserve(struct cgn_pool *pool, uint32_t b)
{
	struct cgn_block *block = &pool->blocks[b];

	for (uint32_t g = 0; g < block->n_granules * (uint32_t)CGN_N_PROTOS; g++) {
		uint32_t granule = block->first_granule + g / CGN_N_PROTOS, p = g % CGN_N_PROTOS;
		uint32_t chunk = atomic_load_explicit(
			&pool->granules[(uint64_t)block->pool * CGN_GRANULES + granule],
			memory_order_relaxed);
		uint64_t reserved = cgn_pool_reserved(
			pool, block->pool, granule, (enum cgn_proto)p);

		pool->ctl[chunk].busy[p] = reserved;
		block->capacity[p] = (uint16_t)(block->capacity[p] + CGN_GRANULE_PORTS -
			__builtin_popcountll(reserved));
	}
}

/* Of a leased granule: what was reserved and has no mapping and no rest is free, if it is not now.
 */
static void
reserve_again(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint64_t was,
	uint64_t reserved)
{
	struct cgn_block *block = &pool->blocks[pool->ctl[chunk].block];
	uint64_t *busy = &pool->ctl[chunk].busy[proto];
	uint64_t fresh = reserved & ~*busy, gone = 0;

	for (uint64_t left = was & *busy & ~reserved; left != 0; left &= left - 1) {
		int bit = __builtin_ctzll(left);

		if (atomic_load_explicit(
			    &pool->chunks[chunk].slots[proto][bit], memory_order_relaxed) == 0)
			gone |= UINT64_C(1) << bit;
	}
	*busy = (*busy | fresh) & ~gone;
	block->capacity[proto] = (uint16_t)(block->capacity[proto] + __builtin_popcountll(gone) -
		__builtin_popcountll(fresh));
}

void
cgn_pool_addr_reserve(struct cgn_pool *pool, uint32_t i, const uint64_t *old)
{
	const struct cgn_pool_addr *addr = &pool->addrs[i];

	for (uint32_t g = cgn_pool_addr_leased(addr, 0); g < CGN_GRANULES;
		g = cgn_pool_addr_leased(addr, g + 1)) {
		uint32_t chunk = atomic_load_explicit(
			&pool->granules[(uint64_t)i * CGN_GRANULES + g], memory_order_relaxed);

		for (int p = 0; p < CGN_N_PROTOS; p++)
			reserve_again(pool, chunk, (enum cgn_proto)p, old != NULL ? old[g] : 0,
				cgn_pool_reserved(pool, i, g, (enum cgn_proto)p));
	}
}
