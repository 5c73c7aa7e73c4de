/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of records: an array that grows, and a hash of its numbers. RADIUS thread. */
#include "radius_record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_RECORDS = 1024 };

void
cgn_radius_records_fini(struct cgn_radius_records *all)
{
	free(all->records);
	free(all->slots);
	free(all->keys);
	memset(all, 0, sizeof(*all));
}

/* Addresses stand side by side; the multiplier is Knuth's, of which the upper bits are good. */
static uint32_t
first_slot(const struct cgn_radius_records *all, uint32_t tenant, uint32_t addr)
{
	uint64_t hash = ((uint64_t)tenant << 32 | addr) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(hash >> 32) & (all->n_slots - 1);
}

/* The slot of the record, or the free one where it belongs; some are free always. */
static uint32_t *
slot_of(const struct cgn_radius_records *all, uint32_t tenant, uint32_t addr)
{
	uint32_t s = first_slot(all, tenant, addr);

	for (; all->slots[s] != 0; s = (s + 1) & (all->n_slots - 1)) {
		const struct cgn_radius_record *r = &all->records[all->slots[s] - 1];

		if (r->tenant == tenant && r->addr == addr)
			break;
	}
	return &all->slots[s];
}

struct cgn_radius_record *
cgn_radius_records_find(const struct cgn_radius_records *all, uint32_t tenant, uint32_t addr)
{
	uint32_t *slot = all->n_slots > 0 ? slot_of(all, tenant, addr) : NULL;

	return slot != NULL && *slot != 0 ? &all->records[*slot - 1] : NULL;
}

/* Keys are digests already. */
static uint32_t
first_key(const struct cgn_radius_records *all, uint64_t key)
{
	return (uint32_t)key & (all->n_slots - 1);
}

struct cgn_radius_record *
cgn_radius_records_find_owner(const struct cgn_radius_records *all, uint32_t tenant, uint64_t key)
{
	if (all->n_slots == 0)
		return NULL;
	for (uint32_t s = first_key(all, key); all->keys[s] != 0;
		s = (s + 1) & (all->n_slots - 1)) {
		struct cgn_radius_record *r = &all->records[all->keys[s] - 1];

		if (r->owner.key == key && r->tenant == tenant)
			return r;
	}
	return NULL;
}

static void
put_key(struct cgn_radius_records *all, uint32_t i)
{
	uint32_t s = first_key(all, all->records[i].owner.key);

	while (all->keys[s] != 0)
		s = (s + 1) & (all->n_slots - 1);
	all->keys[s] = i + 1;
	all->n_keys++;
}

/* Only those that count; they are at most half of the slots. */
static void
renew_keys(struct cgn_radius_records *all)
{
	memset(all->keys, 0, all->n_slots * sizeof(*all->keys));
	all->n_keys = 0;
	for (uint32_t i = 0; i < all->n; i++)
		if (all->records[i].owner.key != 0)
			put_key(all, i);
}

void
cgn_radius_records_own(struct cgn_radius_records *all, const struct cgn_radius_record *record)
{
	if (all->n_keys >= all->n_slots / 4 * 3)
		renew_keys(all); /* with this one */
	else if (record->owner.key != 0)
		put_key(all, (uint32_t)(record - all->records));
}

static void
forget(struct cgn_radius_records *all, uint64_t now_ms)
{
	uint32_t n = 0;

	assert(all->n == 0 || all->records != NULL);
	for (uint32_t i = 0; i < all->n; i++) {
		const struct cgn_radius_record *r = &all->records[i];

		if (r->owner.key != 0 || r->ended.stamp.at_ms + CGN_RADIUS_ENDED_MS > now_ms)
			all->records[n++] = *r;
	}
	all->n = n;
}

static bool
grow(struct cgn_radius_records *all)
{
	uint32_t n = all->n_alloc > 0 ? all->n_alloc * 2 : FIRST_RECORDS;
	struct cgn_radius_record *records = realloc(all->records, n * sizeof(*records));
	uint32_t *slots, *keys;

	if (records == NULL)
		return false;
	all->records = records;
	keys = realloc(all->keys, (size_t)n * 2 * sizeof(*keys));
	if (keys == NULL)
		return false;
	all->keys = keys;
	slots = realloc(all->slots, (size_t)n * 2 * sizeof(*slots));
	if (slots == NULL)
		return false;
	all->slots = slots;
	all->n_alloc = n;
	all->n_slots = n * 2;
	return true;
}

static bool
make_room(struct cgn_radius_records *all, uint64_t now_ms)
{
	bool ok = true;

	forget(all, now_ms);
	if (all->n_alloc == 0 || all->n > all->n_alloc / 4 * 3)
		ok = grow(all) || all->n < all->n_alloc;
	if (all->n_slots == 0)
		return false;
	memset(all->slots, 0, all->n_slots * sizeof(*all->slots));
	for (uint32_t i = 0; i < all->n; i++)
		*slot_of(all, all->records[i].tenant, all->records[i].addr) = i + 1;
	renew_keys(all);
	return ok;
}

struct cgn_radius_record *
cgn_radius_records_add(
	struct cgn_radius_records *all, uint32_t tenant, uint32_t addr, uint64_t now_ms)
{
	struct cgn_radius_record *r = cgn_radius_records_find(all, tenant, addr);

	if (r != NULL)
		return r;
	if (all->n == all->n_alloc && !make_room(all, now_ms))
		return NULL;
	assert(all->n < all->n_alloc && all->records != NULL);
	r = &all->records[all->n++];
	*r = (struct cgn_radius_record){.tenant = tenant, .addr = addr};
	*slot_of(all, tenant, addr) = all->n;
	return r;
}
