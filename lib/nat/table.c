/* SPDX-License-Identifier: BSD-3-Clause */
/* rte_hash shards around an array of entries; see table.h for who may call what. */
#include "table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_malloc.h>

#include "mem.h"
#include "tcp_track.h"

/*
 * Head room of a shard. Subscribers are spread over shards by a hash, a subscriber's mappings stay
 * together: an eighth more for the spread of many subscribers, and room for one that has every
 * port of an address in all three protocols. A quarter on top keeps the cuckoo table below 80 %
 * full, where inserts do not fail and readers are not disturbed by displacements.
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
	want += want / 4;
	return want < 64 ? 64 : (uint32_t)want;
}

/* Never called by the *_with_hash functions; rte_hash wants one all the same. */
static uint32_t
unused_hash(const void *key, uint32_t len, uint32_t init)
{
	(void)key;
	(void)len;
	return init;
}

static int
key_compare(const void *a, const void *b, size_t len)
{
	uint64_t x, y;

	(void)len;
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x != y;
}

static int
create_shards(struct cgn_table *t, const char *name, int socket)
{
	for (uint32_t s = 0; s < t->n_shards; s++) {
		char shard_name[RTE_HASH_NAMESIZE];
		struct rte_hash_parameters params = {
			.name = shard_name,
			.entries = shard_capacity(t->capacity, t->n_shards),
			.key_len = sizeof(struct cgn_map_key),
			.hash_func = unused_hash,
			.socket_id = socket,
			.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
		};

		snprintf(shard_name, sizeof(shard_name), "%.20s_%u", name, s);
		t->shards[s] = rte_hash_create(&params);
		if (t->shards[s] == NULL)
			return -rte_errno;
		rte_hash_set_cmp_func(t->shards[s], key_compare);
	}
	return 0;
}

struct cgn_table *
cgn_table_create(const char *name, uint32_t capacity, uint32_t n_shards, struct cgn_rand *rand,
	int socket, struct cgn_errmsg *err)
{
	struct cgn_table *t = cgn_mem_zalloc("table", 1, sizeof(*t), socket);
	int rc = -ENOMEM;

	if (t == NULL)
		goto fail;
	t->capacity = capacity;
	t->n_shards = n_shards;
	cgn_map_secret_draw(&t->secret, rand);
	t->entries = cgn_mem_zalloc("mappings", (size_t)capacity + 1, sizeof(*t->entries), socket);
	t->numbers = cgn_mem_zalloc(
		"tcp_numbers", (size_t)capacity + 1, sizeof(*t->numbers), socket);
	t->free_stack = cgn_mem_zalloc("free_mappings", capacity, sizeof(*t->free_stack), socket);
	if (t->entries == NULL || t->numbers == NULL || t->free_stack == NULL)
		goto fail;
	for (uint32_t m = capacity; m > 0; m--)
		t->free_stack[t->n_free++] = m;
	rc = create_shards(t, name, socket);
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
		rte_hash_free(t->shards[s]);
	cgn_mem_free(t->entries);
	cgn_mem_free(t->numbers);
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
	memset(&t->numbers[m], 0, sizeof(t->numbers[m]));
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

static struct rte_hash *
shard_of(const struct cgn_table *t, const struct cgn_map_key *key)
{
	return t->shards[cgn_map_key_shard(&t->secret, key, t->n_shards)];
}

int
cgn_table_publish(struct cgn_table *t, uint32_t m)
{
	struct cgn_map_key key = key_of(&t->entries[m]);
	struct rte_hash *shard = shard_of(t, &key);
	uint32_t hash = cgn_map_key_hash(&t->secret, &key);

	if (rte_hash_add_key_with_hash_data(shard, &key, hash, (void *)(uintptr_t)m) < 0)
		return -ENOSPC;
	t->n_beside += key.beside;
	return 0;
}

void
cgn_table_unlink(struct cgn_table *t, uint32_t m)
{
	struct cgn_map_key key = key_of(&t->entries[m]);
	int32_t position = rte_hash_del_key_with_hash(
		shard_of(t, &key), &key, cgn_map_key_hash(&t->secret, &key));

	assert(position >= 0);
	t->n_beside -= key.beside;
	t->entries[m].hash_position = position;
}

void
cgn_table_reclaim(struct cgn_table *t, uint32_t m)
{
	struct cgn_map_key key = key_of(&t->entries[m]);

	rte_hash_free_key_with_position(shard_of(t, &key), t->entries[m].hash_position);
	cgn_table_free(t, m);
}

uint32_t
cgn_table_find(const struct cgn_table *t, const struct cgn_map_key *key)
{
	struct cgn_map_key beside = *key;
	void *data;

	if (rte_hash_lookup_with_hash_data(
		    shard_of(t, key), key, cgn_map_key_hash(&t->secret, key), &data) >= 0)
		return (uint32_t)(uintptr_t)data;
	if (t->n_beside == 0 || key->beside)
		return CGN_MAPPING_NONE;
	beside.beside = 1;
	return cgn_table_find(t, &beside);
}

/* One shard: keys[i] for i in lane. */
static void
find_in_shard(const struct cgn_table *t, uint32_t shard, const struct cgn_map_key *keys,
	const uint8_t *lane, uint32_t n, uint32_t *out)
{
	const void *ptrs[CGN_TABLE_BULK];
	hash_sig_t sigs[CGN_TABLE_BULK];
	void *data[CGN_TABLE_BULK];
	uint64_t hits = 0;

	for (uint32_t k = 0; k < n; k++) {
		/* NOLINTNEXTLINE(clang-analyzer-*): the first n places of a lane are filled */
		ptrs[k] = &keys[lane[k]];
		sigs[k] = cgn_map_key_hash(&t->secret, &keys[lane[k]]);
	}
	rte_hash_lookup_with_hash_bulk_data(t->shards[shard], ptrs, sigs, n, &hits, data);
	for (uint32_t k = 0; k < n; k++)
		out[lane[k]] = hits >> k & 1 ? (uint32_t)(uintptr_t)data[k] : CGN_MAPPING_NONE;
}

void
cgn_table_find_bulk(
	const struct cgn_table *t, const struct cgn_map_key *keys, uint32_t n, uint32_t *out)
{
	uint8_t lanes[CGN_MAX_SHARDS][CGN_TABLE_BULK];
	uint32_t lens[CGN_MAX_SHARDS] = {0};

	assert(n <= CGN_TABLE_BULK); /* rte_hash overruns its stack beyond that */
	for (uint32_t i = 0; i < n; i++) {
		uint32_t s = cgn_map_key_shard(&t->secret, &keys[i], t->n_shards);

		lanes[s][lens[s]++] = (uint8_t)i;
	}
	for (uint32_t s = 0; s < t->n_shards; s++)
		if (lens[s] > 0)
			find_in_shard(t, s, keys, lanes[s], lens[s], out);
}
