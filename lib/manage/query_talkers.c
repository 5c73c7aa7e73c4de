/* SPDX-License-Identifier: BSD-3-Clause */
/* Who moves the most bytes, for telemetry. Control thread, between two turns. */
#include "query.h"

/* Adds up what the workers from w on know of who stands at a slot of w; false when one before it
 * knows the same one, whose row it is. */
static bool
collect(const struct cgn_control *c, uint16_t w, uint32_t inside, uint64_t bytes[2])
{
	uint64_t more[2];

	bytes[CGN_IN2OUT] = bytes[CGN_OUT2IN] = 0;
	for (uint16_t i = 0; i < c->dp->n_workers; i++) {
		if (!cgn_talkers_get(&c->dp->workers[i]->talkers, inside, more))
			continue;
		if (i < w)
			return false;
		bytes[CGN_IN2OUT] += more[CGN_IN2OUT];
		bytes[CGN_OUT2IN] += more[CGN_OUT2IN];
	}
	return true;
}

static bool
is_wanted(const struct cgn_directory *dir, uint32_t tenant, uint32_t inside)
{
	return inside != CGN_NONE && cgn_directory_inside_live(dir, inside) &&
		(tenant == CGN_NONE ||
			dir->ifaces[cgn_directory_run_at(dir, inside)->iface].tenant == tenant);
}

void
cgn_query_talkers(struct cgn_control *c, void *arg)
{
	const struct cgn_dataplane *dp = c->dp;
	const uint64_t end = (uint64_t)CGN_TALKERS_SLOTS * dp->n_workers;
	struct cgn_query_talkers *q = arg;
	uint64_t at = q->q.cursor;
	uint32_t steps = 0;

	q->q.n = 0;
	for (; at < end && q->q.n < q->q.limit && steps < CGN_QUERY_FAR_STEPS; at++, steps++) {
		struct cgn_talker_row *row = &q->rows[q->q.n];
		uint16_t w = (uint16_t)(at % dp->n_workers);
		uint32_t inside = cgn_talkers_at(
			&dp->workers[w]->talkers, (uint32_t)(at / dp->n_workers));

		if (!is_wanted(dp->dir, q->q.tenant, inside) || !collect(c, w, inside, row->bytes))
			continue;
		row->at = at;
		cgn_query_subscriber_row(c, inside, &row->of);
		q->q.n++;
	}
	q->q.cursor = at < end ? at : 0;
}
