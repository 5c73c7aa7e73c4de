/* SPDX-License-Identifier: BSD-3-Clause */
/* A pool for tests, and its audit; see pool_fixture.h. */
#include "pool_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"
#include "port_block.h"

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

bool pool_fixture_may_move;

struct audit {
	uint32_t blocks, blocks_resting, granules;
	uint32_t busy[CGN_N_PROTOS], resting[CGN_N_PROTOS];
};

static void
count_block(const struct cgn_block *block, struct audit *audit)
{
	audit->blocks++;
	audit->blocks_resting += block->is_resting;
	audit->granules += block->n_granules;
	for (int p = 0; p < CGN_N_PROTOS; p++) {
		audit->busy[p] += block->busy[p];
		audit->resting[p] += block->resting[p];
	}
}

/* Blocks that nobody holds have no mappings, and something in them rests. */
static bool
orphans_are_sound(const struct cgn_pool *pool, uint32_t i, struct audit *audits)
{
	for (uint32_t g = 0; g < CGN_GRANULES; g++) {
		uint32_t c = atomic_load(&pool->granules[(uint64_t)i * CGN_GRANULES + g]);
		const struct cgn_block *block = &pool->blocks[c != 0 ? pool->ctl[c].block : 0];

		if (c == 0 || !block->is_orphan || block->first_granule != g)
			continue;
		if (!block_is_sound(pool, pool->ctl[c].block))
			return false;
		for (int p = 0; p < CGN_N_PROTOS; p++)
			if (block->busy[p] != block->resting[p])
				return say("block of nobody has a mapping", pool->ctl[c].block);
		if (cgn_block_is_idle(block))
			return say("block of nobody is kept for nothing", pool->ctl[c].block);
		count_block(block, &audits[pool->addrs[i].tenant]);
	}
	return true;
}

/* The blocks that one subscriber holds; audits: of tenants. */
static bool
holder_is_sound(const struct cgn_pool *pool, uint32_t inside, struct audit *audits)
{
	const struct cgn_subscriber *sub = &pool->subscribers[inside];
	uint32_t n = 0, n_resting = 0, n_live = 0;

	for (uint32_t b = sub->first_block; b != CGN_NONE; b = pool->blocks[b].next, n++) {
		const struct cgn_block *block = &pool->blocks[b];
		struct audit *audit = &audits[pool->addrs[block->pool].tenant];
		bool is_live = cgn_directory_pool_live(pool->dir, block->pool);

		if (n > pool->n_blocks)
			return say("chain of blocks is a circle", inside);
		if (!cgn_block_is_of(block, inside) ||
			(is_live && block->pool != sub->pool && !block->is_resting &&
				!pool_fixture_may_move))
			return say("block is another's, or not on the paired address", b);
		if (!block_is_sound(pool, b))
			return false;
		count_block(block, audit);
		n_resting += block->is_resting;
		n_live += is_live;
	}
	if (n != sub->n_blocks || n_resting != sub->n_resting ||
		(n_live > 0 && sub->pool == CGN_NONE))
		return say("subscriber's number of blocks is wrong", inside);
	return true;
}

static bool
is_leased(const struct cgn_pool_addr *addr, uint32_t granule)
{
	return addr->leased[granule / 64] >> (granule % 64) & 1;
}

/* A block of the layout is free exactly when none of its granules is leased. */
static bool
free_blocks_are_sound(const struct cgn_pool *pool, const struct cgn_pool_addr *addr, uint32_t i)
{
	uint32_t n_free = 0, k = 0;

	for (uint32_t g = addr->first_granule; g <= addr->last_granule; k++) {
		bool is_whole = addr->state == CGN_ADDR_OPEN, has_any = false;

		for (uint32_t n = 0; n < addr->block_granules && g <= addr->last_granule;
			n++, g++) {
			const struct cgn_span one = {(uint16_t)g, (uint16_t)g};

			is_whole = is_whole && !is_leased(addr, g);
			has_any = has_any || !cgn_span_is_reserved(pool, i, &one);
		}
		is_whole = is_whole && has_any;
		if ((addr->free_blocks[k / 64] >> (k % 64) & 1) != is_whole)
			return say("free block is not free, or the other way round", i);
		n_free += is_whole;
	}
	for (; k < CGN_GRANULES; k++)
		if (addr->free_blocks[k / 64] >> (k % 64) & 1)
			return say("free block beyond the last", i);
	return n_free == addr->n_free ? true : say("free blocks of an address are miscounted", i);
}

/* A computed range is idle exactly when none of its granules is leased. */
static bool
idle_ranges_are_sound(const struct cgn_pool *pool, const struct cgn_pool_addr *addr, uint32_t i)
{
	uint32_t n_idle = 0;

	if (pool->dir->tenants[addr->tenant].det != NULL && addr->fixed_block > 0)
		for (uint32_t g = addr->fixed.first; g <= addr->fixed.last;) {
			bool is_whole = addr->state == CGN_ADDR_OPEN;

			for (uint32_t n = 0; n < addr->fixed_block; n++, g++)
				is_whole = is_whole && !is_leased(addr, g);
			n_idle += is_whole;
		}
	return n_idle == addr->n_idle ? true : say("idle ranges of an address are miscounted", i);
}

