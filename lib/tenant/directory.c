/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds and ends the directory: the tenants here, other numbers by directory_numbers.c, look-ups
 * by directory_maps.c. Called by box/ on the main thread; the finders by control and manage.
 */
#include "directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classes.h"
#include "deterministic.h"
#include "directory_maps.h"
#include "directory_numbers.h"
#include "reserve.h"

static int
compare_names(const void *a, const void *b)
{
	const struct cgn_tenant *const *x = a, *const *y = b;

	return strcmp((*x)->conf->name, (*y)->conf->name);
}

static int
ports_init(struct cgn_tenant *tenant, const struct cgn_conf_tenant *c)
{
	if (c->ports.deterministic.algorithm != CGN_DET_OFF) {
		tenant->det = cgn_det_create(c);
		if (tenant->det == NULL)
			return -ENOMEM;
	}
	if (c->ports.n_reserved == 0)
		return 0;
	tenant->reserved = calloc(65536 / 64, sizeof(*tenant->reserved));
	if (tenant->reserved == NULL)
		return -ENOMEM;
	cgn_reserved_map(c, tenant->reserved);
	return 0;
}

static int
tenant_init(struct cgn_tenant *tenant, const struct cgn_conf_tenant *c)
{
	tenant->conf = c;
	tenant->new_rate = cgn_rate_make(c->quota.tenant.new_per_s, c->quota.tenant.burst);
	tenant->request_rate = cgn_rate_make(c->portctl.requests_per_s, c->portctl.burst);
	for (uint32_t i = 0; i < c->nat.n_protocols; i++) {
		uint8_t number = cgn_conf_other_number(c->nat.protocols[i]);

		tenant->protocols[number / 64] |= UINT64_C(1) << number % 64;
	}
	return ports_init(tenant, c);
}

static uint8_t
policies_of(const struct cgn_conf_tenant *c)
{
	bool marks = c->nat.dscp_out != CGN_LIMIT_UNSET || c->nat.dscp_in != CGN_LIMIT_UNSET ||
		c->nat.ip_options == CGN_IP_OPTIONS_CLEAR;
	bool drops = c->nat.ip_options == CGN_IP_OPTIONS_DROP;

	return (uint8_t)((marks ? CGN_POLICY_MARK : 0) | (drops ? CGN_POLICY_DROP : 0));
}

static int
build_tenants(struct cgn_directory *dir, const struct cgn_directory *old)
{
	const struct cgn_conf *conf = dir->conf;
	uint32_t n_old = old != NULL ? old->n_tenants : 0;

	dir->n_tenants = n_old;
	dir->tenants = calloc((size_t)n_old + conf->n_tenants + 1, sizeof(*dir->tenants));
	dir->by_name = calloc(conf->n_tenants + 1, sizeof(struct cgn_tenant *));
	if (dir->tenants == NULL || dir->by_name == NULL)
		return -ENOMEM;
	for (uint32_t k = 0; k < conf->n_tenants; k++) {
		const struct cgn_conf_tenant *c = &conf->tenants[k];
		uint32_t t = old != NULL ? cgn_directory_tenant_find(old, c->name) : CGN_NONE;

		t = t == CGN_NONE ? dir->n_tenants++ : t;
		if (t >= CGN_MAX_TENANTS)
			return -ERANGE;
		if (tenant_init(&dir->tenants[t], c) < 0)
			return -ENOMEM;
		dir->policies |= policies_of(c);
		dir->by_name[k] = &dir->tenants[t];
	}
	qsort(dir->by_name, conf->n_tenants, sizeof(struct cgn_tenant *), compare_names);
	return 0;
}

static void
explain(int rc, struct cgn_errmsg *err)
{
	if (rc == -EOVERFLOW)
		cgn_errmsg_set(err,
			"more than %u attachments and uplinks, or more than %u addresses in all "
			"on-link prefixes, all pools or all subscriber prefixes: use fewer, or "
			"longer on-link prefixes",
			(unsigned int)CGN_MAX_IFACES, (unsigned int)CGN_MAX_NUMBERS);
	else if (rc == -ERANGE)
		cgn_errmsg_set(err,
			"%u tenants have come and gone since the start, and their numbers are not "
			"used again: restart",
			(unsigned int)CGN_MAX_TENANTS);
	else
		cgn_errmsg_set(
			err, "not enough memory for the directory of tenants and subscribers");
}

static void
judge_bindings(struct cgn_directory *dir)
{
	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		const struct cgn_tenant *tenant = &dir->tenants[t];

		for (uint32_t a = 0; tenant->conf != NULL && a < tenant->conf->n_attachments; a++) {
			struct cgn_iface *iface = &dir->ifaces[tenant->ifaces[a]];

			iface->unbound = tenant->conf->attachments[a].binding == CGN_BINDING_NONE &&
				iface->n_subscribers > 1;
		}
	}
}

