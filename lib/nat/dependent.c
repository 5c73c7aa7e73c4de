/* SPDX-License-Identifier: BSD-3-Clause */
/* Mappings of one remote end; see dependent.h for who may call what. */
#include "dependent.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_hash.h>

#include "directory.h"
#include "mem.h"
#include "rand.h"
#include "reserve.h"
#include "subscriber.h"

enum { MIN_KEYS = 64 }; /* rte_hash refuses fewer than a bucket */

/* Never called by the *_with_hash functions; rte_hash wants one all the same. */
static uint32_t
unused_hash(const void *key, uint32_t len, uint32_t init)
{
	(void)key;
	(void)len;
	return init;
}

/* As cgn_map_key_hash, over four words: a subscriber chooses whom it sends to. */
static uint32_t
hash_of(const struct cgn_dependents *d, const struct cgn_dependent_key *key)
{
	uint32_t words[4];
	uint64_t sum = d->secret[0];

	memcpy(words, key, sizeof(words));
	for (int k = 0; k < 4; k++)
		sum += d->secret[k + 1] * words[k];
	return (uint32_t)(sum >> 32);
}

/* With extended buckets: while there is a place for a key, it can be added. */
static struct rte_hash *
create_hash(const char *name, const char *what, uint32_t n_keys, uint32_t key_len, int socket)
{
	char full[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters params = {
		.name = full,
		.entries = n_keys > MIN_KEYS ? n_keys : MIN_KEYS,
		.key_len = key_len,
		.hash_func = unused_hash,
		.socket_id = socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	/* Only control knows the inside ends: their places are used again at once. */
	if (key_len == sizeof(struct cgn_dependent_key))
		params.extra_flag |= RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF;
	snprintf(full, sizeof(full), "%.12s_%s", name, what);
	return rte_hash_create(&params);
}

static void
chain_free_ones(struct cgn_dependents *d)
{
	for (uint32_t i = 1; i <= d->capacity; i++)
		d->records[i].next = d->ports[i].next = i < d->capacity ? i + 1 : 0;
	d->first_free = d->first_free_port = 1;
}

int
cgn_dependents_init(struct cgn_dependents *d, const char *name, uint32_t capacity,
	uint32_t n_mappings, struct cgn_rand *rand, int socket)
{
	if (capacity == 0)
		return 0;
	d->capacity = capacity;
	for (int k = 0; k < 5; k++)
		d->secret[k] = cgn_rand_u64(rand);
	cgn_map_secret_draw(&d->ends_secret, rand);
	d->records = cgn_mem_zalloc(
		"dependents", (size_t)capacity + 1, sizeof(*d->records), socket);
	d->ports = cgn_mem_zalloc("shared_ports", (size_t)capacity + 1, sizeof(*d->ports), socket);
	d->record_of = cgn_mem_zalloc(
		"dependent_of", (size_t)n_mappings + 1, sizeof(*d->record_of), socket);
	d->rings = cgn_reserve_create(CGN_MAX_INSIDE, sizeof(*d->rings), socket);
	d->of_tenants = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*d->of_tenants), socket);
	d->hash = create_hash(
		name, "dependents", 2 * capacity, sizeof(struct cgn_dependent_key), socket);
	d->ends = create_hash(name, "ends", capacity, sizeof(struct cgn_map_key), socket);
	if (d->records == NULL || d->ports == NULL || d->record_of == NULL || d->rings == NULL ||
		d->of_tenants == NULL || d->hash == NULL || d->ends == NULL)
		return -ENOMEM;
	chain_free_ones(d);
	return 0;
}

void
cgn_dependents_fini(struct cgn_dependents *d)
{
	rte_hash_free(d->hash);
	rte_hash_free(d->ends);
	cgn_mem_free(d->records);
	cgn_mem_free(d->ports);
	cgn_mem_free(d->record_of);
	cgn_reserve_destroy(d->rings);
	cgn_reserve_destroy(d->of_tenants);
	memset(d, 0, sizeof(*d));
}

int
cgn_dependents_fill(struct cgn_dependents *d, const struct cgn_directory *dir)
{
	if (d->capacity == 0)
		return 0;
	if (cgn_reserve_fill(d->rings, 0, dir->n_inside) < 0 ||
		cgn_reserve_fill(d->of_tenants, 0, dir->n_tenants) < 0)
		return -ENOMEM;
	return 0;
}

uint32_t
cgn_dependent_find(const struct cgn_dependents *d, const struct cgn_dependent_key *key)
{
	void *data;

	if (d->hash == NULL ||
		rte_hash_lookup_with_hash_data(d->hash, key, hash_of(d, key), &data) < 0)
		return CGN_MAPPING_NONE;
	return (uint32_t)(uintptr_t)data;
}

