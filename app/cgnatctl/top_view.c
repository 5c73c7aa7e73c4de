/* SPDX-License-Identifier: BSD-3-Clause */
/* See top_view.h. Called by the other top*.c. */
#include "top_view.h"

#include <string.h>

const struct cgn_top_view cgn_top_views[CGN_N_TOP_VIEWS] = {
#define VIEW(id, n, k, command, by, text)                                                          \
	[CGN_TOP_VIEW_##id] = {.name = n,                                                          \
		.help = text,                                                                      \
		.sort = by,                                                                        \
		.key = k,                                                                          \
		.cmd = &cgn_commands[CGN_COMMAND_##command]},
#include "top.def"
};

static const struct cgn_top_column columns[] = {
#define COLUMN(v, n, head, w, k, m, o)                                                             \
	{.view = CGN_TOP_VIEW_##v,                                                                 \
		.name = n,                                                                         \
		.heading = head,                                                                   \
		.width = w,                                                                        \
		.kind = CGN_TOP_##k,                                                               \
		.member = m,                                                                       \
		.of = o},
#include "top.def"
};

enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

const struct cgn_top_column *
cgn_top_columns(enum cgn_top_view_id view, int *n)
{
	int first = 0;

	while (first < N_COLUMNS && columns[first].view != view)
		first++;
	for (*n = 0; first + *n < N_COLUMNS && columns[first + *n].view == view; (*n)++)
		;
	return &columns[first];
}

int
cgn_top_view_find(const char *name)
{
	for (int v = 0; v < CGN_N_TOP_VIEWS; v++)
		if (strcmp(cgn_top_views[v].name, name) == 0)
			return v;
	return -1;
}

int
cgn_top_column_find(enum cgn_top_view_id view, const char *name)
{
	const struct cgn_top_column *of_view;
	int n;

	of_view = cgn_top_columns(view, &n);
	for (int c = 0; c < n; c++)
		if (strcmp(of_view[c].name, name) == 0)
			return c;
	return -1;
}
