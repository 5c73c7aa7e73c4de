/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers about what is translated: mappings, outside addresses, port blocks. Telemetry threads.
 */
#include <stdio.h>

#include "show.h"
#include "tcp_track.h"

/* Without ports a mapping is of one remote address, where it shares its port of one remote end. */
static const char *
filtering_of(const struct cgn_mapping_row *row)
{
	const uint32_t filter = row->filter;

	if (row->remote != 0)
		return row->proto == CGN_OTHER ? "address" : "address_and_port";
	if (filter & CGN_FILTER_ADDRESS_PORT)
		return "address_and_port";
	if (filter & CGN_FILTER_ADDRESS)
		return "address";
	return filter != 0 ? "pcp_filter" : "none";
}

void
cgn_show_remote(struct cgn_reply *r, const struct cgn_mapping_row *row)
{
	char addr[CGN_IP4_STRLEN];

	if (row == NULL || row->remote == 0)
		cgn_reply_str(r, "remote", "-");
	else if (row->proto == CGN_OTHER)
		cgn_reply_str(r, "remote", cgn_ip4_str(row->remote, addr));
	else
		cgn_reply_fmt(
			r, "remote", "%s:%u", cgn_ip4_str(row->remote, addr), row->remote_port);
}

static uint64_t
mappings_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_mapping_row *row = &((const struct cgn_query_mappings *)query)->rows[i];
	struct cgn_reply *r = show->reply;
	char addr[CGN_IP4_STRLEN];

	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(show->box->dir, row->tenant));
	cgn_reply_str(r, "proto",
		row->proto == CGN_OTHER ? cgn_other_str(row->ip_proto)
					: cgn_proto_str((enum cgn_proto)row->proto));
	if (row->proto == CGN_OTHER && !row->is_call) {
		cgn_reply_str(r, "inside", cgn_ip4_str(row->inside_addr, addr));
		cgn_reply_str(r, "outside", cgn_ip4_str(row->outside_addr, addr));
	} else {
		cgn_reply_fmt(r, "inside", "%s:%u", cgn_ip4_str(row->inside_addr, addr),
			row->inside_port);
		cgn_reply_fmt(r, "outside", "%s:%u", cgn_ip4_str(row->outside_addr, addr),
			row->outside_port);
	}
	cgn_show_remote(r, row);
	cgn_reply_str(r, "state", row->proto == CGN_TCP ? cgn_tcp_state_str(row->tcp) : "-");
	cgn_reply_u64(r, "age_s", row->age_s);
	cgn_reply_u64(r, "idle_s", row->idle_s);
	cgn_reply_i32(r, "left_s", row->left_s);
	cgn_reply_str(r, "filtering", filtering_of(row));
	cgn_reply_u64(r, "contacts", row->contacts);
	return row->at;
}

uint32_t
cgn_show_pool_find(struct cgn_show *show, enum cgn_param_id id)
{
	const struct cgn_param_value *outside = cgn_params_find(show->params, id);
	const struct cgn_range *range = cgn_range_map_find(
		&show->box->dir->outside_dst, outside->addr);

	if (range != NULL && cgn_dst_class_of(range->value) == CGN_DST_POOL)
		return cgn_dst_number(range->value) + (outside->addr - range->origin);
	cgn_reply_error(show->reply, cgn_param_infos[id].name,
		"the address of %s is in no pool; see cgnatctl pools", outside->text);
	return CGN_NONE;
}

void
cgn_show_mappings(struct cgn_show *show)
{
	const struct cgn_param_value *outside = cgn_params_find(show->params, CGN_PARAM_OUTSIDE);
	const struct cgn_param_value *proto = cgn_params_find(show->params, CGN_PARAM_PROTO);
	struct cgn_query_mappings q = {.pool = CGN_NONE, .protos = UINT8_MAX};
	const struct cgn_walk walk = {
		.fn = cgn_query_mappings, .query = &q.q, .size = sizeof(q), .row = mappings_row};

	if (!cgn_show_tenant_find(show, &q.q.tenant) ||
		!cgn_show_inside_find(show, CGN_PARAM_SUBSCRIBER, q.q.tenant, &q.inside))
		return;
	if (proto != NULL)
		q.protos = (uint8_t)(1 << proto->number);
	if (outside != NULL) {
		q.pool = cgn_show_pool_find(show, CGN_PARAM_OUTSIDE);
		q.port = outside->port;
		if (q.pool == CGN_NONE)
			return;
	}
	cgn_show_walk(show, &walk);
}

