/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns of a verb's rows, by the names that fields.def gives them. Pure but for error messages.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "command_table.h"

enum { CGN_MAX_COLUMNS = 64 };

struct cgn_columns {
	const char *names[CGN_MAX_COLUMNS];
	size_t n; /* 0: not chosen */
};

/* The field of a row, or NULL; name has len bytes. */
const struct cgn_field *cgn_column_find(
	const struct cgn_command *cmd, const char *name, size_t len);

/* Says on standard error that there is no such column, which ones there are, and the nearest. */
void cgn_column_unknown(
	const struct cgn_command *cmd, const char *option, const char *name, size_t len);

/* Reads "a,b,c". False with the reason printed. */
bool cgn_columns_parse(
	struct cgn_columns *columns, const struct cgn_command *cmd, const char *text);

/* All columns, in the order of fields.def. */
void cgn_columns_all(struct cgn_columns *columns, const struct cgn_command *cmd);
