/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An immutable map from disjoint ranges of IPv4 addresses (host order) to 32-bit values: the
 * subscriber directory, the pool addresses, the routes and the martians of a box are each one.
 *
 * Build once on the main or control thread (add, then seal), publish the pointer, look up from any
 * thread. Overlaps are resolved at seal time: the range added with the higher priority wins, so a
 * longest-prefix match is "priority = prefix length" and costs a binary search over what is left.
 * Why not rte_lpm: docs/decisions/0002-range-map-for-lookups.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgn_range {
	uint32_t first; /* inclusive */
	uint32_t last;  /* inclusive */
	uint32_t value;
	uint32_t origin; /* first address of the range as it was added; survives splitting */
};

struct cgn_range_map {
	struct cgn_range *ranges; /* sealed: sorted by first, disjoint */
	uint32_t n_ranges;
	uint32_t low, span; /* nothing is outside low … low + span */
	/* [257] or NULL when there are few: the last range that begins at or before i << 24. */
	uint32_t *starts;
	uint8_t *priorities; /* [n_ranges], as they were added; apart from what searches read */
	/* Building only; freed by seal. */
	struct cgn_range_src {
		struct cgn_range range;
		uint32_t priority;
	} * srcs;
	uint32_t n_srcs, n_srcs_alloc;
};

void cgn_range_map_init(struct cgn_range_map *map);
void cgn_range_map_fini(struct cgn_range_map *map);

/*
 * Adds [first, last] -> value. Returns 0, -EINVAL (first > last, or priority > 255) or -ENOMEM.
 * Before seal only.
 */
int cgn_range_map_add(struct cgn_range_map *map, uint32_t first, uint32_t last, uint32_t value,
	uint32_t priority);

/* Sorts and flattens, once per map; a later add of equal priority loses to an earlier one.
 * Returns 0 or -ENOMEM. */
int cgn_range_map_seal(struct cgn_range_map *map);

/*
 * The last range that begins at or before addr, or else any: the one that holds addr if one does.
 * Of a map that is not empty, sealed; any thread. No branch depends on what is found.
 */
static inline const struct cgn_range *
cgn_range_map_floor(const struct cgn_range_map *map, uint32_t addr)
{
	const struct cgn_range *base = map->ranges;
	uint32_t n = map->n_ranges;

	if (map->starts != NULL) {
		const uint32_t *starts = map->starts + (addr >> 24);

		base += starts[0];
		n = starts[1] - starts[0] + 1;
	}
	while (n > 1) {
		uint32_t half = n / 2;

		base = base[half].first <= addr ? base + half : base;
		n -= half;
	}
	return base;
}

/* The range that holds addr, or NULL. Sealed maps only; any thread. */
static inline const struct cgn_range *
cgn_range_map_find(const struct cgn_range_map *map, uint32_t addr)
{
	const struct cgn_range *range;

	if (addr - map->low > map->span || map->n_ranges == 0)
		return NULL;
	range = cgn_range_map_floor(map, addr);
	return addr >= range->first && addr <= range->last ? range : NULL;
}

/* Holds no address: to begin with in cgn_range_map_find_near. */
extern const struct cgn_range cgn_range_empty;

/* The same; *near, what was found before in this map or empty, is asked first, and set. */
static inline const struct cgn_range *
cgn_range_map_find_near(
	const struct cgn_range_map *map, uint32_t addr, const struct cgn_range **near)
{
	const struct cgn_range *range = *near;

	if ((addr >= range->first) & (addr <= range->last))
		return range;
	range = cgn_range_map_find(map, addr);
	if (range != NULL)
		*near = range;
	return range;
}

/* The priority under which a found range was added: two maps compare as if they were one. */
static inline uint8_t
cgn_range_map_priority(const struct cgn_range_map *map, const struct cgn_range *range)
{
	return map->priorities[range - map->ranges];
}

/*
 * A bit for each /12 of IPv4: all of its addresses have the answer that the set was made for. Where
 * most addresses have the same answer, a bit spares the search for it; eight cache lines.
 */
enum { CGN_RANGE_BLOCK_SHIFT = 20 };

struct cgn_range_blocks {
	uint64_t bits[(UINT64_C(1) << (32 - CGN_RANGE_BLOCK_SHIFT)) / 64];
};

/* The blocks that no range of the sealed map touches. Main and control thread. */
void cgn_range_blocks_empty(struct cgn_range_blocks *blocks, const struct cgn_range_map *map);

/* The blocks that one range of this value covers. Main and control thread. */
void cgn_range_blocks_of(
	struct cgn_range_blocks *blocks, const struct cgn_range_map *map, uint32_t value);

/* Is the address in one of the blocks? Any thread. */
static inline bool
cgn_range_blocks_has(const struct cgn_range_blocks *blocks, uint32_t addr)
{
	uint32_t block = addr >> CGN_RANGE_BLOCK_SHIFT;

	return (blocks->bits[block / 64] >> block % 64 & 1) != 0;
}

/* The first range that ends at addr or behind it, or NULL. Sealed maps only; any thread. */
const struct cgn_range *cgn_range_map_next(const struct cgn_range_map *map, uint32_t addr);
