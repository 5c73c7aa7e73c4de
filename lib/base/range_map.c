/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building of range maps: a sweep over the end points of all added ranges that keeps, for each
 * elementary piece, the range with the highest priority. Main and control thread only.
 */
#include "range_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FEW = 8, /* ranges: three steps, and 10 000 tenants have such maps */
	N_STARTS = 257,
};

const struct cgn_range cgn_range_empty = {.first = 1, .last = 0};

void
cgn_range_map_init(struct cgn_range_map *map)
{
	memset(map, 0, sizeof(*map));
}

void
cgn_range_map_fini(struct cgn_range_map *map)
{
	free(map->ranges);
	free(map->priorities);
	free(map->starts);
	free(map->srcs);
	memset(map, 0, sizeof(*map));
}

int
cgn_range_map_add(
	struct cgn_range_map *map, uint32_t first, uint32_t last, uint32_t value, uint32_t priority)
{
	struct cgn_range_src *src;

	if (first > last || priority > UINT8_MAX)
		return -EINVAL;
	if (map->n_srcs == map->n_srcs_alloc) {
		uint32_t n = map->n_srcs_alloc ? map->n_srcs_alloc * 2 : 16;

		src = realloc(map->srcs, n * sizeof(*src));
		if (src == NULL)
			return -ENOMEM;
		map->srcs = src;
		map->n_srcs_alloc = n;
	}
	src = &map->srcs[map->n_srcs++];
	src->range = (struct cgn_range){
		.first = first, .last = last, .value = value, .origin = first};
	src->priority = priority;
	return 0;
}

