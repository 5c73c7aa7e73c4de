/* SPDX-License-Identifier: BSD-3-Clause */
/* Events, for telemetry. Control thread, between two turns. */
#include "query.h"

void
cgn_query_events(struct cgn_control *c, void *arg)
{
	struct cgn_query_events *q = arg;
	uint64_t at = CGN_EVENT_END - q->q.cursor;
	const struct cgn_event *ev = cgn_event_find(&c->events, at);

	q->q.n = 0;
	q->q.cursor = 0;
	while (ev != NULL && ev->number > q->after && ev->utc_ms >= q->from_utc_ms) {
		if (q->q.n == q->q.limit || q->q.n == CGN_QUERY_EVENTS) {
			q->q.cursor = CGN_EVENT_END - ev->number;
			return;
		}
		q->rows[q->q.n++] = *ev;
		ev = cgn_event_find(&c->events, ev->number - 1);
	}
}
