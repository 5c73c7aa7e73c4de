/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks whose holder's session is over; see lease.h. Called by control/session_end.c, and by
 * block_rest.c for those of before a restart.
 */
#include "lease.h"
#include "port_block.h"

enum { PORTS = CGN_N_PROTOS * CGN_GRANULE_PORTS }; /* of a chunk */

static uint32_t
chunk_of(const struct cgn_pool *pool, const struct cgn_block *block, uint32_t granule)
{
	return atomic_load_explicit(&pool->granules[(uint64_t)block->pool * CGN_GRANULES +
					    block->first_granule + granule],
		memory_order_relaxed);
}

/* What is busy of one protocol in a granule, from a port on. */
static uint64_t
busy_from(const struct cgn_pool *pool, const struct cgn_block *block, uint32_t place)
{
	const struct cgn_chunk_ctl *ctl = &pool->ctl[chunk_of(pool, block, place / PORTS)];

	return ctl->busy[place % PORTS / CGN_GRANULE_PORTS] &
		UINT64_MAX << place % CGN_GRANULE_PORTS;
}

uint32_t
cgn_block_next_mapping(const struct cgn_pool *pool, uint32_t b, uint32_t *place)
{
	const struct cgn_block *block = &pool->blocks[b];

	while (*place < block->n_granules * (uint32_t)PORTS) {
		uint64_t busy = busy_from(pool, block, *place);
		uint32_t proto = *place % PORTS / CGN_GRANULE_PORTS, bit, slot;

		*place = *place / CGN_GRANULE_PORTS * CGN_GRANULE_PORTS;
		if (busy == 0) {
			*place += CGN_GRANULE_PORTS;
			continue;
		}
		bit = (uint32_t)__builtin_ctzll(busy);
		slot = atomic_load_explicit(
			&pool->chunks[chunk_of(pool, block, *place / PORTS)].slots[proto][bit],
			memory_order_relaxed);
		*place += bit;
		if (cgn_slot_sharer(slot) != CGN_MAPPING_NONE)
			return cgn_slot_sharer(slot);
		++*place;
		if (slot != 0 && !(slot & CGN_SLOT_RESTING)) /* else it rests or is reserved */
			return slot;
	}
	return CGN_MAPPING_NONE;
}

void
cgn_block_orphan(struct cgn_pool *pool, uint32_t b)
{
	struct cgn_block *block = &pool->blocks[b];
	struct cgn_subscriber *sub = &pool->subscribers[block->inside];

	cgn_block_tell(pool, b, CGN_BLOCK_ORPHANED);
	cgn_block_unchain(pool, b);
	sub->n_resting = (uint16_t)(sub->n_resting - block->is_resting);
	block->is_orphan = true;
	if (cgn_block_is_idle(block))
		cgn_block_give_back(pool, b);
	else
		cgn_block_note(pool, block->pool, block->first_granule);
}

void
cgn_block_renew(struct cgn_pool *pool, uint32_t b)
{
	/* No rest is longer than all the seconds that there are chains for. */
	pool->blocks[b].claims_from_s = pool->rest_now_s + CGN_REST_SLOTS;
}

bool
cgn_block_stays(const struct cgn_pool *pool, uint32_t b)
{
	return pool->blocks[b].is_fixed && !cgn_block_is_idle(&pool->blocks[b]);
}

void
cgn_block_keep(struct cgn_pool *pool, uint32_t b, bool is_kept)
{
	struct cgn_block *block = &pool->blocks[b];

	block->is_owned = is_kept || cgn_pool_owner(pool, block->pool) == block->inside;
}
