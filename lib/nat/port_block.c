/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port blocks. Which address: paired if the subscriber has one, else the emptier of two drawn at
 * random among those with a free block, which spreads load without looking at the whole pool. Which
 * block: the first free one after a random place. Which port: likewise within the block.
 */
#include "port_block.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static uint32_t
granules_per_addr(const struct cgn_conf_tenant *conf)
{
	return conf->ports.last / CGN_GRANULE_PORTS - conf->ports.first / CGN_GRANULE_PORTS + 1u;
}

static uint32_t
blocks_per_addr(const struct cgn_conf_tenant *conf)
{
	uint32_t per_block = conf->ports.block_size / CGN_GRANULE_PORTS;

	return (granules_per_addr(conf) + per_block - 1) / per_block;
}

int
cgn_blocks_size(const struct cgn_directory *dir, uint32_t *n_blocks, uint32_t *n_chunks)
{
	uint64_t blocks = 0, chunks = 0;

	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		const struct cgn_conf_tenant *conf = dir->tenants[t].conf;
		uint64_t n_pool = dir->tenants[t].n_pool;

		if (conf == NULL)
			continue;
		blocks += n_pool * blocks_per_addr(conf);
		chunks += n_pool * granules_per_addr(conf);
	}
	if (chunks >= CGN_MAX_CHUNKS)
		return -EOVERFLOW;
	*n_blocks = (uint32_t)blocks; /* at most one per chunk */
	*n_chunks = (uint32_t)chunks;
	return 0;
}

static void
addr_init(struct cgn_pool *pool, uint32_t i)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];
	const struct cgn_tenant *tenant;

	addr->tenant = pool->dir->pool_tenants[i];
	tenant = &pool->dir->tenants[addr->tenant];
	addr->first_granule = tenant->conf->ports.first / CGN_GRANULE_PORTS;
	addr->last_granule = tenant->conf->ports.last / CGN_GRANULE_PORTS;
	addr->block_granules = tenant->conf->ports.block_size / CGN_GRANULE_PORTS;
	addr->n_blocks = addr->n_free = (uint16_t)blocks_per_addr(tenant->conf);
	for (uint32_t b = 0; b < addr->n_blocks; b++)
		addr->free_blocks[b / 64] |= UINT64_C(1) << (b % 64);
	addr->avail_pos = pool->use[addr->tenant].n_avail++;
	pool->avail[tenant->first_pool + addr->avail_pos] = i;
	pool->use[addr->tenant].n_blocks += addr->n_blocks;
}

void
cgn_blocks_init(struct cgn_pool *pool)
{
	for (uint32_t i = 0; i < pool->dir->n_pool; i++)
		if (cgn_directory_pool_live(pool->dir, i))
			addr_init(pool, i);
	for (uint32_t b = 0; b < pool->n_blocks; b++)
		pool->blocks[b].next = b + 1 < pool->n_blocks ? b + 1 : CGN_NONE;
	pool->first_free_block = pool->n_blocks > 0 ? 0 : CGN_NONE;
	for (uint32_t c = 1; c < pool->n_chunks; c++)
		pool->ctl[c].block = c + 1 < pool->n_chunks ? c + 1 : CGN_NONE;
	pool->first_free_chunk = pool->n_chunks > 1 ? 1 : CGN_NONE;
}

/* Keeps the tenant's list of addresses with free blocks: full addresses leave it. */
static void
avail_del(struct cgn_pool *pool, uint32_t i)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];
	struct cgn_pool_use *use = &pool->use[addr->tenant];
	uint32_t *list = &pool->avail[pool->dir->tenants[addr->tenant].first_pool];
	uint32_t last = list[--use->n_avail];

	list[addr->avail_pos] = last;
	pool->addrs[last].avail_pos = addr->avail_pos;
	addr->avail_pos = CGN_NONE;
}

static void
avail_add(struct cgn_pool *pool, uint32_t i)
{
	struct cgn_pool_addr *addr = &pool->addrs[i];
	struct cgn_pool_use *use = &pool->use[addr->tenant];

	addr->avail_pos = use->n_avail++;
	pool->avail[pool->dir->tenants[addr->tenant].first_pool + addr->avail_pos] = i;
}

static uint32_t
choose_addr(struct cgn_pool *pool, uint32_t tenant)
{
	const uint32_t *list = &pool->avail[pool->dir->tenants[tenant].first_pool];
	uint32_t n = pool->use[tenant].n_avail, a, b;

	if (n == 0)
		return CGN_NONE;
	a = list[cgn_rand_below(pool->rand, n)];
	b = list[cgn_rand_below(pool->rand, n)];
	return pool->addrs[a].n_free >= pool->addrs[b].n_free ? a : b;
}

