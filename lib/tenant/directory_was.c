/* SPDX-License-Identifier: BSD-3-Clause */
/* What numbers of the pools stood for last; see directory_was.h. Called by directory_addrs.c. */
#include "directory_was.h"

#include <errno.h>
#include <stdlib.h>

/* Is the number nobody's, and the address that had it last nobody's either? */
static bool
is_gone(const struct cgn_directory *dir, uint32_t i)
{
	const struct cgn_range *range;

	if (dir->pool_was[i] == 0 || cgn_directory_pool_live(dir, i))
		return false;
	range = cgn_range_map_find(&dir->outside_dst, dir->pool_was[i]);
	return range == NULL || cgn_dst_class_of(range->value) != CGN_DST_POOL;
}

/* The pools of the configuration: address to tenant. */
static int
map_pools(const struct cgn_directory *dir, struct cgn_range_map *map)
{
	int rc = 0;

	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		const struct cgn_conf_tenant *conf = dir->tenants[t].conf;

		for (uint32_t p = 0; rc == 0 && conf != NULL && p < conf->n_pools; p++)
			rc = cgn_range_map_add(map, cgn_prefix_first(conf->pools[p].prefix),
				cgn_prefix_last(conf->pools[p].prefix), t, 0);
	}
	return rc == 0 ? cgn_range_map_seal(map) : rc;
}

int
cgn_directory_returning(
	const struct cgn_directory *dir, const struct cgn_directory *old, struct cgn_range_map *map)
{
	struct cgn_range_map pools;
	int rc;

	cgn_range_map_init(&pools);
	rc = map_pools(dir, &pools);
	for (uint32_t i = 0; rc == 0 && i < old->n_pool; i++) {
		const struct cgn_range *pool;

		if (!is_gone(old, i))
			continue;
		pool = cgn_range_map_find(&pools, old->pool_was[i]);
		if (pool != NULL && pool->value == old->pool_were_of[i])
			rc = cgn_range_map_add(map, old->pool_was[i], old->pool_was[i], i, 0);
	}
	cgn_range_map_fini(&pools);
	return rc == 0 ? cgn_range_map_seal(map) : rc;
}

int
cgn_directory_was_build(struct cgn_directory *dir, const struct cgn_directory *old)
{
	dir->pool_was = calloc((size_t)dir->n_pool + 1, sizeof(*dir->pool_was));
	dir->pool_were_of = calloc((size_t)dir->n_pool + 1, sizeof(*dir->pool_were_of));
	if (dir->pool_was == NULL || dir->pool_were_of == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < dir->n_pool; i++) {
		if (cgn_directory_pool_live(dir, i)) {
			dir->pool_was[i] = dir->pool_addrs[i];
			dir->pool_were_of[i] = dir->pool_tenants[i];
		} else if (old != NULL && i < old->n_pool &&
			(cgn_directory_pool_live(old, i) || is_gone(old, i)) &&
			cgn_directory_tenant_live(dir, old->pool_were_of[i])) {
			/* One number an address: another that it had before is forgotten. */
			dir->pool_was[i] = old->pool_was[i];
			dir->pool_were_of[i] = old->pool_were_of[i];
		}
	}
	return 0;
}
