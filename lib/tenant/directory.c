/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds the directory: numbers the interfaces, subscribers, pool addresses and neighbours, then
 * lets directory_maps.c build the look-ups. Called by box/ on the main thread; the finders by
 * control and manage.
 */
#include "directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "directory_maps.h"

/* Numbers in destination maps have this much room (cgn_dst_value). */
static const uint64_t max_number = UINT64_C(1) << CGN_DST_SHIFT;

static int
iface_number(struct cgn_directory *dir, struct cgn_iface *iface)
{
	uint64_t n = dir->n_neigh + cgn_prefix_size(iface->onlink);

	if (n > max_number)
		return -EOVERFLOW;
	iface->neigh_base = dir->n_neigh;
	dir->n_neigh = (uint32_t)n;
	return 0;
}

static struct cgn_tags
tags_of(const struct cgn_conf_tags *t)
{
	return (struct cgn_tags){
		.n = t->n, .outer = t->outer, .inner = t->inner, .outer_tpid = t->outer_tpid};
}

static int
build_ifaces(struct cgn_directory *dir)
{
	const struct cgn_conf *conf = dir->conf;
	struct cgn_iface *iface;

	for (uint32_t t = 0; t < conf->n_tenants; t++)
		dir->n_attachments += conf->tenants[t].n_attachments;
	if (dir->n_attachments + (uint64_t)conf->n_uplinks > CGN_MAX_IFACES)
		return -EOVERFLOW;
	dir->n_ifaces = dir->n_attachments + conf->n_uplinks;
	dir->ifaces = calloc(dir->n_ifaces, sizeof(*dir->ifaces));
	if (dir->ifaces == NULL)
		return -ENOMEM;
	iface = dir->ifaces;
	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		for (uint32_t a = 0; a < conf->tenants[t].n_attachments; a++, iface++) {
			const struct cgn_conf_attachment *c = &conf->tenants[t].attachments[a];

			*iface = (struct cgn_iface){.port = c->port,
				.tenant = (uint16_t)t,
				.role = CGN_ROLE_INSIDE,
				.tags = tags_of(&c->tags),
				.onlink = c->address,
				.mtu = conf->ports[c->port].mtu};
			if (iface_number(dir, iface) < 0)
				return -EOVERFLOW;
		}
	}
	for (uint32_t u = 0; u < conf->n_uplinks; u++, iface++) {
		const struct cgn_conf_uplink *c = &conf->uplinks[u];

		*iface = (struct cgn_iface){.port = c->port,
			.tenant = CGN_TENANT_BOX,
			.role = CGN_ROLE_OUTSIDE,
			.tags = tags_of(&c->tags),
			.onlink = c->address,
			.mtu = conf->ports[c->port].mtu};
		if (iface_number(dir, iface) < 0)
			return -EOVERFLOW;
	}
	return 0;
}

static int
build_pools(struct cgn_directory *dir)
{
	const struct cgn_conf *conf = dir->conf;
	uint64_t n = 0;
	uint32_t i = 0;

	for (uint32_t t = 0; t < conf->n_tenants; t++)
		for (uint32_t p = 0; p < conf->tenants[t].n_pools; p++)
			n += cgn_prefix_size(conf->tenants[t].pools[p].prefix);
	if (n > max_number)
		return -EOVERFLOW;
	dir->n_pool = (uint32_t)n;
	dir->pool_addrs = calloc(dir->n_pool + 1, sizeof(*dir->pool_addrs));
	dir->pool_tenants = calloc(dir->n_pool + 1, sizeof(*dir->pool_tenants));
	if (dir->pool_addrs == NULL || dir->pool_tenants == NULL)
		return -ENOMEM;
	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		dir->tenants[t].first_pool = i;
		for (uint32_t p = 0; p < conf->tenants[t].n_pools; p++) {
			struct cgn_prefix prefix = conf->tenants[t].pools[p].prefix;
			uint32_t first = cgn_prefix_first(prefix);

			for (uint32_t k = 0; k <= cgn_prefix_last(prefix) - first; k++, i++) {
				dir->pool_addrs[i] = first + k;
				dir->pool_tenants[i] = (uint16_t)t;
			}
		}
		dir->tenants[t].n_pool = i - dir->tenants[t].first_pool;
	}
	return 0;
}

static int
build_tenants(struct cgn_directory *dir)
{
	const struct cgn_conf *conf = dir->conf;

	dir->n_tenants = conf->n_tenants;
	dir->tenants = calloc(conf->n_tenants + 1, sizeof(*dir->tenants));
	if (dir->tenants == NULL)
		return -ENOMEM;
	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		const struct cgn_conf_tenant *c = &conf->tenants[t];

		dir->tenants[t].conf = c;
		dir->tenants[t].new_rate = cgn_rate_make(
			c->quota.tenant.new_per_s, c->quota.tenant.burst);
		dir->tenants[t].request_rate = cgn_rate_make(
			c->portctl.requests_per_s, c->portctl.burst);
		dir->tenants[t].subscriber_new_rate = cgn_rate_make(
			c->quota.subscriber.new_per_s, c->quota.subscriber.burst);
	}
	return 0;
}