static uint64_t
pools_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_pool_row *row = &((const struct cgn_query_pools *)query)->rows[i];
	const struct cgn_directory *dir = show->box->dir;
	struct cgn_reply *r = show->reply;

	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(dir, dir->pool_tenants[row->pool]));
	cgn_reply_ip4(r, "address", dir->pool_addrs[row->pool]);
	cgn_reply_str(r, "state", row->state == CGN_ADDR_OPEN ? "open" : "draining");
	cgn_reply_u64(r, "blocks", (uint64_t)row->n_blocks - row->n_free);
	cgn_reply_u64(r, "blocks_max", row->n_blocks);
	cgn_reply_u64(r, "tcp", row->busy[CGN_TCP] - row->resting[CGN_TCP]);
	cgn_reply_u64(r, "udp", row->busy[CGN_UDP] - row->resting[CGN_UDP]);
	cgn_reply_u64(r, "icmp", row->busy[CGN_ICMP] - row->resting[CGN_ICMP]);
	cgn_reply_u64(r, "tcp_resting", row->resting[CGN_TCP]);
	cgn_reply_u64(r, "udp_resting", row->resting[CGN_UDP]);
	cgn_reply_u64(r, "icmp_resting", row->resting[CGN_ICMP]);
	cgn_reply_u64(r, "mapped_peak", row->mapped_peak.n);
	cgn_show_time(r, "mapped_peak_time", row->mapped_peak_utc_s);
	cgn_reply_u64(r, "ports_peak", row->busy_peak.n);
	cgn_show_time(r, "ports_peak_time", row->busy_peak_utc_s);
	cgn_reply_u64(r, "blocks_peak", row->blocks_peak.n);
	cgn_show_time(r, "blocks_peak_time", row->blocks_peak_utc_s);
	cgn_show_fragments_of(show, CGN_OUT2IN, row->pool);
	return row->pool;
}

void
cgn_show_pools(struct cgn_show *show)
{
	struct cgn_query_pools q = {.q.n = 0};
	const struct cgn_walk walk = {
		.fn = cgn_query_pools, .query = &q.q, .size = sizeof(q), .row = pools_row};

	if (cgn_show_tenant_find(show, &q.q.tenant))
		cgn_show_walk(show, &walk);
}

static uint64_t
blocks_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_block_row *row = &((const struct cgn_query_blocks *)query)->rows[i];
	const struct cgn_block *b = &row->block;
	const struct cgn_directory *dir = show->box->dir;
	struct cgn_reply *r = show->reply;
	uint32_t first = b->first_granule * (uint32_t)CGN_GRANULE_PORTS;

	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(dir, dir->pool_tenants[b->pool]));
	cgn_show_subscriber_of(show, "subscriber", b->inside);
	cgn_reply_ip4(r, "address", dir->pool_addrs[b->pool]);
	cgn_reply_fmt(r, "ports", "%u-%u", first, first + b->n_granules * CGN_GRANULE_PORTS - 1u);
	cgn_reply_u64(r, "tcp", (uint64_t)b->busy[CGN_TCP] - b->resting[CGN_TCP]);
	cgn_reply_u64(r, "udp", (uint64_t)b->busy[CGN_UDP] - b->resting[CGN_UDP]);
	cgn_reply_u64(r, "icmp", (uint64_t)b->busy[CGN_ICMP] - b->resting[CGN_ICMP]);
	cgn_reply_u64(r, "tcp_resting", b->resting[CGN_TCP]);
	cgn_reply_u64(r, "udp_resting", b->resting[CGN_UDP]);
	cgn_reply_u64(r, "icmp_resting", b->resting[CGN_ICMP]);
	cgn_reply_u64(r, "rests_s", row->rests_s);
	return row->at;
}

void
cgn_show_blocks_of(struct cgn_show *show, uint32_t tenant, uint32_t inside)
{
	struct cgn_query_blocks q = {.q.tenant = tenant, .inside = inside};
	const struct cgn_walk walk = {
		.fn = cgn_query_blocks, .query = &q.q, .size = sizeof(q), .row = blocks_row};

	cgn_show_walk(show, &walk);
}

void
cgn_show_blocks(struct cgn_show *show)
{
	uint32_t tenant;

	if (cgn_show_tenant_find(show, &tenant))
		cgn_show_blocks_of(show, tenant, CGN_NONE);
}
