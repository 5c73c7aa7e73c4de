/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether loops still turn, told from the counters of turns that they keep anyway: no loop does
 * anything for it. One thread, which may be another than the loops' (app/cgnatd/service.c: main).
 */
#pragma once

#include <stdbool.h>

#include "counters.h"

enum { CGN_PROGRESS_MAX = CGN_MAX_WORKERS + 1 };

struct cgn_progress {
	uint32_t n;
	struct {
		const struct cgn_counters *counters; /* of the loop, written by it */
		uint64_t loops;                      /* when all had turned last */
	} at[CGN_PROGRESS_MAX];
};

/* One loop more to watch, at most CGN_PROGRESS_MAX; it is numbered from 0 in this order. */
void cgn_progress_add(struct cgn_progress *p, const struct cgn_counters *counters);

/*
 * Has every loop turned since the last call that returned true (the first: since it was added)? If
 * not, *stuck is the first that has not, and nothing is forgotten: the next call asks for the same.
 */
bool cgn_progress_made(struct cgn_progress *p, uint32_t *stuck);
