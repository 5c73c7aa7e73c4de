/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mapping table: entries in one array, found from inside by an index (index.h), sharded by
 * subscriber. Control adds and removes; any worker looks up, lock-free. The life of an entry:
 *
 *   take → (fill) → publish → … → unlink → (every worker passes a quiescent point) → free
 *
 * Only control calls what changes it: take and free in allocate.c, publish and unlink in publish.c,
 * reclaim in reclaim.c. An entry is freed once, after the grace period; the shard is
 * taken from bits that choose no bucket; one writer.
 */
#pragma once

#include <stdint.h>

#include "err.h"
#include "index.h"
#include "key.h"
#include "mapping.h"

enum { CGN_MAX_SHARDS = 16, CGN_TABLE_BULK = 64 };

struct cgn_table {
	/* Fixed after create. */
	struct cgn_mapping *entries;    /* [capacity + 1]; entry 0 has no key */
	struct cgn_mapping_side *sides; /* [capacity + 1], of the entries */
	struct cgn_index shards[CGN_MAX_SHARDS];
	uint32_t n_shards, capacity;
	struct cgn_map_secret secret;
	/* Control only. */
	uint32_t *free_stack;
	uint32_t n_free;
	uint32_t last;     /* the highest that was ever taken: a walk over all mappings ends here */
	uint32_t n_beside; /* published under keys that are asked for last (dependent.h) */
};

/* NULL with *err and errno set. Main thread. */
struct cgn_table *cgn_table_create(uint32_t capacity, uint32_t n_shards, struct cgn_rand *rand,
	int socket, struct cgn_errmsg *err);
void cgn_table_destroy(struct cgn_table *t);

/* An entry to fill, or CGN_MAPPING_NONE when all are used. */
uint32_t cgn_table_take(struct cgn_table *t);

/* Gives back an entry that was taken and never published, or whose grace period is over. */
void cgn_table_free(struct cgn_table *t, uint32_t m);

/* Makes a filled entry visible to look-ups (release). 0, or -ENOSPC: then nothing changed. */
int cgn_table_publish(struct cgn_table *t, uint32_t m);

/* New look-ups miss it; workers may still hold it until the grace period is over. */
void cgn_table_unlink(struct cgn_table *t, uint32_t m);

/* After the grace period: gives back the entry. */
void cgn_table_reclaim(struct cgn_table *t, uint32_t m);

/* Control's own look-up of one key, also of those beside; CGN_MAPPING_NONE on a miss. */
uint32_t cgn_table_find(const struct cgn_table *t, const struct cgn_map_key *key);

/*
 * Looks up n ≤ CGN_TABLE_BULK keys; out[i] is the mapping index or CGN_MAPPING_NONE. Returns how
 * many it found. Worker threads, registered with and online at the RCU variable of control; and
 * control itself.
 */
uint32_t cgn_table_find_bulk(
	const struct cgn_table *t, const struct cgn_map_key *keys, uint32_t n, uint32_t *out);

static inline struct cgn_mapping *
cgn_table_at(const struct cgn_table *t, uint32_t m)
{
	return &t->entries[m];
}

static inline uint32_t
cgn_table_n_used(const struct cgn_table *t)
{
	return t->capacity - t->n_free;
}
