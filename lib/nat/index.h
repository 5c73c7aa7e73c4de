/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the key of a mapping to its number: the in2out look-up. Buckets of one cache line, each
 * place a 16-bit mark of the key's hash and the number; the key itself is in the mapping, which the
 * packet needs anyway, so a look-up waits for memory twice: bucket, mapping. (rte_hash keeps keys
 * in a third place: docs/decisions/0029-index-of-mappings.md.)
 *
 * A key is in its home bucket or, when that is full, in one of the next ones. Each bucket counts
 * the keys that went by it, so that a look-up knows where to end. Nothing ever moves.
 *
 * Writer: control. Readers: workers, without a lock. A reader that meets a place while it changes
 * hands sees an old mark or an old number, asks the mapping, and finds another key or none. An
 * entry that has been removed must stay as it is until all readers have passed a quiescent point.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "key.h"
#include "mapping.h"

enum {
	CGN_INDEX_PLACES = 8,
	CGN_INDEX_USED = 5, /* places of a bucket, on average, when all mappings are used */
	/* Buckets behind its home in which a key may be: a bound for a walk that with five keys a
	 * bucket nearly always ends in the first or second (tests/unit/nat/test_index.c). */
	CGN_INDEX_REACH = 64,
};

struct cgn_index_bucket {
	_Atomic uint32_t mappings[CGN_INDEX_PLACES]; /* CGN_MAPPING_NONE: free */
	_Atomic uint16_t marks[CGN_INDEX_PLACES];
	_Atomic uint32_t gone_by;
	uint32_t reserved[3];
};
static_assert(sizeof(struct cgn_index_bucket) == 64, "a bucket is one cache line");

struct cgn_index {
	struct cgn_index_bucket *buckets;
	const struct cgn_mapping *entries; /* the keys; NULL: not of mappings */
	uint32_t n_buckets;
	uint32_t n_used; /* keys; control */
};

/* Room for capacity keys of entries, which outlives it. 0 or -ENOMEM; fini accepts zeros. Main
 * thread. */
int cgn_index_init(
	struct cgn_index *index, const struct cgn_mapping *entries, uint32_t capacity, int socket);
void cgn_index_fini(struct cgn_index *index);

/* entries[m] is filled and becomes visible (release); -ENOSPC: no place within reach. Control. */
int cgn_index_add(struct cgn_index *index, uint32_t hash, uint32_t m);

/* The mapping is found no more. It must be there. Control. */
void cgn_index_del(struct cgn_index *index, uint32_t hash, uint32_t m);

static inline const struct cgn_index_bucket *
cgn_index_home(const struct cgn_index *index, uint32_t hash)
{
	return &index->buckets[(uint64_t)hash * index->n_buckets >> 32];
}

/* The home is chosen by the upper bits. */
static inline uint16_t
cgn_index_mark(uint32_t hash)
{
	return (uint16_t)hash;
}

/* Places of the bucket that have the mark, a bit each. */
static inline uint32_t
cgn_index_places(const struct cgn_index_bucket *bucket, uint16_t mark)
{
	uint32_t places = 0;

#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__) /* which knows single places only */
	__m128i marks = _mm_loadu_si128((const __m128i *)(const void *)bucket->marks);
	__m128i same = _mm_cmpeq_epi16(marks, _mm_set1_epi16((short)mark));

	places = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128()));
#else
	for (uint32_t i = 0; i < CGN_INDEX_PLACES; i++)
		places |= (uint32_t)(atomic_load_explicit(
					     &bucket->marks[i], memory_order_relaxed) == mark)
			<< i;
#endif
	return places;
}

/* The words of a key and of where it is in a mapping differ in bits of this alone, if at all: flags
 * of the mapping share the last byte with `beside`. */
#define CGN_INDEX_NO_KEY UINT64_C(0xfe00000000000000)
static_assert(offsetof(struct cgn_mapping, inside) == 8 &&
		offsetof(struct cgn_mapping, inside_port) == 12 &&
		offsetof(struct cgn_mapping, proto) == 14 && RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN,
	"a key is a word of a mapping");

static inline bool
cgn_index_is_key(const struct cgn_mapping *m, const struct cgn_map_key *key)
{
	uint64_t word, wanted;

	memcpy(&word, &m->inside, sizeof(word));
	memcpy(&wanted, key, sizeof(wanted));
	return ((word ^ wanted) & ~CGN_INDEX_NO_KEY) == 0;
}

/*
 * What is probably the mapping of the key, by its mark in its home bucket; CGN_MAPPING_NONE says
 * only that cgn_index_find has to look. For bulks: prefetch it, and ask cgn_index_is_key.
 */
static inline uint32_t
cgn_index_guess(const struct cgn_index_bucket *home, uint32_t hash)
{
	uint32_t places = cgn_index_places(home, cgn_index_mark(hash));

	if (unlikely(places == 0))
		return CGN_MAPPING_NONE;
	return atomic_load_explicit(&home->mappings[__builtin_ctz(places)], memory_order_acquire);
}

/* Whether entries[i] has the key: of mappings, or of what else is indexed (contact.c). */
typedef bool cgn_index_is(const void *entries, uint32_t i, const void *key);

/* The number under the hash whose entry has the key, or 0. Any thread that is online at control's
 * RCU variable, and control. */
static inline uint32_t
cgn_index_walk(const struct cgn_index *index, uint32_t hash, cgn_index_is *is, const void *entries,
	const void *key)
{
	const struct cgn_index_bucket *bucket = cgn_index_home(index, hash);

	for (uint32_t n = 0; n <= CGN_INDEX_REACH; n++) {
		uint32_t places = cgn_index_places(bucket, cgn_index_mark(hash));

		for (; places != 0; places &= places - 1) {
			uint32_t i = atomic_load_explicit(
				&bucket->mappings[__builtin_ctz(places)], memory_order_acquire);

			if (i != CGN_MAPPING_NONE && is(entries, i, key))
				return i;
		}
		if (atomic_load_explicit(&bucket->gone_by, memory_order_acquire) == 0)
			break;
		bucket = bucket + 1 < index->buckets + index->n_buckets ? bucket + 1
									: index->buckets;
	}
	return CGN_MAPPING_NONE;
}

/* The mapping of the key, or CGN_MAPPING_NONE. As cgn_index_walk. */
uint32_t cgn_index_find(
	const struct cgn_index *index, const struct cgn_map_key *key, uint32_t hash);
