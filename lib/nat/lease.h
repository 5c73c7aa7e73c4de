/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a restart keeps of port blocks (RFC 6888 REQ-8, AMB-12): which of them changed hands, for
 * the state journal, and blocks that were leased before a stop or a crash. Such a block is leased
 * to the same subscriber again and rests as a whole: the ports in it that have no mapping are given
 * to nobody but their holder, and to the holder on an explicit request that names the port. When
 * the rest is over the block is one like all others; if nothing uses it, it is returned.
 *
 * So that a rest locks nobody out, resting blocks do not count against ports.max_blocks, their
 * holder may lease others while the address has plenty (an eighth of its blocks stays for those who
 * have none), and when it may not, gets ports of its own resting blocks after all.
 *
 * When a subscriber's session ends, its blocks are orphans: they stay leased until what rests in
 * them has rested, in nobody's chain, so that whoever has the address next finds nothing of them,
 * and the journal says so (PMP-31, block_orphan.c).
 *
 * Control thread. Files: block_rest.c, block_note.c, block_orphan.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pool.h"

struct cgn_lease {
	uint32_t pool;    /* pool index */
	uint32_t inside;  /* holder, or CGN_NONE: no block begins here any more */
	uint16_t first;   /* port */
	uint32_t n_ports; /* 0 when there is no holder */
	bool is_orphan;   /* its holder has it no more; it still rests */
};

/*
 * The next place of the pool whose block has been leased or returned since it was last asked for,
 * as it is now; false when there is none. Changes of one place between two calls are one. All
 * addresses get their turn, however often blocks of some of them change hands.
 */
bool cgn_lease_next_change(struct cgn_pool *pool, struct cgn_lease *out);

/* Whether there may be one. */
static inline bool
cgn_lease_is_changed(const struct cgn_pool *pool)
{
	return pool->first_noted != 0;
}

/*
 * At start: a block that was leased before. It rests until the second until_s, which is at most
 * CGN_BLOCK_REST_SLOTS - 1 away; not at all when that is now, then only the paired address is kept.
 * Where the configuration cuts blocks differently, all that share a port with it rest. Returns the
 * number of blocks that rest now for it: 0 when others have the ports, or there is no such port.
 */
uint32_t cgn_lease_restore(
	struct cgn_pool *pool, uint32_t tenant, const struct cgn_lease *was, uint32_t until_s);

/* The next mapping of a leased block at or after *place (0 at first), which goes on behind it; or
 * CGN_MAPPING_NONE at its end. Of those that share a port (dependent.h) any one, and *place stays
 * there: the caller ends it, or stops. */
uint32_t cgn_block_next_mapping(const struct cgn_pool *pool, uint32_t block, uint32_t *place);

/* Whether a block of the array (below pool->n_blocks) is leased. */
bool cgn_block_is_leased(const struct cgn_pool *pool, uint32_t block);

/*
 * Its holder has a leased block no more: nothing is taken of it from now on, and it is returned as
 * soon as nothing in it rests or is mapped.
 */
void cgn_block_orphan(struct cgn_pool *pool, uint32_t block);

/* The address has another owner, and the block stays with it: what rests in it now is not his. */
void cgn_block_renew(struct cgn_pool *pool, uint32_t block);

/* Is it a computed range in use, which the next owner of the address has too (fixed_range.h)? */
bool cgn_block_stays(const struct cgn_pool *pool, uint32_t block);

/* While it is kept, a leased block is not returned, however idle. */
void cgn_block_keep(struct cgn_pool *pool, uint32_t block, bool is_kept);
