/* SPDX-License-Identifier: BSD-3-Clause */
/* Layouts of addresses, and the memory that they need; see pool_layout.h and pool_addr.h. */
#include "pool_layout.h"

#include <errno.h>

#include "deterministic.h"
#include "pool_addr.h"
#include "reserve.h"

/* Computed ranges come first, then what is left for blocks, if it is wanted. */
static struct cgn_layout
deterministic(const struct cgn_det *det)
{
	const struct cgn_conf_tenant *conf = det->conf;
	uint32_t range = det->range_ports / CGN_GRANULE_PORTS;
	uint32_t first = conf->ports.first / CGN_GRANULE_PORTS;
	struct cgn_layout l = {.first = CGN_GRANULES,
		.last = CGN_GRANULES - 1,
		.block = conf->ports.block_size / CGN_GRANULE_PORTS,
		.fixed = {.first = (uint16_t)first,
			.last = (uint16_t)(first + det->ratio * range - 1)},
		.fixed_block = (uint16_t)range};

	static_assert((int)CGN_DET_STEP == (int)CGN_GRANULE_PORTS, "ranges are whole granules");
	if (det->n_dynamic > 0) {
		l.first = (uint16_t)(det->dynamic_first / CGN_GRANULE_PORTS);
		l.last = conf->ports.last / CGN_GRANULE_PORTS;
	}
	return l;
}

/* An address that one subscriber has for itself is leased whole: two blocks, since a block counts
 * its ports in 16 bits. */
struct cgn_layout
cgn_layout_of(const struct cgn_pool *pool, const struct cgn_directory *dir, uint32_t i)
{
	const struct cgn_tenant *tenant = &dir->tenants[dir->pool_tenants[i]];
	const struct cgn_conf_tenant *conf = tenant->conf;
	struct cgn_layout l;

	if (i < pool->n_owners && cgn_pool_owner(pool, i) != CGN_NONE)
		return (struct cgn_layout){
			.first = 0, .last = CGN_GRANULES - 1, .block = CGN_GRANULES / 2};
	if (tenant->det != NULL)
		return deterministic(tenant->det);
	l = (struct cgn_layout){.first = conf->ports.first / CGN_GRANULE_PORTS,
		.last = conf->ports.last / CGN_GRANULE_PORTS,
		.block = conf->ports.block_size / CGN_GRANULE_PORTS};
	if (conf->ports.keep_range) {
		l.fixed = (struct cgn_span){.first = 0, .last = CGN_LOW_GRANULES - 1};
		l.fixed_block = 1;
	}
	return l;
}

bool
cgn_layout_is(const struct cgn_pool_addr *addr, const struct cgn_layout *l)
{
	return addr->first_granule == l->first && addr->last_granule == l->last &&
		addr->block_granules == l->block && addr->fixed.first == l->fixed.first &&
		addr->fixed.last == l->fixed.last && addr->fixed_block == l->fixed_block;
}

uint32_t
cgn_layout_free_blocks(const struct cgn_layout *l)
{
	return (l->last + 1u - l->first + l->block - 1) / l->block;
}

uint32_t
cgn_layout_blocks(const struct cgn_layout *l)
{
	uint32_t n = cgn_layout_free_blocks(l);

	return l->fixed_block > 0 ? n + (l->fixed.last + 1u - l->fixed.first) / l->fixed_block : n;
}

uint32_t
cgn_layout_covers(const struct cgn_pool_addr *addr, const struct cgn_layout *l)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < CGN_GRANULES / 64; w++) {
		uint64_t mask = addr->leased[w] | cgn_word_mask(w, l->first, l->last);

		if (l->fixed_block > 0)
			mask |= cgn_word_mask(w, l->fixed.first, l->fixed.last);
		n += (uint32_t)__builtin_popcountll(mask);
	}
	return n;
}

/* Granules of both layouts, and of leased blocks, which can become more within the old one. */
static uint32_t
n_covered_by_both(const struct cgn_pool_addr *addr, const struct cgn_layout *l)
{
	struct cgn_pool_addr both = *addr;

	for (uint32_t w = 0; w < CGN_GRANULES / 64; w++) {
		both.leased[w] |= cgn_word_mask(w, addr->first_granule, addr->last_granule);
		if (addr->fixed_block > 0)
			both.leased[w] |= cgn_word_mask(w, addr->fixed.first, addr->fixed.last);
	}
	return cgn_layout_covers(&both, l);
}

