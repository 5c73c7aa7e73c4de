/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What has changed in a table since it was printed before (--watch): rows are found again by the
 * columns that rows.def calls keys. With style, changed values are reverse or bold; without, only
 * the margin tells: + a new row, * a changed one. Holds the rows of two tables.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "command_table.h"

struct cgn_changes {
	bool with_style; /* the output is a terminal */
	bool is_first;   /* nothing to compare with */
	json_t *before, *now;
	size_t n_changed, n_new;
};

void cgn_changes_init(struct cgn_changes *changes, bool with_style);
void cgn_changes_fini(struct cgn_changes *changes);

/* The next table begins. */
void cgn_changes_next(struct cgn_changes *changes);

/* How many rows of the table before are not in this one. */
size_t cgn_changes_n_gone(const struct cgn_changes *changes);

/*
 * Takes a row and prints its margin. The row as it was, while changes holds it; NULL when it is
 * new, or changes is NULL.
 */
const json_t *cgn_changes_row(
	struct cgn_changes *changes, const struct cgn_command *cmd, const json_t *row, FILE *out);

/* Margin above the rows, and a value; changes may be NULL. */
void cgn_changes_print_head(const struct cgn_changes *changes, FILE *out);
void cgn_changes_print(
	const struct cgn_changes *changes, FILE *out, const char *text, bool has_changed);
