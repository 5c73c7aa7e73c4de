/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers of `trace`: who has an outside port, and what a subscriber has outside. Telemetry
 * threads. */
#include <stdio.h>
#include <time.h>

#include "clock.h"
#include "deterministic.h"
#include "query_trace.h"
#include "show.h"
#include "tcp_track.h"

enum { SEARCH_MS = 2000 }; /* of the client's 5 s; a million resting ports take 0.3 s */

static const char *const status_names[] = {[CGN_TRACE_MAPPED] = "mapped",
	[CGN_TRACE_RESTING] = "resting",
	[CGN_TRACE_LEASED] = "leased",
	[CGN_TRACE_FREE] = "free",
	[CGN_TRACE_NEVER] = "never"};

/* Seconds from now as a time of day, UTC; the log's times are such. */
static void
add_time(struct cgn_reply *r, const char *name, int64_t from_now_s)
{
	time_t at = time(NULL) + (time_t)from_now_s;
	char text[32];
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		cgn_reply_str(r, name, "-");
	else
		cgn_reply_str(r, name, text);
}

static void
add_answer(struct cgn_show *show, const struct cgn_query_trace *q, const char *who)
{
	switch (q->status) {
	case CGN_TRACE_MAPPED:
		cgn_reply_fmt(show->reply, "answer", "%s has it now", who);
		break;
	case CGN_TRACE_RESTING:
		cgn_reply_fmt(
			show->reply, "answer", "nobody has it now; it rests after %s had it", who);
		break;
	case CGN_TRACE_LEASED:
		cgn_reply_fmt(show->reply, "answer",
			"nobody has it now; it is in a port block of %s", who);
		break;
	case CGN_TRACE_FREE:
		cgn_reply_str(
			show->reply, "answer", "nobody has it now, nor the port block around it");
		break;
	case CGN_TRACE_NEVER:
		cgn_reply_str(
			show->reply, "answer", "nobody has it: subscribers do not get this port");
		break;
	}
}

/* What is known of the mapping, or that there is none. */
static void
add_mapping(struct cgn_show *show, const struct cgn_query_trace *q)
{
	const struct cgn_mapping_row *row = &q->row;
	bool is_mapped = q->status == CGN_TRACE_MAPPED;
	struct cgn_reply *r = show->reply;
	char addr[CGN_IP4_STRLEN];

	if (!is_mapped) {
		cgn_reply_str(r, "inside", "-");
		cgn_reply_str(r, "origin", "-");
		cgn_reply_str(r, "state", "-");
		cgn_reply_str(r, "since", "-");
		cgn_reply_str(r, "last_use", "-");
	} else {
		cgn_reply_fmt(r, "inside", "%s:%u", cgn_ip4_str(row->inside_addr, addr),
			row->inside_port);
		cgn_reply_str(r, "origin", q->origin < 0 ? "traffic" : cgn_origin_names[q->origin]);
		cgn_reply_str(
			r, "state", row->proto == CGN_TCP ? cgn_tcp_state_str(row->tcp) : "-");
		add_time(r, "since", -(int64_t)row->age_s);
		if (q->idle_s < 0)
			cgn_reply_str(r, "last_use", "-");
		else
			add_time(r, "last_use", -(int64_t)q->idle_s);
	}
	cgn_show_remote(r, is_mapped ? row : NULL);
	cgn_reply_u64(r, "mappings", is_mapped ? q->n_mappings : 0);
	cgn_reply_i32(r, "age_s", is_mapped ? (int32_t)row->age_s : -1);
	cgn_reply_i32(r, "idle_s", is_mapped ? q->idle_s : -1);
	cgn_reply_i32(r, "left_s", is_mapped ? row->left_s : -1);
}

/* What the computation says, whatever is there now. */
static void
add_computed(struct cgn_show *show, const struct cgn_query_trace *q)
{
	const struct cgn_directory *dir = show->box->dir;
	const struct cgn_det *det = dir->tenants[dir->pool_tenants[q->at.pool]].det;
	struct cgn_det_answer answer;
	struct cgn_det_text text;

	if (det == NULL) {
		cgn_reply_str(show->reply, "computed", "-");
		return;
	}
	cgn_det_reverse(det, dir->pool_addrs[q->at.pool], q->at.port, &answer);
	cgn_det_text_init(det, &answer, &text);
	cgn_reply_str(show->reply, "computed",
		answer.kind == CGN_DET_DYNAMIC ? text.status : text.subscriber);
}

