/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port blocks. Which address: paired if the subscriber has one, else the emptier of two drawn at
 * random among those with a free block, which spreads load without looking at the whole pool. Which
 * block: the first free one after a random place (both pool_addr.c). Which port: port_pick.c.
 */
#include "port_block.h"

#include <assert.h>
#include <errno.h>

#include "fixed_range.h"
#include "pool_addr.h"
#include "pool_layout.h"
#include "reserve.h"

/* Gives each granule of the block a clean chunk; its address keeps enough of them. */
static void
attach_chunks(struct cgn_pool *pool, uint32_t b)
{
	struct cgn_block *block = &pool->blocks[b];

	for (uint32_t g = 0; g < block->n_granules; g++) {
		uint32_t c = pool->first_free_chunk;

		pool->first_free_chunk = pool->ctl[c].block;
		pool->ctl[c] = (struct cgn_chunk_ctl){
			.block = b, .granule = block->first_granule + g};
		atomic_store_explicit(&pool->granules[(uint64_t)block->pool * CGN_GRANULES +
					      block->first_granule + g],
			c, memory_order_release);
	}
	cgn_block_reserve(pool, b);
}

static void
detach_chunks(struct cgn_pool *pool, uint32_t b)
{
	const struct cgn_block *block = &pool->blocks[b];

	for (uint32_t g = 0; g < block->n_granules; g++) {
		_Atomic uint32_t *granule = &pool->granules[(uint64_t)block->pool * CGN_GRANULES +
			block->first_granule + g];
		uint32_t c = atomic_load_explicit(granule, memory_order_relaxed);

		atomic_store_explicit(granule, 0, memory_order_release);
		pool->ctl[c].block = pool->first_free_chunk;
		pool->first_free_chunk = c;
	}
}

/* Whether the chunks of one block have memory: always, unless they get it on demand. */
static bool
chunks_are_filled(struct cgn_pool *pool, uint32_t n)
{
	uint32_t c = pool->first_free_chunk;

	if (!pool->on_demand)
		return true;
	for (; n > 0 && c != CGN_NONE; n--, c = pool->ctl[c].block)
		if (cgn_reserve_fill(pool->chunks, c, 1) < 0)
			return false;
	return true;
}

/* Block k of the address, or its fixed place. */
static void
occupy(struct cgn_pool *pool, uint32_t b, uint32_t k, const struct cgn_span *fixed)
{
	struct cgn_block *block = &pool->blocks[b];
	const struct cgn_pool_addr *addr = &pool->addrs[block->pool];
	bool is_computed = pool->dir->tenants[addr->tenant].det != NULL &&
		cgn_pool_owner(pool, block->pool) == CGN_NONE;

	if (fixed == NULL) {
		cgn_addr_lease(pool, block->pool, k, &block->first_granule, &block->n_granules);
	} else {
		cgn_addr_lease_fixed(pool, block->pool, fixed);
		block->first_granule = fixed->first;
		block->n_granules = (uint16_t)(fixed->last - fixed->first + 1);
	}
	block->is_fixed = is_computed && fixed != NULL;
	block->is_dynamic = is_computed && fixed == NULL;
	attach_chunks(pool, b);
	if (!block->is_fixed)
		cgn_block_note(pool, block->pool, block->first_granule);
}

/*
 * Leases block k of address i, or a fixed place there, to a subscriber that may have it; both are
 * free for it. CGN_NONE when the system has no memory for its chunks.
 */