uint64_t
cgn_iface_n_subscribers(const struct cgn_iface *iface)
{
	const struct cgn_range_map *subs = &iface->subscribers;
	uint64_t n = 0;

	for (uint32_t s = 0; s < subs->n_ranges; s++)
		n += subs->ranges[s].last - subs->ranges[s].first + UINT64_C(1);
	return n;
}

/* Attachments stand first among the interfaces, in the order of the configuration. */
static void
judge_bindings(struct cgn_directory *dir)
{
	struct cgn_iface *iface = dir->ifaces;

	for (uint32_t t = 0; t < dir->n_tenants; t++)
		for (uint32_t a = 0; a < dir->tenants[t].conf->n_attachments; a++, iface++)
			iface->unbound = dir->tenants[t].conf->attachments[a].binding ==
					CGN_BINDING_NONE &&
				cgn_iface_n_subscribers(iface) > 1;
}

struct cgn_directory *
cgn_directory_create(const struct cgn_conf *conf, struct cgn_errmsg *err)
{
	struct cgn_directory *dir = calloc(1, sizeof(*dir));
	int rc = -ENOMEM;

	if (dir == NULL)
		goto fail;
	dir->conf = conf;
	rc = build_tenants(dir);
	if (rc == 0)
		rc = build_ifaces(dir);
	if (rc == 0)
		rc = build_pools(dir);
	if (rc == 0)
		rc = cgn_directory_maps_build(dir);
	if (rc == 0) {
		judge_bindings(dir);
		return dir;
	}
fail:
	if (rc == -EOVERFLOW)
		cgn_errmsg_set(err,
			"more than %u attachments and uplinks, or more than %llu addresses in all "
			"on-link prefixes or all pools: use fewer, or longer on-link prefixes",
			(unsigned int)CGN_MAX_IFACES, (unsigned long long)max_number);
	else
		cgn_errmsg_set(
			err, "not enough memory for the directory of tenants and subscribers");
	cgn_directory_destroy(dir);
	errno = -rc;
	return NULL;
}

void
cgn_directory_destroy(struct cgn_directory *dir)
{
	if (dir == NULL)
		return;
	for (uint32_t i = 0; dir->ifaces != NULL && i < dir->n_ifaces; i++)
		cgn_range_map_fini(&dir->ifaces[i].subscribers);
	for (uint32_t t = 0; dir->tenants != NULL && t < dir->n_tenants; t++) {
		cgn_range_map_fini(&dir->tenants[t].subscribers);
		cgn_range_map_fini(&dir->tenants[t].inside_dst);
	}
	cgn_directory_maps_free(dir);
	free(dir->tenants);
	free(dir->ifaces);
	free(dir->pool_addrs);
	free(dir->pool_tenants);
	free(dir);
}

const struct cgn_inside_run *
cgn_directory_run_at(const struct cgn_directory *dir, uint32_t inside)
{
	const struct cgn_inside_run *base = dir->inside_runs;

	for (uint32_t n = dir->n_inside_runs; n > 1; n -= n / 2)
		if (base[n / 2].first_index <= inside)
			base += n / 2;
	return base;
}

uint32_t
cgn_directory_tenant_find(const struct cgn_directory *dir, const char *name)
{
	for (uint32_t t = 0; t < dir->n_tenants; t++)
		if (strcmp(dir->tenants[t].conf->name, name) == 0)
			return t;
	return CGN_NONE;
}

const char *
cgn_directory_tenant_name(const struct cgn_directory *dir, uint32_t tenant)
{
	return tenant < dir->n_tenants ? dir->tenants[tenant].conf->name : "-";
}

uint32_t
cgn_directory_inside_find(const struct cgn_directory *dir, uint32_t tenant, uint32_t addr)
{
	const struct cgn_range *range = cgn_range_map_find(&dir->tenants[tenant].subscribers, addr);

	return range != NULL ? range->value + (addr - range->origin) : CGN_NONE;
}

uint32_t
cgn_directory_neigh_iface(const struct cgn_directory *dir, uint32_t neigh, uint32_t *addr)
{
	uint32_t base = 0;

	for (uint32_t n = dir->n_ifaces; n > 1; n -= n / 2)
		if (dir->ifaces[base + n / 2].neigh_base <= neigh)
			base += n / 2;
	*addr = cgn_prefix_first(dir->ifaces[base].onlink) + (neigh - dir->ifaces[base].neigh_base);
	return base;
}