/* What address i, which may be new, needs beyond what it keeps. */
static void
add_need(const struct cgn_pool *pool, uint32_t i, const struct cgn_layout *l, uint64_t *chunks,
	uint64_t *blocks)
{
	const struct cgn_pool_addr *addr = i < pool->ready.n_pool ? &pool->addrs[i] : NULL;

	if (addr == NULL || addr->state == CGN_ADDR_NONE) {
		*chunks += cgn_layout_covers(&(const struct cgn_pool_addr){0}, l);
		*blocks += cgn_layout_blocks(l);
	} else if (!cgn_layout_is(addr, l)) {
		uint32_t n = n_covered_by_both(addr, l);

		*chunks += n > addr->kept_chunks ? n - addr->kept_chunks : 0;
		*blocks += cgn_layout_blocks(l);
	}
}

static int
need_done(const struct cgn_pool *pool, const struct cgn_directory *dir, struct cgn_pool_need *need,
	struct cgn_errmsg *err)
{
	uint64_t chunks = pool->kept_chunks + need->chunks;
	uint64_t blocks = pool->kept_blocks + need->blocks;

	if (chunks >= CGN_MAX_CHUNKS || blocks >= CGN_MAX_CHUNKS) {
		cgn_errmsg_set(err,
			"the pools have more ports than one box can number, at most %u: shrink "
			"them or narrow ports.first and ports.last",
			(unsigned int)CGN_MAX_CHUNKS * CGN_GRANULE_PORTS);
		return -EOVERFLOW;
	}
	*need = (struct cgn_pool_need){.n_pool = dir->n_pool,
		.n_tenants = dir->n_tenants,
		.n_chunks = (uint32_t)chunks + 1, /* chunk 0 is empty for ever */
		.n_blocks = (uint32_t)blocks};
	return 0;
}

int
cgn_pool_need_more(const struct cgn_pool *pool, const struct cgn_directory *dir, uint32_t max,
	struct cgn_pool_need *need, struct cgn_errmsg *err)
{
	if (dir->n_pool > CGN_MAX_POOL) {
		cgn_errmsg_set(err, "the pools have %u addresses, more than %u: shrink them",
			dir->n_pool, (unsigned int)CGN_MAX_POOL);
		return -EOVERFLOW;
	}
	for (uint32_t n = 0; n < max && need->n_seen < dir->n_pool; n++, need->n_seen++) {
		struct cgn_layout l;

		if (!cgn_directory_pool_live(dir, need->n_seen))
			continue;
		l = cgn_layout_of(pool, dir, need->n_seen);
		add_need(pool, need->n_seen, &l, &need->chunks, &need->blocks);
	}
	return need->n_seen < dir->n_pool ? 1 : need_done(pool, dir, need, err);
}

int
cgn_pool_need(const struct cgn_pool *pool, const struct cgn_directory *dir,
	struct cgn_pool_need *need, struct cgn_errmsg *err)
{
	*need = (struct cgn_pool_need){0};
	return cgn_pool_need_more(pool, dir, UINT32_MAX, need, err);
}

int
cgn_pool_fill(struct cgn_pool *pool, const struct cgn_pool_need *need)
{
	struct cgn_pool_need *ready = &pool->ready;

	if (cgn_reserve_fill((void *)pool->granules, 0, need->n_pool) < 0 ||
		cgn_reserve_fill((void *)pool->owners, 0, need->n_pool) < 0 ||
		cgn_reserve_fill(pool->addrs, 0, need->n_pool) < 0 ||
		cgn_reserve_fill((void *)pool->owners, 0, need->n_pool) < 0 ||
		cgn_reserve_fill(pool->use, 0, need->n_tenants) < 0 ||
		cgn_reserve_fill(pool->avail, 0, need->n_tenants) < 0 ||
		(!pool->on_demand && cgn_reserve_fill(pool->chunks, 0, need->n_chunks) < 0) ||
		cgn_reserve_fill(pool->ctl, 0, need->n_chunks) < 0 ||
		cgn_reserve_fill(pool->blocks, 0, need->n_blocks) < 0)
		return -ENOMEM;
	ready->n_pool = RTE_MAX(ready->n_pool, need->n_pool);
	ready->n_tenants = RTE_MAX(ready->n_tenants, need->n_tenants);
	ready->n_chunks = RTE_MAX(ready->n_chunks, need->n_chunks);
	ready->n_blocks = RTE_MAX(ready->n_blocks, need->n_blocks);
	return 0;
}
