/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of what cgnatctl does with an answer and with an operator's words. The first byte
 * chooses the verb; then come lines: columns, order, filter; the rest is an answer as JSON, of
 * which all rows are filtered, sorted and printed in each form, and looked at as by cgnatctl top.
 * Whatever came, nothing but printable ASCII reaches a terminal.
 */
#include <string.h>

#include "changes.h"
#include "csv.h"
#include "fuzz.h"
#include "table.h"
#include "top.h"
#include "view.h"

enum { WORDS_LEN = 256, N_LINES = 3 };

static void
check_printable(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
}

/* A new reference of each row that the filter lets through, in order, as output.c does it. */
static json_t *
view_rows(const struct cgn_view *view, const json_t *rows)
{
	json_t *viewed = json_array(), *row;
	struct cgn_sorter s;
	const char *key;

	cgn_sorter_init(&s, &view->order, 7);
	json_object_foreach((json_t *)rows, key, row) if (json_is_object(row) &&
		(view->n_filters == 0 || cgn_filter_match(&view->filters[0], row)))
		CHECK(cgn_sorter_add(&s, row) == 0);
	CHECK(s.n <= 7 && s.n <= json_object_size(rows));
	cgn_sorter_sort(&s);
	for (size_t i = 0; i < s.n; i++)
		json_array_append_new(viewed, cgn_sorter_row(&s, i));
	CHECK(json_array_size(viewed) == s.n); /* each of them could be read again */
	cgn_sorter_fini(&s);
	return viewed;
}

static void
print_forms(const struct cgn_command *cmd, const struct cgn_view *view, json_t *rows, FILE *out)
{
	struct cgn_columns columns = view->columns;
	struct cgn_text_table table;
	struct cgn_changes changes;
	json_t *row;
	size_t i;

	cgn_changes_init(&changes, false);
	for (int again = 0; again < 2; again++) {
		const struct cgn_table_style style = {
			.wide = true, .columns = &view->columns, .changes = &changes};

		cgn_changes_next(&changes);
		cgn_text_table_init(&table, out, cmd, &style);
		json_array_foreach(rows, i, row) cgn_text_table_add(&table, row);
		cgn_text_table_fini(&table, true);
	}
	CHECK(changes.n_changed == 0 ||
		json_array_size(rows) > 1); /* the same rows, or of one key */
	cgn_changes_fini(&changes);
	if (columns.n == 0)
		cgn_columns_all(&columns, cmd);
	json_array_foreach(rows, i, row) cgn_csv_row(out, &columns, row);
}

static void
look(const json_t *rows, uint8_t view, FILE *out)
{
	struct cgn_top_choice choice;
	struct cgn_top_model model;

	cgn_top_choice_init(&choice);
	choice.view = (enum cgn_top_view_id)(view % CGN_N_TOP_VIEWS);
	cgn_top_model_init(&model, &choice);
	for (uint64_t at = 1; at < 3; at++) {
		struct cgn_top_sample s = {.view = choice.view,
			.info = json_deep_copy(rows),
			.ports = json_deep_copy(rows),
			.cores = json_deep_copy(rows),
			.rows = json_deep_copy(rows)};

		s.info_ns = s.ports_ns = s.cores_ns = s.rows_ns = at * 1000;
		cgn_top_model_take(&model, &s);
	}
	cgn_top_print(&model, out);
	cgn_top_model_fini(&model);
}

/* The words of the operator, as far as they are right. Every wrong one is told, to nobody. */
static void
read_words(const struct cgn_command *cmd, const char *const *lines, struct cgn_view *view)
{
	static FILE *nobody;
	FILE *told = stderr;

	if (nobody == NULL)
		nobody = fopen("/dev/null", "w");
	CHECK(nobody != NULL);
	stderr = nobody;
	memset(view, 0, sizeof(*view));
	if (!cgn_columns_parse(&view->columns, cmd, lines[0]))
		view->columns.n = 0;
	if (!cgn_order_parse(&view->order, cmd, lines[1]))
		view->order.n = 0;
	view->n_filters = cgn_filter_parse(&view->filters[0], cmd, lines[2]);
	stderr = told;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cgn_command *cmd = &cgn_commands[size > 0 ? data[0] % CGN_N_COMMANDS : 0];
	char words[N_LINES][WORDS_LEN];
	const char *lines[N_LINES];
	struct cgn_view view;
	size_t at = size > 0, n;
	json_t *rows, *viewed;
	char *text;
	FILE *out;

	for (int i = 0; i < N_LINES; i++) {
		const uint8_t *end = size > at ? memchr(data + at, '\n', size - at) : NULL;

		if (end == NULL || end - (data + at) >= WORDS_LEN)
			return 0;
		n = (size_t)(end - (data + at));
		memcpy(words[i], data + at, n);
		words[i][n] = '\0';
		lines[i] = words[i];
		at += n + 1;
	}
	rows = json_loadb((const char *)data + at, size - at, 0, NULL);
	if (!json_is_object(rows)) {
		json_decref(rows);
		return 0;
	}
	out = open_memstream(&text, &n);
	read_words(cmd, lines, &view);
	viewed = view_rows(&view, rows);
	print_forms(cmd, &view, viewed, out);
	look(rows, size > 0 ? data[0] : 0, out);
	fclose(out);
	check_printable(text, n);
	free(text);
	json_decref(viewed);
	json_decref(rows);
	return 0;
}
