/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers of draining: drain, undrain, list. Telemetry threads. */
#include <time.h>

#include "show.h"

static const char *const kinds[] = {
	[CGN_DRAIN_BOX] = "box", [CGN_DRAIN_TENANT] = "tenant", [CGN_DRAIN_POOL] = "pool"};

static const char *
state_of(const struct cgn_drain_row *row)
{
	if (row->drain.is_ending)
		return "ending";
	return row->mappings == 0 && row->blocks == 0 ? "empty" : "draining";
}

static const char *
by_of(const struct cgn_drain_row *row)
{
	if (!row->drain.is_on)
		return "configuration";
	return row->is_configured ? "both" : "operator";
}

static void
add_row(struct cgn_show *show, const struct cgn_drain_row *row)
{
	const struct cgn_directory *dir = show->box->dir;
	struct cgn_reply *r = show->reply;

	cgn_reply_str(r, "what", kinds[row->what]);
	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(dir, row->tenant));
	if (row->pool != CGN_NONE)
		cgn_reply_ip4(r, "address", dir->pool_addrs[row->pool]);
	else
		cgn_reply_str(r, "address", "-");
	cgn_reply_str(r, "by", by_of(row));
	cgn_reply_str(r, "state", state_of(row));
	cgn_reply_u64(r, "mappings", row->mappings);
	cgn_reply_u64(r, "blocks", row->blocks);
	cgn_show_time(r, "since", row->drain.since_utc_s);
	cgn_show_time(r, "ends", row->drain.has_end ? (uint64_t)time(NULL) + row->left_s : 0);
}

static uint64_t
drains_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_drain_row *row = &((const struct cgn_query_drains *)query)->rows[i];

	add_row(show, row);
	return row->at;
}

void
cgn_show_drains(struct cgn_show *show)
{
	struct cgn_query_drains q = {.q.n = 0};
	const struct cgn_walk walk = {
		.fn = cgn_query_drains, .query = &q.q, .size = sizeof(q), .row = drains_row};

	if (cgn_show_tenant_find(show, &q.q.tenant))
		cgn_show_walk(show, &walk);
}

static void
set_event(struct cgn_show *show, const struct cgn_query_drain *q)
{
	const struct cgn_directory *dir = show->box->dir;

	if (q->what == CGN_DRAIN_POOL)
		cgn_event_set_text(show->event, CGN_EVENT_FIELD_TENANT,
			cgn_directory_tenant_name(dir, q->row.tenant));
	cgn_event_set_number(show->event, CGN_EVENT_FIELD_MAPPINGS, q->row.mappings);
	cgn_event_set_number(show->event, CGN_EVENT_FIELD_BLOCKS, q->row.blocks);
}

/* What came of it, and how much is left. */
static void
act(struct cgn_show *show, struct cgn_query_drain *q)
{
	struct cgn_reply *r = show->reply;

	if (!cgn_show_ask(show, cgn_query_drain, q, sizeof(*q)))
		return;
	if (q->why != NULL) {
		cgn_reply_error(r, "", "%s", q->why);
		return;
	}
	set_event(show, q);
	cgn_reply_str(r, "done", q->on ? "draining" : "open");
	add_row(show, &q->row);
	if (q->what == CGN_DRAIN_POOL)
		cgn_reply_u64(r, "open_left", q->open);
}

static void
act_pool(struct cgn_show *show, bool on)
{
	const struct cgn_param_value *after = cgn_params_find(show->params, CGN_PARAM_AFTER);
	struct cgn_query_drain q = {.what = CGN_DRAIN_POOL, .on = on, .tenant = CGN_NONE};

	q.pool = cgn_show_pool_find(show, CGN_PARAM_POOL);
	q.after_s = after != NULL ? (uint32_t)after->number : 0;
	if (q.pool != CGN_NONE)
		act(show, &q);
}

static void
act_tenant(struct cgn_show *show, bool on)
{
	struct cgn_query_drain q = {.what = CGN_DRAIN_TENANT, .on = on, .pool = CGN_NONE};

	if (cgn_show_tenant_find(show, &q.tenant))
		act(show, &q);
}

static void
act_box(struct cgn_show *show, bool on)
{
	struct cgn_query_drain q = {
		.what = CGN_DRAIN_BOX, .on = on, .tenant = CGN_NONE, .pool = CGN_NONE};

	act(show, &q);
}

void
cgn_show_drain_pool(struct cgn_show *show)
{
	act_pool(show, true);
}

void
cgn_show_drain_tenant(struct cgn_show *show)
{
	act_tenant(show, true);
}

void
cgn_show_drain_box(struct cgn_show *show)
{
	act_box(show, true);
}

void
cgn_show_undrain_pool(struct cgn_show *show)
{
	act_pool(show, false);
}

void
cgn_show_undrain_tenant(struct cgn_show *show)
{
	act_tenant(show, false);
}

void
cgn_show_undrain_box(struct cgn_show *show)
{
	act_box(show, false);
}
