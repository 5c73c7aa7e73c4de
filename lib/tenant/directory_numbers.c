/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers for interfaces and neighbours; those for addresses are in directory_addrs.c. What an
 * older directory has numbered keeps its number; the rest takes from a stock that knows all numbers
 * of the older one as used, those of what is gone too: a packet or a mapping on its way may still
 * carry them.
 */
#include "directory_numbers.h"

#include <errno.h>
#include <stdlib.h>

static int build_ifaces(struct cgn_directory *dir, const struct cgn_directory *old);

int
cgn_directory_numbers_build(struct cgn_directory *dir, const struct cgn_directory *old)
{
	int rc = build_ifaces(dir, old);

	return rc == 0 ? cgn_directory_addrs_build(dir, old) : rc;
}

void
cgn_directory_numbers_free(struct cgn_directory *dir)
{
	free(dir->ifaces);
	free(dir->attachments);
	free(dir->uplinks);
	free(dir->by_neigh);
	free(dir->inside_runs);
	free(dir->pool_runs);
	free(dir->tenant_runs);
	free(dir->pool_addrs);
	free(dir->pool_tenants);
	free(dir->pool_drains);
	free(dir->pool_was);
	free(dir->pool_were_of);
}

static struct cgn_tags
tags_of(const struct cgn_conf_tags *t)
{
	return (struct cgn_tags){
		.n = t->n, .outer = t->outer, .inner = t->inner, .outer_tpid = t->outer_tpid};
}

/* Stocks of numbers that interfaces take from. */
struct iface_stocks {
	struct cgn_number_stock ifaces, neigh;
};

static int
iface_stocks_fill(struct iface_stocks *stocks, const struct cgn_directory *old)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < old->n_ifaces; i++)
		if (old->ifaces[i].live)
			rc = cgn_number_stock_use(
				&stocks->ifaces, (struct cgn_number_run){.first = i, .n = 1});
	for (uint32_t i = 0; rc == 0 && i < old->n_live_ifaces; i++) {
		const struct cgn_iface *iface = &old->ifaces[old->by_neigh[i]];

		rc = cgn_number_stock_use(&stocks->neigh,
			(struct cgn_number_run){.first = iface->neigh_base,
				.n = (uint32_t)cgn_prefix_size(iface->onlink)});
	}
	if (rc == 0)
		rc = cgn_number_stock_seal(&stocks->ifaces, old->n_ifaces);
	return rc == 0 ? cgn_number_stock_seal(&stocks->neigh, old->n_neigh) : rc;
}

/* The same interface in an older directory, or CGN_IFACE_NONE. */
static uint16_t
iface_find(const struct cgn_directory *old, const struct cgn_iface *iface)
{
	struct cgn_pkt tags = {
		.n_tags = iface->tags.n, .outer = iface->tags.outer, .inner = iface->tags.inner};
	uint16_t i;

	if (old == NULL)
		return CGN_IFACE_NONE;
	i = cgn_directory_iface(old, iface->port, &tags);
	if (i == CGN_IFACE_NONE || old->ifaces[i].role != iface->role)
		return CGN_IFACE_NONE;
	if (iface->role == CGN_ROLE_INSIDE && old->ifaces[i].tenant != iface->tenant)
		return CGN_IFACE_NONE;
	return i;
}

/* Gives an interface its place and its neighbour indices. */
static int
iface_add(struct cgn_directory *dir, const struct cgn_directory *old, struct iface_stocks *stocks,
	struct cgn_iface *iface, uint16_t *number)
{
	uint64_t size = cgn_prefix_size(iface->onlink);
	uint16_t kept = iface_find(old, iface);
	struct cgn_number_run run = {.first = kept};
	int rc = 0;

	if (kept == CGN_IFACE_NONE)
		rc = cgn_number_stock_take(&stocks->ifaces, 1, &run);
	if (rc == 0 && kept != CGN_IFACE_NONE &&
		old->ifaces[kept].onlink.len == iface->onlink.len &&
		cgn_prefix_has(iface->onlink, old->ifaces[kept].onlink.addr))
		iface->neigh_base = old->ifaces[kept].neigh_base;
	else if (rc == 0)
		rc = size > CGN_MAX_NUMBERS ? -EOVERFLOW
					    : cgn_number_stock_take_whole(&stocks->neigh,
						      (uint32_t)size, &iface->neigh_base);
	if (rc < 0)
		return rc;
	*number = (uint16_t)run.first;
	dir->ifaces[run.first] = *iface;
	return 0;
}