struct cgn_directory *
cgn_directory_create(
	const struct cgn_conf *conf, const struct cgn_directory *old, struct cgn_errmsg *err)
{
	struct cgn_directory *dir = calloc(1, sizeof(*dir));
	int rc = -ENOMEM;

	if (dir == NULL)
		goto fail;
	dir->conf = conf;
	dir->punt_rate = cgn_rate_make(conf->punt.subscriber_per_s, conf->punt.subscriber_burst);
	dir->local_rate = cgn_rate_make(conf->punt.local_per_s, conf->punt.local_burst);
	dir->echo_rate = cgn_rate_make(conf->icmp.echo_per_s, conf->icmp.echo_burst);
	rc = build_tenants(dir, old);
	if (rc == 0)
		rc = cgn_directory_classes_build(dir, old);
	if (rc == 0)
		rc = cgn_directory_numbers_build(dir, old);
	if (rc == 0)
		rc = cgn_directory_kinds_build(dir);
	if (rc == 0)
		rc = cgn_directory_maps_build(dir);
	if (rc == 0) {
		judge_bindings(dir);
		return dir;
	}
fail:
	explain(rc, err);
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
		cgn_det_destroy(dir->tenants[t].det);
		free(dir->tenants[t].reserved);
	}
	cgn_directory_classes_free(dir);
	cgn_directory_maps_free(dir);
	cgn_directory_numbers_free(dir);
	free(dir->tenants);
	free(dir->by_name);
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
cgn_directory_holder_find(const struct cgn_directory *dir, uint32_t inside)
{
	const struct cgn_inside_run *run;
	uint32_t at, before;

	if (!cgn_directory_inside_live(dir, inside))
		return inside;
	run = cgn_directory_run_at(dir, inside);
	at = inside - run->first_index;
	before = (run->first_addr + at) & (uint32_t)(UINT64_C(0xffffffff) >> run->mask_len);
	return before <= at ? inside - before : run->first_holder;
}

bool
cgn_directory_inside_live(const struct cgn_directory *dir, uint32_t inside)
{
	const struct cgn_inside_run *run = cgn_directory_run_at(dir, inside);

	return dir->n_inside_runs > 0 && inside >= run->first_index &&
		inside - run->first_index < run->n;
}

bool
cgn_directory_neigh_live(const struct cgn_directory *dir, uint32_t neigh)
{
	uint32_t addr;

	return cgn_directory_neigh_iface(dir, neigh, &addr) != CGN_NONE;
}

uint32_t
cgn_directory_tenant_find(const struct cgn_directory *dir, const char *name)
{
	uint32_t first = 0, end = dir->conf->n_tenants;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		int order = strcmp(name, dir->by_name[middle]->conf->name);

		if (order == 0)
			return (uint32_t)(dir->by_name[middle] - dir->tenants);
		if (order < 0)
			end = middle;
		else
			first = middle + 1;
	}
	return CGN_NONE;
}

const char *
cgn_directory_tenant_name(const struct cgn_directory *dir, uint32_t tenant)
{
	return cgn_directory_tenant_live(dir, tenant) ? dir->tenants[tenant].conf->name : "-";
}

uint32_t
cgn_directory_inside_find(const struct cgn_directory *dir, uint32_t tenant, uint32_t addr)
{
	const struct cgn_range *range = cgn_range_map_find(&dir->tenants[tenant].subscribers, addr);

	return range != NULL ? range->value + (addr - range->origin) : CGN_NONE;
}

uint32_t
cgn_directory_pool_find(const struct cgn_directory *dir, uint32_t tenant, uint32_t addr)
{
	const struct cgn_range *range = cgn_range_map_find(&dir->outside_dst, addr);
	uint32_t i;

	if (range == NULL || cgn_dst_class_of(range->value) != CGN_DST_POOL)
		return CGN_NONE;
	i = cgn_dst_number(range->value) + (addr - range->origin);
	return dir->pool_tenants[i] == tenant ? i : CGN_NONE;
}

uint32_t
cgn_directory_neigh_iface(const struct cgn_directory *dir, uint32_t neigh, uint32_t *addr)
{
	const struct cgn_iface *iface;
	const uint16_t *base = dir->by_neigh;

	if (dir->n_live_ifaces == 0)
		return CGN_NONE;
	for (uint32_t n = dir->n_live_ifaces; n > 1; n -= n / 2)
		if (dir->ifaces[base[n / 2]].neigh_base <= neigh)
			base += n / 2;
	iface = &dir->ifaces[*base];
	if (neigh < iface->neigh_base ||
		neigh - iface->neigh_base >= cgn_prefix_size(iface->onlink))
		return CGN_NONE;
	*addr = cgn_prefix_first(iface->onlink) + (neigh - iface->neigh_base);
	return *base;
}

int
cgn_directory_shares_fill(const struct cgn_directory *dir, void *array)
{
	if (cgn_reserve_fill(array, 0, dir->n_ifaces) < 0 ||
		cgn_reserve_fill(array, CGN_MAX_IFACES, dir->n_tenants) < 0 ||
		cgn_reserve_fill(array, CGN_MAX_IFACES + CGN_TENANT_BOX, 1) < 0)
		return -ENOMEM;
	return 0;
}
