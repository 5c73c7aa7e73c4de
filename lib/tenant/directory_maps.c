/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tag tables, subscriber ranges, routes, and the two outside maps that enforce the seed rules:
 * which sources may come from outside, and which destinations are the box's.
 */
#include "directory_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { N_VIDS = 4096 };

/* Priorities above those of routes, which are prefix lengths. */
enum { PRIO_NEVER = 33, PRIO_INSIDE, PRIO_POOL, PRIO_OWN };

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
	for (uint32_t i = 0; i < dir->n_ifaces; i++)
		if (add_tags(&dir->ports[dir->ifaces[i].port], &dir->ifaces[i].tags, (uint16_t)i) <
			0)
			return -ENOMEM;
	return 0;
}

/* Addresses of the on-link prefix that no subscriber can have: network, broadcast, the service. */
static bool
is_reserved(struct cgn_prefix onlink, uint32_t addr)
{
	if (addr == onlink.addr)
		return true;
	return onlink.len < 31 &&
		(addr == cgn_prefix_first(onlink) || addr == cgn_prefix_last(onlink));
}

/* One run [first, last] of assigned addresses. */
static int
add_run(struct cgn_directory *dir, uint32_t i, const struct cgn_conf_subscribers *c, uint32_t first,
	uint32_t last)
{
	struct cgn_iface *iface = &dir->ifaces[i];
	struct cgn_inside_run *run = &dir->inside_runs[dir->n_inside_runs];
	bool onlink = c->via == 0;
	uint32_t hop = onlink ? first : c->via;

	if (first > last)
		return 0;
	*run = (struct cgn_inside_run){.first_index = dir->n_inside,
		.n = last - first + 1,
		.first_addr = first,
		.iface = (uint16_t)i,
		.onlink = onlink,
		.neigh = iface->neigh_base + (hop - cgn_prefix_first(iface->onlink))};
	dir->n_inside += run->n;
	dir->n_inside_runs++;
	if (cgn_range_map_add(
		    &dir->tenants[iface->tenant].subscribers, first, last, run->first_index, 0) < 0)
		return -ENOMEM;
	return cgn_range_map_add(&iface->subscribers, first, last, run->first_index, 0);
}

/* Cuts a configured prefix at the addresses that are nobody's. */
static int
add_subscribers(struct cgn_directory *dir, uint32_t i, const struct cgn_conf_subscribers *c)
{
	struct cgn_prefix onlink = dir->ifaces[i].onlink;
	uint32_t cuts[3] = {cgn_prefix_first(onlink), onlink.addr, cgn_prefix_last(onlink)};
	uint32_t first = cgn_prefix_first(c->prefix), last = cgn_prefix_last(c->prefix);
	uint64_t at = first;

	for (int k = 0; k < 3; k++) {
		if (!is_reserved(onlink, cuts[k]) || cuts[k] < at || cuts[k] > last)
			continue;
		if (cuts[k] > at && add_run(dir, i, c, (uint32_t)at, cuts[k] - 1) < 0)
			return -ENOMEM;
		at = (uint64_t)cuts[k] + 1;
	}
	return at <= last ? add_run(dir, i, c, (uint32_t)at, last) : 0;
}

static int
build_subscribers(struct cgn_directory *dir)
{
	const struct cgn_conf *conf = dir->conf;
	uint32_t n = 0, i = 0;

	for (uint32_t t = 0; t < conf->n_tenants; t++)
		for (uint32_t a = 0; a < conf->tenants[t].n_attachments; a++)
			n += conf->tenants[t].attachments[a].n_subscribers;
	dir->inside_runs = calloc(4 * (size_t)n + 1, sizeof(*dir->inside_runs));
	if (dir->inside_runs == NULL)
		return -ENOMEM;
	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		dir->tenants[t].first_inside = dir->n_inside;
		for (uint32_t a = 0; a < conf->tenants[t].n_attachments; a++, i++) {
			const struct cgn_conf_attachment *c = &conf->tenants[t].attachments[a];

			for (uint32_t s = 0; s < c->n_subscribers; s++)
				if (add_subscribers(dir, i, &c->subscribers[s]) < 0)
					return -ENOMEM;
			if (cgn_range_map_seal(&dir->ifaces[i].subscribers) < 0)
				return -ENOMEM;
		}
		if (cgn_range_map_seal(&dir->tenants[t].subscribers) < 0)
			return -ENOMEM;
		dir->tenants[t].n_inside = dir->n_inside - dir->tenants[t].first_inside;
	}
	return 0;
}

