/* SPDX-License-Identifier: BSD-3-Clause */
/* Computed ranges; see fixed_range.h. Called by pool.c, port_block.c, port_run.c, block_rest.c and
 * control/switch_sweep.c. */
#include "fixed_range.h"

#include "deterministic.h"
#include "pool_layout.h"
#include "port_block.h"

#include <rte_common.h>

static const struct cgn_det *
det_of(const struct cgn_pool *pool, uint32_t tenant)
{
	return pool->dir->tenants[tenant].det;
}

static bool
span_has(const struct cgn_span *span, uint32_t granule)
{
	return granule >= span->first && granule <= span->last;
}

/* Where the holder's range is, whether his address drains or not. */
static bool
compute(const struct cgn_pool *pool, uint32_t holder, uint32_t tenant, struct cgn_fixed *fixed)
{
	const struct cgn_det *det = det_of(pool, tenant);
	struct cgn_det_answer answer;

	if (det == NULL || !cgn_directory_inside_live(pool->dir, holder) ||
		cgn_pool_owns(pool, holder))
		return false;
	cgn_det_range(det, cgn_directory_inside_addr(pool->dir, holder), &answer);
	if (answer.kind != CGN_DET_RANGE)
		return false;
	fixed->pool = cgn_directory_pool_find(pool->dir, tenant, answer.outside);
	fixed->span.first = answer.first / CGN_GRANULE_PORTS;
	fixed->span.last = answer.last / CGN_GRANULE_PORTS;
	return fixed->pool != CGN_NONE;
}

bool
cgn_fixed_find(
	const struct cgn_pool *pool, uint32_t holder, uint32_t tenant, struct cgn_fixed *fixed)
{
	return compute(pool, holder, tenant, fixed) &&
		pool->addrs[fixed->pool].state != CGN_ADDR_DRAINING;
}

uint32_t
cgn_fixed_block(const struct cgn_pool *pool, uint32_t holder, const struct cgn_fixed *fixed)
{
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)fixed->pool * CGN_GRANULES + fixed->span.first],
		memory_order_relaxed);
	uint32_t b = pool->ctl[chunk].block;
	const struct cgn_block *block = &pool->blocks[b];

	return chunk != 0 && block->first_granule == fixed->span.first &&
			block->first_granule + block->n_granules == fixed->span.last + 1 &&
			cgn_block_is_of(block, holder)
		? b
		: CGN_NONE;
}

bool
cgn_fixed_is_ready(const struct cgn_pool *pool, uint32_t i, uint32_t tenant)
{
	const struct cgn_pool_addr *addr = &pool->addrs[i];
	struct cgn_layout l;

	if (det_of(pool, tenant) == NULL)
		return true;
	if (addr->state != CGN_ADDR_OPEN || addr->tenant != tenant)
		return false;
	l = cgn_layout_of(pool, pool->dir, i);
	return cgn_layout_is(addr, &l);
}

bool
cgn_fixed_is_free(const struct cgn_pool *pool, uint32_t tenant, const struct cgn_fixed *fixed)
{
	return cgn_fixed_is_ready(pool, fixed->pool, tenant) &&
		cgn_span_is_free(&pool->addrs[fixed->pool], &fixed->span);
}

bool
cgn_fixed_extends(const struct cgn_pool *pool, uint32_t holder, uint32_t tenant)
{
	struct cgn_fixed fixed;

	return det_of(pool, tenant) != NULL &&
		!(cgn_fixed_find(pool, holder, tenant, &fixed) &&
			cgn_fixed_is_free(pool, tenant, &fixed));
}

static bool
has_room(const struct cgn_pool *pool, uint32_t holder, uint32_t tenant,
	const struct cgn_fixed *fixed, enum cgn_proto proto)
{
	uint32_t b = cgn_fixed_block(pool, holder, fixed);

	if (b == CGN_NONE)
		return cgn_fixed_is_free(pool, tenant, fixed);
	return pool->blocks[b].busy[proto] < pool->blocks[b].capacity[proto];
}

