/* SPDX-License-Identifier: BSD-3-Clause */
/* See csv.h. Called by output.c. */
#include "csv.h"

#include <string.h>

#include "cell.h"

/* RFC 4180 section 2, rules 5 to 7: quotes around what has a comma, a quote or a line end. */
static void
print_value(FILE *out, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void
cgn_csv_head(FILE *out, const struct cgn_columns *columns)
{
	for (size_t c = 0; c < columns->n; c++)
		fprintf(out, "%s%s", c > 0 ? "," : "", columns->names[c]);
	fputc('\n', out);
}

void
cgn_csv_row(FILE *out, const struct cgn_columns *columns, const json_t *row)
{
	for (size_t c = 0; c < columns->n; c++) {
		const json_t *value = json_object_get(row, columns->names[c]);
		char buf[CGN_CELL_LEN];

		if (c > 0)
			fputc(',', out);
		if (value != NULL)
			print_value(out, cgn_cell_of(value, buf).text);
	}
	fputc('\n', out);
}
