/* SPDX-License-Identifier: BSD-3-Clause */
/* A pool for tests, and its audit; see pool_fixture.h. */
#include "pool_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"

enum { TEXT_LEN = 2048 };

static void
create(struct pool_fixture *f, uint64_t seed)
{
	struct cgn_errmsg err;

	f->dir = cgn_directory_create(f->conf, NULL, &err);
	if (f->dir == NULL)
		abort();
	f->subscribers = calloc(f->dir->n_inside, sizeof(*f->subscribers));
	cgn_rand_init(&f->rand, seed);
	f->pool = cgn_pool_create(f->dir, f->subscribers, &f->rand, -1, &err);
	if (f->subscribers == NULL || f->pool == NULL)
		abort();
}

static const char *
tenant_text(char *buf, const char *name, const char *port, const char *pool)
{
	snprintf(buf, TEXT_LEN,
		"tenant: %s\nattachments: [{port: %s, address: 100.64.0.1/24, "
		"subscribers: [{prefix: 100.64.0.0/24}]}]\n%s",
		name, port, pool);
	return buf;
}

void
pool_fixture_init(struct pool_fixture *f, const char *pool, uint64_t seed)
{
	char text[TEXT_LEN];

	f->conf = conf_text_load_one(
		CONF_TEXT_BOX "tenants: [t0.yaml]\n", tenant_text(text, "a", "access", pool));
	create(f, seed);
}

void
pool_fixture_init_two(struct pool_fixture *f, const char *pool_a, const char *pool_b, uint64_t seed)
{
	char text_a[TEXT_LEN], text_b[TEXT_LEN];
	const char *texts[] = {tenant_text(text_a, "a", "access", pool_a),
		tenant_text(text_b, "b", "trunk", pool_b)};

	f->conf = conf_text_load(CONF_TEXT_BOX "tenants: [t0.yaml, t1.yaml]\n", texts, 2);
	create(f, seed);
}

void
pool_fixture_fini(struct pool_fixture *f)
{
	cgn_pool_destroy(f->pool);
	free(f->subscribers);
	cgn_directory_destroy(f->dir);
	cgn_conf_free(f->conf);
}

static bool
say(const char *what, uint64_t at)
{
	fprintf(stderr, "pool: %s at %llu\n", what, (unsigned long long)at);
	return false;
}

/* Ports of a chunk that are busy but reserved; slots that are in use must be busy. */
static bool
chunk_is_sound(const struct cgn_pool *pool, uint32_t c, enum cgn_proto proto, uint32_t *busy,
	uint32_t *resting)
{
	for (uint32_t bit = 0; bit < CGN_GRANULE_PORTS; bit++) {
		uint32_t slot = atomic_load(&pool->chunks[c].slots[proto][bit]);

		*busy += pool->ctl[c].busy[proto] >> bit & 1;
		*resting += slot >> 31;
		if (slot != 0 && !(pool->ctl[c].busy[proto] >> bit & 1))
			return say("slot of a free port is in use", c);
	}
	return true;
}

static bool
block_is_sound(const struct cgn_pool *pool, uint32_t b)
{
	const struct cgn_block *block = &pool->blocks[b];

	for (int p = 0; p < CGN_N_PROTOS; p++) {
		uint32_t busy = 0, resting = 0;

		for (uint32_t g = 0; g < block->n_granules; g++) {
			uint32_t c = atomic_load(
				&pool->granules[(uint64_t)block->pool * CGN_GRANULES +
					block->first_granule + g]);

			if (c == 0 || pool->ctl[c].block != b)
				return say("granule of a leased block has another's chunk", b);
			if (!chunk_is_sound(pool, c, (enum cgn_proto)p, &busy, &resting))
				return false;
		}
		busy -= block->n_granules * CGN_GRANULE_PORTS - block->capacity[p]; /* reserved */
		if (busy != block->busy[p])
			return say("busy ports of a block are miscounted", b);
		if (resting != block->resting[p] || resting > busy)
			return say("resting ports of a block are miscounted", b);
	}
	return true;
}

struct audit {
	uint32_t blocks, blocks_resting, granules;
	uint32_t busy[CGN_N_PROTOS], resting[CGN_N_PROTOS];
};