/* A set bit of mask, the first at or after a random place. */
static uint32_t
random_bit(struct cgn_pool *pool, uint64_t mask)
{
	uint32_t r = cgn_rand_below(pool->rand, 64);
	uint64_t turned = r == 0 ? mask : mask >> r | mask << (64 - r);

	return ((uint32_t)__builtin_ctzll(turned) + r) % 64;
}

/* Index of a free block of an address that has one. */
static uint32_t
choose_block(struct cgn_pool *pool, const struct cgn_pool_addr *addr)
{
	uint32_t n_words = (addr->n_blocks + 63u) / 64;
	uint32_t w = cgn_rand_below(pool->rand, n_words);

	while (addr->free_blocks[w] == 0)
		w = (w + 1) % n_words;
	return w * 64 + random_bit(pool, addr->free_blocks[w]);
}

uint64_t
cgn_granule_reserved(uint32_t granule, enum cgn_proto proto)
{
	static_assert(
		CGN_PORT_PMP_CLIENT / CGN_GRANULE_PORTS == CGN_PORT_PMP_SERVER / CGN_GRANULE_PORTS,
		"both in one granule");
	if (proto != CGN_UDP || granule != CGN_PORT_PMP_CLIENT / CGN_GRANULE_PORTS)
		return 0;
	return UINT64_C(3) << (CGN_PORT_PMP_CLIENT % CGN_GRANULE_PORTS);
}

static void
reserve_ports(struct cgn_pool *pool, struct cgn_block *block, uint32_t granule, uint32_t chunk)
{
	for (int p = 0; p < CGN_N_PROTOS; p++) {
		uint64_t reserved = cgn_granule_reserved(granule, (enum cgn_proto)p);

		pool->ctl[chunk].busy[p] = reserved;
		block->capacity[p] = (uint16_t)(block->capacity[p] + CGN_GRANULE_PORTS -
			__builtin_popcountll(reserved));
	}
}

/* Gives each granule of the block a clean chunk; there are as many chunks as granules. */
static void
attach_chunks(struct cgn_pool *pool, uint32_t b)
{
	struct cgn_block *block = &pool->blocks[b];

	for (uint32_t g = 0; g < block->n_granules; g++) {
		uint32_t c = pool->first_free_chunk;

		pool->first_free_chunk = pool->ctl[c].block;
		pool->ctl[c] = (struct cgn_chunk_ctl){.block = b};
		reserve_ports(pool, block, block->first_granule + g, c);
		atomic_store_explicit(&pool->granules[(uint64_t)block->pool * CGN_GRANULES +
					      block->first_granule + g],
			c, memory_order_release);
	}
}

static void
detach_chunks(struct cgn_pool *pool, uint32_t b)
{
	const struct cgn_block *block = &pool->blocks[b];

	for (uint32_t g = 0; g < block->n_granules; g++) {
		_Atomic uint32_t *granule = &pool->granules[(uint64_t)block->pool * CGN_GRANULES +
			block->first_granule + g];
		uint32_t c = atomic_load_explicit(granule, memory_order_relaxed);

		atomic_store_explicit(granule, 0, memory_order_release);
		pool->ctl[c].block = pool->first_free_chunk;
		pool->first_free_chunk = c;
	}
}

/* Leases block k of address i to a subscriber that may have it; both are free for it. */
static uint32_t
lease(struct cgn_pool *pool, uint32_t inside, uint32_t i, uint32_t k)
{
	struct cgn_subscriber *sub = &pool->subscribers[inside];
	struct cgn_pool_addr *addr = &pool->addrs[i];
	struct cgn_pool_use *use = &pool->use[addr->tenant];
	uint32_t first = addr->first_granule + k * addr->block_granules;
	uint32_t last = first + addr->block_granules - 1u;
	uint32_t b = pool->first_free_block;

	if (last > addr->last_granule)
		last = addr->last_granule; /* the range need not be a multiple of the block size */
	addr->free_blocks[k / 64] &= ~(UINT64_C(1) << (k % 64));
	if (--addr->n_free == 0)
		avail_del(pool, i);
	pool->first_free_block = pool->blocks[b].next;
	pool->blocks[b] = (struct cgn_block){.inside = inside,
		.pool = i,
		.next = sub->first_block,
		.first_granule = (uint16_t)first,
		.n_granules = (uint16_t)(last - first + 1)};
	attach_chunks(pool, b);
	cgn_block_note(pool, i, first);
	sub->first_block = b;
	sub->pool = i;
	sub->n_blocks++;
	if (++use->blocks > use->blocks_peak)
		use->blocks_peak = use->blocks;
	return b;
}

static bool
may_have_another(const struct cgn_pool *pool, uint32_t inside, uint32_t tenant)
{
	const struct cgn_subscriber *sub = &pool->subscribers[inside];

	return sub->n_blocks - sub->n_resting <
		(int)pool->dir->tenants[tenant].conf->ports.max_blocks;
}

