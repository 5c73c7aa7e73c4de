/* SPDX-License-Identifier: BSD-3-Clause */
/* See columns.h. Called by options.c, filter.c, order.c, table.c and csv.c. */
#include "columns.h"

#include <stdio.h>
#include <string.h>

#include "words.h"

static bool
is_column(const struct cgn_field *field, const struct cgn_command *cmd)
{
	return &cgn_commands[field->command] == cmd && strcmp(field->where, "rows") == 0;
}

const struct cgn_field *
cgn_column_find(const struct cgn_command *cmd, const char *name, size_t len)
{
	for (size_t f = 0; f < cgn_n_fields; f++)
		if (is_column(&cgn_fields[f], cmd) && strlen(cgn_fields[f].name) == len &&
			memcmp(cgn_fields[f].name, name, len) == 0)
			return &cgn_fields[f];
	return NULL;
}

void
cgn_column_unknown(const struct cgn_command *cmd, const char *option, const char *name, size_t len)
{
	struct cgn_nearest search;
	char word[CGN_WORD_MAX + 1];
	const char *separator = "";

	snprintf(word, sizeof(word), "%.*s", (int)(len < CGN_WORD_MAX ? len : CGN_WORD_MAX), name);
	cgn_nearest_init(&search, word);
	fprintf(stderr, "cgnatctl: %s: %s has no column '%s'; ", option, cmd->verb, word);
	for (size_t f = 0; f < cgn_n_fields; f++)
		if (is_column(&cgn_fields[f], cmd))
			cgn_nearest_try(&search, cgn_fields[f].name);
	if (search.best != NULL)
		fprintf(stderr, "did you mean %s? ", search.best);
	fputs("Its columns are ", stderr);
	for (size_t f = 0; f < cgn_n_fields; f++)
		if (is_column(&cgn_fields[f], cmd)) {
			fprintf(stderr, "%s%s", separator, cgn_fields[f].name);
			separator = ", ";
		}
	fputc('\n', stderr);
}

bool
cgn_columns_parse(struct cgn_columns *columns, const struct cgn_command *cmd, const char *text)
{
	columns->n = 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		const struct cgn_field *field = cgn_column_find(cmd, text, len);

		if (field == NULL) {
			cgn_column_unknown(cmd, "--columns", text, len);
			return false;
		}
		if (columns->n == CGN_MAX_COLUMNS) {
			fprintf(stderr, "cgnatctl: --columns: more than %d\n", CGN_MAX_COLUMNS);
			return false;
		}
		columns->names[columns->n++] = field->name;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

void
cgn_columns_all(struct cgn_columns *columns, const struct cgn_command *cmd)
{
	columns->n = 0;
	for (size_t f = 0; f < cgn_n_fields; f++)
		if (is_column(&cgn_fields[f], cmd) && columns->n < CGN_MAX_COLUMNS)
			columns->names[columns->n++] = cgn_fields[f].name;
}
