/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that stay: what a directory keeps of the one before, what it gives to what is new, and
 * the runs that the numbers of one tenant form. Main thread, except cgn_number_next (any thread).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "range_map.h"

struct cgn_number_run {
	uint32_t first, n;
};

/* Ascending, none empty, none touching the next. */
struct cgn_number_runs {
	struct cgn_number_run *runs;
	uint32_t n_runs;
};

/* The least number of the runs that is not below from, or CGN_NONE. */
uint32_t cgn_number_next(const struct cgn_number_runs *runs, uint32_t from);

/* Appends to a list that has room; joins what touches. Ascending. */
void cgn_number_runs_add(struct cgn_number_runs *runs, struct cgn_number_run run);

/*
 * Numbers to give away: the holes between those in use, then everything behind. What is in use is
 * told first, ascending; nothing that was told is ever given.
 */
struct cgn_number_stock {
	struct cgn_number_run *holes; /* some may be used up, n 0 */
	uint32_t n_holes, n_alloc;
	uint32_t at;  /* holes before it are used up */
	uint32_t end; /* above every number told or given */
	uint32_t max; /* numbers are below it */
	/* What is behind first as long as it is below this, and then the holes: for numbers on
	 * which something of their last owner may rest for a while. 0: holes first. */
	uint32_t fresh_max;
};

void cgn_number_stock_init(struct cgn_number_stock *stock, uint32_t max);
void cgn_number_stock_fini(struct cgn_number_stock *stock);

/* run is in use; runs come ascending. Returns 0 or -ENOMEM. */
int cgn_number_stock_use(struct cgn_number_stock *stock, struct cgn_number_run run);

/* No number in use follows; end: of the number space that was told. Returns 0 or -ENOMEM. */
int cgn_number_stock_seal(struct cgn_number_stock *stock, uint32_t end);

/* From 1 up to n numbers, as many as stand together. Returns 0 or -EOVERFLOW. */
int cgn_number_stock_take(struct cgn_number_stock *stock, uint32_t n, struct cgn_number_run *run);

/* n numbers that stand together. Returns 0 or -EOVERFLOW. */
int cgn_number_stock_take_whole(struct cgn_number_stock *stock, uint32_t n, uint32_t *first);

/* The first addresses of first..last: all in range of the map, or all in none (*range NULL). */
uint32_t cgn_range_piece(const struct cgn_range_map *map, uint32_t first, uint32_t last,
	const struct cgn_range **range);
