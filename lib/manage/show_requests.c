/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers about NAT-PMP and PCP requests: how they ended, and why not better. Telemetry threads.
 */
#include <netinet/in.h>

#include "requests.h"
#include "show.h"

static uint64_t
count_of(const struct cgn_show *show, uint32_t tenant, uint32_t counter)
{
	const uint64_t *counts = show->box->control->request_counts;
	uint32_t n_tenants = show->box->dir->n_tenants;
	uint64_t sum = 0;

	if (tenant != CGN_NONE)
		return cgn_counter_read(
			&counts[(uint64_t)tenant * CGN_N_REQUEST_COUNTERS + counter]);
	for (uint32_t t = 0; t < n_tenants; t++)
		sum += cgn_counter_read(&counts[(uint64_t)t * CGN_N_REQUEST_COUNTERS + counter]);
	return sum;
}

static void
add_count(struct cgn_show *show, const char *tenant, uint32_t counter, uint64_t n)
{
	struct cgn_request_kind kind = cgn_request_kind(counter);

	cgn_reply_row_begin(show->reply);
	if (tenant != NULL)
		cgn_reply_str(show->reply, "tenant", tenant);
	cgn_reply_str(show->reply, "protocol", kind.protocol);
	cgn_reply_str(show->reply, "opcode", kind.opcode);
	cgn_reply_str(show->reply, "result", kind.result);
	cgn_reply_u64(show->reply, "requests", n);
	cgn_reply_str(show->reply, "severity", cgn_severity_str(kind.severity));
	cgn_reply_str(show->reply, "meaning", kind.sentence);
}

/* Cursor: tenant * counters + counter. */
static void
requests_by_tenant(struct cgn_show *show)
{
	const struct cgn_directory *dir = show->box->dir;
	const uint64_t end = (uint64_t)dir->n_tenants * CGN_N_REQUEST_COUNTERS;
	const bool all = cgn_show_is_true(show, CGN_PARAM_ALL);

	for (uint64_t i = cgn_show_cursor(show); i < end; i++) {
		uint32_t t = (uint32_t)(i / CGN_N_REQUEST_COUNTERS);
		uint32_t counter = (uint32_t)(i % CGN_N_REQUEST_COUNTERS);
		uint64_t n;

		if (!cgn_directory_tenant_live(dir, t))
			continue;
		n = count_of(show, t, counter);
		if (n == 0 && !all)
			continue;
		add_count(show, cgn_directory_tenant_name(dir, t), counter, n);
		if (!cgn_show_row_end(show, i, i + 1 < end ? i + 1 : 0))
			return;
	}
	show->next = 0;
}

void
cgn_show_requests(struct cgn_show *show)
{
	const bool all = cgn_show_is_true(show, CGN_PARAM_ALL);
	uint32_t tenant;

	if (!cgn_show_tenant_find(show, &tenant))
		return;
	if (cgn_show_is_true(show, CGN_PARAM_BY_TENANT)) {
		if (tenant != CGN_NONE)
			cgn_reply_error(show->reply, "by_tenant", "cannot be combined with tenant");
		else
			requests_by_tenant(show);
		return;
	}
	for (uint64_t i = cgn_show_cursor(show); i < CGN_N_REQUEST_COUNTERS; i++) {
		uint64_t n = count_of(show, tenant, (uint32_t)i);

		if (n == 0 && !all)
			continue;
		add_count(show, NULL, (uint32_t)i, n);
		if (!cgn_show_row_end(show, i, i + 1))
			break;
	}
	if (show->next >= CGN_N_REQUEST_COUNTERS)
		show->next = 0;
}

static void
add_wish(struct cgn_reply *r, const struct cgn_refused *what)
{
	char addr[CGN_IP4_STRLEN];

	if (what->ip_proto == IPPROTO_TCP || what->ip_proto == IPPROTO_UDP)
		cgn_reply_str(r, "proto", what->ip_proto == IPPROTO_TCP ? "tcp" : "udp");
	else if (what->ip_proto != 0)
		cgn_reply_fmt(r, "proto", "%u", what->ip_proto);
	else
		cgn_reply_str(r, "proto", "-");
	cgn_reply_u64(r, "inside_port", what->inside_port);
	if (what->suggested_addr != 0)
		cgn_reply_fmt(r, "suggested", "%s:%u", cgn_ip4_str(what->suggested_addr, addr),
			what->suggested_port);
	else
		cgn_reply_fmt(r, "suggested", "%u", what->suggested_port);
}

static uint64_t
refusals_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_refusal *row = &((const struct cgn_query_refusals *)query)->rows[i];
	const struct cgn_refused *what = &row->what;
	const struct cgn_directory *dir = show->box->dir;
	struct cgn_request_kind kind = cgn_request_kind(
		cgn_request_counter(what->version, what->opcode, what->result, what->silent));
	struct cgn_reply *r = show->reply;

	cgn_show_time(r, "time", row->last_utc_s);
	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(dir, what->tenant));
	cgn_show_inside(show, "subscriber", what->inside);
	cgn_reply_str(r, "protocol", kind.protocol);
	cgn_reply_str(r, "opcode", kind.opcode);
	add_wish(r, what);
	cgn_reply_str(r, "result", kind.result);
	cgn_reply_u64(r, "n", row->n);
	cgn_show_time(r, "first_time", row->first_utc_s);
	if (what->why.limit != 0)
		cgn_reply_fmt(
			r, "why", "%s: %u of %u", what->why.text, what->why.used, what->why.limit);
	else
		cgn_reply_str(r, "why", what->why.text);
	return CGN_REFUSAL_END - row->seq;
}

void
cgn_show_refusals(struct cgn_show *show)
{
	struct cgn_query_refusals q = {.q.n = 0};
	const struct cgn_walk walk = {
		.fn = cgn_query_refusals, .query = &q.q, .size = sizeof(q), .row = refusals_row};

	if (cgn_show_tenant_find(show, &q.q.tenant) &&
		cgn_show_inside_find(show, CGN_PARAM_SUBSCRIBER, q.q.tenant, &q.inside))
		cgn_show_walk(show, &walk);
}
