/* SPDX-License-Identifier: BSD-3-Clause */
/* Shards of an index around an array of entries; see table.h for who may call what. */
#include "table.h"

#include <errno.h>
#include <string.h>

#include "mem.h"

/*
 * Head room of a shard. Subscribers are spread over shards by a hash, a subscriber's mappings stay
 * together: an eighth more for the spread of many subscribers, and room for one that has every
 * port of an address in all three protocols.
 */
static uint32_t
shard_capacity(uint32_t capacity, uint32_t n_shards)
{
	const uint64_t one_subscriber = 3 * 65536;
	uint64_t want = capacity;

	if (n_shards > 1) {
		want = capacity / n_shards + capacity / 8;
		want += capacity < one_subscriber ? capacity : one_subscriber;
		want = want < capacity ? want : capacity;
	}
	return (uint32_t)want;
}

static int
create_shards(struct cgn_table *t, int socket)
{
	const uint32_t capacity = shard_capacity(t->capacity, t->n_shards);

	for (uint32_t s = 0; s < t->n_shards; s++)
		if (cgn_index_init(&t->shards[s], t->entries, capacity, socket) < 0)
			return -ENOMEM;
	return 0;
}

struct cgn_table *
cgn_table_create(uint32_t capacity, uint32_t n_shards, struct cgn_rand *rand, int socket,
	struct cgn_errmsg *err)
{
	struct cgn_table *t = cgn_mem_zalloc("table", 1, sizeof(*t), socket);
	int rc = -ENOMEM;

	if (t == NULL)
		goto fail;
	t->capacity = capacity;
	t->n_shards = n_shards;
	cgn_map_secret_draw(&t->secret, rand);
	t->entries = cgn_mem_zalloc("mappings", (size_t)capacity + 1, sizeof(*t->entries), socket);
	t->sides = cgn_mem_zalloc("sides", (size_t)capacity + 1, sizeof(*t->sides), socket);
	t->free_stack = cgn_mem_zalloc("free_mappings", capacity, sizeof(*t->free_stack), socket);
	if (t->entries == NULL || t->sides == NULL || t->free_stack == NULL)
		goto fail;
	t->entries[CGN_MAPPING_NONE].proto = UINT8_MAX; /* so that no key is there */
	for (uint32_t m = capacity; m > 0; m--)
		t->free_stack[t->n_free++] = m;
	rc = create_shards(t, socket);
	if (rc == 0)
		return t;
fail:
	cgn_errmsg_set(err,
		"no memory for a table of %u mappings in %u shards (%s): lower table.mappings or "
		"raise "
		"memory.size_mib",
		capacity, n_shards, strerror(-rc));
	cgn_table_destroy(t);
	errno = -rc;
	return NULL;
}

void
cgn_table_destroy(struct cgn_table *t)
{
	if (t == NULL)
		return;
	for (uint32_t s = 0; s < t->n_shards; s++)
		cgn_index_fini(&t->shards[s]);
	cgn_mem_free(t->entries);
	cgn_mem_free(t->sides);
	cgn_mem_free(t->free_stack);
	cgn_mem_free(t);
}

uint32_t
cgn_table_take(struct cgn_table *t)
{
	uint32_t m;

	if (t->n_free == 0)
		return CGN_MAPPING_NONE;
	m = t->free_stack[--t->n_free];
	t->last = m > t->last ? m : t->last;
	return m;
}

void
cgn_table_free(struct cgn_table *t, uint32_t m)
{
	assert(m != CGN_MAPPING_NONE && m <= t->capacity && t->n_free < t->capacity);
	memset(&t->entries[m], 0, sizeof(t->entries[m]));
	memset(&t->sides[m], 0, sizeof(t->sides[m]));
	t->free_stack[t->n_free++] = m;
}

static struct cgn_map_key
key_of(const struct cgn_mapping *m)
{
	return (struct cgn_map_key){.inside = m->inside,
		.port = m->inside_port,
		.proto = m->proto,
		.beside = m->beside};
}

static uint32_t
shard_of(const struct cgn_table *t, const struct cgn_map_key *key)
{
	return t->n_shards > 1 ? cgn_map_key_shard(&t->secret, key, t->n_shards) : 0;
}

int
cgn_table_publish(struct cgn_table *t, uint32_t m)
{
	struct cgn_map_key key = key_of(&t->entries[m]);

	int rc = cgn_index_add(
		&t->shards[shard_of(t, &key)], cgn_map_key_hash(&t->secret, &key), m);

	if (rc == 0)
		t->n_beside += key.beside;
	return rc;
}

void
cgn_table_unlink(struct cgn_table *t, uint32_t m)
{
	struct cgn_map_key key = key_of(&t->entries[m]);

	cgn_index_del(&t->shards[shard_of(t, &key)], cgn_map_key_hash(&t->secret, &key), m);
	t->n_beside -= key.beside;
}

void
cgn_table_reclaim(struct cgn_table *t, uint32_t m)
{
	cgn_table_free(t, m);
}

uint32_t
cgn_table_find(const struct cgn_table *t, const struct cgn_map_key *key)
{
	struct cgn_map_key beside = *key;
	uint32_t m = cgn_index_find(
		&t->shards[shard_of(t, key)], key, cgn_map_key_hash(&t->secret, key));

	if (m != CGN_MAPPING_NONE || t->n_beside == 0 || key->beside)
		return m;
	beside.beside = 1;
	return cgn_index_find(
		&t->shards[shard_of(t, &beside)], &beside, cgn_map_key_hash(&t->secret, &beside));
}

/* Three passes, so that nothing waits for one key alone: buckets are asked for, then read, and what
 * they name is asked for, then compared. */
/* is_sharded is a constant of the caller, so that one shard has loops of its own. */
static inline __attribute__((always_inline)) uint32_t
find_bulk(const struct cgn_table *t, const struct cgn_map_key *keys, uint32_t n, uint32_t *out,
	bool is_sharded)
{
	const struct cgn_index_bucket *homes[CGN_TABLE_BULK];
	uint32_t hashes[CGN_TABLE_BULK], n_found = n;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t shard = is_sharded ? shard_of(t, &keys[i]) : 0;

		hashes[i] = cgn_map_key_hash(&t->secret, &keys[i]);
		homes[i] = cgn_index_home(&t->shards[shard], hashes[i]);
		rte_prefetch0(homes[i]);
	}
	for (uint32_t i = 0; i < n; i++) {
		out[i] = cgn_index_guess(homes[i], hashes[i]);
		rte_prefetch0(&t->entries[out[i]]);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (likely(cgn_index_is_key(&t->entries[out[i]], &keys[i])))
			continue;
		out[i] = cgn_index_find(&t->shards[shard_of(t, &keys[i])], &keys[i], hashes[i]);
		n_found -= out[i] == CGN_MAPPING_NONE;
	}
	return n_found;
}

uint32_t
cgn_table_find_bulk(
	const struct cgn_table *t, const struct cgn_map_key *keys, uint32_t n, uint32_t *out)
{
	assert(n <= CGN_TABLE_BULK);
	return t->n_shards > 1 ? find_bulk(t, keys, n, out, true)
			       : find_bulk(t, keys, n, out, false);
}
