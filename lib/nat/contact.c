/* SPDX-License-Identifier: BSD-3-Clause */
/* Contacts; see contact.h for who may call what. */
#include "contact.h"

#include <errno.h>
#include <string.h>

#include "directory.h"
#include "mem.h"
#include "rand.h"
#include "reserve.h"
#include "subscriber.h"

/* Mixed once more, one to one, as in key.h: addresses in a row are no longer equally far apart. */
static inline uint32_t
hash_of(const struct cgn_contacts *t, const struct cgn_contact_key *key)
{
	uint32_t hash = (uint32_t)((t->secret[0] + t->secret[1] * key->mapping +
					   t->secret[2] * key->addr + t->secret[3] * key->port) >>
		32);

	hash = (hash ^ hash >> 15) * UINT32_C(0x2c1b3c6d);
	return hash ^ hash >> 12;
}

static inline bool
is_contact(const void *records, uint32_t i, const void *key)
{
	const struct cgn_contact_key *x = &((const struct cgn_contact *)records)[i].key, *y = key;

	return x->mapping == y->mapping && x->addr == y->addr && x->port == y->port;
}

int
cgn_contacts_init(struct cgn_contacts *t, uint32_t capacity, uint32_t n_mappings,
	struct cgn_rand *rand, int socket)
{
	if (cgn_index_init(&t->index, NULL, capacity, socket) < 0)
		return -ENOMEM;
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
	if (t->records == NULL || t->lists == NULL || t->of_holders == NULL ||
		t->of_tenants == NULL)
		return -ENOMEM;
	for (uint32_t i = 1; i <= capacity; i++)
		t->records[i].next = i < capacity ? i + 1 : 0;
	t->first_free = 1;
	return 0;
}

void
cgn_contacts_fini(struct cgn_contacts *t)
{
	cgn_index_fini(&t->index);
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
	if (cgn_index_add(&t->index, hash_of(t, key), i) < 0) {
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

	cgn_index_del(&t->index, hash_of(t, &r->key), i);
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

	*r = (struct cgn_contact){.next = t->first_free};
	t->first_free = i;
	t->n_used--;
}

uint32_t
cgn_contact_find(const struct cgn_contacts *t, const struct cgn_contact_key *key)
{
	uint32_t i = cgn_index_walk(&t->index, hash_of(t, key), is_contact, t->records, key);

	if (unlikely(i == 0) && t->is_copy && memcmp(key, &t->foreseen, sizeof(*key)) == 0)
		return CGN_CONTACT_FORESEEN;
	return i;
}

uint32_t
cgn_contact_prefetch(const struct cgn_contacts *t, const struct cgn_contact_key *key)
{
	const uint32_t hash = hash_of(t, key);

	rte_prefetch0(cgn_index_home(&t->index, hash));
	return hash;
}

void
cgn_contact_prefetch_record(const struct cgn_contacts *t, uint32_t hash)
{
	rte_prefetch0(&t->records[cgn_index_guess(cgn_index_home(&t->index, hash), hash)]);
}
