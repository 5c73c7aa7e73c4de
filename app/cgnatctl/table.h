/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Aligned tables for people: rows are JSON objects, columns their members in the order of
 * lib/manage/fields.def. Widths come from the first rows and only grow, so that a list of millions
 * is printed as it comes.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "columns.h"
#include "command_table.h"
#include "changes.h"

enum { CGN_TABLE_BATCH = 512 };

/* How a table looks. All zero: the usual columns, with their names above. */
struct cgn_table_style {
	bool wide; /* all members, also those that this cgnatctl does not know */
	bool no_header;
	const struct cgn_columns *columns; /* these only; or NULL, or none chosen */
	struct cgn_changes *changes;       /* of what has changed, or NULL */
};

struct cgn_text_table {
	FILE *out;
	const struct cgn_command *cmd;
	struct cgn_table_style style;
	bool has_head;
	json_t *batch; /* rows not printed yet */
	size_t n_columns, n_rows;
	struct {
		const char *name; /* of the member */
		size_t width;
		bool is_text; /* to the left */
	} columns[CGN_MAX_COLUMNS];
	json_t *names; /* owns the names of columns that are not in fields.def */
};

void cgn_text_table_init(struct cgn_text_table *t, FILE *out, const struct cgn_command *cmd,
	const struct cgn_table_style *style);
void cgn_text_table_add(struct cgn_text_table *t, json_t *row);
/* Prints what is left. An empty table that is complete says "no <rows>", if it has a header. */
void cgn_text_table_fini(struct cgn_text_table *t, bool is_complete);

/* The members of one object, a line each: name, value, unit. */
void cgn_text_item_print(FILE *out, const struct cgn_command *cmd, const json_t *item);
