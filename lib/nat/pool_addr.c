/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outside addresses and their free blocks; see pool_addr.h. The free blocks of the layout in force
 * are kept as a bitmap beside that of the leased granules, so that leasing need not search; a
 * tenant has a list of the addresses with a free block, so that drawing one needs no search either.
 */
#include "pool_addr.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fixed_range.h"
#include "pool_layout.h"
#include "port_block.h"

/* Chunks and blocks up to these numbers join the free ones. */
static void
link_free(struct cgn_pool *pool, uint32_t to_chunk, uint32_t to_block)
{
	for (; pool->n_chunks < to_chunk; pool->n_chunks++) {
		pool->ctl[pool->n_chunks].block = pool->first_free_chunk;
		pool->first_free_chunk = pool->n_chunks;
	}
	for (; pool->n_blocks < to_block; pool->n_blocks++) {
		pool->blocks[pool->n_blocks].next = pool->first_free_block;
		pool->first_free_block = pool->n_blocks;
	}
}

/* The address keeps so many chunks and blocks for itself, so that a lease finds one: 0 or -ENOMEM.
 */
static int
keep(struct cgn_pool *pool, struct cgn_pool_addr *addr, uint32_t chunks, uint32_t blocks)
{
	uint32_t all_chunks = pool->kept_chunks - addr->kept_chunks + chunks;
	uint32_t all_blocks = pool->kept_blocks - addr->kept_blocks + blocks;

	if (all_chunks + 1 > pool->ready.n_chunks || all_blocks > pool->ready.n_blocks)
		return -ENOMEM;
	link_free(pool, all_chunks + 1, all_blocks);
	addr->kept_chunks = (uint16_t)chunks;
	addr->kept_blocks = (uint16_t)blocks;
	pool->kept_chunks = all_chunks;
	pool->kept_blocks = all_blocks;
	return 0;
}

/* Room in the tenant's list for one address more: 0 or -ENOMEM. */
static int
list_grow(struct cgn_pool_list *list)
{
	uint32_t cap = list->cap > 0 ? list->cap * 2 : 4;
	uint32_t *addrs;

	if (list->n_addrs < list->cap)
		return 0;
	addrs = realloc(list->addrs, cap * sizeof(*addrs));
	if (addrs == NULL)
		return -ENOMEM;
	list->addrs = addrs;
	list->cap = cap;
	return 0;
}

/* Full addresses, and those that drain, are not in the tenant's list. */
static void
list_update(struct cgn_pool *pool, uint32_t i)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];
	struct cgn_pool_use *use = &pool->use[addr->tenant];
	uint32_t *list = pool->avail[addr->tenant].addrs;

	if ((addr->n_free > 0) == (addr->avail_pos != CGN_NONE))
		return;
	if (addr->n_free > 0) {
		addr->avail_pos = use->n_avail++;
		list[addr->avail_pos] = i;
	} else {
		uint32_t last = list[--use->n_avail];

		list[addr->avail_pos] = last;
		pool->addrs[last].avail_pos = addr->avail_pos;
		addr->avail_pos = CGN_NONE;
	}
}

/* First and last granule of block k; the range need not be a multiple of the block size. */
static struct cgn_span
block_span(const struct cgn_pool_addr *addr, uint32_t k)
{
	uint32_t first = addr->first_granule + k * addr->block_granules;
	uint32_t last = first + addr->block_granules - 1u;

	return (struct cgn_span){.first = (uint16_t)first,
		.last = (uint16_t)(last < addr->last_granule ? last : addr->last_granule)};
}

/* Marks blocks from … end - 1 of the layout that are whole as free; those are not marked yet. */
static void
open_blocks(struct cgn_pool *pool, uint32_t i, uint32_t from, uint32_t end)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];

	for (uint32_t k = from; k < end; k++) {
		struct cgn_span span = block_span(addr, k);

		if (!cgn_span_is_free(addr, &span) || cgn_span_is_reserved(pool, i, &span))
			continue;
		addr->free_blocks[k / 64] |= UINT64_C(1) << (k % 64);
		addr->n_free++;
		addr->n_blocks++;
		pool->use[addr->tenant].n_blocks++;
	}
	list_update(pool, i);
}