static bool
is_dynamic(const struct cgn_det *det, uint32_t first_port, uint32_t n_ports)
{
	return det->n_dynamic > 0 && first_port >= det->dynamic_first &&
		first_port + n_ports <= det->dynamic_first + det->n_dynamic;
}

bool
cgn_fixed_may_use(const struct cgn_pool *pool, uint32_t holder, uint32_t tenant, uint32_t b,
	enum cgn_proto proto)
{
	const struct cgn_det *det = det_of(pool, tenant);
	const struct cgn_block *block = &pool->blocks[b];
	struct cgn_fixed fixed;
	bool has_range;

	if (det == NULL)
		return true;
	has_range = cgn_fixed_find(pool, holder, tenant, &fixed);
	if (has_range && cgn_fixed_block(pool, holder, &fixed) == b)
		return true;
	return block->is_dynamic &&
		is_dynamic(det, block->first_granule * (uint32_t)CGN_GRANULE_PORTS,
			block->n_granules * (uint32_t)CGN_GRANULE_PORTS) &&
		!(has_range && has_room(pool, holder, tenant, &fixed, proto));
}

bool
cgn_fixed_may_ask(const struct cgn_pool *pool, uint32_t holder, uint32_t tenant,
	enum cgn_proto proto, struct cgn_port at)
{
	const struct cgn_det *det = det_of(pool, tenant);
	struct cgn_fixed fixed;
	bool has_range;

	if (det == NULL || cgn_pool_owns(pool, holder))
		return true;
	has_range = cgn_fixed_find(pool, holder, tenant, &fixed);
	if (has_range && fixed.pool == at.pool &&
		span_has(&fixed.span, at.port / CGN_GRANULE_PORTS))
		return true;
	return is_dynamic(det, at.port, 1) &&
		(pool->restores || !has_range || !has_room(pool, holder, tenant, &fixed, proto));
}

bool
cgn_fixed_allows(const struct cgn_pool *pool, uint32_t holder, uint32_t tenant, struct cgn_port at)
{
	const struct cgn_det *det = det_of(pool, tenant);
	uint32_t b =
		pool->ctl[atomic_load_explicit(&pool->granules[(uint64_t)at.pool * CGN_GRANULES +
						       at.port / CGN_GRANULE_PORTS],
				  memory_order_relaxed)]
			.block;
	struct cgn_fixed fixed;

	if (det == NULL || cgn_pool_owner(pool, at.pool) != CGN_NONE)
		return true;
	if (!compute(pool, holder, tenant, &fixed))
		return false;
	if (cgn_fixed_block(pool, holder, &fixed) == b)
		return true;
	return pool->blocks[b].is_dynamic && is_dynamic(det, at.port, 1) &&
		(fixed.pool == at.pool || pool->addrs[fixed.pool].state == CGN_ADDR_DRAINING);
}

void
cgn_fixed_open(struct cgn_pool *pool, uint32_t i, uint32_t first, uint32_t last)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];
	uint32_t k, end;

	/* Low ports are not counted: nobody is promised any. */
	if (addr->fixed_block == 0 || addr->fixed.first < CGN_LOW_GRANULES ||
		first > addr->fixed.last || last < addr->fixed.first)
		return;
	k = first > addr->fixed.first ? (first - addr->fixed.first) / addr->fixed_block : 0;
	end = (RTE_MIN(last, addr->fixed.last) - addr->fixed.first) / addr->fixed_block;
	for (; k <= end; k++) {
		uint32_t at = addr->fixed.first + k * addr->fixed_block;
		struct cgn_span span = {(uint16_t)at, (uint16_t)(at + addr->fixed_block - 1)};

		if (!cgn_span_is_free(addr, &span))
			continue;
		addr->n_idle++;
		pool->use[addr->tenant].n_blocks++;
	}
}
