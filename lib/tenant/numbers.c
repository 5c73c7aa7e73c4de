/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs of numbers and the stock of free ones; see numbers.h. Called by directory*.c. */
#include "numbers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

uint32_t
cgn_number_next(const struct cgn_number_runs *runs, uint32_t from)
{
	const struct cgn_number_run *base = runs->runs;

	if (runs->n_runs == 0)
		return CGN_NONE;
	for (uint32_t n = runs->n_runs; n > 1; n -= n / 2)
		base = base[n / 2].first <= from ? base + n / 2 : base;
	if (from < base->first)
		return base->first;
	if (from - base->first < base->n)
		return from;
	return ++base < runs->runs + runs->n_runs ? base->first : CGN_NONE;
}

void
cgn_number_runs_add(struct cgn_number_runs *runs, struct cgn_number_run run)
{
	if (runs->n_runs > 0) {
		struct cgn_number_run *last = &runs->runs[runs->n_runs - 1];

		if (last->first + last->n == run.first) {
			last->n += run.n;
			return;
		}
	}
	runs->runs[runs->n_runs++] = run;
}

void
cgn_number_stock_init(struct cgn_number_stock *stock, uint32_t max)
{
	*stock = (struct cgn_number_stock){.max = max};
}

void
cgn_number_stock_fini(struct cgn_number_stock *stock)
{
	free(stock->holes);
	memset(stock, 0, sizeof(*stock));
}

int
cgn_number_stock_use(struct cgn_number_stock *stock, struct cgn_number_run run)
{
	assert(run.first >= stock->end);
	if (run.first > stock->end) {
		if (stock->n_holes == stock->n_alloc) {
			uint32_t n = stock->n_alloc > 0 ? stock->n_alloc * 2 : 16;
			void *holes = realloc(stock->holes, n * sizeof(*stock->holes));

			if (holes == NULL)
				return -ENOMEM;
			stock->holes = holes;
			stock->n_alloc = n;
		}
		stock->holes[stock->n_holes++] = (struct cgn_number_run){
			.first = stock->end, .n = run.first - stock->end};
	}
	stock->end = run.first + run.n;
	return 0;
}

int
cgn_number_stock_seal(struct cgn_number_stock *stock, uint32_t end)
{
	return cgn_number_stock_use(stock, (struct cgn_number_run){.first = end});
}

static int
take_behind(struct cgn_number_stock *stock, uint32_t n, uint32_t *first)
{
	if (n > stock->max - stock->end)
		return -EOVERFLOW;
	*first = stock->end;
	stock->end += n;
	return 0;
}

static uint32_t
take_of_hole(struct cgn_number_run *hole, uint32_t n)
{
	uint32_t first = hole->first;

	hole->first += n;
	hole->n -= n;
	return first;
}

int
cgn_number_stock_take(struct cgn_number_stock *stock, uint32_t n, struct cgn_number_run *run)
{
	run->n = n;
	if (stock->fresh_max > stock->end && n <= stock->fresh_max - stock->end)
		return take_behind(stock, n, &run->first);
	while (stock->at < stock->n_holes && stock->holes[stock->at].n == 0)
		stock->at++;
	if (stock->at == stock->n_holes)
		return take_behind(stock, n, &run->first);
	if (run->n > stock->holes[stock->at].n)
		run->n = stock->holes[stock->at].n;
	run->first = take_of_hole(&stock->holes[stock->at], run->n);
	return 0;
}

int
cgn_number_stock_take_whole(struct cgn_number_stock *stock, uint32_t n, uint32_t *first)
{
	for (uint32_t i = stock->at; i < stock->n_holes; i++) {
		if (stock->holes[i].n < n)
			continue;
		*first = take_of_hole(&stock->holes[i], n);
		return 0;
	}
	return take_behind(stock, n, first);
}

uint32_t
cgn_range_piece(const struct cgn_range_map *map, uint32_t first, uint32_t last,
	const struct cgn_range **range)
{
	const struct cgn_range *next = cgn_range_map_next(map, first);

	*range = NULL;
	if (next == NULL || next->first > last)
		return last;
	if (next->first > first)
		return next->first - 1;
	*range = next;
	return next->last < last ? next->last : last;
}