static uint32_t
lease(struct cgn_pool *pool, uint32_t inside, uint32_t i, uint32_t k, const struct cgn_span *fixed)
{
	struct cgn_subscriber *sub = &pool->subscribers[inside];
	struct cgn_pool_use *use = &pool->use[pool->addrs[i].tenant];
	uint32_t b = pool->first_free_block;
	struct cgn_block *block = &pool->blocks[b];

	if (!chunks_are_filled(pool,
		    fixed != NULL ? fixed->last - fixed->first + 1u
				  : pool->addrs[i].block_granules))
		return CGN_NONE;
	pool->first_free_block = block->next;
	*block = (struct cgn_block){.inside = inside, .pool = i, .next = sub->first_block};
	occupy(pool, b, k, fixed);
	sub->first_block = b;
	sub->pool = i;
	sub->n_blocks++;
	if (++use->blocks > use->blocks_peak)
		use->blocks_peak = use->blocks;
	cgn_peak_see(&pool->addrs[i].blocks_peak,
		(uint32_t)pool->addrs[i].n_blocks - pool->addrs[i].n_free, pool->rest_now_s);
	cgn_block_tell(pool, b, CGN_BLOCK_LEASED);
	return b;
}

/* The last of the pool are for those who have none. */
static bool
may_extend(const struct cgn_pool *pool, uint32_t tenant)
{
	const struct cgn_pool_use *use = &pool->use[tenant];
	uint32_t percent = pool->dir->tenants[tenant].conf->ports.kept_percent;

	return use->n_blocks - use->blocks > (uint64_t)use->n_blocks * percent / 100;
}

static bool
may_have_another(const struct cgn_pool *pool, uint32_t inside, uint32_t tenant)
{
	const struct cgn_subscriber *sub = &pool->subscribers[inside];
	bool is_computed = pool->dir->tenants[tenant].det != NULL;
	int n = sub->n_blocks - sub->n_resting;
	struct cgn_class own;

	for (uint32_t b = sub->first_block; b != CGN_NONE; b = pool->blocks[b].next)
		n -= !pool->blocks[b].is_resting &&
			(pool->blocks[b].is_fixed ||
				pool->blocks[b].pool != sub->pool); /* left when it drained */
	n += is_computed; /* a range counts, leased or not (M of RFC 7422) */
	if (n >= (int)cgn_class_of(pool->dir, tenant, sub, inside, &own)->max_blocks)
		return false;
	return n <= 0 || is_computed || may_extend(pool, tenant);
}

/* The last of an address are for those who have no resting block to fall back on (lease.h). */
static bool
has_block_for(const struct cgn_pool *pool, uint32_t i, const struct cgn_subscriber *sub)
{
	const struct cgn_pool_addr *addr = &pool->addrs[i];

	if (!cgn_fixed_is_ready(pool, i, addr->tenant))
		return false;
	return addr->n_free > (sub->n_resting > 0 ? addr->n_blocks / 8 : 0);
}

static bool
is_bound(const struct cgn_pool *pool, const struct cgn_subscriber *sub)
{
	return sub->n_blocks > 0 && sub->pool != CGN_NONE &&
		pool->addrs[sub->pool].state == CGN_ADDR_OPEN;
}

bool
cgn_pool_is_bound_elsewhere(const struct cgn_pool *pool, uint32_t inside, uint32_t pool_index)
{
	const uint32_t holder = cgn_directory_holder(pool->dir, inside);
	const struct cgn_subscriber *sub = &pool->subscribers[holder];
	struct cgn_fixed fixed;

	if (cgn_fixed_find(pool, holder, pool->dir->pool_tenants[pool_index], &fixed))
		return fixed.pool != pool_index;
	return is_bound(pool, sub) && sub->pool != pool_index;
}

/*
 * A subscriber that holds nothing may move, but only if its old address has no room, or is another
 * tenant's or nobody's by now; from one that drains it moves whatever it holds, if there is
 * another.
 */
static bool
must_move(const struct cgn_pool *pool, const struct cgn_subscriber *sub, uint32_t tenant)
{
	return !is_bound(pool, sub) &&
		(sub->pool == CGN_NONE || pool->addrs[sub->pool].state != CGN_ADDR_OPEN ||
			pool->addrs[sub->pool].tenant != tenant ||
			pool->addrs[sub->pool].n_free == 0);
}

bool
cgn_block_moves(const struct cgn_pool *pool, uint32_t inside, uint32_t tenant)
{
	struct cgn_fixed fixed;

	if (cgn_fixed_find(pool, inside, tenant, &fixed))
		return pool->subscribers[inside].pool != fixed.pool;
	return must_move(pool, &pool->subscribers[inside], tenant) && pool->use[tenant].n_avail > 0;
}

