/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port blocks. Which address: paired if the subscriber has one, else the emptier of two drawn at
 * random among those with a free block, which spreads load without looking at the whole pool. Which
 * block: the first free one after a random place (both pool_addr.c). Which port: likewise within
 * the block.
 */
#include "port_block.h"

#include <assert.h>
#include <errno.h>

#include "pool_addr.h"
#include "reserve.h"

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

static void
reserve_ports(struct cgn_pool *pool, struct cgn_block *block, uint32_t granule, uint32_t chunk)
{
	for (int p = 0; p < CGN_N_PROTOS; p++) {
		uint64_t reserved = cgn_granule_reserved(granule, (enum cgn_proto)p);

		pool->ctl[chunk].busy[p] = reserved;
		block->capacity[p] = (uint16_t)(block->capacity[p] + CGN_GRANULE_PORTS -
			__builtin_popcountll(reserved));
	}
}

/* Gives each granule of the block a clean chunk; its address keeps enough of them. */
static void
attach_chunks(struct cgn_pool *pool, uint32_t b)
{
	struct cgn_block *block = &pool->blocks[b];

	for (uint32_t g = 0; g < block->n_granules; g++) {
		uint32_t c = pool->first_free_chunk;

		pool->first_free_chunk = pool->ctl[c].block;
		pool->ctl[c] = (struct cgn_chunk_ctl){.block = b};
		reserve_ports(pool, block, block->first_granule + g, c);
		atomic_store_explicit(&pool->granules[(uint64_t)block->pool * CGN_GRANULES +
					      block->first_granule + g],
			c, memory_order_release);
	}
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

/*
 * Leases block k of address i to a subscriber that may have it; both are free for it. CGN_NONE when
 * the system has no memory for its chunks.
 */
static uint32_t
lease(struct cgn_pool *pool, uint32_t inside, uint32_t i, uint32_t k)
{
	struct cgn_subscriber *sub = &pool->subscribers[inside];
	struct cgn_pool_use *use = &pool->use[pool->addrs[i].tenant];
	uint32_t b = pool->first_free_block;
	struct cgn_block *block = &pool->blocks[b];

	if (!chunks_are_filled(pool, pool->addrs[i].block_granules))
		return CGN_NONE;
	pool->first_free_block = block->next;
	*block = (struct cgn_block){.inside = inside, .pool = i, .next = sub->first_block};
	cgn_addr_lease(pool, i, k, &block->first_granule, &block->n_granules);
	attach_chunks(pool, b);
	cgn_block_note(pool, i, block->first_granule);
	sub->first_block = b;
	sub->pool = i;
	sub->n_blocks++;
	if (++use->blocks > use->blocks_peak)
		use->blocks_peak = use->blocks;
	cgn_peak_see(&pool->addrs[i].blocks_peak,
		(uint32_t)pool->addrs[i].n_blocks - pool->addrs[i].n_free, pool->rest_now_s);
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
	int n = sub->n_blocks - sub->n_resting;
	struct cgn_class own;

	for (uint32_t b = sub->first_block; b != CGN_NONE; b = pool->blocks[b].next)
		n -= !pool->blocks[b].is_resting &&
			pool->blocks[b].pool != sub->pool; /* left when it drained */
	if (n >= (int)cgn_class_of(pool->dir, tenant, sub, inside, &own)->max_blocks)
		return false;
	return n <= 0 || may_extend(pool, tenant);
}

/* The last of an address are for those who have no resting block to fall back on (lease.h). */
static bool
has_block_for(const struct cgn_pool *pool, uint32_t i, const struct cgn_subscriber *sub)
{
	const struct cgn_pool_addr *addr = &pool->addrs[i];

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
	const struct cgn_subscriber *sub =
		&pool->subscribers[cgn_directory_holder(pool->dir, inside)];

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
	return must_move(pool, &pool->subscribers[inside], tenant) && pool->use[tenant].n_avail > 0;
}

uint32_t
cgn_pool_pair(struct cgn_pool *pool, uint32_t inside, uint32_t tenant)
{
	struct cgn_subscriber *sub = &pool->subscribers[cgn_directory_holder(pool->dir, inside)];
	uint32_t i;

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

	*address = moves ? CGN_NONE : sub->pool;
	return refuse_lease(pool, inside, tenant, moves ? any : sub->pool);
}

enum cgn_fate
cgn_block_lease(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t *out)
{
	uint32_t i = cgn_pool_pair(pool, inside, tenant);
	enum cgn_fate fate = refuse_lease(pool, inside, tenant, i);

	if (fate != CGN_FATE_NONE)
		return fate;
	*out = lease(pool, inside, i, cgn_addr_choose_block(pool, &pool->addrs[i]));
	return *out != CGN_NONE ? CGN_FATE_NONE : CGN_FATE_NO_PORTS;
}

enum cgn_fate
cgn_block_lease_at(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, struct cgn_port at)
{
	const struct cgn_pool_addr *addr = &pool->addrs[at.pool];
	uint32_t granule = at.port / CGN_GRANULE_PORTS, k;

	if (granule < addr->first_granule || granule > addr->last_granule ||
		!may_have_another(pool, inside, tenant))
		return CGN_FATE_NO_PORTS;
	k = (granule - addr->first_granule) / addr->block_granules;
	if (!(addr->free_blocks[k / 64] >> (k % 64) & 1))
		return CGN_FATE_NO_PORTS;
	return lease(pool, inside, at.pool, k) != CGN_NONE ? CGN_FATE_NONE : CGN_FATE_NO_PORTS;
}

int
cgn_block_lease_all(struct cgn_pool *pool, uint32_t i)
{
	for (uint32_t k = 0; pool->addrs[i].n_free > 0; k++) {
		uint32_t b = lease(pool, cgn_pool_owner(pool, i), i, k);

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

	if (!block->is_orphan)
		cgn_block_unchain(pool, b);
	detach_chunks(pool, b);
	cgn_block_note(pool, block->pool, block->first_granule);
	cgn_addr_return(pool, block->pool, block->first_granule, block->n_granules);
	pool->use[pool->addrs[block->pool].tenant].blocks--;
	block->next = pool->first_free_block;
	pool->first_free_block = b;
	if (!cgn_directory_pool_live(pool->dir, block->pool))
		cgn_pool_addr_remove(pool, block->pool); /* if it was the last one */
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

uint16_t
cgn_block_pick(struct cgn_pool *pool, uint32_t b, enum cgn_proto proto)
{
	struct cgn_block *block = &pool->blocks[b];
	uint32_t g = cgn_rand_below(pool->rand, block->n_granules), bit, c;

	assert(block->busy[proto] < block->capacity[proto]);
	for (;;) {
		c = atomic_load_explicit(&pool->granules[(uint64_t)block->pool * CGN_GRANULES +
						 block->first_granule + g],
			memory_order_relaxed);
		if (pool->ctl[c].busy[proto] != UINT64_MAX)
			break;
		g = (g + 1) % block->n_granules;
	}
	bit = cgn_random_bit(pool->rand, ~pool->ctl[c].busy[proto]);
	cgn_block_book(pool, c, proto, bit);
	return (uint16_t)((block->first_granule + g) * CGN_GRANULE_PORTS + bit);
}

void
cgn_block_book(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit)
{
	struct cgn_block *block = &pool->blocks[pool->ctl[chunk].block];

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
	pool->ctl[chunk].busy[proto] &= ~(UINT64_C(1) << bit);
	block->busy[proto]--;
	count_busy(pool, block->pool, proto, -1);
	if (cgn_block_is_idle(block))
		cgn_block_give_back(pool, b);
}