/* Neighbour index of an on-link outside address; validation has made sure that there is one. */
static uint32_t
outside_neigh(const struct cgn_directory *dir, uint32_t addr)
{
	for (uint32_t i = dir->n_attachments; i < dir->n_ifaces; i++)
		if (cgn_prefix_has(dir->ifaces[i].onlink, addr))
			return dir->ifaces[i].neigh_base +
				(addr - cgn_prefix_first(dir->ifaces[i].onlink));
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

static int
add_routes(const struct cgn_directory *dir, struct cgn_range_map *map,
	const struct cgn_conf_route *routes, uint32_t n)
{
	for (uint32_t r = 0; r < n; r++) {
		uint32_t neigh = outside_neigh(dir, routes[r].via);

		if (neigh == CGN_NONE)
			return -EINVAL;
		if (add_prefix(map, routes[r].prefix, cgn_dst_value(CGN_DST_GATEWAY, neigh),
			    routes[r].prefix.len) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The part of both destination maps that is the same for all: pool addresses and own ones. */
static int
add_own(const struct cgn_directory *dir, struct cgn_range_map *map)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < dir->n_pool;) {
		uint32_t n = 1;

		/* One range per run of neighbouring addresses of one tenant. */
		while (i + n < dir->n_pool && dir->pool_addrs[i + n] == dir->pool_addrs[i] + n &&
			dir->pool_tenants[i + n] == dir->pool_tenants[i])
			n++;
		rc = cgn_range_map_add(map, dir->pool_addrs[i], dir->pool_addrs[i] + n - 1,
			cgn_dst_value(CGN_DST_POOL, i), PRIO_POOL);
		i += n;
	}
	for (uint32_t i = dir->n_attachments; rc == 0 && i < dir->n_ifaces; i++)
		rc = add_addr(
			map, dir->ifaces[i].onlink.addr, cgn_dst_value(CGN_DST_OWN, i), PRIO_OWN);
	return rc;
}

/* What is never forwarded from inside: no host has it, or it must not leave (RFC 6598 section 4).
 */
static const struct cgn_prefix never_dst[] = {
	{0x00000000, 8}, {0x7f000000, 8}, {0xa9fe0000, 16}, {0xe0000000, 3}, {0x64400000, 10}};

/*
 * Longest prefix first among routes (on-link, then the tenant's, then the box's at equal length);
 * what is the box's or the tenant's own stands above all routes.
 */
static int
build_inside_dst(struct cgn_directory *dir, uint32_t t)
{
	struct cgn_tenant *tenant = &dir->tenants[t];
	struct cgn_range_map *map = &tenant->inside_dst;
	int rc = 0;

	for (uint32_t i = dir->n_attachments; rc == 0 && i < dir->n_ifaces; i++) {
		struct cgn_prefix link = dir->ifaces[i].onlink;

		rc = add_prefix(map, link, cgn_dst_value(CGN_DST_ONLINK, dir->ifaces[i].neigh_base),
			link.len);
		if (rc == 0)
			rc = add_link_edges(map, link, cgn_dst_value(CGN_DST_NEVER, 0), PRIO_NEVER);
	}
	if (rc == 0)
		rc = add_routes(dir, map, tenant->conf->routes, tenant->conf->n_routes);
	if (rc == 0)
		rc = add_routes(dir, map, dir->conf->routes, dir->conf->n_routes);
	for (uint32_t i = 0; rc == 0 && i < sizeof(never_dst) / sizeof(never_dst[0]); i++)
		rc = add_prefix(map, never_dst[i], cgn_dst_value(CGN_DST_NEVER, 0), PRIO_NEVER);
	for (uint32_t i = 0; rc == 0 && i < dir->n_attachments; i++) {
		const struct cgn_iface *iface = &dir->ifaces[i];

		if (iface->tenant != t)
			continue;
		rc = add_prefix(map, iface->onlink, cgn_dst_value(CGN_DST_INSIDE, 0), PRIO_INSIDE);
		for (uint32_t r = 0; rc == 0 && r < iface->subscribers.n_ranges; r++)
			rc = cgn_range_map_add(map, iface->subscribers.ranges[r].first,
				iface->subscribers.ranges[r].last, cgn_dst_value(CGN_DST_INSIDE, 0),
				PRIO_INSIDE);
		if (rc == 0)
			rc = add_addr(
				map, iface->onlink.addr, cgn_dst_value(CGN_DST_OWN, i), PRIO_OWN);
		if (rc == 0)
			rc = add_link_edges(
				map, iface->onlink, cgn_dst_value(CGN_DST_NEVER, 0), PRIO_OWN);
	}
	if (rc == 0)
		rc = add_own(dir, map);
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

		rc = cgn_range_map_add(map, run->first_addr, run->first_addr + run->n - 1,
			CGN_FATE_OUTSIDE_INSIDE_SOURCE, PRIO_INSIDE);
	}
	for (uint32_t i = 0; rc == 0 && i < dir->n_ifaces; i++) {
		const struct cgn_iface *iface = &dir->ifaces[i];

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
	for (uint32_t i = 0; rc == 0 && i < dir->n_pool; i++)
		rc = add_addr(map, dir->pool_addrs[i], CGN_FATE_OUTSIDE_OWN_SOURCE, PRIO_OWN);
	return rc == 0 ? cgn_range_map_seal(map) : rc;
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
	if (build_tags(dir) < 0 || build_subscribers(dir) < 0)
		return -ENOMEM;
	for (uint32_t t = 0; t < dir->n_tenants; t++)
		if (build_inside_dst(dir, t) < 0)
			return -ENOMEM;
	if (build_outside_src(dir) < 0 || build_outside_dst(dir) < 0)
		return -ENOMEM;
	return 0;
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
	free(dir->inside_runs);
	cgn_range_map_fini(&dir->outside_src);
	cgn_range_map_fini(&dir->outside_dst);
}
