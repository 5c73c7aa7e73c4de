/* SPDX-License-Identifier: BSD-3-Clause */
/* The views of cgnatctl top (top.def) as data. Constant. */
#pragma once

#include "command_table.h"

enum cgn_top_view_id {
#define VIEW(id, name, key, command, sort, help) CGN_TOP_VIEW_##id,
#include "top.def"
	CGN_N_TOP_VIEWS
};

enum { CGN_TOP_MAX_COLUMNS = 12 }; /* of a view */

enum cgn_top_kind {
	CGN_TOP_TEXT,
	CGN_TOP_COUNT,
	CGN_TOP_RATE,
	CGN_TOP_BITS,
	CGN_TOP_PERCENT,
};

struct cgn_top_column {
	enum cgn_top_view_id view;
	const char *name, *heading;
	int width;
	enum cgn_top_kind kind;
	const char *member, *of;
};

struct cgn_top_view {
	const char *name, *help;
	const char *sort; /* name of a column */
	char key;
	const struct cgn_command *cmd;
};

extern const struct cgn_top_view cgn_top_views[CGN_N_TOP_VIEWS];

/* The columns of a view, which stand side by side; *n: how many. */
const struct cgn_top_column *cgn_top_columns(enum cgn_top_view_id view, int *n);

/* By name, or -1. */
int cgn_top_view_find(const char *name);
int cgn_top_column_find(enum cgn_top_view_id view, const char *name);
