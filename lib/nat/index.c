/* SPDX-License-Identifier: BSD-3-Clause */
/* The index of mappings by key; see index.h. table.c calls it. */
#include "index.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "mem.h"

int
cgn_index_init(
	struct cgn_index *index, const struct cgn_mapping *entries, uint32_t capacity, int socket)
{
	memset(index, 0, sizeof(*index));
	index->entries = entries;
	index->n_buckets = capacity / CGN_INDEX_USED + 1;
	index->buckets = cgn_mem_zalloc("index", index->n_buckets, sizeof(*index->buckets), socket);
	return index->buckets != NULL ? 0 : -ENOMEM;
}

void
cgn_index_fini(struct cgn_index *index)
{
	cgn_mem_free(index->buckets);
	memset(index, 0, sizeof(*index));
}

static uint32_t
home_of(const struct cgn_index *index, uint32_t hash)
{
	return (uint32_t)(cgn_index_home(index, hash) - index->buckets);
}

static uint32_t
next_of(const struct cgn_index *index, uint32_t b)
{
	return b + 1 < index->n_buckets ? b + 1 : 0;
}

/* Place of a mapping, or a free one for CGN_MAPPING_NONE; CGN_INDEX_PLACES: none. Control. */
static uint32_t
place_of(const struct cgn_index_bucket *bucket, uint32_t m)
{
	uint32_t i = 0;

	while (i < CGN_INDEX_PLACES &&
		atomic_load_explicit(&bucket->mappings[i], memory_order_relaxed) != m)
		i++;
	return i;
}

/*
 * The bucket, from the home on, that has the mapping, or a free place for CGN_MAPPING_NONE: its
 * place, and *at; CGN_INDEX_PLACES: none within reach. Control.
 */
static uint32_t
walk(const struct cgn_index *index, uint32_t hash, uint32_t m, uint32_t *at)
{
	uint32_t place = CGN_INDEX_PLACES;

	*at = home_of(index, hash);
	for (uint32_t n = 0; n <= CGN_INDEX_REACH; n++) {
		place = place_of(&index->buckets[*at], m);
		if (place < CGN_INDEX_PLACES)
			break;
		*at = next_of(index, *at);
	}
	return place;
}

/* Of the buckets between home and the one that has the key. Control. */
static void
count_by(struct cgn_index *index, uint32_t hash, uint32_t at, uint32_t change)
{
	for (uint32_t b = home_of(index, hash); b != at; b = next_of(index, b)) {
		uint32_t n = atomic_load_explicit(&index->buckets[b].gone_by, memory_order_relaxed);

		atomic_store_explicit(&index->buckets[b].gone_by, n + change, memory_order_release);
	}
}

int
cgn_index_add(struct cgn_index *index, uint32_t hash, uint32_t m)
{
	uint32_t at, place = walk(index, hash, CGN_MAPPING_NONE, &at);
	struct cgn_index_bucket *bucket = &index->buckets[at];

	if (place == CGN_INDEX_PLACES)
		return -ENOSPC;
	/* Whoever sees the number sees the entry and the mark. */
	atomic_store_explicit(&bucket->marks[place], cgn_index_mark(hash), memory_order_relaxed);
	count_by(index, hash, at, 1);
	atomic_store_explicit(&bucket->mappings[place], m, memory_order_release);
	index->n_used++;
	return 0;
}

void
cgn_index_del(struct cgn_index *index, uint32_t hash, uint32_t m)
{
	uint32_t at, place = walk(index, hash, m, &at);

	assert(place < CGN_INDEX_PLACES);
	atomic_store_explicit(
		&index->buckets[at].mappings[place], CGN_MAPPING_NONE, memory_order_relaxed);
	count_by(index, hash, at, UINT32_MAX);
	index->n_used--;
}

static inline bool
is_mapping(const void *entries, uint32_t m, const void *key)
{
	return cgn_index_is_key((const struct cgn_mapping *)entries + m, key);
}

uint32_t
cgn_index_find(const struct cgn_index *index, const struct cgn_map_key *key, uint32_t hash)
{
	return cgn_index_walk(index, hash, is_mapping, index->entries, key);
}
