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
 * Control thread. Files: block_rest.c, block_note.c.
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
