/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows as comma-separated values (RFC 4180, but lines end in a line feed alone). */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "columns.h"

void cgn_csv_head(FILE *out, const struct cgn_columns *columns);

/* What a row lacks is empty. */
void cgn_csv_row(FILE *out, const struct cgn_columns *columns, const json_t *row);
