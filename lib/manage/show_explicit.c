/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers about explicit mappings, and the operator's own: list, add, delete. Telemetry threads.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "show.h"

static void
add_end(struct cgn_reply *r, const char *name, uint32_t addr, uint16_t port)
{
	char text[CGN_IP4_STRLEN];

	cgn_reply_fmt(r, name, "%s:%u", cgn_ip4_str(addr, text), port);
}

static uint64_t
explicit_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_explicit_row *row = &((const struct cgn_query_explicits *)query)->rows[i];
	struct cgn_reply *r = show->reply;

	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(show->box->dir, row->tenant));
	cgn_reply_str(r, "proto", cgn_proto_str((enum cgn_proto)row->proto));
	add_end(r, "inside", row->inside_addr, row->inside_port);
	add_end(r, "outside", row->outside_addr, row->outside_port);
	cgn_reply_str(
		r, "origin", row->origin < CGN_N_ORIGINS ? cgn_origin_names[row->origin] : "-");
	cgn_reply_i32(r, "left_s", row->left_s);
	cgn_reply_i32(r, "idle_s", row->idle_s);
	cgn_reply_u64(r, "filters", row->n_filters);
	cgn_reply_i32(r, "sessions", row->n_sessions);
	if (row->set_size > 1)
		cgn_reply_fmt(r, "set", "%u+%u", row->set_first, row->set_size);
	else
		cgn_reply_str(r, "set", "-");
	if (row->client_addr != 0 && row->client_addr != row->inside_addr)
		add_end(r, "client", row->client_addr, row->client_port);
	else
		cgn_reply_str(r, "client", "-");
	return row->at;
}

void
cgn_show_explicit(struct cgn_show *show)
{
	const struct cgn_param_value *proto = cgn_params_find(show->params, CGN_PARAM_PROTO);
	const struct cgn_param_value *origin = cgn_params_find(show->params, CGN_PARAM_ORIGIN);
	struct cgn_query_explicits q = {.protos = UINT8_MAX, .origins = UINT8_MAX};
	const struct cgn_walk walk = {
		.fn = cgn_query_explicits, .query = &q.q, .size = sizeof(q), .row = explicit_row};

	if (!cgn_show_tenant_find(show, &q.q.tenant) ||
		!cgn_show_inside_find(show, CGN_PARAM_SUBSCRIBER, q.q.tenant, &q.inside))
		return;
	if (proto != NULL)
		q.protos = (uint8_t)(1 << proto->number);
	if (origin != NULL)
		q.origins = (uint8_t)(1 << origin->number);
	cgn_show_walk(show, &walk);
}

/* The parameters of an action; false with the error answered. */
static bool
map_read(struct cgn_show *show, struct cgn_query_map *q)
{
	const struct cgn_param_value *proto = cgn_params_find(show->params, CGN_PARAM_PROTO);
	const struct cgn_param_value *inside = cgn_params_find(show->params, CGN_PARAM_INSIDE);
	const struct cgn_param_value *outside = cgn_params_find(show->params, CGN_PARAM_OUTSIDE);

	memset(q, 0, sizeof(*q));
	if (!cgn_show_tenant_find(show, &q->tenant))
		return false;
	if (proto->number != CGN_TCP && proto->number != CGN_UDP) {
		cgn_reply_error(show->reply, "proto", "only tcp and udp have ports to map");
		return false;
	}
	if (inside->port == 0) {
		cgn_reply_error(show->reply, "inside", "port 0 cannot be mapped");
		return false;
	}
	q->map.protocol = proto->number == CGN_TCP ? CGN_STATIC_TCP : CGN_STATIC_UDP;
	q->map.inside = inside->addr;
	q->map.inside_port = inside->port;
	if (outside != NULL) {
		q->map.outside = outside->addr;
		q->map.outside_port = outside->port;
	}
	return true;
}

/* The answer, and what the record of it needs, of an action that control was asked for. */
static void
map_tell(struct cgn_show *show, const struct cgn_query_map *q, const char *done)
{
	const char *tenant = cgn_directory_tenant_name(show->box->dir, q->tenant);
	const char *proto = q->map.protocol == CGN_STATIC_TCP ? "tcp" : "udp";

	if (q->why != NULL) {
		cgn_reply_error(show->reply, "", "not %s: %s", done, q->why);
		return;
	}
	cgn_event_set_end(
		show->event, CGN_EVENT_FIELD_OUTSIDE, q->map.outside, q->map.outside_port);
	cgn_show_event_who(
		show, cgn_directory_inside_find(show->box->dir, q->tenant, q->map.inside));
	cgn_reply_str(show->reply, "done", done);
	cgn_reply_str(show->reply, "tenant", tenant);
	cgn_reply_str(show->reply, "proto", proto);
	add_end(show->reply, "inside", q->map.inside, q->map.inside_port);
	add_end(show->reply, "outside", q->map.outside, q->map.outside_port);
}

void
cgn_show_map_add(struct cgn_show *show)
{
	struct cgn_query_map q;

	if (!map_read(show, &q))
		return;
	q.origin = CGN_EXPLICIT_OPERATOR;
	if (cgn_show_ask(show, cgn_query_map_add, &q, sizeof(q)))
		map_tell(show, &q, "added");
}

void
cgn_show_map_delete(struct cgn_show *show)
{
	struct cgn_query_map q;

	if (!map_read(show, &q) || !cgn_show_ask(show, cgn_query_map_delete, &q, sizeof(q)))
		return;
	map_tell(show, &q, "deleted");
	if (q.why != NULL)
		return;
	cgn_reply_str(show->reply, "origin", cgn_origin_names[q.origin]);
	cgn_event_set_text(show->event, CGN_EVENT_FIELD_ORIGIN, cgn_origin_names[q.origin]);
}

/* Slice by slice, so that packets never wait; true when it came to its end. */
static bool
clear(struct cgn_show *show, struct cgn_clear *q)
{
	enum { WHOLE_MS = 60000 };
	const cgn_ns_t until = cgn_clock_now() + WHOLE_MS * CGN_NS_PER_MS;

	while (!q->is_over && cgn_clock_now() < until)
		if (!cgn_show_ask(show, cgn_query_clear, q, sizeof(*q)))
			return false;
	if (!q->is_over)
		cgn_reply_error(show->reply, "", "not finished within a minute; try again");
	return q->is_over;
}

void
cgn_show_map_clear(struct cgn_show *show)
{
	struct cgn_clear q = {0};
	const char *tenant;
	bool is_over;

	if (!cgn_show_tenant_find(show, &q.tenant) ||
		!cgn_show_inside_find(show, CGN_PARAM_SUBSCRIBER, q.tenant, &q.inside))
		return;
	tenant = cgn_directory_tenant_name(show->box->dir, q.tenant);
	cgn_show_event_who(show, q.inside);
	is_over = clear(show, &q);
	/* Also when it broke off. */
	cgn_event_set_number(show->event, CGN_EVENT_FIELD_MAPPINGS, q.n);
	cgn_event_set_number(show->event, CGN_EVENT_FIELD_EXPLICIT, q.n_explicit);
	if (!is_over)
		return;
	cgn_reply_str(show->reply, "done", "cleared");
	cgn_reply_str(show->reply, "tenant", tenant);
	cgn_show_subscriber_of(show, "subscriber", q.inside);
	cgn_reply_u64(show->reply, "mappings", q.n);
	cgn_reply_u64(show->reply, "explicit", q.n_explicit);
}
