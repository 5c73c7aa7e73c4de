/* SPDX-License-Identifier: BSD-3-Clause */
/* Handler of the events. Telemetry threads. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "show.h"

/* A text that may be longer than a string of an answer: the rest is a member of its own. */
static void
add_details(struct cgn_reply *r, const struct cgn_event *ev)
{
	enum { PIECE = CGN_REPLY_STRING_LEN - 1 };
	char text[CGN_EVENT_STRLEN], piece[PIECE + 1];

	cgn_event_values_str(ev, text);
	snprintf(piece, sizeof(piece), "%.*s", PIECE, text);
	cgn_reply_str(r, "details", piece);
	cgn_reply_str(r, "details_more", strlen(text) > PIECE ? text + PIECE : "");
}

static void
add_time(struct cgn_reply *r, uint64_t utc_ms)
{
	time_t t = (time_t)(utc_ms / 1000);
	char text[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	cgn_reply_fmt(r, "time", "%s.%03uZ", text, (unsigned int)(utc_ms % 1000));
}

static uint64_t
events_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	static const char *const severities[] = {
		[CGN_EVENT_NOTICE] = "notice", [CGN_EVENT_WARNING] = "warning"};
	const struct cgn_event *ev = &((const struct cgn_query_events *)query)->rows[i];
	const struct cgn_event_info *info = &cgn_events[ev->id];
	char who[CGN_EVENT_WHO_STRLEN];
	struct cgn_reply *r = show->reply;

	cgn_reply_u64(r, "number", ev->number);
	add_time(r, ev->utc_ms);
	cgn_reply_str(r, "event", info->name);
	cgn_reply_str(r, "outcome",
		info->kind != CGN_EVENT_ACT ? "-"
			: ev->is_refused    ? "refused"
					    : "done");
	cgn_reply_str(r, "via", cgn_event_via_str(ev->who.via));
	cgn_reply_str(r, "by", cgn_event_who_str(&ev->who, who));
	cgn_reply_str(r, "claimed", ev->who.claimed[0] != '\0' ? ev->who.claimed : "-");
	cgn_reply_str(r, "severity", severities[info->severity]);
	cgn_reply_str(r, "meaning", info->sentence);
	add_details(r, ev);
	return CGN_EVENT_END - ev->number;
}

void
cgn_show_events(struct cgn_show *show)
{
	const struct cgn_param_value *since = cgn_params_find(show->params, CGN_PARAM_SINCE);
	const struct cgn_param_value *within = cgn_params_find(show->params, CGN_PARAM_WITHIN);
	struct cgn_query_events q = {.q.tenant = CGN_NONE};
	const struct cgn_walk walk = {
		.fn = cgn_query_events, .query = &q.q, .size = sizeof(q), .row = events_row};

	if (since != NULL)
		q.after = since->number;
	if (within != NULL)
		q.from_utc_ms = ((uint64_t)time(NULL) - within->number) * 1000;
	if (cgn_show_cursor(show) > CGN_EVENT_END)
		return;
	cgn_show_walk(show, &walk);
}
