/* SPDX-License-Identifier: BSD-3-Clause */
/* One rte_hash for both directions; see others.h for who may call what. */
#include "others.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_hash.h>

enum { MIN_KEYS = 64 }; /* rte_hash refuses fewer than a bucket */
enum { CALL = 2, GRE = 47, NO_KEY = -1 };

/* Never called by the *_with_hash functions; rte_hash wants one all the same. */
static uint32_t
unused_hash(const void *key, uint32_t len, uint32_t init)
{
	(void)key;
	(void)len;
	return init;
}

int
cgn_others_init(struct cgn_others *o, const char *name, uint32_t capacity, struct cgn_rand *rand,
	int socket)
{
	char hash_name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters params = {
		.name = hash_name,
		.entries = 2 * capacity > MIN_KEYS ? 2 * capacity : MIN_KEYS,
		.key_len = sizeof(struct cgn_other_key),
		.hash_func = unused_hash,
		.socket_id = socket,
		/* Extended buckets: while there is a place for a key, it can be added. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF |
			RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	cgn_map_secret_draw(&o->secret, rand);
	o->capacity = capacity;
	if (capacity == 0)
		return 0;
	snprintf(hash_name, sizeof(hash_name), "%.12s_others", name);
	o->hash = rte_hash_create(&params);
	return o->hash != NULL ? 0 : -ENOMEM;
}

void
cgn_others_fini(struct cgn_others *o)
{
	rte_hash_free(o->hash);
	o->hash = NULL;
}

/* As cgn_map_key_hash, over three words. */
static uint32_t
hash_of(const struct cgn_others *o, const struct cgn_other_key *key)
{
	const struct cgn_map_secret *s = &o->secret;
	uint32_t rest = key->ip_proto | (uint32_t)key->dir << 8 | (uint32_t)key->call << 16;

	return (uint32_t)((s->a + s->b * key->end + s->c * key->remote + s->shard * rest) >> 32);
}

static struct cgn_other_key
key_of(const struct cgn_mapping *m, enum cgn_dir dir)
{
	return (struct cgn_other_key){.end = dir == CGN_IN2OUT ? m->inside : m->pool,
		.remote = m->remote,
		.ip_proto = (uint8_t)m->ip_proto,
		.dir = (uint8_t)((uint8_t)dir | (m->call ? CALL : 0)),
		.call = !m->call            ? (rte_be16_t)0
			: dir == CGN_IN2OUT ? m->remote_call
					    : m->outside_port};
}

static uint32_t
look_up(const struct cgn_others *o, const struct cgn_other_key *key)
{
	void *data;

	if (o->hash == NULL ||
		rte_hash_lookup_with_hash_data(o->hash, key, hash_of(o, key), &data) < 0)
		return CGN_MAPPING_NONE;
	return (uint32_t)(uintptr_t)data;
}

uint32_t
cgn_others_find(const struct cgn_others *o, enum cgn_dir dir, uint32_t end, rte_be32_t remote,
	uint8_t ip_proto)
{
	const struct cgn_other_key key = {
		.end = end, .remote = remote, .ip_proto = ip_proto, .dir = (uint8_t)dir};

	return look_up(o, &key);
}

uint32_t
cgn_others_find_call(const struct cgn_others *o, enum cgn_dir dir, uint32_t end, rte_be32_t remote,
	rte_be16_t call)
{
	const struct cgn_other_key key = {.end = end,
		.remote = remote,
		.ip_proto = GRE,
		.dir = (uint8_t)((uint8_t)dir | CALL),
		.call = call};

	return look_up(o, &key);
}

static int
add(struct cgn_others *o, uint32_t i, const struct cgn_mapping *m, enum cgn_dir dir)
{
	const struct cgn_other_key key = key_of(m, dir);

	return rte_hash_add_key_with_hash_data(
		o->hash, &key, hash_of(o, &key), (void *)(uintptr_t)i);
}

static int32_t
del(struct cgn_others *o, const struct cgn_mapping *m, enum cgn_dir dir)
{
	const struct cgn_other_key key = key_of(m, dir);

	return rte_hash_del_key_with_hash(o->hash, &key, hash_of(o, &key));
}

int
cgn_others_publish(struct cgn_others *o, uint32_t i, const struct cgn_mapping *m, uint32_t holder)
{
	int rc;

	if (o->n == o->capacity)
		return -ENOSPC;
	rc = m->call ? 0 : add(o, i, m, CGN_IN2OUT);
	assert(rc == 0);
	rc = add(o, i, m, CGN_OUT2IN);
	assert(rc == 0);
	(void)rc;
	o->n++;
	o->counts[holder]++;
	return 0;
}

bool
cgn_others_is_connected(const struct cgn_others *o, uint32_t i, const struct cgn_mapping *m)
{
	const struct cgn_other_key key = key_of(m, CGN_IN2OUT);

	return look_up(o, &key) == i;
}

int
cgn_others_connect(struct cgn_others *o, uint32_t i, struct cgn_mapping *m, rte_be16_t call)
{
	int rc;

	if (cgn_others_is_connected(o, i, m))
		return m->remote_call == call ? 0 : -EEXIST;
	if (cgn_others_find_call(o, CGN_IN2OUT, m->inside, m->remote, call) != CGN_MAPPING_NONE)
		return -EEXIST;
	m->remote_call = call;
	rc = add(o, i, m, CGN_IN2OUT);
	assert(rc == 0);
	return rc;
}

void
cgn_others_unlink(struct cgn_others *o, struct cgn_mapping *m, uint32_t holder)
{
	const struct cgn_other_key key = key_of(m, CGN_OUT2IN);
	bool has_both = !m->call || cgn_others_is_connected(o, look_up(o, &key), m);

	m->remote_position = del(o, m, CGN_OUT2IN);
	m->hash_position = has_both ? del(o, m, CGN_IN2OUT) : NO_KEY;
	assert(m->remote_position >= 0 && (m->hash_position >= 0 || !has_both));
	o->counts[holder]--;
}

void
cgn_others_reclaim(struct cgn_others *o, const struct cgn_mapping *m)
{
	rte_hash_free_key_with_position(o->hash, m->remote_position);
	if (m->hash_position != NO_KEY)
		rte_hash_free_key_with_position(o->hash, m->hash_position);
	o->n--;
}
