/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking and publishing ports; see pool.h. Called by control/allocate.c and control/publish.c. */
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

#include "fixed_range.h"
#include "mem.h"
#include "pool_addr.h"
#include "port_block.h"
#include "reserve.h"

static int
reserve_arrays(struct cgn_pool *pool, int socket)
{
	pool->granules = cgn_reserve_create(
		CGN_MAX_POOL, CGN_GRANULES * sizeof(*pool->granules), socket);
	pool->chunks = cgn_reserve_create(CGN_MAX_CHUNKS, sizeof(*pool->chunks), socket);
	pool->ctl = cgn_reserve_create(CGN_MAX_CHUNKS, sizeof(*pool->ctl), socket);
	pool->addrs = cgn_reserve_create(CGN_MAX_POOL, sizeof(*pool->addrs), socket);
	pool->avail = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*pool->avail), socket);
	pool->blocks = cgn_reserve_create(CGN_MAX_CHUNKS, sizeof(*pool->blocks), socket);
	pool->use = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*pool->use), socket);
	pool->owners = cgn_reserve_create(CGN_MAX_POOL, sizeof(*pool->owners), socket);
	return pool->granules != NULL && pool->chunks != NULL && pool->ctl != NULL &&
			pool->addrs != NULL && pool->avail != NULL && pool->blocks != NULL &&
			pool->use != NULL && pool->owners != NULL
		? 0
		: -ENOMEM;
}

/* 0, or -EINVAL when an address is not what validation took it for: a link's edge, or ours. */
static int
find_owners(struct cgn_pool *pool, uint32_t t, struct cgn_errmsg *err)
{
	const struct cgn_directory *dir = pool->dir;
	const struct cgn_conf_tenant *conf = dir->tenants[t].conf;
	char inside[CGN_IP4_STRLEN], outside[CGN_IP4_STRLEN];

	for (uint32_t a = 0; conf != NULL && a < conf->n_addresses; a++) {
		const struct cgn_conf_own_address *own = &conf->addresses[a];
		uint32_t owner = cgn_directory_inside_find(dir, t, own->inside);
		uint32_t i = cgn_directory_pool_find(dir, t, own->outside);

		if (owner == CGN_NONE || i == CGN_NONE) {
			cgn_errmsg_set(err,
				"tenant %s, static_addresses: %s and %s are not an address that a "
				"subscriber can have and one of the pool",
				conf->name, cgn_ip4_str(own->inside, inside),
				cgn_ip4_str(own->outside, outside));
			return -EINVAL;
		}
		atomic_store_explicit(&pool->owners[i], owner + 1, memory_order_relaxed);
	}
	return 0;
}

static int
add_owners(struct cgn_pool *pool, struct cgn_errmsg *err)
{
	int rc;

	if (pool->dir->n_pool > CGN_MAX_POOL)
		return 0; /* cgn_pool_need says so */
	rc = cgn_reserve_fill((void *)pool->owners, 0, pool->dir->n_pool);
	if (rc == 0)
		pool->n_owners = pool->dir->n_pool;
	for (uint32_t t = 0; rc == 0 && t < pool->dir->n_tenants; t++)
		rc = find_owners(pool, t, err);
	return rc;
}

static int
lease_to_owners(struct cgn_pool *pool)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < pool->dir->n_pool; i++)
		if (cgn_pool_owner(pool, i) != CGN_NONE)
			rc = cgn_block_lease_all(pool, i);
	return rc;
}

