/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of datagrams in fragments; called by fragment.c on its worker's thread. */
#include "fragment_table.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "directory.h"
#include "mem.h"
#include "rand.h"
#include "reserve.h"
#include "subscriber.h"

void
cgn_fragment_secret_draw(struct cgn_fragment_secret *secret, uint64_t seed)
{
	struct cgn_rand rand;

	cgn_rand_init(&rand, seed);
	for (int i = 0; i < 4; i++)
		secret->s[i] = cgn_rand_u64(&rand);
}

static uint32_t *
bucket_at(const struct cgn_fragments *t, const struct cgn_fragment_secret *secret,
	const struct cgn_fragment_key *key)
{
	uint32_t rest;

	memcpy(&rest, &key->id, sizeof(rest));
	return &t->buckets[cgn_fragment_hash(secret, key->host, key->peer, rest) & t->mask];
}

int
cgn_fragments_init(struct cgn_fragments *t, uint32_t capacity, uint32_t hold, int socket)
{
	uint32_t n_buckets = 64;

	memset(t, 0, sizeof(*t));
	while (n_buckets < capacity * 2)
		n_buckets *= 2;
	t->mask = n_buckets - 1;
	t->datagrams = cgn_mem_zalloc("datagrams", capacity + 1, sizeof(*t->datagrams), socket);
	t->held = cgn_mem_zalloc("fragments", hold + 1, sizeof(*t->held), socket);
	t->buckets = cgn_mem_zalloc("fragment_hash", n_buckets, sizeof(*t->buckets), socket);
	t->bits = cgn_reserve_create(capacity + 1, sizeof(*t->bits), socket);
	t->tenants = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*t->tenants), socket);
	t->uses[CGN_IN2OUT] = cgn_reserve_create(CGN_MAX_INSIDE, sizeof(*t->uses[0]), socket);
	t->uses[CGN_OUT2IN] = cgn_reserve_create(CGN_MAX_POOL, sizeof(*t->uses[0]), socket);
	if (t->datagrams == NULL || t->held == NULL || t->buckets == NULL || t->bits == NULL ||
		t->tenants == NULL || t->uses[0] == NULL || t->uses[1] == NULL ||
		cgn_reserve_fill(t->bits, 0, capacity + 1) < 0) {
		cgn_fragments_fini(t);
		return -ENOMEM;
	}
	t->capacity = capacity;
	t->hold = hold;
	for (uint32_t i = capacity; i > 0; i--) {
		t->datagrams[i].next = t->free;
		t->free = i;
	}
	for (uint32_t i = hold; i > 0; i--) {
		t->held[i].next = t->free_held;
		t->free_held = i;
	}
	return 0;
}

void
cgn_fragments_fini(struct cgn_fragments *t)
{
	cgn_mem_free(t->datagrams);
	cgn_mem_free(t->held);
	cgn_mem_free(t->buckets);
	cgn_reserve_destroy(t->bits);
	cgn_reserve_destroy(t->tenants);
	cgn_reserve_destroy(t->uses[0]);
	cgn_reserve_destroy(t->uses[1]);
	memset(t, 0, sizeof(*t));
}

int
cgn_fragments_fill(struct cgn_fragments *t, uint32_t n_tenants, uint32_t n_inside, uint32_t n_pool)
{
	if (cgn_reserve_fill(t->tenants, 0, n_tenants) < 0 ||
		cgn_reserve_fill(t->uses[CGN_IN2OUT], 0, n_inside) < 0 ||
		cgn_reserve_fill(t->uses[CGN_OUT2IN], 0, n_pool) < 0)
		return -ENOMEM;
	return 0;
}

uint32_t
cgn_fragments_find(const struct cgn_fragments *t, const struct cgn_fragment_secret *secret,
	const struct cgn_fragment_key *key)
{
	uint32_t i = *bucket_at(t, secret, key);

	while (i != 0 && memcmp(&t->datagrams[i].key, key, sizeof(*key)) != 0)
		i = t->datagrams[i].next;
	return i;
}

/* Telemetry reads these while they change. */
static void
step16(uint16_t *gauge, int by)
{
	__atomic_store_n(gauge, (uint16_t)(*gauge + by), __ATOMIC_RELAXED);
}

