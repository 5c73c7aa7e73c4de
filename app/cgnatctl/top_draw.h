/* SPDX-License-Identifier: BSD-3-Clause */
/* Draws what cgnatctl top shows, onto a screen or as plain text. */
#pragma once

#include "top_model.h"

enum cgn_top_style {
	CGN_TOP_PLAIN,
	CGN_TOP_BOLD,
	CGN_TOP_HEADING, /* of the table: reverse */
	CGN_TOP_SORTED,  /* the heading of the column that the rows are sorted by */
	CGN_TOP_DIM,
	CGN_TOP_GOOD,
	CGN_TOP_WARN,
	CGN_TOP_BAD,
};

/* Where it is drawn: texts one after the other, each within a line. */
struct cgn_top_canvas {
	int rows, columns; /* rows 0: no end */
	void (*text)(void *ctx, enum cgn_top_style style, const char *text);
	void (*end_line)(void *ctx);
	void *ctx;
};

/* Lines above the table, its heading included. */
enum { CGN_TOP_HEAD_LINES = 6 };

/* first: of the rows, 0 the topmost; status: the line below, or NULL: none. */
void cgn_top_draw(const struct cgn_top_canvas *canvas, const struct cgn_top_model *m, size_t first,
	bool is_paused, const char *status);