/* The blocks that one subscriber holds. */
static bool
holder_is_sound(const struct cgn_pool *pool, uint32_t inside, struct audit *audit)
{
	const struct cgn_subscriber *sub = &pool->subscribers[inside];
	uint32_t n = 0, n_resting = 0;

	for (uint32_t b = sub->first_block; b != CGN_NONE; b = pool->blocks[b].next, n++) {
		const struct cgn_block *block = &pool->blocks[b];

		if (n > pool->n_blocks)
			return say("chain of blocks is a circle", inside);
		if (block->inside != inside || (block->pool != sub->pool && !block->is_resting))
			return say("block is another's, or not on the paired address", b);
		if (!block_is_sound(pool, b))
			return false;
		audit->granules += block->n_granules;
		n_resting += block->is_resting;
		for (int p = 0; p < CGN_N_PROTOS; p++) {
			audit->busy[p] += block->busy[p];
			audit->resting[p] += block->resting[p];
		}
	}
	if (n != sub->n_blocks || n_resting != sub->n_resting || (n > 0 && sub->pool == CGN_NONE))
		return say("subscriber's number of blocks is wrong", inside);
	audit->blocks += n;
	audit->blocks_resting += n_resting;
	return true;
}

static bool
tenant_is_sound(const struct cgn_pool *pool, uint32_t t, uint32_t *granules)
{
	const struct cgn_tenant *tenant = &pool->dir->tenants[t];
	const struct cgn_pool_use *use = &pool->use[t];
	struct audit audit = {0};
	uint32_t n_free = 0, n_avail = 0;

	for (uint32_t k = 0; k < tenant->n_inside; k++)
		if (!holder_is_sound(pool, tenant->inside.runs[0].first + k, &audit))
			return false;
	for (uint32_t i = tenant->first_pool; i < tenant->first_pool + tenant->n_pool; i++) {
		const struct cgn_pool_addr *addr = &pool->addrs[i];
		uint32_t bits = 0;

		for (uint32_t w = 0; w < CGN_GRANULES / 64; w++)
			bits += (uint32_t)__builtin_popcountll(addr->free_blocks[w]);
		if (bits != addr->n_free)
			return say("free blocks of an address are miscounted", i);
		if ((addr->n_free > 0) != (addr->avail_pos != CGN_NONE))
			return say("address is wrongly listed", i);
		if (addr->n_free > 0 && pool->avail[tenant->first_pool + addr->avail_pos] != i)
			return say("address is listed elsewhere", i);
		n_free += addr->n_free;
		n_avail += addr->n_free > 0;
	}
	if (n_free + audit.blocks != use->n_blocks || audit.blocks != use->blocks ||
		audit.blocks_resting != use->blocks_resting)
		return say("blocks of a tenant are miscounted", t);
	if (n_avail != use->n_avail)
		return say("addresses with free blocks are miscounted", t);
	if (memcmp(audit.busy, use->busy, sizeof(use->busy)) != 0 ||
		memcmp(audit.resting, use->resting, sizeof(use->resting)) != 0)
		return say("ports of a tenant are miscounted", t);
	*granules += audit.granules;
	return true;
}

static uint32_t
free_chunks(const struct cgn_pool *pool)
{
	uint32_t n = 0;

	for (uint32_t c = pool->first_free_chunk; c != CGN_NONE && n <= pool->n_chunks; n++)
		c = pool->ctl[c].block;
	return n;
}

bool
pool_is_consistent(const struct cgn_pool *pool)
{
	uint32_t granules = 0;

	for (uint32_t t = 0; t < pool->dir->n_tenants; t++)
		if (!tenant_is_sound(pool, t, &granules))
			return false;
	if (free_chunks(pool) + granules + 1 != pool->n_chunks)
		return say("chunks are lost", granules);
	for (uint32_t k = 0; k < CGN_N_PROTOS * CGN_GRANULE_PORTS; k++)
		if (((const uint32_t *)(const void *)&pool->chunks[0])[k] != 0)
			return say("the empty chunk is not empty", k);
	return true;
}

bool
pool_fixture_is_consistent(const struct pool_fixture *f)
{
	return pool_is_consistent(f->pool);
}

bool
pool_is_untouched(const struct cgn_pool *pool)
{
	for (uint32_t t = 0; t < pool->dir->n_tenants; t++)
		if (pool->use[t].blocks != 0 ||
			pool->use[t].n_avail != pool->dir->tenants[t].n_pool)
			return say("tenant still has blocks", t);
	for (uint64_t g = 0; g < (uint64_t)pool->dir->n_pool * CGN_GRANULES; g++)
		if (atomic_load(&pool->granules[g]) != 0)
			return say("granule still has a chunk", g);
	return pool_is_consistent(pool);
}