static void
step32(uint32_t *gauge, int by)
{
	__atomic_store_n(gauge, *gauge + (uint32_t)by, __ATOMIC_RELAXED);
}

static void
raise_peak(uint32_t *peak, uint32_t value)
{
	if (value > *peak)
		__atomic_store_n(peak, value, __ATOMIC_RELAXED);
}

static void
append(struct cgn_fragments *t, struct cgn_fragment_list *list, int kind, uint32_t i)
{
	struct cgn_fragment_link *link = &t->datagrams[i].links[kind];

	*link = (struct cgn_fragment_link){.older = list->newest};
	if (list->newest != 0)
		t->datagrams[list->newest].links[kind].newer = i;
	else
		list->oldest = i;
	list->newest = i;
}

static void
cut_out(struct cgn_fragments *t, struct cgn_fragment_list *list, int kind, uint32_t i)
{
	const struct cgn_fragment_link *link = &t->datagrams[i].links[kind];

	if (link->older != 0)
		t->datagrams[link->older].links[kind].newer = link->newer;
	else
		list->oldest = link->newer;
	if (link->newer != 0)
		t->datagrams[link->newer].links[kind].older = link->older;
	else
		list->newest = link->older;
}

uint32_t
cgn_fragments_add(struct cgn_fragments *t, const struct cgn_fragment_secret *secret,
	const struct cgn_fragment_key *key, uint16_t tenant, uint32_t use, cgn_ns_t now)
{
	uint32_t i = t->free, *bucket = bucket_at(t, secret, key);
	struct cgn_datagram *d = &t->datagrams[i];

	assert(i != 0);
	t->free = d->next;
	*d = (struct cgn_datagram){
		.key = *key, .next = *bucket, .made = now, .tenant = tenant, .use = use};
	*bucket = i;
	append(t, &t->by_age, CGN_FRAGMENT_BY_AGE, i);
	append(t, &t->tenants[tenant].list, CGN_FRAGMENT_OF_TENANT, i);
	step32(&t->tenants[tenant].n, 1);
	step16(&t->uses[key->dir][use].n, 1);
	step32(&t->n, 1);
	raise_peak(&t->n_peak, t->n);
	return i;
}

void
cgn_fragments_del(struct cgn_fragments *t, const struct cgn_fragment_secret *secret, uint32_t i)
{
	struct cgn_datagram *d = &t->datagrams[i];
	uint32_t *at = bucket_at(t, secret, &d->key);

	assert(d->n_held == 0 && !d->is_released);
	while (*at != i)
		at = &t->datagrams[*at].next;
	*at = d->next;
	cut_out(t, &t->by_age, CGN_FRAGMENT_BY_AGE, i);
	cut_out(t, &t->tenants[d->tenant].list, CGN_FRAGMENT_OF_TENANT, i);
	step32(&t->tenants[d->tenant].n, -1);
	step16(&t->uses[d->key.dir][d->use].n, -1);
	step32(&t->n, -1);
	memset(&t->bits[i].seen[d->first_word], 0, d->n_words * sizeof(uint64_t));
	memset(&t->bits[i].starts[d->first_word], 0, d->n_words * sizeof(uint64_t));
	d->next = t->free;
	t->free = i;
}

static void
count_held(struct cgn_fragments *t, struct cgn_datagram *d, int by)
{
	d->n_held = (uint16_t)(d->n_held + by);
	step32(&t->tenants[d->tenant].n_held, by);
	step16(&t->uses[d->key.dir][d->use].n_held, by);
	__atomic_store_n(&t->n_held, t->n_held + (uint64_t)(int64_t)by, __ATOMIC_RELAXED);
	raise_peak(&t->held_peak, (uint32_t)t->n_held);
}

void
cgn_fragments_hold(struct cgn_fragments *t, uint32_t i, struct rte_mbuf *m)
{
	struct cgn_datagram *d = &t->datagrams[i];
	uint32_t h = t->free_held;

	assert(h != 0);
	t->free_held = t->held[h].next;
	t->held[h] = (struct cgn_fragment_held){.m = m};
	if (d->last_held != 0)
		t->held[d->last_held].next = h;
	else
		d->first_held = h;
	d->last_held = h;
	count_held(t, d, 1);
}

