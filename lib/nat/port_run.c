/* SPDX-License-Identifier: BSD-3-Clause */
/* Search for runs of free ports; called by control/explicit_set.c. */
#include "port_run.h"

#include <stdbool.h>

#include "fixed_range.h"
#include "port_block.h"

static bool
is_free(const struct cgn_pool *pool, const struct cgn_block *block, enum cgn_proto proto,
	uint32_t port)
{
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)block->pool * CGN_GRANULES + port / CGN_GRANULE_PORTS],
		memory_order_relaxed);

	return !(pool->ctl[chunk].busy[proto] >> (port % CGN_GRANULE_PORTS) & 1);
}

/* The longest run in one block, or one of want->n as soon as there is one. */
static struct cgn_run
run_in_block(const struct cgn_pool *pool, uint32_t b, const struct cgn_run_want *want)
{
	const struct cgn_block *block = &pool->blocks[b];
	uint32_t first = (uint32_t)block->first_granule * CGN_GRANULE_PORTS;
	uint32_t end = first + (uint32_t)block->n_granules * CGN_GRANULE_PORTS, n = 0;
	struct cgn_run best = {.at = {.pool = block->pool}};

	for (uint32_t port = first; port < end && best.n < want->n; port++) {
		bool starts = n > 0 || want->parity < 0 || (int)(port & 1) == want->parity;

		n = is_free(pool, block, want->proto, port) && starts ? n + 1 : 0;
		if (n > best.n) {
			best.n = n;
			best.at.port = (uint16_t)(port - n + 1);
		}
	}
	return best;
}

/* Are all of them free from the wanted first port on, in one block that the subscriber holds? */
static bool
suits(const struct cgn_pool *pool, uint32_t b, const struct cgn_run_want *want)
{
	const struct cgn_block *block = &pool->blocks[b];
	uint32_t first = (uint32_t)block->first_granule * CGN_GRANULE_PORTS;
	uint32_t end = first + (uint32_t)block->n_granules * CGN_GRANULE_PORTS;

	if (want->first < first || want->first + want->n > end ||
		(want->parity >= 0 && (want->first & 1) != want->parity))
		return false;
	for (uint32_t k = 0; k < want->n; k++)
		if (!is_free(pool, block, want->proto, want->first + k))
			return false;
	return true;
}

struct cgn_run
cgn_pool_find_run(struct cgn_pool *pool, const struct cgn_run_want *want)
{
	const uint32_t holder = cgn_directory_holder(pool->dir, want->inside);
	const struct cgn_subscriber *sub = &pool->subscribers[holder];
	struct cgn_run best = {0};
	uint32_t fresh;

	cgn_pool_pair(pool, holder, want->tenant); /* not with an address that drains */
	if (!cgn_directory_pool_live(pool->dir, sub->pool))
		return best;
	for (uint32_t b = sub->first_block; b != CGN_NONE; b = pool->blocks[b].next) {
		struct cgn_run run = {0};

		if (pool->blocks[b].pool != sub->pool || cgn_block_is_low(&pool->blocks[b]) ||
			!cgn_fixed_may_use(pool, holder, want->tenant, b, want->proto))
			continue;
		if (want->first != 0 && suits(pool, b, want))
			return (struct cgn_run){
				.at = {.pool = pool->blocks[b].pool, .port = want->first},
				.n = want->n};
		if (!pool->blocks[b].is_resting)
			run = run_in_block(pool, b, want);
		if (run.n > best.n)
			best = run;
	}
	/* What a computed range has left comes before more of it elsewhere (RFC 7422 section 2). */
	if (best.n < want->n && (best.n == 0 || pool->dir->tenants[want->tenant].det == NULL) &&
		cgn_block_lease(pool, holder, want->tenant, &fresh) == CGN_FATE_NONE) {
		struct cgn_run run = run_in_block(pool, fresh, want);

		if (run.n > best.n)
			best = run;
		else
			cgn_block_give_back(pool, fresh);
	}
	return best;
}

void
cgn_pool_leave_run(struct cgn_pool *pool, const struct cgn_run *run)
{
	const struct cgn_block *block;
	uint32_t chunk, b;

	if (run->n == 0)
		return;
	chunk = atomic_load_explicit(&pool->granules[(uint64_t)run->at.pool * CGN_GRANULES +
					     run->at.port / CGN_GRANULE_PORTS],
		memory_order_relaxed);
	b = pool->ctl[chunk].block;
	block = &pool->blocks[b];
	if (chunk != 0 && cgn_block_is_idle(block))
		cgn_block_give_back(pool, b);
}
