/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks that rest as a whole after a restart: one chain per second, through the blocks. A block
 * costs the same whatever the number of its ports. Called by control/state_lease.c at start, by
 * port_rest.c when time goes on.
 */
#include "lease.h"
#include "fixed_range.h"
#include "pool_addr.h"
#include "port_block.h"

/* The block that holds a port, or CGN_NONE. */
static uint32_t
block_at(const struct cgn_pool *pool, struct cgn_port at)
{
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)at.pool * CGN_GRANULES + at.port / CGN_GRANULE_PORTS],
		memory_order_relaxed);

	return chunk != 0 ? pool->ctl[chunk].block : CGN_NONE;
}

static void
count(struct cgn_pool *pool, const struct cgn_block *block, int by)
{
	struct cgn_subscriber *sub = &pool->subscribers[block->inside];

	if (!block->is_orphan)
		sub->n_resting = (uint16_t)(sub->n_resting + by);
	pool->use[pool->addrs[block->pool].tenant].blocks_resting += (uint32_t)by;
}

static void
rest(struct cgn_pool *pool, uint32_t b, uint32_t until_s)
{
	struct cgn_block *block = &pool->blocks[b];
	uint32_t *head = &pool->rest_blocks[until_s % CGN_BLOCK_REST_SLOTS];

	block->is_resting = true;
	block->rests_until_s = until_s;
	block->rest_next = *head;
	*head = b + 1;
	count(pool, block, 1);
}

/* The block of the port, leased to the subscriber if it is free; CGN_NONE when it is another's. */
static uint32_t
block_for(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, struct cgn_port at)
{
	struct cgn_subscriber *sub = &pool->subscribers[inside];
	uint32_t b = block_at(pool, at), paired = sub->n_blocks > 0 ? sub->pool : at.pool;
	enum cgn_fate fate;

	if (b != CGN_NONE)
		return cgn_block_is_of(&pool->blocks[b], inside) ? b : CGN_NONE;
	sub->n_resting++; /* as it will: the limit does not hold for it */
	fate = cgn_block_lease_at(pool, inside, tenant, at);
	sub->n_resting--;
	if (fate != CGN_FATE_NONE)
		return CGN_NONE;
	sub->pool = paired; /* port forwards of the configuration may have chosen another */
	return block_at(pool, at);
}

/* Does it lie where nobody else can have a port by now? Then nothing has to rest; what he had there
 * from before the range was computed is forgotten. */
static bool
is_own_range(struct cgn_pool *pool, uint32_t tenant, const struct cgn_lease *was)
{
	struct cgn_fixed fixed;

	if (!cgn_fixed_find(pool, was->inside, tenant, &fixed) || fixed.pool != was->pool ||
		was->first / CGN_GRANULE_PORTS < fixed.span.first ||
		(was->first + was->n_ports - 1) / CGN_GRANULE_PORTS > fixed.span.last)
		return false;
	cgn_block_note(pool, was->pool, was->first / CGN_GRANULE_PORTS);
	return true;
}

uint32_t
cgn_lease_restore(
	struct cgn_pool *pool, uint32_t tenant, const struct cgn_lease *was, uint32_t until_s)
{
	struct cgn_subscriber *sub = &pool->subscribers[was->inside];
	uint32_t end = was->first + was->n_ports, n = 0, next;
	bool is_same = false;

	if (cgn_pool_owner(pool, was->pool) != CGN_NONE)
		return 0; /* the configuration gives all of it to one subscriber by now */
	if (is_own_range(pool, tenant, was))
		return 0;
	if (sub->n_blocks == 0 && !was->is_orphan)
		sub->pool = was->pool;
	for (uint32_t port = was->first; port < end && until_s != pool->rest_now_s; port = next) {
		struct cgn_port at = {.pool = was->pool, .port = (uint16_t)port};
		uint32_t b = block_for(pool, was->inside, tenant, at);
		const struct cgn_block *block = &pool->blocks[b != CGN_NONE ? b : 0];

		next = (port / CGN_GRANULE_PORTS + 1) * CGN_GRANULE_PORTS;
		if (b == CGN_NONE)
			continue;
		next = (uint32_t)(block->first_granule + block->n_granules) * CGN_GRANULE_PORTS;
		is_same |= block->first_granule * CGN_GRANULE_PORTS == was->first && next == end;
		if (block->is_resting)
			continue;
		rest(pool, b, until_s);
		n++;
		if (was->is_orphan)
			cgn_block_orphan(pool, b);
	}
	if (was->is_orphan && sub->n_blocks == 0)
		sub->pool = CGN_NONE;
	/* The journal knows what is as it was. */
	if (is_same)
		cgn_block_unnote(pool, was->pool, was->first / CGN_GRANULE_PORTS);
	else
		cgn_block_note(pool, was->pool, was->first / CGN_GRANULE_PORTS);
	return n;
}

void
cgn_block_rest_addr(struct cgn_pool *pool, uint32_t i, uint32_t until_s)
{
	for (uint32_t g = 0; (g = cgn_pool_addr_leased(&pool->addrs[i], g)) < CGN_GRANULES;) {
		struct cgn_port at = {.pool = i, .port = (uint16_t)(g * CGN_GRANULE_PORTS)};
		uint32_t b = block_at(pool, at);

		g += pool->blocks[b].n_granules;
		if (!pool->blocks[b].is_resting)
			rest(pool, b, until_s);
	}
}

uint32_t
cgn_block_rest_wake(struct cgn_pool *pool, uint32_t now_s, uint32_t budget)
{
	uint32_t *head = &pool->rest_blocks[now_s % CGN_BLOCK_REST_SLOTS], n = 0;

	while (*head != 0 && n < budget) {
		uint32_t b = *head - 1;
		struct cgn_block *block = &pool->blocks[b];

		*head = block->rest_next;
		block->is_resting = false;
		count(pool, block, -1);
		n += block->n_granules;
		if (cgn_block_is_idle(block))
			cgn_block_give_back(pool, b);
	}
	return n;
}