static int
add_addrs(struct cgn_pool *pool, struct cgn_errmsg *err)
{
	struct cgn_pool_need need;
	int rc = cgn_pool_need(pool, pool->dir, &need, err);

	if (rc == 0)
		rc = cgn_pool_fill(pool, &need);
	for (uint32_t i = 0; rc == 0 && i < pool->dir->n_pool; i++)
		if (cgn_directory_pool_live(pool->dir, i))
			rc = cgn_pool_addr_add(pool, i);
	return rc;
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
	pool->n_chunks = 1; /* chunk 0 is empty for ever */
	pool->first_free_chunk = pool->first_free_block = CGN_NONE;
	/* Laboratories: they lease few of the ports they have, and want their memory elsewhere. */
	pool->on_demand = !dir->conf->memory.hugepages;
	rc = reserve_arrays(pool, socket);
	if (rc == 0)
		rc = cgn_reserve_fill(pool->chunks, 0, 1);
	if (rc == 0)
		rc = add_owners(pool, err);
	if (rc == 0)
		rc = add_addrs(pool, err);
	if (rc < 0)
		goto fail;
	cgn_subscribers_init(subscribers, 0, dir->n_inside);
	rc = lease_to_owners(pool);
	if (rc == 0)
		return pool;
fail:
	if (rc == -ENOMEM)
		cgn_errmsg_set(err,
			"no memory for the ports of %u pool addresses (about %u MiB): free some or "
			"shrink the pools",
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
	for (uint32_t t = 0; t < pool->ready.n_tenants; t++)
		free(pool->avail[t].addrs);
	cgn_reserve_destroy((void *)pool->granules);
	cgn_reserve_destroy(pool->chunks);
	cgn_reserve_destroy(pool->ctl);
	cgn_reserve_destroy(pool->addrs);
	cgn_reserve_destroy(pool->avail);
	cgn_reserve_destroy(pool->blocks);
	cgn_reserve_destroy(pool->use);
	cgn_reserve_destroy((void *)pool->owners);
	cgn_mem_free(pool);
}

uint64_t
cgn_pool_bytes(const struct cgn_pool *pool)
{
	return cgn_reserve_bytes((const void *)pool->granules) + cgn_reserve_bytes(pool->chunks) +
		cgn_reserve_bytes(pool->ctl) + cgn_reserve_bytes(pool->addrs) +
		cgn_reserve_bytes(pool->avail) + cgn_reserve_bytes(pool->blocks) +
		cgn_reserve_bytes(pool->use) + cgn_reserve_bytes((const void *)pool->owners);
}

void
cgn_subscribers_init(struct cgn_subscriber *subscribers, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		subscribers[i] = (struct cgn_subscriber){
			.pool = CGN_NONE, .first_block = CGN_NONE, .last_refusal = CGN_FATE_NONE};
}

static uint32_t
chunk_at(const struct cgn_pool *pool, struct cgn_port at)
{
	return atomic_load_explicit(
		&pool->granules[(uint64_t)at.pool * CGN_GRANULES + at.port / CGN_GRANULE_PORTS],
		memory_order_relaxed);
}

/* What a port is looked for. */
struct search {
	uint32_t holder, tenant;
	struct cgn_port_set set;
	bool is_low; /* in blocks of low ports, and nowhere else */
};

static const uint64_t even_ports = UINT64_C(0x5555555555555555);

static struct search
search_for(const struct cgn_pool *pool, const struct cgn_pool_wish *wish)
{
	const struct cgn_conf_tenant *conf = pool->dir->tenants[wish->tenant].conf;
	struct search s = {.holder = cgn_directory_holder(pool->dir, wish->inside),
		.tenant = wish->tenant,
		.set = {.proto = wish->proto, .mask = UINT64_MAX}};

	if (wish->port == 0)
		return s;
	if (conf->ports.parity && wish->proto == CGN_UDP)
		s.set.mask = wish->port % 2 == 0 ? even_ports : ~even_ports;
	s.is_low = conf->ports.keep_range && wish->proto != CGN_ICMP && wish->port < 1024;
	return s;
}

static bool
suits(const struct cgn_pool *pool, const struct search *s, uint32_t b, bool is_resting)
{
	const struct cgn_block *block = &pool->blocks[b];

	return block->is_resting == is_resting &&
		(!is_resting || cgn_block_may_claim(pool, block)) &&
		block->pool == pool->subscribers[s->holder].pool &&
		cgn_block_is_low(block) == s->is_low && cgn_block_has(pool, b, &s->set) &&
		cgn_fixed_may_use(pool, s->holder, s->tenant, b, s->set.proto);
}

/* A block of the subscriber, resting or not, with a free port of the set, or CGN_NONE. One on an
 * address that the tenant has lost gives no port, however long some of its ports rest. */
static uint32_t
block_with_room(const struct cgn_pool *pool, const struct search *s, bool is_resting)
{
	const struct cgn_subscriber *sub = &pool->subscribers[s->holder];
	uint32_t b = sub->first_block;

	if (!cgn_directory_pool_live(pool->dir, sub->pool))
		return CGN_NONE;
	while (b != CGN_NONE && !suits(pool, s, b, is_resting))
		b = pool->blocks[b].next;
	return b;
}

/* What a computed range has left comes before the right parity elsewhere (RFC 7422 section 2). */
static bool
may_only_relax(const struct cgn_pool *pool, const struct search *s)
{
	return s->set.mask != UINT64_MAX && cgn_fixed_extends(pool, s->holder, s->tenant);
}

/* A new block with a port of the set. */
static enum cgn_fate
lease_for(struct cgn_pool *pool, const struct search *s, uint32_t *block)
{
	enum cgn_fate fate;

	if (may_only_relax(pool, s))
		return CGN_FATE_NO_PORTS;
	fate = s->is_low ? cgn_block_lease_low(pool, s->holder, s->tenant, block)
			 : cgn_block_lease(pool, s->holder, s->tenant, block);
	if (fate != CGN_FATE_NONE || cgn_block_has(pool, *block, &s->set))
		return fate;
	cgn_block_give_back(pool, *block); /* what it has is reserved */
	return CGN_FATE_NO_PORTS;
}

static enum cgn_fate
find(struct cgn_pool *pool, const struct search *s, uint32_t *block)
{
	enum cgn_fate fate = CGN_FATE_NONE;

	*block = block_with_room(pool, s, false);
	if (*block == CGN_NONE)
		fate = lease_for(pool, s, block);
	if (fate != CGN_FATE_NONE)
		*block = block_with_room(pool, s, true);
	return *block != CGN_NONE ? CGN_FATE_NONE : fate;
}

/* The next best. */
static bool
relax(struct search *s)
{
	if (s->set.mask != UINT64_MAX)
		s->set.mask = UINT64_MAX;
	else if (s->is_low)
		s->is_low = false;
	else
		return false;
	return true;
}

enum cgn_fate
cgn_pool_take_for(struct cgn_pool *pool, const struct cgn_pool_wish *wish, struct cgn_port *out)
{
	struct search s = search_for(pool, wish);
	uint32_t block;
	enum cgn_fate fate;

	cgn_pool_pair(pool, s.holder, s.tenant); /* not with an address that drains */
	do
		fate = find(pool, &s, &block);
	while (fate != CGN_FATE_NONE && relax(&s));
	if (fate != CGN_FATE_NONE)
		return fate;
	out->pool = pool->blocks[block].pool;
	out->port = cgn_block_pick(pool, block, &s.set, wish->draw);
	return CGN_FATE_NONE;
}

enum cgn_fate
cgn_pool_take(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, enum cgn_proto proto,
	struct cgn_port *out)
{
	const struct cgn_pool_wish wish = {.inside = inside, .tenant = tenant, .proto = proto};

	return cgn_pool_take_for(pool, &wish, out);
}

/* As find, of the subscriber's address as it is now; moves: it will be another one. */
static enum cgn_fate
foresee(const struct cgn_pool *pool, const struct search *s, bool moves,
	struct cgn_pool_choice *out)
{
	enum cgn_fate fate;

	out->block = moves ? CGN_NONE : block_with_room(pool, s, false);
	if (out->block != CGN_NONE)
		return CGN_FATE_NONE;
	fate = cgn_block_foresee(pool, s->holder, s->tenant, &out->address);
	if (s->is_low)
		fate = cgn_block_may_lease_low(pool, s->holder, s->tenant, out->address)
			? CGN_FATE_NONE
			: CGN_FATE_NO_PORTS;
	if (may_only_relax(pool, s))
		fate = CGN_FATE_NO_PORTS;
	if (fate == CGN_FATE_NONE || moves)
		return fate;
	out->block = block_with_room(pool, s, true);
	return out->block != CGN_NONE ? CGN_FATE_NONE : fate;
}

enum cgn_fate
cgn_pool_foresee(
	const struct cgn_pool *pool, const struct cgn_pool_wish *wish, struct cgn_pool_choice *out)
{
	struct search s = search_for(pool, wish);
	bool moves = cgn_block_moves(pool, s.holder, s.tenant);
	enum cgn_fate fate;

	out->address = pool->subscribers[s.holder].pool;
	do
		fate = foresee(pool, &s, moves, out);
	while (fate != CGN_FATE_NONE && relax(&s));
	return fate;
}

enum cgn_fate
cgn_pool_take_at(struct cgn_pool *pool, uint32_t inside, uint32_t tenant, enum cgn_proto proto,
	struct cgn_port at)
{
	uint64_t bit = UINT64_C(1) << (at.port % CGN_GRANULE_PORTS);
	uint32_t chunk = chunk_at(pool, at), holder = cgn_directory_holder(pool->dir, inside);
	struct cgn_block *block;

	if (pool->addrs[at.pool].tenant != tenant || !cgn_directory_pool_live(pool->dir, at.pool) ||
		cgn_pool_is_bound_elsewhere(pool, holder, at.pool) ||
		(cgn_pool_reserved(pool, at.pool, at.port / CGN_GRANULE_PORTS, proto) & bit) != 0 ||
		!cgn_fixed_may_ask(pool, holder, tenant, proto, at))
		return CGN_FATE_NO_PORTS;
	if (chunk == 0) {
		if (cgn_block_lease_at(pool, holder, tenant, at) != CGN_FATE_NONE)
			return CGN_FATE_NO_PORTS;
		chunk = chunk_at(pool, at);
	}
	block = &pool->blocks[pool->ctl[chunk].block];
	if (!cgn_block_is_of(block, holder) ||
		(block->is_resting && !cgn_block_may_claim(pool, block)))
		return CGN_FATE_NO_PORTS;
	if ((pool->ctl[chunk].busy[proto] & bit) != 0)
		return cgn_block_may_claim(pool, block) &&
				cgn_rest_claim(pool, chunk, proto, at.port % CGN_GRANULE_PORTS)
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
