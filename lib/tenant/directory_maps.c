/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tag tables, routes, and the two outside maps that enforce the seed rules:
 * which sources may come from outside, and which destinations are the box's.
 */
#include "directory_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { N_VIDS = 4096 };

/* Of routes of equal length the one of the nearer source wins. */
enum route_source { ROUTE_BOX, ROUTE_TENANT, ROUTE_ONLINK, N_ROUTE_SOURCES };

/* Priorities above those of all routes. */
enum { PRIO_NEVER = 33 * N_ROUTE_SOURCES, PRIO_INSIDE, PRIO_POOL, PRIO_OWN };

static uint16_t *
vid_table(uint16_t **table)
{
	if (*table == NULL) {
		*table = malloc(N_VIDS * sizeof(**table));
		if (*table != NULL)
			memset(*table, 0xff, N_VIDS * sizeof(**table));
	}
	return *table;
}

static int
add_tags(struct cgn_port_tags *port, const struct cgn_tags *tags, uint16_t iface)
{
	if (tags->n == 0) {
		port->untagged = iface;
		return 0;
	}
	if (tags->n == 1) {
		if (vid_table(&port->single) == NULL)
			return -ENOMEM;
		port->single[tags->outer] = iface;
		return 0;
	}
	if (port->double_by == NULL)
		port->double_by = calloc(N_VIDS, sizeof(uint16_t *));
	if (port->double_by == NULL || vid_table(&port->double_by[tags->outer]) == NULL)
		return -ENOMEM;
	port->double_by[tags->outer][tags->inner] = iface;
	return 0;
}

