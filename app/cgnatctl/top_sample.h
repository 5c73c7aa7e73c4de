/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One look at the daemon for cgnatctl top, each part with the time at which it was answered, and
 * what two looks say about the time between them.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "top_view.h"

enum { CGN_TOP_MAX_PAGES = 64 }; /* of rows in one look; what is beyond is told, not shown */

struct cgn_top_sample {
	enum cgn_top_view_id view;
	json_t *info;                                  /* NULL: there is no look */
	json_t *ports, *cores, *rows;                  /* objects: rows by what identifies them */
	uint64_t info_ns, ports_ns, cores_ns, rows_ns; /* monotonic */
	bool is_part;                                  /* there are more rows than that */
};

/* Zeroed or filled; then zeroed. */
void cgn_top_sample_fini(struct cgn_top_sample *s);

/*
 * Fills s, which is zeroed; tenant: only its rows, or "". CGN_EXIT_REFUSED: all but the rows is
 * there, and client->why says why; CGN_EXIT_AWAY: nothing is there.
 */
enum cgn_exit cgn_top_sample_take(struct cgn_top_sample *s, struct cgn_client *client,
	enum cgn_top_view_id view, const char *tenant);

/* Another process, or the same started anew: counters of the two cannot be compared. */
bool cgn_top_sample_is_other(const struct cgn_top_sample *a, const struct cgn_top_sample *b);

/*
 * By how much a counter grew in a second; negative: not known, since one of the
 * looks lacks it, it went back, or no time has passed. before may be NULL.
 */
double cgn_top_rate(const json_t *before, const json_t *now, const char *member, uint64_t ns);

/* The row with the key of another look, or NULL. */
json_t *cgn_top_row_before(
	const struct cgn_top_sample *before, enum cgn_top_view_id view, const char *key);

/* A number that the answer has, or 0. */
double cgn_top_number(const json_t *object, const char *member);
