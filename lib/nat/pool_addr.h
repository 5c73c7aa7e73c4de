/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outside addresses that come, go and change their ports while the box runs, and which of their
 * blocks are free. A reload goes
 *
 *   cgn_pool_need (control) → cgn_pool_fill (main) → add, layout, drain (control) → … → remove
 *
 * so that all memory is there, or the reload refused, before anything changes. A block is free when
 * none of its granules is leased: blocks of an older size or range stay with their holders, and
 * what they cover is cut anew as they return.
 */
#pragma once

#include "pool.h"

/*
 * What the pool must have ready before it can hold the addresses of dir (its next directory), with
 * all it holds now. 0, or -EOVERFLOW with *err when that is more than can be numbered. A pool index
 * that is not live in dir is not in use. Control thread; looks at all addresses once.
 */
int cgn_pool_need(const struct cgn_pool *pool, const struct cgn_directory *dir,
	struct cgn_pool_need *need, struct cgn_errmsg *err);

/*
 * The same in slices of max addresses: *need is all zeros at first. 1 when there are more, else as
 * above. What is leased meanwhile may need more than is found: then a layout is refused later.
 */
int cgn_pool_need_more(const struct cgn_pool *pool, const struct cgn_directory *dir, uint32_t max,
	struct cgn_pool_need *need, struct cgn_errmsg *err);

/*
 * Takes the memory for it, while control and workers go on. 0, or -ENOMEM; what was there remains.
 * Main thread; control may see the new pool->ready only after a hand-over (request.h).
 */
int cgn_pool_fill(struct cgn_pool *pool, const struct cgn_pool_need *need);

/*
 * The address at index i becomes one of its tenant's, as pool->dir says; blocks may be leased on
 * it. One that drains for the same tenant comes back. 0; -EBUSY when it is in use by another
 * tenant, or already; -ENOMEM when the memory is not ready. Nothing has changed then. Control
 * thread.
 */
int cgn_pool_addr_add(struct cgn_pool *pool, uint32_t i);

/*
 * No block is leased on it any more, and holders get no further port of theirs, which do not count
 * against their limit: with what is new they move to another address. Control thread.
 */
void cgn_pool_addr_drain(struct cgn_pool *pool, uint32_t i);

/*
 * The tenant has lost the address: drains it, lets its blocks rest until the second until_s, and
 * removes it when the last of them is returned. Its mappings are to be unlinked. Control thread.
 */
void cgn_pool_addr_leave(struct cgn_pool *pool, uint32_t i, uint32_t until_s);

/* Gives up an address on which no block is leased, draining or not: 0, or -EBUSY. Control thread.
 */
int cgn_pool_addr_remove(struct cgn_pool *pool, uint32_t i);

/*
 * Takes over the ports of its tenant in pool->dir for blocks that are leased from now on. 0, or
 * -ENOMEM: not ready, and unchanged. An address that drains ignores it. Control thread; looks at
 * all granules of the address once.
 */
int cgn_pool_addr_layout(struct cgn_pool *pool, uint32_t i);

/* Takes over what its tenant reserves in pool->dir (cgn_tenant.reserved) for blocks that are
 * leased; old: what it has reserved until now, or NULL. Control thread, between two mappings. */
void cgn_pool_addr_reserve(struct cgn_pool *pool, uint32_t i, const uint64_t *old);

/* First granule at or after `from` that is part of a leased block, or CGN_GRANULES. */
uint32_t cgn_pool_addr_leased(const struct cgn_pool_addr *addr, uint32_t from);

/*
 * For port_block.c: an address of the tenant with a free block, the emptier of two drawn at random,
 * or CGN_NONE; a random free block of an address that has one; block k becomes leased: *first and
 * *n are its granules; n granules of one leased block become free.
 */
uint32_t cgn_addr_choose(struct cgn_pool *pool, uint32_t tenant);
uint32_t cgn_addr_choose_block(struct cgn_pool *pool, const struct cgn_pool_addr *addr);
void cgn_addr_lease(struct cgn_pool *pool, uint32_t i, uint32_t k, uint16_t *first, uint16_t *n);
void cgn_addr_lease_fixed(struct cgn_pool *pool, uint32_t i, const struct cgn_span *span);
void cgn_addr_return(struct cgn_pool *pool, uint32_t i, uint32_t first, uint32_t n);

/* A set bit of mask, the first at or after a random place. */
uint32_t cgn_random_bit(struct cgn_rand *rand, uint64_t mask);
