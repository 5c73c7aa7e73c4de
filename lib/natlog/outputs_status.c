/* SPDX-License-Identifier: BSD-3-Clause */
/* What telemetry is told of the outputs; see outputs.h. Log thread. */
#include <string.h>

#include "outputs_internal.h"

static void
put_link(struct cgn_natlog_output *out, const struct cgn_link *link)
{
	out->transport = link->transport;
	memcpy(out->to, link->where, sizeof(out->to));
	memcpy(out->error, link->why.text, sizeof(out->error));
}
static_assert(sizeof(((struct cgn_link *)0)->where) == sizeof(((struct cgn_natlog_output *)0)->to),
	"copied whole");

static void
put_collector(
	struct cgn_natlog_output *out, const struct cgn_lane *lane, const struct cgn_collector *at)
{
	*out = (struct cgn_natlog_output){.form = "ipfix",
		.is_up = at->state == CGN_COLLECTOR_UP,
		.is_away = at->complained,
		.n_records = at->n_records,
		.n_lost = lane->n_lost,
		.n_failures = at->n_failures};
	for (uint32_t i = 0; i < lane->n_queued; i++)
		out->n_waiting += lane->queue[(lane->first + i) % CGN_LANE_QUEUE].len;
	put_link(out, &at->link);
}

static void
put_target(struct cgn_natlog_output *out, const struct cgn_syslog_target *at)
{
	*out = (struct cgn_natlog_output){.form = "syslog",
		.is_up = at->link.is_open,
		.is_away = at->complained,
		.n_records = at->n_sent,
		.n_lost = at->n_lost,
		.n_failures = at->n_failures,
		.n_waiting = at->used};
	put_link(out, &at->link);
}

void
cgn_outputs_report(const struct cgn_outputs *out, struct cgn_natlog_status *status)
{
	uint32_t n_away = 0, n = 0;
	uint64_t n_lost = 0;

	pthread_mutex_lock(&status->lock);
	for (uint32_t i = 0; i < out->n_lanes; i++) {
		const struct cgn_lane *lane = &out->lanes[i];

		n_lost += lane->n_lost;
		for (uint32_t k = 0; k < lane->n_collectors; k++)
			put_collector(&status->outputs[n++], lane, &lane->collectors[k]);
	}
	for (uint32_t i = 0; i < out->n_targets; i++) {
		n_lost += out->targets[i].n_lost;
		put_target(&status->outputs[n++], &out->targets[i]);
	}
	for (uint32_t i = 0; i < n; i++)
		n_away += status->outputs[i].is_away;
	status->n_outputs = n;
	pthread_mutex_unlock(&status->lock);
	__atomic_store_n(&status->n_away, n_away, __ATOMIC_RELAXED);
	__atomic_store_n(&status->n_lost, n_lost, __ATOMIC_RELAXED);
}