uint32_t
cgn_dependents_at(const struct cgn_dependents *d, const struct cgn_map_key *key)
{
	void *data;

	if (d->ends == NULL ||
		rte_hash_lookup_with_hash_data(
			d->ends, key, cgn_map_key_hash(&d->ends_secret, key), &data) < 0)
		return 0;
	return (uint32_t)(uintptr_t)data;
}

struct cgn_dependent *
cgn_dependent_take(struct cgn_dependents *d, uint32_t mapping)
{
	uint32_t i = d->first_free;
	struct cgn_dependent *r = &d->records[i];

	if (i == 0)
		return NULL;
	d->first_free = r->next;
	d->n++;
	*r = (struct cgn_dependent){.mapping = mapping};
	d->record_of[mapping] = i;
	return r;
}

void
cgn_dependent_free(struct cgn_dependents *d, uint32_t mapping)
{
	uint32_t i = d->record_of[mapping];

	assert(i != 0 && d->records[i].mapping == mapping && d->records[i].shared == 0);
	d->records[i] = (struct cgn_dependent){.next = d->first_free};
	d->first_free = i;
	d->record_of[mapping] = 0;
	d->n--;
}

struct cgn_dependent_key
cgn_dependent_key_of(const struct cgn_dependents *d, const struct cgn_mapping *m, uint32_t mapping,
	enum cgn_dir dir)
{
	const struct cgn_dependent *r = cgn_dependent_of(d, mapping);

	return (struct cgn_dependent_key){.end = dir == CGN_IN2OUT ? m->inside : m->pool,
		.remote = r->remote,
		.port = dir == CGN_IN2OUT ? m->inside_port : m->outside_port,
		.remote_port = r->remote_port,
		.proto = m->proto,
		.dir = (uint8_t)dir};
}

/* One more or less at the mapping's inside end. */
static void
count_end(struct cgn_dependents *d, const struct cgn_mapping *m, int by)
{
	const struct cgn_map_key key = {
		.inside = m->inside, .port = m->inside_port, .proto = m->proto};
	uint32_t hash = cgn_map_key_hash(&d->ends_secret, &key);
	uint32_t n = cgn_dependents_at(d, &key) + (uint32_t)by;
	int rc = n == 0
		? rte_hash_del_key_with_hash(d->ends, &key, hash)
		: rte_hash_add_key_with_hash_data(d->ends, &key, hash, (void *)(uintptr_t)n);

	assert(rc >= 0); /* there are no more ends than records */
	(void)rc;
}

void
cgn_dependent_publish(struct cgn_dependents *d, const struct cgn_mapping *m, uint32_t mapping)
{
	for (int dir = CGN_IN2OUT; dir <= CGN_OUT2IN; dir++) {
		const struct cgn_dependent_key key = cgn_dependent_key_of(
			d, m, mapping, (enum cgn_dir)dir);
		int rc = rte_hash_add_key_with_hash_data(
			d->hash, &key, hash_of(d, &key), (void *)(uintptr_t)mapping);

		assert(rc == 0); /* room for two keys of each record */
		(void)rc;
	}
	cgn_dependent_of(d, mapping)->is_published = true;
	count_end(d, m, 1);
	d->of_tenants[m->tenant]++;
	d->n_live++;
}

void
cgn_dependent_unlink(struct cgn_dependents *d, const struct cgn_mapping *m, uint32_t mapping)
{
	struct cgn_dependent *r = cgn_dependent_of(d, mapping);

	for (int dir = CGN_IN2OUT; dir <= CGN_OUT2IN; dir++) {
		const struct cgn_dependent_key key = cgn_dependent_key_of(
			d, m, mapping, (enum cgn_dir)dir);

		r->positions[dir] = rte_hash_del_key_with_hash(d->hash, &key, hash_of(d, &key));
		assert(r->positions[dir] >= 0);
	}
	r->is_published = false;
	count_end(d, m, -1);
	d->of_tenants[m->tenant]--;
	d->n_live--;
}

void
cgn_dependent_reclaim(struct cgn_dependents *d, uint32_t mapping)
{
	const struct cgn_dependent *r = cgn_dependent_of(d, mapping);

	rte_hash_free_key_with_position(d->hash, r->positions[CGN_OUT2IN]);
	rte_hash_free_key_with_position(d->hash, r->positions[CGN_IN2OUT]);
	cgn_dependent_free(d, mapping);
}
