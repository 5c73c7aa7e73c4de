/* SPDX-License-Identifier: BSD-3-Clause */
/* Contacts; see contact.h for who may call what. */
#include "contact.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_hash.h>

#include "directory.h"
#include "mem.h"
#include "rand.h"
#include "reserve.h"
#include "subscriber.h"

/* Never called by the *_with_hash functions; rte_hash wants one all the same. */
static uint32_t
unused_hash(const void *key, uint32_t len, uint32_t init)
{
	(void)key;
	(void)len;
	return init;
}

/* As table.c does; the stress test knows the name (tests/stress/tsan.supp). */
static int
key_compare(const void *a, const void *b, size_t len)
{
	const struct cgn_contact_key *x = a, *y = b;

	(void)len;
	return x->mapping != y->mapping || x->addr != y->addr || x->port != y->port;
}

static uint32_t
hash_of(const struct cgn_contacts *t, const struct cgn_contact_key *key)
{
	return (uint32_t)((t->secret[0] + t->secret[1] * key->mapping + t->secret[2] * key->addr +
				  t->secret[3] * key->port) >>
		32);
}

/* Less than 80 % full, as the shards of table.c. */
static struct rte_hash *
create_hash(const char *name, uint32_t capacity, int socket)
{
	char hash_name[RTE_HASH_NAMESIZE];
	struct rte_hash *hash;
	struct rte_hash_parameters params = {
		.name = hash_name,
		.entries = capacity + capacity / 4 < 64 ? 64 : capacity + capacity / 4,
		.key_len = sizeof(struct cgn_contact_key),
		.hash_func = unused_hash,
		.socket_id = socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};

	snprintf(hash_name, sizeof(hash_name), "%.12s_contacts", name);
	hash = rte_hash_create(&params);
	if (hash != NULL)
		rte_hash_set_cmp_func(hash, key_compare);
	return hash;
}

int
cgn_contacts_init(struct cgn_contacts *t, const char *name, uint32_t capacity, uint32_t n_mappings,
	struct cgn_rand *rand, int socket)
{
	if (capacity == 0)
		return 0;
	t->capacity = capacity;
	for (int k = 0; k < 4; k++)
		t->secret[k] = cgn_rand_u64(rand);
	t->records = cgn_mem_zalloc("contacts", (size_t)capacity + 1, sizeof(*t->records), socket);
	t->lists = cgn_mem_zalloc(
		"contact_lists", (size_t)n_mappings + 2, sizeof(*t->lists), socket);
	t->of_holders = cgn_reserve_create(CGN_MAX_INSIDE, sizeof(*t->of_holders), socket);
	t->of_tenants = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*t->of_tenants), socket);
	t->hash = create_hash(name, capacity, socket);
	if (t->records == NULL || t->lists == NULL || t->of_holders == NULL ||
		t->of_tenants == NULL || t->hash == NULL)
		return -ENOMEM;
	for (uint32_t i = 1; i <= capacity; i++)
		t->records[i].next = i < capacity ? i + 1 : 0;
	t->first_free = 1;
	return 0;
}

void
cgn_contacts_fini(struct cgn_contacts *t)
{
	rte_hash_free(t->hash);
	cgn_mem_free(t->records);
	cgn_mem_free(t->lists);
	cgn_reserve_destroy(t->of_holders);
	cgn_reserve_destroy(t->of_tenants);
	memset(t, 0, sizeof(*t));
}

int
cgn_contacts_fill(struct cgn_contacts *t, const struct cgn_directory *dir)
{
	if (t->capacity == 0)
		return 0;
	if (cgn_reserve_fill(t->of_holders, 0, dir->n_inside) < 0 ||
		cgn_reserve_fill(t->of_tenants, 0, dir->n_tenants) < 0)
		return -ENOMEM;
	return 0;
}

uint32_t
cgn_contact_add(struct cgn_contacts *t, const struct cgn_contact_key *key, uint32_t now_s)
{
	struct cgn_contact_list *list = &t->lists[key->mapping];
	uint32_t i = t->first_free;
	struct cgn_contact *r = &t->records[i];
	uint32_t free_next;

	if (i == 0)
		return 0;
	free_next = r->next;
	*r = (struct cgn_contact){.key = *key, .next = list->first};
	atomic_store_explicit(&r->last_use_s, now_s, memory_order_relaxed);
	if (rte_hash_add_key_with_hash_data(
		    t->hash, &r->key, hash_of(t, key), (void *)(uintptr_t)i) < 0) {
		r->next = free_next;
		return 0;
	}
	t->first_free = free_next;
	t->n_used++;
	if (list->first != 0)
		t->records[list->first].prev = i;
	list->first = i;
	list->n++;
	return i;
}

void
cgn_contact_unlink(struct cgn_contacts *t, uint32_t i)
{
	struct cgn_contact *r = &t->records[i];
	struct cgn_contact_list *list = &t->lists[r->key.mapping];

	r->hash_position = rte_hash_del_key_with_hash(t->hash, &r->key, hash_of(t, &r->key));
	assert(r->hash_position >= 0);
	if (r->prev != 0)
		t->records[r->prev].next = r->next;
	else
		list->first = r->next;
	if (r->next != 0)
		t->records[r->next].prev = r->prev;
	list->n--;
}

void
cgn_contact_reclaim(struct cgn_contacts *t, uint32_t i)
{
	struct cgn_contact *r = &t->records[i];

	rte_hash_free_key_with_position(t->hash, r->hash_position);
	*r = (struct cgn_contact){.next = t->first_free};
	t->first_free = i;
	t->n_used--;
}

uint32_t
cgn_contact_find(const struct cgn_contacts *t, const struct cgn_contact_key *key)
{
	void *data;

	if (rte_hash_lookup_with_hash_data(t->hash, key, hash_of(t, key), &data) < 0)
		return t->is_copy && memcmp(key, &t->foreseen, sizeof(*key)) == 0
			? CGN_CONTACT_FORESEEN
			: 0;
	return (uint32_t)(uintptr_t)data;
}
