/* SPDX-License-Identifier: BSD-3-Clause */
/* Handler of the alarms. Telemetry threads. */
#include "show.h"

static uint64_t
alarms_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	static const char *const states[] = {[CGN_ALARM_NEVER] = "never",
		[CGN_ALARM_ACTIVE] = "active",
		[CGN_ALARM_CLEARED] = "cleared"};
	const struct cgn_alarm_row *row = &((const struct cgn_query_alarms *)query)->rows[i];
	const struct cgn_alarm_info *info = &cgn_alarms[row->id];
	const struct cgn_alarm *alarm = &row->alarm;
	struct cgn_alarm_bounds bounds = cgn_alarm_bounds(
		show->box->conf, info->kind, alarm->limit);
	struct cgn_reply *r = show->reply;

	cgn_reply_str(r, "state", states[alarm->state]);
	cgn_reply_str(r, "alarm", info->name);
	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(show->box->dir, row->tenant));
	cgn_reply_u64(r, "value", alarm->value);
	cgn_reply_u64(r, "limit", alarm->limit);
	cgn_reply_str(r, "unit", info->unit);
	cgn_reply_u64(r, "raise_at", bounds.raise);
	cgn_reply_u64(r, "clear_below", bounds.clear);
	cgn_show_time(r, "since", alarm->since_utc_s);
	cgn_reply_u64(r, "raised", alarm->n_raised);
	cgn_reply_u64(r, "peak", alarm->peak);
	cgn_show_time(r, "peak_time", alarm->peak_utc_s);
	cgn_reply_str(r, "meaning", info->sentence);
	cgn_reply_str(r, "advice", info->advice);
	return row->at;
}

void
cgn_show_alarms(struct cgn_show *show)
{
	const struct cgn_param_value *all = cgn_params_find(show->params, CGN_PARAM_ALL);
	struct cgn_query_alarms q = {.all = all != NULL && all->number != 0};
	const struct cgn_walk walk = {
		.fn = cgn_query_alarms, .query = &q.q, .size = sizeof(q), .row = alarms_row};

	if (cgn_show_tenant_find(show, &q.q.tenant))
		cgn_show_walk(show, &walk);
}
