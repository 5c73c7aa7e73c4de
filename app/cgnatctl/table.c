/* SPDX-License-Identifier: BSD-3-Clause */
/* See table.h. Called by output.c. */
#include "table.h"

#include <ctype.h>
#include <string.h>

#include "cell.h"

void
cgn_text_table_init(struct cgn_text_table *t, FILE *out, const struct cgn_command *cmd,
	const struct cgn_table_style *style)
{
	memset(t, 0, sizeof(*t));
	t->out = out;
	t->cmd = cmd;
	t->style = *style;
	t->batch = json_array();
	t->names = json_object();
}

static const char *
cell_str(const json_t *value, char *buf)
{
	return cgn_cell_of(value, buf).text;
}

static const struct cgn_field *
field_find(const struct cgn_command *cmd, const char *where, const char *name)
{
	for (size_t f = 0; f < cgn_n_fields; f++)
		if (&cgn_commands[cgn_fields[f].command] == cmd &&
			strcmp(cgn_fields[f].where, where) == 0 &&
			strcmp(cgn_fields[f].name, name) == 0)
			return &cgn_fields[f];
	return NULL;
}

static bool
batch_has(const json_t *batch, const char *name, bool *is_text)
{
	bool found = false;
	const json_t *row;
	size_t i;

	json_array_foreach(batch, i, row)
	{
		const json_t *value = json_object_get(row, name);

		found = found || value != NULL;
		*is_text = *is_text || (value != NULL && !json_is_integer(value));
	}
	return found;
}

/* A column that no row has is left out unless it was asked for. */
static void
add_column(struct cgn_text_table *t, const char *name, bool is_chosen)
{
	bool is_text = false, found = batch_has(t->batch, name, &is_text);

	if (t->n_columns == CGN_MAX_COLUMNS || (!found && !is_chosen))
		return;
	t->columns[t->n_columns].name = name;
	t->columns[t->n_columns].width = t->style.no_header ? 0 : strlen(name);
	t->columns[t->n_columns++].is_text = is_text;
}

/* Columns of the first rows: those that are known in their order, then any others. */
static void
find_columns(struct cgn_text_table *t)
{
	const json_t *row;
	size_t i;

	for (size_t f = 0; f < cgn_n_fields; f++) {
		const struct cgn_field *field = &cgn_fields[f];

		if (&cgn_commands[field->command] == t->cmd && strcmp(field->where, "rows") == 0 &&
			(t->style.wide || !field->wide))
			add_column(t, field->name, false);
	}
	json_array_foreach(t->batch, i, row)
	{
		const char *key;
		json_t *value;

		json_object_foreach((json_t *)row, key, value)
		{
			if (!t->style.wide || field_find(t->cmd, "rows", key) != NULL ||
				json_object_get(t->names, key) != NULL)
				continue;
			json_object_set_new(t->names, key, json_string(key));
			add_column(t, json_string_value(json_object_get(t->names, key)), false);
		}
	}
}

static void
choose_columns(struct cgn_text_table *t)
{
	const struct cgn_columns *chosen = t->style.columns;

	if (chosen == NULL || chosen->n == 0) {
		find_columns(t);
		return;
	}
	for (size_t c = 0; c < chosen->n; c++)
		add_column(t, chosen->names[c], true);
}

static void
grow_columns(struct cgn_text_table *t)
{
	const json_t *row;
	size_t i;

	json_array_foreach(t->batch, i, row)
	{
		for (size_t c = 0; c < t->n_columns; c++) {
			char buf[CGN_CELL_LEN];
			size_t n = strlen(cell_str(json_object_get(row, t->columns[c].name), buf));

			if (n > t->columns[c].width)
				t->columns[c].width = n;
		}
	}
}

static void
print_cell(const struct cgn_text_table *t, size_t c, const char *text, bool has_changed)
{
	const bool is_last = c + 1 == t->n_columns;
	const int len = (int)strlen(text);
	const int blank = (int)t->columns[c].width > len ? (int)t->columns[c].width - len : 0;

	if (c > 0)
		fputs("  ", t->out);
	if (!t->columns[c].is_text)
		fprintf(t->out, "%*s", blank, "");
	cgn_changes_print(t->style.changes, t->out, text, has_changed);
	if (t->columns[c].is_text && !is_last)
		fprintf(t->out, "%*s", blank, "");
	if (is_last)
		fputc('\n', t->out);
}

static void
print_head(const struct cgn_text_table *t)
{
	cgn_changes_print_head(t->style.changes, t->out);
	for (size_t c = 0; c < t->n_columns; c++) {
		char head[CGN_CELL_LEN];

		snprintf(head, sizeof(head), "%s", t->columns[c].name);
		for (char *letter = head; *letter != '\0'; letter++)
			*letter = (char)toupper((unsigned char)*letter);
		cgn_text_clean(head);
		print_cell(t, c, head, false);
	}
}

static void
print_row(struct cgn_text_table *t, const json_t *row)
{
	const json_t *before = cgn_changes_row(t->style.changes, t->cmd, row, t->out);

	for (size_t c = 0; c < t->n_columns; c++) {
		const json_t *value = json_object_get(row, t->columns[c].name);
		char buf[CGN_CELL_LEN];

		print_cell(t, c, cell_str(value, buf),
			before != NULL &&
				!json_equal(value, json_object_get(before, t->columns[c].name)));
	}
}

static void
print_batch(struct cgn_text_table *t)
{
	const json_t *row;
	size_t i;

	if (!t->has_head)
		choose_columns(t);
	grow_columns(t);
	if (!t->has_head && !t->style.no_header)
		print_head(t);
	t->has_head = true;
	json_array_foreach(t->batch, i, row) print_row(t, row);
	json_array_clear(t->batch);
}

void
cgn_text_table_add(struct cgn_text_table *t, json_t *row)
{
	json_array_append(t->batch, row);
	t->n_rows++;
	if (json_array_size(t->batch) >= CGN_TABLE_BATCH)
		print_batch(t);
}

void
cgn_text_table_fini(struct cgn_text_table *t, bool is_complete)
{
	if (json_array_size(t->batch) > 0)
		print_batch(t);
	else if (t->n_rows == 0 && is_complete && !t->style.no_header)
		fprintf(t->out, "no %s\n", t->cmd->rows);
	json_decref(t->batch);
	json_decref(t->names);
}

void
cgn_text_item_print(FILE *out, const struct cgn_command *cmd, const json_t *item)
{
	const char *key;
	json_t *value;
	size_t width = 0;

	json_object_foreach((json_t *)item, key, value) width = strlen(key) > width ? strlen(key)
										    : width;
	json_object_foreach((json_t *)item, key, value)
	{
		const struct cgn_field *field = field_find(cmd, "item", key);
		const char *unit = field != NULL ? field->unit : "";
		char buf[CGN_CELL_LEN], name[CGN_CELL_LEN];

		snprintf(name, sizeof(name), "%s", key);
		fprintf(out, "%-*s  %s%s%s\n", (int)width, cgn_text_clean(name),
			cell_str(value, buf), unit[0] != '\0' ? " " : "", unit);
	}
}
