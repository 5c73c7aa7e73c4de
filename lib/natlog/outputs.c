/* SPDX-License-Identifier: BSD-3-Clause */
/* All outputs of the log; see outputs.h. */
#include "outputs.h"

#include <errno.h>
#include <stdlib.h>

#include "collector.h"

struct cgn_outputs {
	struct cgn_lane *lanes; /* of IPFIX: one, or one for each collector */
	uint32_t n_lanes;
	struct cgn_ipfix_message message; /* that is being filled, for all lanes */
};

bool
cgn_outputs_are_wanted(const struct cgn_conf *conf)
{
	return conf->log.n_collectors > 0;
}

static int
create_lanes(struct cgn_outputs *out, const struct cgn_conf *conf)
{
	bool is_each = conf->log.delivery == CGN_DELIVERY_ALL;
	uint32_t n = is_each ? conf->log.n_collectors : 1;
	uint32_t n_collectors = is_each ? 1 : conf->log.n_collectors;

	out->lanes = calloc(n, sizeof(*out->lanes));
	if (out->lanes == NULL)
		return -ENOMEM;
	for (; out->n_lanes < n; out->n_lanes++)
		if (cgn_lane_init(&out->lanes[out->n_lanes], &conf->log.collectors[out->n_lanes],
			    n_collectors, conf) < 0)
			return -ENOMEM;
	return 0;
}

struct cgn_outputs *
cgn_outputs_create(const struct cgn_conf *conf, struct cgn_errmsg *err)
{
	struct cgn_outputs *out = calloc(1, sizeof(*out));
	int rc = out != NULL ? 0 : -ENOMEM;

	if (rc == 0 && conf->log.n_collectors > 0)
		rc = create_lanes(out, conf);
	if (rc == 0) {
		cgn_ipfix_begin(&out->message);
		return out;
	}
	cgn_errmsg_set(err, "no memory for the outputs of the log");
	cgn_outputs_destroy(out);
	errno = -rc;
	return NULL;
}

void
cgn_outputs_destroy(struct cgn_outputs *out)
{
	if (out == NULL)
		return;
	for (uint32_t i = 0; i < out->n_lanes; i++)
		cgn_lane_fini(&out->lanes[i]);
	free(out->lanes);
	free(out);
}

static void
flush_message(struct cgn_outputs *out)
{
	if (out->message.n_records == 0)
		return;
	for (uint32_t i = 0; i < out->n_lanes; i++)
		cgn_lane_put(&out->lanes[i], &out->message);
	cgn_ipfix_begin(&out->message);
}

void
cgn_outputs_put(
	struct cgn_outputs *out, const struct cgn_natlog_record *r, const struct cgn_event *event)
{
	(void)event;
	if (r->id == CGN_NATLOG_GAP) {
		flush_message(out);
		for (uint32_t i = 0; i < out->n_lanes; i++)
			cgn_lane_lose(&out->lanes[i], r->value);
	}
	if (out->n_lanes == 0 || cgn_ipfix_add(&out->message, r))
		return;
	flush_message(out);
	cgn_ipfix_add(&out->message, r);
}

void
cgn_outputs_turn(struct cgn_outputs *out, uint64_t now_ms, uint64_t utc_ms)
{
	flush_message(out);
	for (uint32_t i = 0; i < out->n_lanes; i++)
		cgn_lane_turn(&out->lanes[i], now_ms, (uint32_t)(utc_ms / 1000));
}

bool
cgn_outputs_are_busy(const struct cgn_outputs *out)
{
	for (uint32_t i = 0; i < out->n_lanes; i++)
		if (out->lanes[i].n_queued > 0)
			return true;
	return out->message.n_records > 0;
}