static int
add_attachments(struct cgn_directory *dir, const struct cgn_directory *old,
	struct iface_stocks *stocks, uint32_t t)
{
	const struct cgn_conf_tenant *conf = dir->tenants[t].conf;
	uint16_t *numbers = &dir->attachments[dir->n_live_ifaces];
	int rc = 0;

	dir->tenants[t].ifaces = numbers;
	for (uint32_t a = 0; rc == 0 && a < conf->n_attachments; a++) {
		const struct cgn_conf_attachment *c = &conf->attachments[a];
		struct cgn_iface iface = {.live = true,
			.port = c->port,
			.tenant = (uint16_t)t,
			.role = CGN_ROLE_INSIDE,
			.tags = tags_of(&c->tags),
			.onlink = c->address,
			.mtu = dir->conf->ports[c->port].mtu};

		rc = iface_add(dir, old, stocks, &iface, &numbers[a]);
	}
	dir->n_live_ifaces += conf->n_attachments;
	return rc;
}

static int
add_uplinks(struct cgn_directory *dir, const struct cgn_directory *old, struct iface_stocks *stocks)
{
	const struct cgn_conf *conf = dir->conf;
	int rc = 0;

	for (uint32_t u = 0; rc == 0 && u < conf->n_uplinks; u++) {
		const struct cgn_conf_uplink *c = &conf->uplinks[u];
		struct cgn_iface iface = {.live = true,
			.port = c->port,
			.tenant = CGN_TENANT_BOX,
			.role = CGN_ROLE_OUTSIDE,
			.tags = tags_of(&c->tags),
			.onlink = c->address,
			.mtu = conf->ports[c->port].mtu};

		rc = iface_add(dir, old, stocks, &iface, &dir->uplinks[u]);
	}
	dir->n_live_ifaces += conf->n_uplinks;
	return rc;
}

static int
compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The order in which cgn_directory_neigh_iface searches. */
static int
sort_by_neigh(struct cgn_directory *dir)
{
	uint64_t *keys = calloc(dir->n_live_ifaces + 1, sizeof(*keys));
	uint32_t n = 0;

	dir->by_neigh = calloc(dir->n_live_ifaces + 1, sizeof(*dir->by_neigh));
	if (keys == NULL || dir->by_neigh == NULL) {
		free(keys);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < dir->n_ifaces; i++)
		if (dir->ifaces[i].live)
			keys[n++] = (uint64_t)dir->ifaces[i].neigh_base << 16 | i;
	qsort(keys, n, sizeof(*keys), compare_u64);
	for (uint32_t i = 0; i < n; i++)
		dir->by_neigh[i] = (uint16_t)keys[i];
	free(keys);
	return 0;
}

static int
build_ifaces(struct cgn_directory *dir, const struct cgn_directory *old)
{
	const struct cgn_conf *conf = dir->conf;
	struct iface_stocks stocks;
	uint64_t n = 0;
	int rc = 0;

	for (uint32_t t = 0; t < conf->n_tenants; t++)
		n += conf->tenants[t].n_attachments;
	if (n + conf->n_uplinks > CGN_MAX_IFACES)
		return -EOVERFLOW;
	cgn_number_stock_init(&stocks.ifaces, CGN_MAX_IFACES);
	cgn_number_stock_init(&stocks.neigh, CGN_MAX_NUMBERS);
	dir->attachments = calloc(n + 1, sizeof(*dir->attachments));
	dir->uplinks = calloc(conf->n_uplinks + 1u, sizeof(*dir->uplinks));
	n += conf->n_uplinks + (old != NULL ? old->n_ifaces : 0);
	dir->ifaces = calloc(n + 1, sizeof(*dir->ifaces));
	if (dir->ifaces == NULL || dir->attachments == NULL || dir->uplinks == NULL)
		rc = -ENOMEM;
	if (rc == 0 && old != NULL)
		rc = iface_stocks_fill(&stocks, old);
	for (uint32_t t = 0; rc == 0 && t < dir->n_tenants; t++)
		if (cgn_directory_tenant_live(dir, t))
			rc = add_attachments(dir, old, &stocks, t);
	if (rc == 0)
		rc = add_uplinks(dir, old, &stocks);
	dir->n_ifaces = stocks.ifaces.end;
	dir->n_neigh = stocks.neigh.end;
	cgn_number_stock_fini(&stocks.ifaces);
	cgn_number_stock_fini(&stocks.neigh);
	return rc == 0 ? sort_by_neigh(dir) : rc;
}
