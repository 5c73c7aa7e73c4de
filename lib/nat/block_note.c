/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notes of blocks that changed hands: a bit for each granule at which a block began or begins, and
 * a queue of the addresses that have such bits. A note cannot be lost for want of room, and a block
 * that changes hands again and again costs no more than one. Called by port_block.c, read by
 * control/state_lease.c.
 */
#include "lease.h"
#include "port_block.h"

static void
queue_add(struct cgn_pool *pool, uint32_t i)
{
	struct cgn_pool_notes *notes = &pool->addrs[i].notes;

	notes->is_queued = true;
	notes->next = 0;
	if (pool->last_noted == 0)
		pool->first_noted = i + 1;
	else
		pool->addrs[pool->last_noted - 1].notes.next = i + 1;
	pool->last_noted = i + 1;
}

/* The first address of the queue leaves it. The queue is not empty. */
static uint32_t
queue_pop(struct cgn_pool *pool)
{
	uint32_t i = pool->first_noted - 1;

	pool->first_noted = pool->addrs[i].notes.next;
	if (pool->first_noted == 0)
		pool->last_noted = 0;
	pool->addrs[i].notes.is_queued = false;
	return i;
}

void
cgn_block_note(struct cgn_pool *pool, uint32_t i, uint32_t granule)
{
	struct cgn_pool_notes *notes = &pool->addrs[i].notes;

	notes->granules[granule / 64] |= UINT64_C(1) << (granule % 64);
	if (!notes->is_queued)
		queue_add(pool, i);
}

void
cgn_block_unnote(struct cgn_pool *pool, uint32_t i, uint32_t granule)
{
	pool->addrs[i].notes.granules[granule / 64] &= ~(UINT64_C(1) << (granule % 64));
}

static struct cgn_lease
lease_at(const struct cgn_pool *pool, uint32_t i, uint32_t granule)
{
	struct cgn_lease lease = {
		.pool = i, .inside = CGN_NONE, .first = (uint16_t)(granule * CGN_GRANULE_PORTS)};
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)i * CGN_GRANULES + granule], memory_order_relaxed);
	const struct cgn_block *block = &pool->blocks[pool->ctl[chunk].block];

	if (chunk == 0 || block->first_granule != granule)
		return lease;
	lease.inside = block->inside;
	lease.is_orphan = block->is_orphan;
	lease.n_ports = block->n_granules * (uint32_t)CGN_GRANULE_PORTS;
	return lease;
}

bool
cgn_block_is_leased(const struct cgn_pool *pool, uint32_t b)
{
	const struct cgn_block *block = &pool->blocks[b];
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)block->pool * CGN_GRANULES + block->first_granule],
		memory_order_relaxed);

	return chunk != 0 && pool->ctl[chunk].block == b;
}

/* A noted granule whose note is taken away, or CGN_NONE; whether others are left. */
static uint32_t
take_note(struct cgn_pool_notes *notes, bool *is_more)
{
	uint32_t granule = CGN_NONE;

	*is_more = false;
	for (uint32_t w = 0; w < CGN_GRANULES / 64 && !*is_more; w++) {
		if (granule == CGN_NONE && notes->granules[w] != 0) {
			granule = w * 64 + (uint32_t)__builtin_ctzll(notes->granules[w]);
			notes->granules[w] &= notes->granules[w] - 1;
		}
		*is_more = notes->granules[w] != 0;
	}
	return granule;
}

bool
cgn_lease_next_change(struct cgn_pool *pool, struct cgn_lease *out)
{
	while (pool->first_noted != 0) {
		uint32_t i = queue_pop(pool), granule;
		bool is_more;

		granule = take_note(&pool->addrs[i].notes, &is_more);
		if (is_more)
			queue_add(pool, i);
		if (granule == CGN_NONE)
			continue; /* the note was withdrawn */
		*out = lease_at(pool, i, granule);
		return true;
	}
	return false;
}