static void
close_blocks(struct cgn_pool *pool, uint32_t i)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];

	memset(addr->free_blocks, 0, sizeof(addr->free_blocks));
	pool->use[addr->tenant].n_blocks -= (uint32_t)addr->n_free + addr->n_idle;
	addr->n_blocks = (uint16_t)cgn_addr_n_leased(addr);
	addr->n_free = addr->n_idle = 0;
	list_update(pool, i);
}

/* Cuts an open address anew. 0 or -ENOMEM. */
static int
cut(struct cgn_pool *pool, uint32_t i, const struct cgn_layout *l)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];
	uint32_t chunks = cgn_layout_covers(addr, l);
	uint32_t blocks = cgn_addr_n_leased(addr) + cgn_layout_blocks(l);

	if (!cgn_layout_is(addr, l) &&
		keep(pool, addr, chunks, RTE_MIN(blocks, chunks)) < 0) /* each has a granule */
		return -ENOMEM;
	close_blocks(pool, i);
	addr->first_granule = l->first;
	addr->last_granule = l->last;
	addr->block_granules = l->block;
	addr->fixed = l->fixed;
	addr->fixed_block = l->fixed_block;
	open_blocks(pool, i, 0, cgn_layout_free_blocks(l));
	cgn_fixed_open(pool, i, 0, CGN_GRANULES - 1);
	return 0;
}

/* What is noted about its blocks stays, and its place in that queue (lease.h). */
static void
clear(struct cgn_pool_addr *addr, uint32_t tenant)
{
	*addr = (struct cgn_pool_addr){
		.tenant = (uint16_t)tenant, .avail_pos = CGN_NONE, .notes = addr->notes};
}

int
cgn_pool_addr_add(struct cgn_pool *pool, uint32_t i)
{
	uint32_t tenant = pool->dir->pool_tenants[i];
	struct cgn_pool_addr *addr = &pool->addrs[i];
	struct cgn_layout l;

	if (i >= pool->ready.n_pool || tenant >= pool->ready.n_tenants)
		return -ENOMEM;
	l = cgn_layout_of(pool, pool->dir, i);
	if (addr->state == CGN_ADDR_OPEN ||
		(addr->state == CGN_ADDR_DRAINING && addr->tenant != tenant))
		return -EBUSY;
	if (addr->state == CGN_ADDR_DRAINING) {
		if (cut(pool, i, &l) < 0)
			return -ENOMEM;
		addr->state = CGN_ADDR_OPEN;
		return 0;
	}
	clear(addr, tenant);
	if (list_grow(&pool->avail[tenant]) < 0 || cut(pool, i, &l) < 0)
		return -ENOMEM;
	pool->avail[tenant].n_addrs++;
	addr->state = CGN_ADDR_OPEN;
	return 0;
}

void
cgn_pool_addr_drain(struct cgn_pool *pool, uint32_t i)
{
	assert(pool->addrs[i].state != CGN_ADDR_NONE);
	close_blocks(pool, i);
	pool->addrs[i].state = CGN_ADDR_DRAINING;
	if (cgn_pool_owner(pool, i) != CGN_NONE)
		cgn_block_disown(pool, i);
}

int
cgn_pool_addr_remove(struct cgn_pool *pool, uint32_t i)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];

	assert(addr->state != CGN_ADDR_NONE);
	if (cgn_addr_n_leased(addr) > 0)
		return -EBUSY;
	close_blocks(pool, i);
	pool->kept_chunks -= addr->kept_chunks;
	pool->kept_blocks -= addr->kept_blocks;
	pool->avail[addr->tenant].n_addrs--;
	clear(addr, CGN_TENANT_BOX);
	return 0;
}

void
cgn_pool_addr_leave(struct cgn_pool *pool, uint32_t i, uint32_t until_s)
{
	cgn_pool_addr_drain(pool, i);
	cgn_block_rest_addr(pool, i, until_s);
	if (cgn_addr_n_leased(&pool->addrs[i]) == 0)
		cgn_pool_addr_remove(pool, i);
}