static int
build_tags(struct cgn_directory *dir)
{
	dir->ports = calloc(dir->conf->n_ports, sizeof(*dir->ports));
	if (dir->ports == NULL)
		return -ENOMEM;
	for (uint32_t p = 0; p < dir->conf->n_ports; p++) {
		dir->ports[p].role = dir->conf->ports[p].role;
		dir->ports[p].untagged = CGN_IFACE_NONE;
	}
	for (uint32_t i = 0; i < dir->n_ifaces; i++) {
		const struct cgn_iface *iface = &dir->ifaces[i];

		if (iface->live &&
			add_tags(&dir->ports[iface->port], &iface->tags, (uint16_t)i) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Neighbour index of an on-link outside address; validation has made sure that there is one. */
static uint32_t
outside_neigh(const struct cgn_directory *dir, uint32_t addr)
{
	for (uint32_t u = 0; u < dir->conf->n_uplinks; u++) {
		const struct cgn_iface *iface = &dir->ifaces[dir->uplinks[u]];

		if (cgn_prefix_has(iface->onlink, addr))
			return iface->neigh_base + (addr - cgn_prefix_first(iface->onlink));
	}
	return CGN_NONE;
}

static int
add_prefix(struct cgn_range_map *map, struct cgn_prefix p, uint32_t value, uint32_t prio)
{
	return cgn_range_map_add(map, cgn_prefix_first(p), cgn_prefix_last(p), value, prio);
}

static int
add_addr(struct cgn_range_map *map, uint32_t addr, uint32_t value, uint32_t prio)
{
	return cgn_range_map_add(map, addr, addr, value, prio);
}

/* Network and broadcast address of a link, which no host on it has (RFC 1812 section 4.2.2.11). */
static int
add_link_edges(struct cgn_range_map *map, struct cgn_prefix link, uint32_t value, uint32_t prio)
{
	int rc;

	if (link.len >= 31)
		return 0;
	rc = add_addr(map, cgn_prefix_first(link), value, prio);
	return rc == 0 ? add_addr(map, cgn_prefix_last(link), value, prio) : rc;
}

static uint32_t
route_prio(struct cgn_prefix prefix, enum route_source source)
{
	return prefix.len * (uint32_t)N_ROUTE_SOURCES + source;
}

static int
add_routes(const struct cgn_directory *dir, struct cgn_range_map *map,
	const struct cgn_conf_route *routes, uint32_t n, enum route_source source)
{
	for (uint32_t r = 0; r < n; r++) {
		uint32_t neigh = outside_neigh(dir, routes[r].via);

		if (neigh == CGN_NONE)
			return -EINVAL;
		if (add_prefix(map, routes[r].prefix, cgn_dst_value(CGN_DST_GATEWAY, neigh),
			    route_prio(routes[r].prefix, source)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* What is the box's own from both sides: pool addresses, and its addresses on uplinks. */
static int
add_own(const struct cgn_directory *dir, struct cgn_range_map *map)
{
	int rc = 0;

	for (uint32_t r = 0; rc == 0 && r < dir->n_pool_runs; r++) {
		const struct cgn_pool_run *run = &dir->pool_runs[r];

		rc = cgn_range_map_add(map, run->first_addr, run->first_addr + (run->n - 1),
			cgn_dst_value(CGN_DST_POOL, run->first_index), PRIO_POOL);
	}
	for (uint32_t u = 0; rc == 0 && u < dir->conf->n_uplinks; u++) {
		uint16_t i = dir->uplinks[u];

		rc = add_addr(
			map, dir->ifaces[i].onlink.addr, cgn_dst_value(CGN_DST_OWN, i), PRIO_OWN);
	}
	return rc;
}

/* What is never forwarded from inside: no host has it, or it must not leave (RFC 6598 section 4).
 */
static const struct cgn_prefix never_dst[] = {
	{0x00000000, 8}, {0x7f000000, 8}, {0xa9fe0000, 16}, {0xe0000000, 3}, {0x64400000, 10}};

/* The gateway of the widest range: that of the default route, if there is one. */
static void
find_usual(struct cgn_directory *dir)
{
	const struct cgn_range_map *map = &dir->inside_dst;
	const struct cgn_range *widest = &cgn_range_empty;

	for (uint32_t i = 0; i < map->n_ranges; i++) {
		const struct cgn_range *range = &map->ranges[i];

		if (cgn_dst_class_of(range->value) == CGN_DST_GATEWAY &&
			(widest == &cgn_range_empty ||
				range->last - range->first > widest->last - widest->first))
			widest = range;
	}
	if (widest == &cgn_range_empty)
		return;
	cgn_range_blocks_of(&dir->usual_dst, map, widest->value);
	dir->usual_neigh = cgn_dst_number(widest->value);
}

/* Destinations of subscribers, the part that is the same for every tenant. */
static int
build_inside_dst(struct cgn_directory *dir)
{
	struct cgn_range_map *map = &dir->inside_dst;
	int rc = 0;

	for (uint32_t u = 0; rc == 0 && u < dir->conf->n_uplinks; u++) {
		const struct cgn_iface *iface = &dir->ifaces[dir->uplinks[u]];

		rc = add_prefix(map, iface->onlink,
			cgn_dst_value(CGN_DST_ONLINK, iface->neigh_base),
			route_prio(iface->onlink, ROUTE_ONLINK));
		if (rc == 0)
			rc = add_link_edges(
				map, iface->onlink, cgn_dst_value(CGN_DST_NEVER, 0), PRIO_NEVER);
	}
	if (rc == 0)
		rc = add_routes(dir, map, dir->conf->routes, dir->conf->n_routes, ROUTE_BOX);
	for (uint32_t i = 0; rc == 0 && i < sizeof(never_dst) / sizeof(never_dst[0]); i++)
		rc = add_prefix(map, never_dst[i], cgn_dst_value(CGN_DST_NEVER, 0), PRIO_NEVER);
	if (rc == 0)
		rc = add_own(dir, map);
	if (rc == 0)
		rc = cgn_range_map_seal(map);
	if (rc == 0)
		find_usual(dir);
	return rc;
}

/* A link of the tenant and those behind it. */
static int
add_inside_link(const struct cgn_directory *dir, struct cgn_range_map *map, uint16_t i)
{
	const struct cgn_iface *iface = &dir->ifaces[i];
	const uint32_t inside = cgn_dst_value(CGN_DST_INSIDE, 0);
	int rc = add_prefix(map, iface->onlink, inside, PRIO_INSIDE);

	for (uint32_t r = 0; rc == 0 && r < iface->subscribers.n_ranges; r++) {
		const struct cgn_range *range = &iface->subscribers.ranges[r];

		if (!cgn_prefix_has(iface->onlink, range->first) ||
			!cgn_prefix_has(iface->onlink, range->last))
			rc = cgn_range_map_add(map, range->first, range->last, inside, PRIO_INSIDE);
	}
	if (rc == 0)
		rc = add_addr(map, iface->onlink.addr, cgn_dst_value(CGN_DST_OWN, i), PRIO_OWN);
	return rc == 0
		? add_link_edges(map, iface->onlink, cgn_dst_value(CGN_DST_NEVER, 0), PRIO_OWN)
		: rc;
}

/* The part of one tenant: small, for it is there as often as there are tenants. */
static int
build_tenant_dst(struct cgn_directory *dir, uint32_t t)
{
	const struct cgn_conf_tenant *conf = dir->tenants[t].conf;
	struct cgn_range_map *map = &dir->tenants[t].inside_dst;
	int rc = 0;

	for (uint32_t a = 0; rc == 0 && a < conf->n_attachments; a++)
		rc = add_inside_link(dir, map, dir->tenants[t].ifaces[a]);
	if (rc == 0)
		rc = add_routes(dir, map, conf->routes, conf->n_routes, ROUTE_TENANT);
	return rc == 0 ? cgn_range_map_seal(map) : rc;
}

static int
build_outside_src(struct cgn_directory *dir)
{
	static const struct {
		struct cgn_prefix prefix;
		enum cgn_fate fate;
	} never[] = {
		{{0x00000000, 8}, CGN_FATE_MARTIAN_SOURCE}, /* this network, RFC 1122 3.2.1.3 */
		{{0x7f000000, 8}, CGN_FATE_MARTIAN_SOURCE}, /* loopback */
		{{0xe0000000, 3}, CGN_FATE_MARTIAN_SOURCE}, /* groups and class E */
		{{0x64400000, 10}, CGN_FATE_OUTSIDE_INSIDE_SOURCE}, /* RFC 6598 section 4 */
	};
	struct cgn_range_map *map = &dir->outside_src;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < sizeof(never) / sizeof(never[0]); i++)
		rc = add_prefix(map, never[i].prefix, never[i].fate, PRIO_NEVER);
	for (uint32_t i = 0; rc == 0 && i < dir->n_inside_runs; i++) {
		const struct cgn_inside_run *run = &dir->inside_runs[i];

		rc = cgn_range_map_add(map, run->first_addr, run->first_addr + (run->n - 1),
			CGN_FATE_OUTSIDE_INSIDE_SOURCE, PRIO_INSIDE);
	}
	for (uint32_t i = 0; rc == 0 && i < dir->n_ifaces; i++) {
		const struct cgn_iface *iface = &dir->ifaces[i];

		if (!iface->live)
			continue;
		if (iface->role == CGN_ROLE_INSIDE)
			rc = add_prefix(
				map, iface->onlink, CGN_FATE_OUTSIDE_INSIDE_SOURCE, PRIO_INSIDE);
		else
			rc = add_link_edges(
				map, iface->onlink, CGN_FATE_MARTIAN_SOURCE, PRIO_NEVER);
		if (rc == 0)
			rc = add_addr(
				map, iface->onlink.addr, CGN_FATE_OUTSIDE_OWN_SOURCE, PRIO_OWN);
	}
	for (uint32_t r = 0; rc == 0 && r < dir->n_pool_runs; r++) {
		const struct cgn_pool_run *run = &dir->pool_runs[r];

		rc = cgn_range_map_add(map, run->first_addr, run->first_addr + (run->n - 1),
			CGN_FATE_OUTSIDE_OWN_SOURCE, PRIO_OWN);
	}
	if (rc == 0)
		rc = cgn_range_map_seal(map);
	if (rc == 0)
		cgn_range_blocks_empty(&dir->outside_free, map);
	return rc;
}

static int
build_outside_dst(struct cgn_directory *dir)
{
	int rc = add_own(dir, &dir->outside_dst);

	return rc == 0 ? cgn_range_map_seal(&dir->outside_dst) : rc;
}

int
cgn_directory_maps_build(struct cgn_directory *dir)
{
	if (build_tags(dir) < 0 || build_inside_dst(dir) < 0)
		return -ENOMEM;
	for (uint32_t t = 0; t < dir->n_tenants; t++)
		if (cgn_directory_tenant_live(dir, t) && build_tenant_dst(dir, t) < 0)
			return -ENOMEM;
	if (build_outside_src(dir) < 0 || build_outside_dst(dir) < 0)
		return -ENOMEM;
	return cgn_directory_bypass_build(dir);
}

void
cgn_directory_maps_free(struct cgn_directory *dir)
{
	for (uint32_t p = 0; dir->ports != NULL && p < dir->conf->n_ports; p++) {
		free(dir->ports[p].single);
		for (uint32_t v = 0; dir->ports[p].double_by != NULL && v < N_VIDS; v++)
			free(dir->ports[p].double_by[v]);
		free(dir->ports[p].double_by);
	}
	free(dir->ports);
	cgn_range_map_fini(&dir->inside_dst);
	cgn_range_map_fini(&dir->outside_src);
	cgn_range_map_fini(&dir->outside_dst);
	cgn_directory_bypass_free(dir);
}

/* What addr is to the tenant, and the last address up to which neither map has another range. */
static const struct cgn_range *
dst_until(const struct cgn_directory *dir, uint32_t tenant, uint32_t addr, uint32_t *last)
{
	const struct cgn_range *nexts[2] = {
		cgn_range_map_next(&dir->inside_dst, addr),
		cgn_range_map_next(&dir->tenants[tenant].inside_dst, addr),
	};

	*last = UINT32_MAX;
	for (int k = 0; k < 2; k++) {
		if (nexts[k] == NULL)
			continue;
		if (nexts[k]->first > addr && nexts[k]->first - 1 < *last)
			*last = nexts[k]->first - 1;
		else if (nexts[k]->first <= addr && nexts[k]->last < *last)
			*last = nexts[k]->last;
	}
	return cgn_directory_inside_dst(dir, tenant, addr);
}

bool
cgn_directory_inside_dst_next(
	const struct cgn_directory *dir, uint32_t tenant, uint64_t from, struct cgn_range *range)
{
	const struct cgn_range *found = NULL;
	uint64_t at = from;
	uint32_t last;

	for (; found == NULL && at <= UINT32_MAX; at = (uint64_t)last + 1) {
		found = dst_until(dir, tenant, (uint32_t)at, &last);
		if (found != NULL) {
			*range = *found;
			range->first = (uint32_t)at;
			range->last = last;
		}
	}
	/* Where the other map cuts it without winning, it goes on. */
	while (found != NULL && at <= UINT32_MAX &&
		dst_until(dir, tenant, (uint32_t)at, &last) == found) {
		range->last = last;
		at = (uint64_t)last + 1;
	}
	return found != NULL;
}