uint32_t
cgn_pool_pair(struct cgn_pool *pool, uint32_t inside, uint32_t tenant)
{
	const uint32_t holder = cgn_directory_holder(pool->dir, inside);
	struct cgn_subscriber *sub = &pool->subscribers[holder];
	struct cgn_fixed fixed;
	uint32_t i;

	if (cgn_fixed_find(pool, holder, tenant, &fixed)) {
		sub->pool = fixed.pool;
		return fixed.pool;
	}
	if (!must_move(pool, sub, tenant))
		return sub->pool;
	i = cgn_addr_choose(pool, tenant);
	if (i != CGN_NONE || sub->n_blocks == 0)
		sub->pool = i;
	return i;
}

/* Why no block can be leased on the subscriber's paired address i; FATE_NONE if one can. */
static enum cgn_fate
refuse_lease(const struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t i)
{
	if (i == CGN_NONE)
		return CGN_FATE_NO_ADDRESS;
	return has_block_for(pool, i, &pool->subscribers[inside]) &&
			may_have_another(pool, inside, tenant)
		? CGN_FATE_NONE
		: CGN_FATE_NO_PORTS;
}

enum cgn_fate
cgn_block_foresee(const struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t *address)
{
	const struct cgn_subscriber *sub = &pool->subscribers[inside];
	uint32_t any = pool->use[tenant].n_avail > 0 ? pool->avail[tenant].addrs[0] : CGN_NONE;
	bool moves = must_move(pool, sub, tenant);
	struct cgn_fixed fixed;

	if (cgn_fixed_find(pool, inside, tenant, &fixed)) {
		*address = fixed.pool;
		return cgn_fixed_is_free(pool, tenant, &fixed)
			? CGN_FATE_NONE
			: refuse_lease(pool, inside, tenant, fixed.pool);
	}
	*address = moves ? CGN_NONE : sub->pool;
	return refuse_lease(pool, inside, tenant, moves ? any : sub->pool);
}

enum cgn_fate
cgn_block_lease(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t *out)
{
	uint32_t i = cgn_pool_pair(pool, inside, tenant);
	struct cgn_fixed fixed;
	enum cgn_fate fate;

	if (cgn_fixed_find(pool, inside, tenant, &fixed) &&
		cgn_fixed_is_free(pool, tenant, &fixed)) {
		*out = lease(pool, inside, i, 0, &fixed.span);
		return *out != CGN_NONE ? CGN_FATE_NONE : CGN_FATE_NO_PORTS;
	}
	fate = refuse_lease(pool, inside, tenant, i);
	if (fate != CGN_FATE_NONE)
		return fate;
	*out = lease(pool, inside, i, cgn_addr_choose_block(pool, &pool->addrs[i]), NULL);
	return *out != CGN_NONE ? CGN_FATE_NONE : CGN_FATE_NO_PORTS;
}

/* Low granules that nobody has, and of which something can be given out. */
static uint64_t
low_granules(const struct cgn_pool *pool, uint32_t i)
{
	const struct cgn_pool_addr *addr = &pool->addrs[i];
	uint64_t free = 0;

	if (addr->state != CGN_ADDR_OPEN || addr->fixed_block == 0 ||
		addr->fixed.last >= CGN_LOW_GRANULES)
		return 0;
	for (uint32_t g = 0; g < CGN_LOW_GRANULES; g++) {
		const struct cgn_span span = {(uint16_t)g, (uint16_t)g};

		if (!(addr->leased[0] >> g & 1) && !cgn_span_is_reserved(pool, i, &span))
			free |= UINT64_C(1) << g;
	}
	return free;
}

bool
cgn_block_may_lease_low(const struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t i)
{
	return i != CGN_NONE && low_granules(pool, i) != 0 &&
		may_have_another(pool, inside, tenant);
}