struct rte_mbuf *
cgn_fragments_take(struct cgn_fragments *t, uint32_t i)
{
	struct cgn_datagram *d = &t->datagrams[i];
	uint32_t h = d->first_held;
	struct rte_mbuf *m = t->held[h].m;

	if (h == 0)
		return NULL;
	d->first_held = t->held[h].next;
	if (d->first_held == 0)
		d->last_held = 0;
	t->held[h].next = t->free_held;
	t->free_held = h;
	count_held(t, d, -1);
	return m;
}

/* Bits from … to-1 of one word. */
static uint64_t
mask_of(uint32_t word, uint32_t from, uint32_t to)
{
	uint64_t mask = UINT64_MAX;

	if (from > word * 64)
		mask &= UINT64_MAX << (from - word * 64);
	if (to < word * 64 + 64)
		mask &= UINT64_MAX >> (word * 64 + 64 - to);
	return mask;
}

struct found {
	bool any, all, starts; /* octets seen: some, each; a fragment starts behind the first */
};

static struct found
look(const struct cgn_fragment_bits *bits, uint32_t from, uint32_t to)
{
	struct found f = {.all = true};

	for (uint32_t w = from / 64; w <= (to - 1) / 64; w++) {
		uint64_t mask = mask_of(w, from, to), inner = mask;

		f.any |= (bits->seen[w] & mask) != 0;
		f.all &= (bits->seen[w] & mask) == mask;
		if (w == from / 64)
			inner &= ~(UINT64_C(1) << (from % 64));
		f.starts |= (bits->starts[w] & inner) != 0;
	}
	return f;
}

static bool
has(const uint64_t *bits, uint32_t unit)
{
	return unit < CGN_FRAGMENT_WORDS * 64 && (bits[unit / 64] >> (unit % 64) & 1) != 0;
}

/* The words that have to be cleared some time. */
static void
widen(struct cgn_datagram *d, uint32_t first, uint32_t last)
{
	uint32_t end = (uint32_t)d->first_word + d->n_words;

	if (d->n_words == 0) {
		d->first_word = (uint8_t)first;
		end = last + 1;
	}
	if (first < d->first_word)
		d->first_word = (uint8_t)first;
	if (last + 1 > end)
		end = last + 1;
	d->n_words = (uint8_t)(end - d->first_word);
}

/* One that has come already: it starts and ends where that one does. */
static bool
is_again(const struct cgn_datagram *d, const struct cgn_fragment_bits *bits, uint32_t from,
	uint32_t to, uint32_t end, bool is_last)
{
	struct found f = look(bits, from, to);

	if (!f.all || f.starts || !has(bits->starts, from))
		return false;
	return is_last ? end == d->end
		       : end != d->end && (has(bits->starts, to) || !has(bits->seen, to));
}

enum cgn_fragment_novelty
cgn_fragments_note(struct cgn_fragments *t, uint32_t i, uint32_t off, uint32_t len, bool is_last)
{
	struct cgn_datagram *d = &t->datagrams[i];
	struct cgn_fragment_bits *bits = &t->bits[i];
	uint32_t from = off / 8, end = off + len, to = (end + 7) / 8;

	if (is_again(d, bits, from, to, end, is_last))
		return CGN_FRAGMENT_AGAIN;
	/* Beyond the end, another end, or an end before something that has come. */
	if (d->end != 0 && (is_last ? end != d->end : end >= d->end))
		return CGN_FRAGMENT_OVERLAPS;
	if (is_last && d->n_words != 0 && (uint32_t)d->first_word + d->n_words > to / 64 &&
		look(bits, to, ((uint32_t)d->first_word + d->n_words) * 64).any)
		return CGN_FRAGMENT_OVERLAPS;
	if (look(bits, from, to).any)
		return CGN_FRAGMENT_OVERLAPS;
	widen(d, from / 64, (to - 1) / 64);
	for (uint32_t w = from / 64; w <= (to - 1) / 64; w++)
		bits->seen[w] |= mask_of(w, from, to);
	bits->starts[from / 64] |= UINT64_C(1) << (from % 64);
	d->n_units = (uint16_t)(d->n_units + (to - from));
	if (is_last)
		d->end = end;
	return CGN_FRAGMENT_NEW;
}