/* The last of an address are for those who have no resting block to fall back on (lease.h). */
static bool
has_block_for(const struct cgn_pool *pool, uint32_t i, const struct cgn_subscriber *sub)
{
	const struct cgn_pool_addr *addr = &pool->addrs[i];

	return addr->n_free > (sub->n_resting > 0 ? addr->n_blocks / 8 : 0);
}

/* A subscriber that holds nothing may move, but only if its old address has no room. */
uint32_t
cgn_pool_pair(struct cgn_pool *pool, uint32_t inside, uint32_t tenant)
{
	struct cgn_subscriber *sub = &pool->subscribers[inside];

	if (sub->pool == CGN_NONE || (sub->n_blocks == 0 && pool->addrs[sub->pool].n_free == 0))
		sub->pool = choose_addr(pool, tenant);
	return sub->pool;
}

enum cgn_fate
cgn_block_lease(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, uint32_t *out)
{
	uint32_t i = cgn_pool_pair(pool, inside, tenant);

	if (i == CGN_NONE)
		return CGN_FATE_NO_ADDRESS;
	if (!has_block_for(pool, i, &pool->subscribers[inside]) ||
		!may_have_another(pool, inside, tenant))
		return CGN_FATE_NO_PORTS;
	*out = lease(pool, inside, i, choose_block(pool, &pool->addrs[i]));
	return CGN_FATE_NONE;
}

enum cgn_fate
cgn_block_lease_at(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, struct cgn_port at)
{
	const struct cgn_pool_addr *addr = &pool->addrs[at.pool];
	uint32_t granule = at.port / CGN_GRANULE_PORTS, k;

	if (granule < addr->first_granule || granule > addr->last_granule ||
		!may_have_another(pool, inside, tenant))
		return CGN_FATE_NO_PORTS;
	k = (granule - addr->first_granule) / addr->block_granules;
	if (!(addr->free_blocks[k / 64] >> (k % 64) & 1))
		return CGN_FATE_NO_PORTS;
	lease(pool, inside, at.pool, k);
	return CGN_FATE_NONE;
}

void
cgn_block_give_back(struct cgn_pool *pool, uint32_t b)
{
	struct cgn_block *block = &pool->blocks[b];
	struct cgn_subscriber *sub = &pool->subscribers[block->inside];
	struct cgn_pool_addr *addr = &pool->addrs[block->pool];
	uint32_t k = (uint32_t)(block->first_granule - addr->first_granule) / addr->block_granules;
	uint32_t *link = &sub->first_block;

	while (*link != b)
		link = &pool->blocks[*link].next;
	*link = block->next;
	sub->n_blocks--;
	detach_chunks(pool, b);
	cgn_block_note(pool, block->pool, block->first_granule);
	addr->free_blocks[k / 64] |= UINT64_C(1) << (k % 64);
	if (addr->n_free++ == 0)
		avail_add(pool, block->pool);
	pool->use[addr->tenant].blocks--;
	block->next = pool->first_free_block;
	pool->first_free_block = b;
}

uint16_t
cgn_block_pick(struct cgn_pool *pool, uint32_t b, enum cgn_proto proto)
{
	struct cgn_block *block = &pool->blocks[b];
	uint32_t g = cgn_rand_below(pool->rand, block->n_granules), bit, c;

	assert(block->busy[proto] < block->capacity[proto]);
	for (;;) {
		c = atomic_load_explicit(&pool->granules[(uint64_t)block->pool * CGN_GRANULES +
						 block->first_granule + g],
			memory_order_relaxed);
		if (pool->ctl[c].busy[proto] != UINT64_MAX)
			break;
		g = (g + 1) % block->n_granules;
	}
	bit = random_bit(pool, ~pool->ctl[c].busy[proto]);
	cgn_block_book(pool, c, proto, bit);
	return (uint16_t)((block->first_granule + g) * CGN_GRANULE_PORTS + bit);
}

void
cgn_block_book(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit)
{
	struct cgn_block *block = &pool->blocks[pool->ctl[chunk].block];

	pool->ctl[chunk].busy[proto] |= UINT64_C(1) << bit;
	block->busy[proto]++;
	pool->use[pool->addrs[block->pool].tenant].busy[proto]++;
}

void
cgn_block_unpick(struct cgn_pool *pool, uint32_t chunk, enum cgn_proto proto, uint32_t bit)
{
	uint32_t b = pool->ctl[chunk].block;
	struct cgn_block *block = &pool->blocks[b];

	assert(pool->ctl[chunk].busy[proto] >> bit & 1);
	pool->ctl[chunk].busy[proto] &= ~(UINT64_C(1) << bit);
	pool->use[pool->addrs[block->pool].tenant].busy[proto]--;
	block->busy[proto]--;
	if (cgn_block_is_idle(block))
		cgn_block_give_back(pool, b);
}
