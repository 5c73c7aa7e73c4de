/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Computed ranges (ports.deterministic, RFC 7422; conf/deterministic.h) in the pool. A subscriber's
 * range is a block like all others but that its place is computed, it is leased with its first port
 * and returned with its last, nobody else can have it, and neither the journal nor an event tells
 * of it. While it has a free port, nothing is taken elsewhere; other blocks are dynamic.
 *
 * While its address drains a subscriber has no range, and dynamic blocks on other addresses. After
 * a reload that moves ranges, blocks that are in nobody's place give no port and end with their
 * mappings; a range that such a block reaches into waits for that.
 *
 * For the files of the pool; those with "any" for control too. Control thread.
 */
#pragma once

#include "pool.h"

struct cgn_fixed {
	uint32_t pool; /* pool index */
	struct cgn_span span;
};

/* The range of a holder: false when there is none (off, its address drains, or it has an address
 * for itself). */
bool cgn_fixed_find(
	const struct cgn_pool *pool, uint32_t holder, uint32_t tenant, struct cgn_fixed *fixed);

/* Its block, or CGN_NONE when it is not leased to him. */
uint32_t cgn_fixed_block(
	const struct cgn_pool *pool, uint32_t holder, const struct cgn_fixed *fixed);

/* Can it be leased now? */
bool cgn_fixed_is_free(const struct cgn_pool *pool, uint32_t tenant, const struct cgn_fixed *fixed);

/* Would the next block that he leases be a dynamic one? Any tenant's. */
bool cgn_fixed_extends(const struct cgn_pool *pool, uint32_t holder, uint32_t tenant);

/* May a port of this protocol be taken of the block that he holds? Any tenant's. */
bool cgn_fixed_may_use(const struct cgn_pool *pool, uint32_t holder, uint32_t tenant,
	uint32_t block, enum cgn_proto proto);

/* Of a port that is asked for by its number, in a block that he holds or not. Any tenant's. */
bool cgn_fixed_may_ask(const struct cgn_pool *pool, uint32_t holder, uint32_t tenant,
	enum cgn_proto proto, struct cgn_port at);

/* Is a port that he has where the computation lets him have one? Any tenant's; control too. */
bool cgn_fixed_allows(
	const struct cgn_pool *pool, uint32_t holder, uint32_t tenant, struct cgn_port at);

/* Is the address cut as the directory says by now? Nothing is leased there before. */
bool cgn_fixed_is_ready(const struct cgn_pool *pool, uint32_t i, uint32_t tenant);

/* Computed ranges of an address that granules first … last reach into are idle, if they are. */
void cgn_fixed_open(struct cgn_pool *pool, uint32_t i, uint32_t first, uint32_t last);
