/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat.bypass as look-ups. From inside: is the destination one of the tenant's? From outside: every
 * prefix that a tenant names stands for a group, the tenants that name it or a shorter one around
 * it, and has a map of their subscribers: one look-up of the source finds the group of the longest
 * prefix, one of the destination the subscriber, however many tenants there are. Called by
 * directory_maps.c on the main thread.
 */
#include "directory_maps.h"

#include <errno.h>
#include <stdlib.h>

static int
build_tenant(struct cgn_tenant *tenant)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < tenant->conf->nat.n_bypasses; i++) {
		struct cgn_prefix p = tenant->conf->nat.bypasses[i].prefix;

		rc = cgn_range_map_add(
			&tenant->bypass, cgn_prefix_first(p), cgn_prefix_last(p), 0, 0);
	}
	return rc == 0 && tenant->conf->nat.n_bypasses > 0 ? cgn_range_map_seal(&tenant->bypass)
							   : rc;
}

static int
add_subscribers(struct cgn_range_map *group, const struct cgn_tenant *tenant)
{
	int rc = 0;

	for (uint32_t r = 0; rc == 0 && r < tenant->subscribers.n_ranges; r++) {
		const struct cgn_range *range = &tenant->subscribers.ranges[r];

		rc = cgn_range_map_add(group, range->first, range->last,
			range->value + (range->first - range->origin), 0);
	}
	return rc;
}

/* The subscribers who may be reached from prefix, but for what lies in a longer one. */
static int
build_group(struct cgn_directory *dir, struct cgn_prefix prefix)
{
	struct cgn_range_map *group = &dir->bypass_groups[dir->n_bypass_groups];
	int rc = cgn_range_map_add(&dir->bypass_remotes, cgn_prefix_first(prefix),
		cgn_prefix_last(prefix), dir->n_bypass_groups++, prefix.len);

	cgn_range_map_init(group);
	for (uint32_t t = 0; rc == 0 && t < dir->n_tenants; t++) {
		const struct cgn_tenant *tenant = &dir->tenants[t];
		bool is_member = false;

		for (uint32_t i = 0; tenant->conf != NULL && i < tenant->conf->nat.n_bypasses; i++)
			is_member |= tenant->conf->nat.bypasses[i].prefix.len <= prefix.len &&
				cgn_prefix_has(tenant->conf->nat.bypasses[i].prefix, prefix.addr);
		if (is_member)
			rc = add_subscribers(group, tenant);
	}
	return rc == 0 ? cgn_range_map_seal(group) : rc;
}

static int
compare_prefixes(const void *a, const void *b)
{
	const struct cgn_prefix *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (int)x->len - (int)y->len;
}

int
cgn_directory_bypass_build(struct cgn_directory *dir)
{
	struct cgn_prefix *all;
	uint32_t n = 0;
	int rc = 0;

	for (uint32_t t = 0; rc == 0 && t < dir->n_tenants; t++)
		if (dir->tenants[t].conf != NULL) {
			rc = build_tenant(&dir->tenants[t]);
			n += dir->tenants[t].conf->nat.n_bypasses;
		}
	if (rc < 0 || n == 0)
		return rc;
	all = calloc(n, sizeof(*all));
	dir->bypass_groups = calloc(n, sizeof(*dir->bypass_groups));
	if (all == NULL || dir->bypass_groups == NULL) {
		free(all);
		return -ENOMEM;
	}
	n = 0;
	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		const struct cgn_conf_tenant *conf = dir->tenants[t].conf;

		for (uint32_t i = 0; conf != NULL && i < conf->nat.n_bypasses; i++)
			all[n++] = conf->nat.bypasses[i].prefix;
	}
	qsort(all, n, sizeof(*all), compare_prefixes);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		if (i == 0 || compare_prefixes(&all[i - 1], &all[i]) != 0)
			rc = build_group(dir, all[i]);
	free(all);
	return rc == 0 ? cgn_range_map_seal(&dir->bypass_remotes) : rc;
}

void
cgn_directory_bypass_free(struct cgn_directory *dir)
{
	for (uint32_t t = 0; dir->tenants != NULL && t < dir->n_tenants; t++)
		cgn_range_map_fini(&dir->tenants[t].bypass);
	for (uint32_t g = 0; g < dir->n_bypass_groups; g++)
		cgn_range_map_fini(&dir->bypass_groups[g]);
	free(dir->bypass_groups);
	cgn_range_map_fini(&dir->bypass_remotes);
}