int
cgn_pool_addr_layout(struct cgn_pool *pool, uint32_t i)
{
	const struct cgn_pool_addr *addr = &pool->addrs[i];
	struct cgn_layout l;

	if (addr->state != CGN_ADDR_OPEN)
		return 0;
	l = cgn_layout_of(pool, pool->dir, i);
	return cut(pool, i, &l);
}

uint32_t
cgn_pool_addr_leased(const struct cgn_pool_addr *addr, uint32_t from)
{
	for (uint32_t w = from / 64; w < CGN_GRANULES / 64; w++) {
		uint64_t bits = addr->leased[w] & cgn_word_mask(w, from, CGN_GRANULES - 1);

		if (bits != 0)
			return w * 64 + (uint32_t)__builtin_ctzll(bits);
	}
	return CGN_GRANULES;
}

uint32_t
cgn_addr_choose(struct cgn_pool *pool, uint32_t tenant)
{
	const uint32_t *list = pool->avail[tenant].addrs;
	uint32_t n = pool->use[tenant].n_avail, a, b;

	if (n == 0)
		return CGN_NONE;
	a = list[cgn_rand_below(pool->rand, n)];
	b = list[cgn_rand_below(pool->rand, n)];
	return pool->addrs[a].n_free >= pool->addrs[b].n_free ? a : b;
}

uint32_t
cgn_random_bit(struct cgn_rand *rand, uint64_t mask)
{
	uint32_t r = cgn_rand_below(rand, 64);
	uint64_t turned = r == 0 ? mask : mask >> r | mask << (64 - r);

	return ((uint32_t)__builtin_ctzll(turned) + r) % 64;
}

uint32_t
cgn_addr_choose_block(struct cgn_pool *pool, const struct cgn_pool_addr *addr)
{
	uint32_t granules = addr->last_granule - addr->first_granule + 1u;
	uint32_t n_words = ((granules - 1) / addr->block_granules + 64) / 64;
	uint32_t w = cgn_rand_below(pool->rand, n_words);

	while (addr->free_blocks[w] == 0)
		w = (w + 1) % n_words;
	return w * 64 + cgn_random_bit(pool->rand, addr->free_blocks[w]);
}

void
cgn_addr_lease(struct cgn_pool *pool, uint32_t i, uint32_t k, uint16_t *first, uint16_t *n)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];
	struct cgn_span span = block_span(addr, k);

	for (uint32_t w = span.first / 64u; w <= span.last / 64u; w++)
		addr->leased[w] |= cgn_word_mask(w, span.first, span.last);
	addr->free_blocks[k / 64] &= ~(UINT64_C(1) << (k % 64));
	addr->n_free--;
	list_update(pool, i);
	*first = span.first;
	*n = (uint16_t)(span.last - span.first + 1u);
}

void
cgn_addr_lease_fixed(struct cgn_pool *pool, uint32_t i, const struct cgn_span *span)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];

	for (uint32_t w = span->first / 64u; w <= span->last / 64u; w++)
		addr->leased[w] |= cgn_word_mask(w, span->first, span->last);
	addr->n_blocks++;
	if (addr->n_idle > 0)
		addr->n_idle--;
	else
		pool->use[addr->tenant].n_blocks++;
}

void
cgn_addr_return(struct cgn_pool *pool, uint32_t i, uint32_t first, uint32_t n)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];
	uint32_t last = first + n - 1;

	for (uint32_t w = first / 64; w <= last / 64; w++)
		addr->leased[w] &= ~cgn_word_mask(w, first, last);
	addr->n_blocks--;
	pool->use[addr->tenant].n_blocks--;
	if (addr->state == CGN_ADDR_OPEN)
		cgn_fixed_open(pool, i, first, last);
	if (addr->state != CGN_ADDR_OPEN || last < addr->first_granule ||
		first > addr->last_granule)
		return;
	first = RTE_MAX(first, addr->first_granule);
	last = RTE_MIN(last, addr->last_granule);
	open_blocks(pool, i, (first - addr->first_granule) / addr->block_granules,
		(last - addr->first_granule) / addr->block_granules + 1u);
}