enum cgn_fate
cgn_block_lease_low(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t *out)
{
	uint32_t i = cgn_pool_pair(pool, inside, tenant), g;

	if (!cgn_block_may_lease_low(pool, inside, tenant, i))
		return CGN_FATE_NO_PORTS;
	g = cgn_random_bit(pool->rand, low_granules(pool, i));
	*out = lease(pool, inside, i, 0, &(struct cgn_span){(uint16_t)g, (uint16_t)g});
	return *out != CGN_NONE ? CGN_FATE_NONE : CGN_FATE_NO_PORTS;
}

enum cgn_fate
cgn_block_lease_at(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, struct cgn_port at)
{
	const struct cgn_pool_addr *addr = &pool->addrs[at.pool];
	uint32_t granule = at.port / CGN_GRANULE_PORTS, k;
	struct cgn_fixed fixed;

	if (cgn_fixed_find(pool, inside, tenant, &fixed) && fixed.pool == at.pool &&
		granule >= fixed.span.first && granule <= fixed.span.last)
		return cgn_fixed_is_free(pool, tenant, &fixed) &&
				lease(pool, inside, at.pool, 0, &fixed.span) != CGN_NONE
			? CGN_FATE_NONE
			: CGN_FATE_NO_PORTS;
	if (!cgn_fixed_is_ready(pool, at.pool, tenant) || granule < addr->first_granule ||
		granule > addr->last_granule || !may_have_another(pool, inside, tenant))
		return CGN_FATE_NO_PORTS;
	k = (granule - addr->first_granule) / addr->block_granules;
	if (!(addr->free_blocks[k / 64] >> (k % 64) & 1))
		return CGN_FATE_NO_PORTS;
	return lease(pool, inside, at.pool, k, NULL) != CGN_NONE ? CGN_FATE_NONE
								 : CGN_FATE_NO_PORTS;
}

int
cgn_block_lease_all(struct cgn_pool *pool, uint32_t i)
{
	for (uint32_t k = 0; pool->addrs[i].n_free > 0; k++) {
		uint32_t b = lease(pool, cgn_pool_owner(pool, i), i, k, NULL);

		if (b == CGN_NONE)
			return -ENOMEM;
		pool->blocks[b].is_owned = true;
		/* The journal need not know: the configuration does. */
		cgn_block_unnote(pool, i, pool->blocks[b].first_granule);
	}
	return 0;
}

void
cgn_block_disown(struct cgn_pool *pool, uint32_t i)
{
	uint32_t b = pool->subscribers[cgn_pool_owner(pool, i)].first_block, next;

	atomic_store_explicit(&pool->owners[i], 0, memory_order_relaxed);
	for (; b != CGN_NONE; b = next) {
		struct cgn_block *block = &pool->blocks[b];

		next = block->next;
		if (block->pool != i)
			continue;
		block->is_owned = false;
		if (cgn_block_is_idle(block))
			cgn_block_give_back(pool, b);
	}
}

void
cgn_block_unchain(struct cgn_pool *pool, uint32_t b)
{
	const struct cgn_block *block = &pool->blocks[b];
	struct cgn_subscriber *sub = &pool->subscribers[block->inside];
	uint32_t *link = &sub->first_block;

	while (*link != b)
		link = &pool->blocks[*link].next;
	*link = block->next;
	sub->n_blocks--;
}

void
cgn_block_give_back(struct cgn_pool *pool, uint32_t b)
{
	struct cgn_block *block = &pool->blocks[b];

	cgn_block_tell(pool, b, CGN_BLOCK_RETURNED);
	if (!block->is_orphan)
		cgn_block_unchain(pool, b);
	detach_chunks(pool, b);
	if (!block->is_fixed)
		cgn_block_note(pool, block->pool, block->first_granule);
	cgn_addr_return(pool, block->pool, block->first_granule, block->n_granules);
	pool->use[pool->addrs[block->pool].tenant].blocks--;
	block->next = pool->first_free_block;
	pool->first_free_block = b;
	if (!cgn_directory_pool_live(pool->dir, block->pool))
		cgn_pool_addr_remove(pool, block->pool); /* if it was the last one */
}
