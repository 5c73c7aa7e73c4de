/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking and publishing ports; see pool.h. Called by control/allocate.c and control/publish.c. */
#include "pool.h"

#include <errno.h>
#include <string.h>

#include "mem.h"
#include "port_block.h"

static int
alloc_arrays(struct cgn_pool *pool, int socket)
{
	uint32_t n_pool = pool->dir->n_pool;
	int rc = cgn_blocks_size(pool->dir, &pool->n_blocks, &pool->n_chunks);

	if (rc < 0)
		return rc;
	pool->n_chunks++; /* chunk 0 is empty for ever */
	pool->granules = cgn_mem_zalloc(
		"pool_granules", (size_t)n_pool * CGN_GRANULES, sizeof(*pool->granules), socket);
	pool->chunks = cgn_mem_zalloc("pool_chunks", pool->n_chunks, sizeof(*pool->chunks), socket);
	pool->ctl = cgn_mem_zalloc("pool_chunk_ctl", pool->n_chunks, sizeof(*pool->ctl), socket);
	pool->addrs = cgn_mem_zalloc("pool_addrs", n_pool, sizeof(*pool->addrs), socket);
	pool->avail = cgn_mem_zalloc("pool_avail", n_pool, sizeof(*pool->avail), socket);
	pool->blocks = cgn_mem_zalloc("pool_blocks", pool->n_blocks, sizeof(*pool->blocks), socket);
	pool->use = cgn_mem_zalloc("pool_use", pool->dir->n_tenants, sizeof(*pool->use), socket);
	return pool->granules != NULL && pool->chunks != NULL && pool->ctl != NULL &&
			pool->addrs != NULL && pool->avail != NULL && pool->blocks != NULL &&
			pool->use != NULL
		? 0
		: -ENOMEM;
}

struct cgn_pool *
cgn_pool_create(const struct cgn_directory *dir, struct cgn_subscriber *subscribers,
	struct cgn_rand *rand, int socket, struct cgn_errmsg *err)
{
	struct cgn_pool *pool = cgn_mem_zalloc("pool", 1, sizeof(*pool), socket);
	int rc = -ENOMEM;

	if (pool == NULL)
		goto fail;
	pool->dir = dir;
	pool->subscribers = subscribers;
	pool->rand = rand;
	rc = alloc_arrays(pool, socket);
	if (rc < 0)
		goto fail;
	cgn_blocks_init(pool);
	for (uint32_t i = 0; i < dir->n_inside; i++) {
		subscribers[i].pool = CGN_NONE;
		subscribers[i].first_block = CGN_NONE;
		subscribers[i].last_refusal = CGN_FATE_NONE;
	}
	return pool;
fail:
	if (rc == -EOVERFLOW)
		cgn_errmsg_set(err,
			"the pools have more ports than one box can number, at most %u: shrink "
			"them "
			"or narrow ports.first and ports.last",
			(unsigned int)CGN_MAX_CHUNKS * CGN_GRANULE_PORTS);
	else
		cgn_errmsg_set(err,
			"no memory for the ports of %u pool addresses (about %u MiB): raise "
			"memory.size_mib or shrink the pools",
			dir->n_pool, dir->n_pool); /* 64512 ports: 0.8 MB an address */
	cgn_pool_destroy(pool);
	errno = -rc;
	return NULL;
}

void
cgn_pool_destroy(struct cgn_pool *pool)
{
	if (pool == NULL)
		return;
	cgn_mem_free((void *)pool->granules);
	cgn_mem_free(pool->chunks);
	cgn_mem_free(pool->ctl);
	cgn_mem_free(pool->addrs);
	cgn_mem_free(pool->avail);
	cgn_mem_free(pool->blocks);
	cgn_mem_free(pool->use);
	cgn_mem_free(pool);
}

static uint32_t
chunk_at(const struct cgn_pool *pool, struct cgn_port at)
{
	return atomic_load_explicit(
		&pool->granules[(uint64_t)at.pool * CGN_GRANULES + at.port / CGN_GRANULE_PORTS],
		memory_order_relaxed);
}

/* A block of the subscriber, resting or not, with a free port of this protocol, or CGN_NONE. */
static uint32_t
block_with_room(const struct cgn_pool *pool, const struct cgn_subscriber *sub, enum cgn_proto proto,
	bool is_resting)
{
	uint32_t b = sub->first_block;

	while (b != CGN_NONE &&
		(pool->blocks[b].is_resting != is_resting || pool->blocks[b].pool != sub->pool ||
			pool->blocks[b].busy[proto] == pool->blocks[b].capacity[proto]))
		b = pool->blocks[b].next;
	return b;
}

enum cgn_fate
cgn_pool_take(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, enum cgn_proto proto,
	struct cgn_port *out)
{
	struct cgn_subscriber *sub = &pool->subscribers[inside];
	uint32_t block = block_with_room(pool, sub, proto, false);

	if (block == CGN_NONE) {
		enum cgn_fate fate = cgn_block_lease(pool, inside, tenant, &block);

		if (fate != CGN_FATE_NONE)
			block = block_with_room(pool, sub, proto, true);
		if (block == CGN_NONE)
			return fate;
	}
	out->pool = pool->blocks[block].pool;
	out->port = cgn_block_pick(pool, block, proto);
	return CGN_FATE_NONE;
}

enum cgn_fate
cgn_pool_take_at(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, enum cgn_proto proto,
	struct cgn_port at)
{
	const struct cgn_subscriber *sub = &pool->subscribers[inside];
	uint64_t bit = UINT64_C(1) << (at.port % CGN_GRANULE_PORTS);
	uint32_t chunk = chunk_at(pool, at);
	struct cgn_block *block;

	if (pool->addrs[at.pool].tenant != tenant || (sub->n_blocks > 0 && sub->pool != at.pool) ||
		(cgn_granule_reserved(at.port / CGN_GRANULE_PORTS, proto) & bit) != 0)
		return CGN_FATE_NO_PORTS;
	if (chunk == 0) {
		if (cgn_block_lease_at(pool, inside, tenant, at) != CGN_FATE_NONE)
			return CGN_FATE_NO_PORTS;
		chunk = chunk_at(pool, at);
	}
	block = &pool->blocks[pool->ctl[chunk].block];
	if (block->inside != inside)
		return CGN_FATE_NO_PORTS;
	if ((pool->ctl[chunk].busy[proto] & bit) != 0)
		return cgn_rest_claim(pool, chunk, proto, at.port % CGN_GRANULE_PORTS)
			? CGN_FATE_NONE
			: CGN_FATE_NO_PORTS;
	cgn_block_book(pool, chunk, proto, at.port % CGN_GRANULE_PORTS);
	return CGN_FATE_NONE;
}

void
cgn_pool_untake(struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto)
{
	uint32_t chunk = chunk_at(pool, at), bit = at.port % CGN_GRANULE_PORTS;

	if (!cgn_rest_unclaim(pool, chunk, proto, bit))
		cgn_block_unpick(pool, chunk, proto, bit);
}

void
cgn_pool_publish(struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto, uint32_t mapping)
{
	struct cgn_chunk *chunk = &pool->chunks[chunk_at(pool, at)];

	atomic_store_explicit(
		&chunk->slots[proto][at.port % CGN_GRANULE_PORTS], mapping, memory_order_release);
}