static int
compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int
compare_src_first(const void *a, const void *b)
{
	const struct cgn_range_src *x = *(struct cgn_range_src *const *)a;
	const struct cgn_range_src *y = *(struct cgn_range_src *const *)b;

	if (x->range.first != y->range.first)
		return x->range.first < y->range.first ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* A heap of sources ordered by priority, earlier source first among equals. */
static bool
outranks(const struct cgn_range_src *a, const struct cgn_range_src *b)
{
	return a->priority > b->priority || (a->priority == b->priority && a < b);
}

static void
heap_push(struct cgn_range_src **heap, uint32_t *n, struct cgn_range_src *src)
{
	uint32_t i = (*n)++;

	for (; i > 0 && outranks(src, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = src;
}

static void
heap_pop(struct cgn_range_src **heap, uint32_t *n)
{
	struct cgn_range_src *last = heap[--*n];
	uint32_t i = 0;

	for (uint32_t child = 1; child < *n; child = 2 * i + 1) {
		if (child + 1 < *n && outranks(heap[child + 1], heap[child]))
			child++;
		if (outranks(last, heap[child]))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
}

static void
emit(struct cgn_range_map *map, uint64_t first, uint64_t last, const struct cgn_range_src *from)
{
	uint32_t n = map->n_ranges;
	struct cgn_range *prev = n > 0 ? &map->ranges[n - 1] : NULL;

	if (prev != NULL && prev->value == from->range.value &&
		prev->origin == from->range.origin && map->priorities[n - 1] == from->priority &&
		(uint64_t)prev->last + 1 == first) {
		prev->last = (uint32_t)last;
		return;
	}
	map->ranges[n] = from->range;
	map->ranges[n].first = (uint32_t)first;
	map->ranges[n].last = (uint32_t)last;
	map->priorities[n] = (uint8_t)from->priority;
	map->n_ranges++;
}

/* Gives back what the sweep did not need. */
static int
shrink(struct cgn_range_map *map)
{
	void *ranges = realloc(map->ranges, map->n_ranges * sizeof(*map->ranges));
	void *priorities = realloc(map->priorities, map->n_ranges);

	map->ranges = ranges != NULL ? ranges : map->ranges;
	map->priorities = priorities != NULL ? priorities : map->priorities;
	return ranges != NULL && priorities != NULL ? 0 : -ENOMEM;
}

/* points: sorted end points; order: sources by first address; heap: those that are open. */
static void
sweep(struct cgn_range_map *map, const uint64_t *points, struct cgn_range_src **order,
	struct cgn_range_src **heap)
{
	uint32_t n_heap = 0, next = 0;

	for (uint32_t i = 0; i + 1 < 2 * map->n_srcs; i++) {
		while (next < map->n_srcs && order[next]->range.first <= points[i])
			heap_push(heap, &n_heap, order[next++]);
		while (n_heap > 0 && heap[0]->range.last < points[i])
			heap_pop(heap, &n_heap);
		if (n_heap > 0 && points[i] < points[i + 1])
			emit(map, points[i], points[i + 1] - 1, heap[0]);
	}
}

/* What keeps a search short: the bounds, and where to begin by the first byte of the address. */
static int
make_starts(struct cgn_range_map *map)
{
	uint32_t last = 0;

	map->low = map->ranges[0].first;
	map->span = map->ranges[map->n_ranges - 1].last - map->low;
	if (map->n_ranges <= FEW)
		return 0;
	map->starts = calloc(N_STARTS, sizeof(*map->starts));
	if (map->starts == NULL)
		return -ENOMEM;
	for (uint64_t i = 0; i < N_STARTS; i++) {
		while (last + 1 < map->n_ranges && map->ranges[last + 1].first <= i << 24)
			last++;
		map->starts[i] = last;
	}
	return 0;
}

int
cgn_range_map_seal(struct cgn_range_map *map)
{
	struct cgn_range_src **order, **heap;
	uint64_t *points;
	uint32_t n = map->n_srcs;
	int rc = -ENOMEM;

	map->n_ranges = 0;
	if (n == 0)
		return 0;
	map->ranges = calloc(2 * (size_t)n, sizeof(*map->ranges));
	map->priorities = calloc(2 * (size_t)n, 1);
	points = calloc(2 * (size_t)n, sizeof(*points));
	order = calloc(n, sizeof(struct cgn_range_src *));
	heap = calloc(n, sizeof(struct cgn_range_src *));
	if (map->ranges == NULL || map->priorities == NULL || points == NULL || order == NULL ||
		heap == NULL)
		goto out;
	for (uint32_t i = 0; i < n; i++) {
		points[2 * i] = map->srcs[i].range.first;
		points[2 * i + 1] = (uint64_t)map->srcs[i].range.last + 1;
		order[i] = &map->srcs[i];
	}
	qsort(points, 2 * (size_t)n, sizeof(*points), compare_u64);
	qsort(order, n, sizeof(struct cgn_range_src *), compare_src_first);
	sweep(map, points, order, heap);
	rc = shrink(map);
	if (rc == 0)
		rc = make_starts(map);
out:
	free(points);
	free(order);
	free(heap);
	free(map->srcs);
	map->srcs = NULL;
	map->n_srcs = map->n_srcs_alloc = 0;
	return rc;
}

const struct cgn_range *
cgn_range_map_next(const struct cgn_range_map *map, uint32_t addr)
{
	const struct cgn_range *base = map->ranges;

	if (map->n_ranges == 0)
		return NULL;
	for (uint32_t n = map->n_ranges; n > 1; n -= n / 2)
		base = base[n / 2].first <= addr ? base + n / 2 : base;
	if (base->last < addr)
		base++;
	return base < map->ranges + map->n_ranges ? base : NULL;
}

void
cgn_range_blocks_empty(struct cgn_range_blocks *blocks, const struct cgn_range_map *map)
{
	memset(blocks, 0xff, sizeof(*blocks));
	for (uint32_t r = 0; r < map->n_ranges; r++)
		for (uint32_t i = map->ranges[r].first >> CGN_RANGE_BLOCK_SHIFT;
			i <= map->ranges[r].last >> CGN_RANGE_BLOCK_SHIFT; i++)
			blocks->bits[i / 64] &= ~(UINT64_C(1) << i % 64);
}

void
cgn_range_blocks_of(
	struct cgn_range_blocks *blocks, const struct cgn_range_map *map, uint32_t value)
{
	const uint64_t size = UINT64_C(1) << CGN_RANGE_BLOCK_SHIFT;

	memset(blocks, 0, sizeof(*blocks));
	for (uint32_t r = 0; r < map->n_ranges; r++) {
		const struct cgn_range *range = &map->ranges[r];

		if (range->value != value)
			continue;
		for (uint64_t i = (range->first + size - 1) / size;
			(i + 1) * size <= (uint64_t)range->last + 1; i++)
			blocks->bits[i / 64] |= UINT64_C(1) << i % 64;
	}
}
