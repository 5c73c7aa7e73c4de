/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rest of freed ports (RFC 6888 REQ-8: 120 s before another subscriber may have them): one
 * chain per second, linked through the slots themselves, so that resting costs no memory.
 */
#include <errno.h>

#include "pool.h"
#include "port_block.h"

enum { SLOTS_PER_CHUNK = CGN_N_PROTOS * CGN_GRANULE_PORTS };

static uint32_t
slot_number(uint32_t chunk, enum cgn_proto proto, uint32_t bit)
{
	return chunk * SLOTS_PER_CHUNK + (uint32_t)proto * CGN_GRANULE_PORTS + bit;
}

static void
count_resting(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, int by)
{
	struct cgn_block *block = &pool->blocks[pool->ctl[chunk].block];

	block->resting[proto] = (uint16_t)(block->resting[proto] + by);
	pool->use[pool->addrs[block->pool].tenant].resting[proto] += (uint32_t)by;
	pool->addrs[block->pool].mapped -= (uint32_t)by;
}

static _Atomic uint32_t *
slot_of(const struct cgn_pool *pool, uint32_t number)
{
	return &pool->chunks[number / SLOTS_PER_CHUNK].slots[number % SLOTS_PER_CHUNK /
		CGN_GRANULE_PORTS][number % CGN_GRANULE_PORTS];
}

/* The claim on a slot that is still in a chain, or NULL. There are few, and mostly none. */
static const struct cgn_claim *
claim_at(const struct cgn_pool *pool, uint32_t number)
{
	for (uint32_t i = 0; i < pool->n_claims; i++)
		if (pool->claims[i].number == number)
			return &pool->claims[i];
	return NULL;
}

static struct cgn_claim *
claim_of(struct cgn_pool *pool, uint32_t number)
{
	const struct cgn_claim *claim = claim_at(pool, number);

	return claim != NULL ? &pool->claims[claim - pool->claims] : NULL;
}

static void
claim_del(struct cgn_pool *pool, struct cgn_claim *claim)
{
	*claim = pool->claims[--pool->n_claims];
}

static void
link_slot(struct cgn_pool *pool, uint32_t number, uint32_t until_s)
{
	uint32_t *head = &pool->rest_heads[until_s % CGN_REST_SLOTS];

	atomic_store_explicit(
		slot_of(pool, number), CGN_SLOT_RESTING | *head, memory_order_release);
	*head = number + 1;
}

void
cgn_pool_rest(struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto, uint32_t until_s)
{
	uint32_t bit = at.port % CGN_GRANULE_PORTS;
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)at.pool * CGN_GRANULES + at.port / CGN_GRANULE_PORTS],
		memory_order_relaxed);
	uint32_t number = slot_number(chunk, proto, bit);
	struct cgn_claim *claim = claim_of(pool, number);

	/* Only after a jump of hours that has not been worked off: then the port wakes early. */
	if ((int32_t)(until_s - pool->rest_now_s) >= CGN_REST_SLOTS)
		until_s = pool->rest_now_s + CGN_REST_SLOTS - 1;
	if (claim != NULL) { /* the chain of its earlier rest still holds it: wait for that */
		claim->until_s = until_s;
		claim->has_rested_again = claim->is_resting = true;
		count_resting(pool, chunk, proto, 1);
		atomic_store_explicit(slot_of(pool, number), CGN_SLOT_RESTING | claim->next,
			memory_order_release);
		return;
	}
	if ((int32_t)(until_s - pool->rest_now_s) <= 0) {
		atomic_store_explicit(slot_of(pool, number), 0, memory_order_release);
		cgn_block_unpick(pool, chunk, proto, bit);
		return;
	}
	count_resting(pool, chunk, proto, 1);
	link_slot(pool, number, until_s);
}

bool
cgn_rest_claim(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit)
{
	uint32_t number = slot_number(chunk, proto, bit);
	uint32_t slot = atomic_load_explicit(slot_of(pool, number), memory_order_relaxed);
	struct cgn_claim *claim = claim_of(pool, number);
	struct cgn_pool_addr *addr;

	if (!(slot & CGN_SLOT_RESTING) || (claim == NULL && pool->n_claims == CGN_MAX_CLAIMS))
		return false;
	if (claim == NULL) {
		claim = &pool->claims[pool->n_claims++];
		*claim = (struct cgn_claim){.number = number, .next = slot & ~CGN_SLOT_RESTING};
	}
	claim->is_resting = false;
	count_resting(pool, chunk, proto, -1);
	addr = &pool->addrs[pool->blocks[pool->ctl[chunk].block].pool];
	cgn_peak_see(&addr->mapped_peak, addr->mapped, pool->rest_now_s);
	atomic_store_explicit(slot_of(pool, number), 0, memory_order_release);
	return true;
}

