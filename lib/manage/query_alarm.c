/* SPDX-License-Identifier: BSD-3-Clause */
/* Alarms, for telemetry. Control thread, between two turns. */
#include <string.h>

#include "query.h"

enum { SHOWN_S = 3600 }; /* a cleared alarm is still news */

void
cgn_query_tenant_alarms(struct cgn_control *c, void *arg)
{
	struct cgn_query_tenant_alarms *q = arg;

	memcpy(q->each, c->alarms.tenants[q->tenant].each, sizeof(q->each));
}

/* The alarm at a cursor; false when the tenant is nobody's, or not asked for. */
static bool
row_at(const struct cgn_control *c, uint64_t at, struct cgn_alarm_row *row)
{
	uint64_t k = at - CGN_N_BOX_ALARMS;

	row->at = at;
	if (at < CGN_N_BOX_ALARMS) {
		row->tenant = CGN_NONE;
		row->id = (enum cgn_alarm_id)at;
		row->alarm = c->alarms.box[at];
		return true;
	}
	row->tenant = (uint32_t)(k / CGN_N_TENANT_ALARMS);
	row->id = (enum cgn_alarm_id)(CGN_N_BOX_ALARMS + k % CGN_N_TENANT_ALARMS);
	row->alarm = c->alarms.tenants[row->tenant].each[k % CGN_N_TENANT_ALARMS];
	return cgn_directory_tenant_live(c->dp->dir, row->tenant);
}

static bool
is_news(const struct cgn_alarm *alarm, uint64_t utc_s)
{
	return alarm->state == CGN_ALARM_ACTIVE ||
		(alarm->state == CGN_ALARM_CLEARED && utc_s - alarm->since_utc_s < SHOWN_S);
}

void
cgn_query_alarms(struct cgn_control *c, void *arg)
{
	struct cgn_query_alarms *q = arg;
	uint64_t at = q->q.cursor, utc_s = cgn_alarm_utc_s();
	uint64_t end = CGN_N_BOX_ALARMS + (uint64_t)c->dp->dir->n_tenants * CGN_N_TENANT_ALARMS;
	uint32_t steps = 0;

	if (q->q.tenant != CGN_NONE) {
		uint64_t first = CGN_N_BOX_ALARMS + (uint64_t)q->q.tenant * CGN_N_TENANT_ALARMS;

		at = at < first ? first : at;
		end = first + CGN_N_TENANT_ALARMS;
	}
	for (q->q.n = 0; at < end && q->q.n < q->q.limit && steps < CGN_QUERY_STEPS;
		at++, steps++) {
		struct cgn_alarm_row *row = &q->rows[q->q.n];

		if (row_at(c, at, row) && (q->all || is_news(&row->alarm, utc_s)))
			q->q.n++;
	}
	q->q.cursor = at < end ? at : 0;
}
