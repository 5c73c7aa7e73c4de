/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rest of freed ports (RFC 6888 REQ-8: 120 s before another subscriber may have them): one
 * chain per second, linked through the slots themselves, so that resting costs no memory.
 */
#include "pool.h"
#include "port_block.h"

enum { SLOTS_PER_CHUNK = CGN_N_PROTOS * CGN_GRANULE_PORTS };

static uint32_t
slot_number(uint32_t chunk, enum cgn_proto proto, uint32_t bit)
{
	return chunk * SLOTS_PER_CHUNK + (uint32_t)proto * CGN_GRANULE_PORTS + bit;
}

static void
count_resting(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, int by)
{
	struct cgn_block *block = &pool->blocks[pool->ctl[chunk].block];

	block->resting[proto] = (uint16_t)(block->resting[proto] + by);
	pool->use[pool->addrs[block->pool].tenant].resting[proto] += (uint32_t)by;
}

void
cgn_pool_rest(struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto, uint32_t until_s)
{
	uint32_t bit = at.port % CGN_GRANULE_PORTS;
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)at.pool * CGN_GRANULES + at.port / CGN_GRANULE_PORTS],
		memory_order_relaxed);
	_Atomic uint32_t *slot = &pool->chunks[chunk].slots[proto][bit];
	uint32_t *head = &pool->rest_heads[until_s % CGN_REST_SLOTS];

	if ((int32_t)(until_s - pool->rest_now_s) <= 0) {
		atomic_store_explicit(slot, 0, memory_order_release);
		cgn_block_unpick(pool, chunk, proto, bit);
		return;
	}
	count_resting(pool, chunk, proto, 1);
	atomic_store_explicit(slot, CGN_SLOT_RESTING | *head, memory_order_release);
	*head = slot_number(chunk, proto, bit) + 1;
}

static void
wake(struct cgn_pool *pool, uint32_t number)
{
	uint32_t chunk = number / SLOTS_PER_CHUNK;
	enum cgn_proto proto = (enum cgn_proto)(number % SLOTS_PER_CHUNK / CGN_GRANULE_PORTS);
	uint32_t bit = number % CGN_GRANULE_PORTS;

	atomic_store_explicit(&pool->chunks[chunk].slots[proto][bit], 0, memory_order_release);
	count_resting(pool, chunk, proto, -1);
	cgn_block_unpick(pool, chunk, proto, bit);
}

static uint32_t
chain_pop(struct cgn_pool *pool, uint32_t *head)
{
	uint32_t number = *head - 1;
	const struct cgn_chunk *chunk = &pool->chunks[number / SLOTS_PER_CHUNK];
	uint32_t slot = atomic_load_explicit(&chunk->slots[number % SLOTS_PER_CHUNK /
						     CGN_GRANULE_PORTS][number % CGN_GRANULE_PORTS],
		memory_order_relaxed);

	*head = slot & ~CGN_SLOT_RESTING;
	return number;
}

uint32_t
cgn_pool_rest_advance(struct cgn_pool *pool, uint32_t now_s, uint32_t budget)
{
	uint32_t n = 0;

	while ((int32_t)(now_s - pool->rest_now_s) > 0) {
		uint32_t *head = &pool->rest_heads[(pool->rest_now_s + 1) % CGN_REST_SLOTS];

		for (; *head != 0; n++) {
			if (n == budget)
				return n;
			wake(pool, chain_pop(pool, head));
		}
		pool->rest_now_s++;
	}
	return n;
}
