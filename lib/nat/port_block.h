/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leasing of port blocks and the bookkeeping of single ports inside them; for the files of the pool
 * only. Control thread.
 */
#pragma once

#include "pool.h"

/*
 * Leases a block on the subscriber's paired address, or on a new one if it holds none.
 * CGN_FATE_NONE and *block, or NO_PORTS (no more allowed or left on that address), NO_ADDRESS.
 */
enum cgn_fate cgn_block_lease(
	struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t *block);

/* Would the subscriber be paired with another address by now? Changes nothing. */
bool cgn_block_moves(const struct cgn_pool *pool, uint32_t inside, uint32_t tenant);

/* What cgn_block_lease would return, and the address: CGN_NONE for one of the tenant's, drawn at
 * random. Changes nothing. */
enum cgn_fate cgn_block_foresee(
	const struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t *address);

/* Leases the block that holds a given port of an address that the subscriber may use, if the block
 * is free and the subscriber may have another: CGN_FATE_NONE or NO_PORTS. */
enum cgn_fate cgn_block_lease_at(
	struct cgn_pool *pool, uint32_t inside, uint32_t tenant, struct cgn_port at);

/*
 * Leases all blocks of an address to its owner for ever; 0 or -ENOMEM. disown: the owner keeps what
 * it uses, as any holder of an address that drains.
 */
int cgn_block_lease_all(struct cgn_pool *pool, uint32_t i);
void cgn_block_disown(struct cgn_pool *pool, uint32_t i);

/* Nothing uses it and it need not rest: it can be given back. */
static inline bool
cgn_block_is_idle(const struct cgn_block *block)
{
	return block->busy[CGN_TCP] == 0 && block->busy[CGN_UDP] == 0 &&
		block->busy[CGN_ICMP] == 0 && !block->is_resting && !block->is_owned;
}

/* For whoever watches the blocks. */
static inline void
cgn_block_tell(struct cgn_pool *pool, uint32_t block, enum cgn_block_change change)
{
	if (pool->watch.tell != NULL)
		pool->watch.tell(pool->watch.ctx, block, change);
}

/* Notes that a block was leased or returned at this granule of address i; or withdraws the note
 * (block_note.c). */
void cgn_block_note(struct cgn_pool *pool, uint32_t i, uint32_t granule);
void cgn_block_unnote(struct cgn_pool *pool, uint32_t i, uint32_t granule);

/* The rest of blocks until the second now_s is over. Returns the number of their granules, or
 * budget or a block more when there are others (block_rest.c). */
uint32_t cgn_block_rest_wake(struct cgn_pool *pool, uint32_t now_s, uint32_t budget);

/* May the holder have ports of it that rest? Not those of a holder before it. */
static inline bool
cgn_block_may_claim(const struct cgn_pool *pool, const struct cgn_block *block)
{
	return block->claims_from_s == 0 || (int32_t)(pool->rest_now_s - block->claims_from_s) >= 0;
}

/* Takes a block out of its holder's chain. */
void cgn_block_unchain(struct cgn_pool *pool, uint32_t block);

/* Returns a leased block that is idle. */
void cgn_block_give_back(struct cgn_pool *pool, uint32_t block);

/* All leased blocks of an address rest until the second until_s, which is at most
 * CGN_BLOCK_REST_SLOTS - 1 away (block_rest.c). */
void cgn_block_rest_addr(struct cgn_pool *pool, uint32_t i, uint32_t until_s);

/* Ports of a protocol, the same ones in each granule. */
struct cgn_port_set {
	enum cgn_proto proto;
	uint64_t mask;
};

/* Has the block a free port of the set? One of them at random, each with the same chance, becomes
 * busy; it has one (port_pick.c). draw: random bits for it, 0: the pool draws. */
bool cgn_block_has(const struct cgn_pool *pool, uint32_t block, const struct cgn_port_set *set);
uint16_t cgn_block_pick(
	struct cgn_pool *pool, uint32_t block, const struct cgn_port_set *set, uint64_t draw);

/* A block of low ports (ports.keep_range), which others do not count as theirs? */
static inline bool
cgn_block_is_low(const struct cgn_block *block)
{
	return block->first_granule < 1024 / CGN_GRANULE_PORTS && !block->is_owned;
}

/* Leases one more block of low ports on the paired address: CGN_FATE_NONE and *block, or NO_PORTS.
 */
enum cgn_fate cgn_block_lease_low(
	struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t *block);

/* Could it, on this address? */
bool cgn_block_may_lease_low(
	const struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t i);

/* A free port of a leased block becomes busy. */
void cgn_block_book(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit);

/*
 * Ports of a granule that are never given out: UDP 5350 and 5351, so that no mapping can point at
 * NAT-PMP or PCP (RFC 6887 section 11.3, seed rule 4), and port 0 of TCP and UDP. A bit for each of
 * its 64 ports.
 */
uint64_t cgn_granule_reserved(uint32_t granule, enum cgn_proto proto);

/* The same with what the tenant reserves (ports.reserved) on address i. */
uint64_t cgn_pool_reserved(
	const struct cgn_pool *pool, uint32_t i, uint32_t granule, enum cgn_proto proto);

/* Are all TCP and UDP ports of these granules reserved? */
bool cgn_span_is_reserved(const struct cgn_pool *pool, uint32_t i, const struct cgn_span *span);

/* What is reserved of a block that was leased just now. */
void cgn_block_reserve(struct cgn_pool *pool, uint32_t block);

/*
 * The holder of a resting port takes it back; false when it does not rest or too many are taken
 * back at a time. unclaim undoes it; false when the port was not claimed (port_rest.c).
 */
bool cgn_rest_claim(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit);
bool cgn_rest_unclaim(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit);

/* A busy port becomes free; the last one returns the block. */
void cgn_block_unpick(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit);
