/* SPDX-License-Identifier: BSD-3-Clause */
/* What of a list is wanted, and in which form, as the options say. */
#pragma once

#include "columns.h"
#include "filter.h"
#include "order.h"

enum { CGN_MAX_FILTERS = 8 };

struct cgn_view {
	struct cgn_columns columns;
	struct cgn_order order;
	struct cgn_filter filters[CGN_MAX_FILTERS]; /* all of them are true of a row */
	size_t n_filters;
	uint64_t limit; /* rows in all; 0: no limit */
	bool wide, count, csv, no_header;
};