static bool
addr_is_sound(const struct cgn_pool *pool, uint32_t i)
{
	const struct cgn_pool_addr *addr = &pool->addrs[i];
	uint32_t n_blocks = 0, n_granules = 0, last = CGN_NONE;

	for (uint32_t g = 0; g < CGN_GRANULES; g++) {
		uint32_t c = atomic_load(&pool->granules[(uint64_t)i * CGN_GRANULES + g]);
		uint32_t b = c != 0 ? pool->ctl[c].block : CGN_NONE;

		if ((c != 0) != is_leased(addr, g))
			return say("granule with a chunk is not leased", i);
		if (c != 0 && pool->blocks[b].pool != i)
			return say("granule belongs to another address", i);
		n_granules += c != 0;
		n_blocks += b != CGN_NONE && b != last;
		last = b;
	}
	if (n_blocks != (uint32_t)addr->n_blocks - addr->n_free)
		return say("leased blocks of an address are miscounted", i);
	if (n_granules > addr->kept_chunks || addr->n_blocks > addr->kept_blocks)
		return say("address keeps too little", i);
	if ((addr->n_free > 0) != (addr->avail_pos != CGN_NONE))
		return say("address is wrongly listed", i);
	if (addr->n_free > 0 && pool->avail[addr->tenant].addrs[addr->avail_pos] != i)
		return say("address is listed elsewhere", i);
	return idle_ranges_are_sound(pool, addr, i) && free_blocks_are_sound(pool, addr, i);
}

/* audit: what its addresses' holders have, of whom some may be nobody's numbers by now. */
static bool
tenant_is_sound(const struct cgn_pool *pool, uint32_t t, const struct audit *audit)
{
	const struct cgn_pool_use *use = &pool->use[t];
	uint32_t n_addrs = 0, n_free = 0, n_avail = 0;

	for (uint32_t i = 0; i < pool->ready.n_pool; i++) {
		const struct cgn_pool_addr *addr = &pool->addrs[i];

		if (addr->state == CGN_ADDR_NONE || addr->tenant != t)
			continue;
		if (!addr_is_sound(pool, i))
			return false;
		n_addrs++;
		n_free += (uint32_t)addr->n_free + addr->n_idle;
		n_avail += addr->n_free > 0;
	}
	if (n_addrs != pool->avail[t].n_addrs)
		return say("addresses of a tenant are miscounted", t);
	if (n_free + audit->blocks != use->n_blocks || audit->blocks != use->blocks ||
		audit->blocks_resting != use->blocks_resting)
		return say("blocks of a tenant are miscounted", t);
	if (n_avail != use->n_avail)
		return say("addresses with free blocks are miscounted", t);
	if (memcmp(audit->busy, use->busy, sizeof(use->busy)) != 0 ||
		memcmp(audit->resting, use->resting, sizeof(use->resting)) != 0)
		return say("ports of a tenant are miscounted", t);
	return true;
}

/* What addresses keep for themselves is there, and no more is promised than there is. */
static bool
kept_is_sound(const struct cgn_pool *pool)
{
	uint32_t chunks = 0, blocks = 0;

	for (uint32_t i = 0; i < pool->ready.n_pool; i++) {
		if (pool->addrs[i].state == CGN_ADDR_NONE)
			continue;
		chunks += pool->addrs[i].kept_chunks;
		blocks += pool->addrs[i].kept_blocks;
	}
	if (chunks != pool->kept_chunks || blocks != pool->kept_blocks)
		return say("chunks or blocks that are kept are miscounted", chunks);
	return chunks < pool->n_chunks && blocks <= pool->n_blocks
		? true
		: say("more is kept than there is", chunks);
}

static uint32_t
free_blocks(const struct cgn_pool *pool)
{
	uint32_t n = 0;

	for (uint32_t b = pool->first_free_block; b != CGN_NONE && n <= pool->n_blocks; n++)
		b = pool->blocks[b].next;
	return n;
}

static uint32_t
free_chunks(const struct cgn_pool *pool)
{
	uint32_t n = 0;

	for (uint32_t c = pool->first_free_chunk; c != CGN_NONE && n <= pool->n_chunks; n++)
		c = pool->ctl[c].block;
	return n;
}

static bool
tenants_are_sound(const struct cgn_pool *pool, uint32_t *granules, uint32_t *blocks)
{
	struct audit *audits = calloc(pool->dir->n_tenants, sizeof(*audits));
	bool ok = audits != NULL;

	for (uint32_t i = 0; ok && i < pool->dir->n_inside; i++)
		ok = holder_is_sound(pool, i, audits);
	for (uint32_t i = 0; ok && i < pool->ready.n_pool; i++)
		ok = pool->addrs[i].state == CGN_ADDR_NONE || orphans_are_sound(pool, i, audits);
	for (uint32_t t = 0; ok && t < pool->dir->n_tenants; t++) {
		ok = tenant_is_sound(pool, t, &audits[t]);
		*granules += audits[t].granules;
		*blocks += pool->use[t].blocks;
	}
	free(audits);
	return ok;
}

bool
pool_is_consistent(const struct cgn_pool *pool)
{
	uint32_t granules = 0, blocks = 0;

	if (!tenants_are_sound(pool, &granules, &blocks))
		return false;
	if (!kept_is_sound(pool))
		return false;
	if (free_blocks(pool) + blocks != pool->n_blocks)
		return say("blocks are lost", blocks);
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
		if (pool->use[t].blocks != 0 || pool->use[t].n_avail != pool->avail[t].n_addrs)
			return say("tenant still has blocks", t);
	for (uint64_t g = 0; g < (uint64_t)pool->dir->n_pool * CGN_GRANULES; g++)
		if (atomic_load(&pool->granules[g]) != 0)
			return say("granule still has a chunk", g);
	return pool_is_consistent(pool);
}
