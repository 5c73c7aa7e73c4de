/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers about the network around the box: neighbours, routes. Telemetry threads. */
#include <string.h>

#include "show.h"

static const char *
iface_port(const struct cgn_show *show, uint32_t iface)
{
	return show->box->conf->ports[show->box->dir->ifaces[iface].port].name;
}

static uint64_t
neighbours_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_neigh_row *row = &((const struct cgn_query_neighbours *)query)->rows[i];
	const struct cgn_directory *dir = show->box->dir;
	struct cgn_reply *r = show->reply;
	const struct cgn_iface *iface;
	uint32_t addr, number;
	uint8_t mac[6];

	number = cgn_directory_neigh_iface(dir, row->neigh, &addr);
	iface = &dir->ifaces[number];
	memcpy(mac, &row->mac, sizeof(mac));
	cgn_reply_str(r, "port", iface_port(show, number));
	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(dir, iface->tenant));
	cgn_reply_ip4(r, "address", addr);
	if (row->mac & CGN_NEIGH_RESOLVED)
		cgn_reply_fmt(r, "mac", "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
			mac[3], mac[4], mac[5]);
	else
		cgn_reply_str(r, "mac", "-");
	cgn_reply_str(r, "state", cgn_neigh_state_str((enum cgn_neigh_state)row->state));
	cgn_reply_u64(r, "confirmed_s", row->mac & CGN_NEIGH_RESOLVED ? row->age_s : 0);
	cgn_reply_u64(r, "held", row->n_held);
	return row->neigh;
}

void
cgn_show_neighbours(struct cgn_show *show)
{
	const struct cgn_directory *dir = show->box->dir;
	struct cgn_query_neighbours q = {.first = CGN_NONE};
	const struct cgn_walk walk = {.fn = cgn_query_neighbours,
		.query = &q.q,
		.size = sizeof(q),
		.row = neighbours_row};

	if (!cgn_show_tenant_find(show, &q.q.tenant) || !cgn_show_port_find(show, &q.port))
		return;
	/* The span of the interfaces that match. */
	for (uint32_t i = 0; i < dir->n_live_ifaces; i++) {
		const struct cgn_iface *iface = &dir->ifaces[dir->by_neigh[i]];

		if ((q.q.tenant != CGN_NONE && iface->tenant != q.q.tenant) ||
			(q.port != CGN_NONE && iface->port != q.port))
			continue;
		q.first = q.first != CGN_NONE ? q.first : iface->neigh_base;
		q.last = iface->neigh_base + (uint32_t)cgn_prefix_size(iface->onlink);
	}
	if (q.first != CGN_NONE)
		cgn_show_walk(show, &walk);
}

/* "a.b.c.d/len" where the range is a prefix, else "a.b.c.d-e.f.g.h". */
static void
add_range(struct cgn_show *show, const struct cgn_range *range)
{
	uint32_t span = range->last - range->first;
	char first[CGN_IP4_STRLEN], last[CGN_IP4_STRLEN];

	cgn_ip4_str(range->first, first);
	cgn_ip4_str(range->last, last);
	if ((span & (span + 1)) == 0 && (range->first & span) == 0)
		cgn_reply_fmt(show->reply, "destination", "%s/%d", first,
			span == 0 ? 32 : __builtin_clz(span));
	else
		cgn_reply_fmt(show->reply, "destination", "%s-%s", first, last);
}

static void
add_route(struct cgn_show *show, uint32_t value)
{
	static const char *const names[] = {[CGN_DST_GATEWAY] = "gateway",
		[CGN_DST_ONLINK] = "on-link",
		[CGN_DST_POOL] = "pool",
		[CGN_DST_OWN] = "own",
		[CGN_DST_INSIDE] = "inside",
		[CGN_DST_NEVER] = "never"};
	enum cgn_dst_class what = cgn_dst_class_of(value);
	const struct cgn_directory *dir = show->box->dir;
	uint32_t addr = 0, iface = CGN_NONE;
	char via[CGN_IP4_STRLEN] = "-";

	if (what == CGN_DST_GATEWAY || what == CGN_DST_ONLINK)
		iface = cgn_directory_neigh_iface(dir, cgn_dst_number(value), &addr);
	else if (what == CGN_DST_OWN)
		iface = cgn_dst_number(value);
	if (what == CGN_DST_GATEWAY)
		cgn_ip4_str(addr, via);
	cgn_reply_str(show->reply, "class", names[what]);
	cgn_reply_str(show->reply, "via", via);
	cgn_reply_str(show->reply, "port", iface < dir->n_ifaces ? iface_port(show, iface) : "-");
}

/* The first range at or above an address, for a tenant's subscribers or from outside. */
static bool
route_next(const struct cgn_directory *dir, uint32_t tenant, uint64_t from, struct cgn_range *range)
{
	const struct cgn_range *found;

	if (tenant != CGN_NONE)
		return cgn_directory_inside_dst_next(dir, tenant, from, range);
	found = from <= UINT32_MAX ? cgn_range_map_next(&dir->outside_dst, (uint32_t)from) : NULL;
	if (found != NULL)
		*range = *found;
	return found != NULL;
}

/* The cursor is an address, host order. */
void
cgn_show_routes(struct cgn_show *show)
{
	const struct cgn_directory *dir = show->box->dir;
	uint64_t at = cgn_show_cursor(show);
	struct cgn_range range;
	uint32_t tenant;
	bool more;

	if (!cgn_show_tenant_find(show, &tenant))
		return;
	for (more = route_next(dir, tenant, at, &range); more;
		more = route_next(dir, tenant, at, &range)) {
		at = (uint64_t)range.last + 1;
		cgn_reply_row_begin(show->reply);
		add_range(show, &range);
		add_route(show, range.value);
		if (!cgn_show_row_end(show, range.first, at))
			break;
	}
	if (!more || !route_next(dir, tenant, show->next, &range))
		show->next = 0;
}