static void
add_trace(struct cgn_show *show, const struct cgn_query_trace *q)
{
	const struct cgn_directory *dir = show->box->dir;
	struct cgn_reply *r = show->reply;
	char who[CGN_PREFIX_STRLEN] = "-";

	if (cgn_directory_inside_live(dir, q->inside))
		cgn_show_subscriber_str(show, q->inside, who);
	cgn_reply_str(r, "transport", show->params->values[CGN_PARAM_TRANSPORT].text);
	cgn_reply_str(r, "status", status_names[q->status]);
	add_answer(show, q, who);
	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(dir, dir->pool_tenants[q->at.pool]));
	cgn_reply_str(r, "subscriber", who);
	cgn_reply_str(r, "id", cgn_show_id_str(show, q->inside, q->id));
	add_mapping(show, q);
	if (q->inside != CGN_NONE)
		cgn_reply_fmt(r, "block", "%u-%u", q->first, q->last);
	else
		cgn_reply_str(r, "block", "-");
	add_computed(show, q);
	cgn_reply_i32(r, "rests_s", q->rests_s);
	if (q->rests_s >= 0)
		add_time(r, "rests_until", q->rests_s);
	else
		cgn_reply_str(r, "rests_until", "-");
}

void
cgn_show_trace_port(struct cgn_show *show)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, CGN_PARAM_TRANSPORT);
	const cgn_ns_t until = cgn_clock_now() + SEARCH_MS * CGN_NS_PER_MS;
	struct cgn_query_trace q = {.proto = (enum cgn_proto)v->number,
		.at = {.pool = cgn_show_pool_find(show, CGN_PARAM_TRANSPORT), .port = v->port}};

	if (q.at.pool == CGN_NONE)
		return;
	if (v->number >= CGN_N_PROTOS) {
		cgn_reply_error(show->reply, "transport",
			"a protocol without ports; cgnatctl mappings --wide says who has it to "
			"whom");
		return;
	}
	do {
		if (!cgn_show_ask(show, cgn_query_trace, &q, sizeof(q)))
			return;
	} while (q.is_searching && cgn_clock_now() < until);
	add_trace(show, &q);
}

static uint64_t
ranges_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_range_row *row = &((const struct cgn_query_ranges *)query)->rows[i];
	struct cgn_reply *r = show->reply;

	cgn_reply_str(r, "what", row->proto < 0 ? "block" : "resting");
	cgn_reply_ip4(r, "outside", show->box->dir->pool_addrs[row->pool]);
	cgn_reply_fmt(r, "ports", "%u-%u", row->first, row->last);
	cgn_reply_str(r, "proto", row->proto < 0 ? "-" : cgn_proto_str((enum cgn_proto)row->proto));
	cgn_reply_u64(r, "mapped", row->mapped);
	cgn_reply_i32(r, "rests_s", row->proto < 0 ? row->rests_s : -1);
	return row->at;
}

static void
add_pairing(
	struct cgn_show *show, uint32_t tenant, uint32_t inside, const struct cgn_subscriber *sub)
{
	const struct cgn_directory *dir = show->box->dir;
	struct cgn_reply *r = show->reply;

	if (sub->pool != CGN_NONE && cgn_directory_pool_live(dir, sub->pool))
		cgn_reply_ip4(r, "outside", dir->pool_addrs[sub->pool]);
	else
		cgn_reply_str(r, "outside", "-");
	cgn_show_range_of(show, "range", tenant, inside);
	cgn_reply_u64(r, "blocks", sub->n_blocks);
	cgn_reply_u64(r, "mappings", cgn_use_total(&sub->use));
	cgn_reply_u64(r, "tcp", sub->use.mappings[CGN_TCP]);
	cgn_reply_u64(r, "udp", sub->use.mappings[CGN_UDP]);
	cgn_reply_u64(r, "icmp", sub->use.mappings[CGN_ICMP]);
	cgn_reply_u64(r, "explicit", sub->use.explicit_mappings);
	cgn_reply_u64(r, "made", sub->use.made);
}

void
cgn_show_trace_subscriber(struct cgn_show *show)
{
	struct cgn_query_ranges ranges = {.q.tenant = CGN_NONE};
	const struct cgn_walk walk = {.fn = cgn_query_ranges,
		.query = &ranges.q,
		.size = sizeof(ranges),
		.row = ranges_row};
	struct cgn_query_subscriber q;
	uint32_t tenant;

	if (show->event != NULL)
		cgn_event_set_text(show->event, CGN_EVENT_FIELD_HOLDER,
			show->params->values[CGN_PARAM_ADDRESS].text);
	if (!cgn_show_tenant_find(show, &tenant) ||
		!cgn_show_inside_find(show, CGN_PARAM_ADDRESS, tenant, &q.inside) ||
		!cgn_show_ask(show, cgn_query_subscriber, &q, sizeof(q)))
		return;
	cgn_reply_str(show->reply, "tenant", cgn_directory_tenant_name(show->box->dir, tenant));
	cgn_show_subscriber_of(show, "address", q.inside);
	cgn_reply_str(show->reply, "id", cgn_show_id_str(show, q.inside, q.row.id));
	add_pairing(show, tenant, q.inside, &q.row.sub);
	ranges.inside = q.inside;
	cgn_show_walk(show, &walk);
}
