/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one scrape knows: every sample of every metric, taken from the daemon's answers. Owner: the
 * caller; one thread at a time.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "client.h"
#include "metric_table.h"

struct cgn_snapshot {
	/* By line of metrics.def: an object of label text ("tenant=\"a\"", "" for none) to integer,
	 * in the order in which they came. */
	json_t **series;
	bool up;
	char why[512]; /* why not up, or what the daemon refused last */
	unsigned int n_requests, n_refused;
};

/* False when there is no memory. fini accepts a zeroed snapshot. */
bool cgn_snapshot_init(struct cgn_snapshot *s);
void cgn_snapshot_fini(struct cgn_snapshot *s);

/*
 * Asks the daemon for everything, for some 4 s at most and 5 s more for the last answer. When it
 * does not answer, the snapshot is not up and has the exporter's own metrics only: half a picture
 * would look like a whole one. A command that it refuses leaves its own metrics out.
 */
void cgn_snapshot_take(struct cgn_snapshot *s, const struct cgn_client_where *where);

/* The samples of one row, or item, of an answer to that source. What is no integer is left out. */
void cgn_snapshot_add(struct cgn_snapshot *s, enum cgn_metric_source source, const json_t *row);