bool
cgn_rest_unclaim(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit)
{
	uint32_t number = slot_number(chunk, proto, bit);
	struct cgn_claim *claim = claim_of(pool, number);

	if (claim == NULL)
		return false;
	atomic_store_explicit(
		slot_of(pool, number), CGN_SLOT_RESTING | claim->next, memory_order_release);
	count_resting(pool, chunk, proto, 1);
	if (claim->has_rested_again)
		claim->is_resting = true; /* its chain is that of an earlier rest */
	else
		claim_del(pool, claim);
	return true;
}

static void
wake(struct cgn_pool *pool, uint32_t number)
{
	uint32_t chunk = number / SLOTS_PER_CHUNK;
	enum cgn_proto proto = (enum cgn_proto)(number % SLOTS_PER_CHUNK / CGN_GRANULE_PORTS);

	atomic_store_explicit(slot_of(pool, number), 0, memory_order_release);
	count_resting(pool, chunk, proto, -1);
	cgn_block_unpick(pool, chunk, proto, number % CGN_GRANULE_PORTS);
}

/* The first slot of the chain of second now_s leaves it; it wakes unless it has been claimed. */
static void
chain_pop(struct cgn_pool *pool, uint32_t *head, uint32_t now_s)
{
	uint32_t number = *head - 1;
	struct cgn_claim *claim = claim_of(pool, number);
	uint32_t until_s;

	if (claim == NULL) {
		*head = atomic_load_explicit(slot_of(pool, number), memory_order_relaxed) &
			~CGN_SLOT_RESTING;
		wake(pool, number);
		return;
	}
	*head = claim->next;
	until_s = claim->until_s;
	if (claim->is_resting && (int32_t)(until_s - now_s) > 0)
		link_slot(pool, number, until_s);
	else if (claim->is_resting)
		wake(pool, number);
	claim_del(pool, claim_of(pool, number));
}

uint32_t
cgn_pool_rest_advance(struct cgn_pool *pool, uint32_t now_s, uint32_t budget)
{
	uint32_t n = 0;

	while ((int32_t)(now_s - pool->rest_now_s) > 0) {
		uint32_t second = pool->rest_now_s + 1;
		uint32_t *head = &pool->rest_heads[second % CGN_REST_SLOTS];

		for (; *head != 0; n++) {
			if (n >= budget)
				return n;
			chain_pop(pool, head, second);
		}
		n += cgn_block_rest_wake(pool, second, n < budget ? budget - n : 0);
		if (pool->rest_blocks[second % CGN_BLOCK_REST_SLOTS] != 0)
			return n;
		pool->rest_now_s++;
	}
	return n;
}

/* What a chain goes on with behind a slot that is in it: slot number + 1, or 0. */
static uint32_t
next_in_chain(const struct cgn_pool *pool, uint32_t number)
{
	const struct cgn_claim *claim = claim_at(pool, number);

	return claim != NULL ? claim->next
			     : atomic_load_explicit(slot_of(pool, number), memory_order_relaxed) &
			~CGN_SLOT_RESTING;
}

/*
 * Where the search stands may be lost only while its second is worked off: slots leave a chain no
 * earlier, and come in at its head.
 */
static void
search_resume(const struct cgn_pool *pool, struct cgn_rest_search *s)
{
	uint32_t first = pool->rest_now_s + 1;

	if (s->second == 0 || (int32_t)(s->second - first) <= 0)
		*s = (struct cgn_rest_search){.second = first};
	if (s->number == 0)
		s->number = pool->rest_heads[s->second % CGN_REST_SLOTS];
}

int
cgn_pool_rest_until(const struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto,
	struct cgn_rest_search *s, uint32_t budget, uint32_t *until_s)
{
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)at.pool * CGN_GRANULES + at.port / CGN_GRANULE_PORTS],
		memory_order_relaxed);
	uint32_t number = slot_number(chunk, proto, at.port % CGN_GRANULE_PORTS);
	const struct cgn_claim *claim = claim_at(pool, number);

	if (!(atomic_load_explicit(slot_of(pool, number), memory_order_relaxed) & CGN_SLOT_RESTING))
		return -ENOENT;
	search_resume(pool, s);
	while (budget-- > 0) {
		if (s->number == number + 1) {
			*until_s = s->second;
			if (claim != NULL && (int32_t)(claim->until_s - s->second) > 0)
				*until_s = claim->until_s;
			return 0;
		}
		if (s->number != 0)
			s->number = next_in_chain(pool, s->number - 1);
		if (s->number != 0)
			continue;
		if (++s->second - pool->rest_now_s >= CGN_REST_SLOTS)
			return -ENOENT; /* it is in none: cannot be unless it has just woken */
		s->number = pool->rest_heads[s->second % CGN_REST_SLOTS];
	}
	return -EAGAIN;
}
