/* SPDX-License-Identifier: BSD-3-Clause */
/* Following the cursor and printing what comes; see output.h. */
#include "output.h"

#include <inttypes.h>
#include <string.h>

#include "csv.h"
#include "reload.h"
#include "table.h"

enum { PAGE_ROWS = 64 };

struct output {
	const struct cgn_options *options;
	const struct cgn_view *view;
	FILE *out;
	uint64_t limit;
	struct cgn_columns csv; /* columns of CSV */
	struct cgn_table_style style;
	struct cgn_text_table table;
	struct cgn_sorter sorter;
	uint64_t n_rows;
	bool no_memory;
	json_t *item;
	json_t *rows; /* of a table below an item, which is printed at the end, when it is whole */
};

/* The item stands above its rows, unless only rows are wanted. */
static bool
has_item(const struct output *o)
{
	return o->options->cmd->shape == CGN_SHAPE_BOTH && !o->view->csv && !o->view->count;
}

/* The chosen columns alone, in their order; a new reference. */
static json_t *
project(const struct output *o, json_t *row)
{
	const struct cgn_columns *columns = &o->view->columns;
	json_t *some;

	if (columns->n == 0)
		return json_incref(row);
	some = json_object();
	for (size_t c = 0; c < columns->n; c++) {
		json_t *value = json_object_get(row, columns->names[c]);

		if (value != NULL)
			json_object_set(some, columns->names[c], value);
	}
	return some;
}

static void
emit_json(struct output *o, json_t *row)
{
	json_t *some = project(o, row);

	if (has_item(o)) {
		json_array_append(o->rows, some);
	} else {
		fputs(o->n_rows == 0 ? "[\n" : ",\n", o->out);
		json_dumpf(some, o->out, JSON_COMPACT);
	}
	json_decref(some);
}

static void
emit(struct output *o, json_t *row)
{
	if (o->view->count)
		;
	else if (o->view->csv)
		cgn_csv_row(o->out, &o->csv, row);
	else if (o->options->json)
		emit_json(o, row);
	else if (has_item(o))
		json_array_append(o->rows, row);
	else
		cgn_text_table_add(&o->table, row);
	o->n_rows++;
}

static void
take_row(struct output *o, json_t *row)
{
	for (size_t f = 0; f < o->view->n_filters; f++)
		if (!cgn_filter_match(&o->view->filters[f], row))
			return;
	if (o->view->order.n == 0)
		emit(o, row);
	else
		o->no_memory = o->no_memory || cgn_sorter_add(&o->sorter, row) < 0;
}

static bool
is_full(const struct output *o)
{
	return o->limit != 0 && o->view->order.n == 0 && o->n_rows >= o->limit;
}

/* Rows of a page up to the limit. They stand as r0, r1, … */
static void
take_page(struct output *o, const json_t *answer)
{
	const json_t *rows = json_object_get(answer, "rows");
	const char *key;
	json_t *row;

	if (o->item == NULL)
		o->item = json_incref(json_object_get(answer, "item"));
	json_object_foreach((json_t *)rows, key, row)
	{
		if (is_full(o))
			return;
		take_row(o, row);
	}
}

/* No more rows are asked for than are shown, if every row is. */
static void
page_params(const struct output *o, uint64_t cursor, char *params, size_t size)
{
	const bool all = o->limit == 0 || o->view->order.n > 0 || o->view->n_filters > 0;
	const uint64_t left = o->limit - o->n_rows;
	const char *comma = o->options->params[0] != '\0' ? "," : "";

	if (o->options->cmd->shape == CGN_SHAPE_ITEM)
		snprintf(params, size, "%s", o->options->params);
	else
		snprintf(params, size, "%s%scursor=%" PRIu64 ",limit=%" PRIu64, o->options->params,
			comma, cursor, !all && left < PAGE_ROWS ? left : PAGE_ROWS);
}

static enum cgn_exit
fail(struct cgn_client *client, const char *why)
{
	snprintf(client->why, sizeof(client->why), "%s", why);
	return CGN_EXIT_AWAY;
}

static enum cgn_exit
ask_pages(struct output *o, struct cgn_client *client)
{
	uint64_t cursor = 0, next;

	do {
		char params[sizeof(o->options->params) + 64];
		enum cgn_exit result;
		json_t *answer;

		page_params(o, cursor, params, sizeof(params));
		result = cgn_client_ask(client, o->options->cmd, params, &answer);
		if (result != CGN_EXIT_OK)
			return result;
		take_page(o, answer);
		next = (uint64_t)json_integer_value(json_object_get(answer, "next"));
		json_decref(answer);
		if (o->no_memory)
			return fail(client, "no memory for so many rows; use --limit or --filter");
		if (next != 0 && next <= cursor)
			return fail(client, "the daemon's pages go round in circles");
		cursor = next;
	} while (cursor != 0 && !is_full(o));
	return CGN_EXIT_OK;
}

static void
emit_sorted(struct output *o)
{
	cgn_sorter_sort(&o->sorter);
	for (size_t i = 0; i < o->sorter.n; i++) {
		json_t *row = cgn_sorter_row(&o->sorter, i);

		if (row != NULL)
			emit(o, row);
		json_decref(row);
	}
}

static void
print_item(struct output *o)
{
	const struct cgn_command *cmd = o->options->cmd;
	size_t i;
	json_t *row;

	if (cmd == &cgn_commands[CGN_COMMAND_RELOAD]) {
		cgn_reload_print(o->out, o->options->json, o->item, o->rows);
		return;
	}
	if (o->options->json) {
		if (cmd->shape == CGN_SHAPE_BOTH)
			json_object_set(o->item, cmd->rows, o->rows);
		json_dumpf(o->item, o->out, JSON_INDENT(2));
		fputc('\n', o->out);
		return;
	}
	cgn_text_item_print(o->out, cmd, o->item);
	if (cmd->shape != CGN_SHAPE_BOTH)
		return;
	fprintf(o->out, "\n%s:\n", cmd->rows);
	cgn_text_table_init(&o->table, o->out, cmd, &o->style);
	json_array_foreach(o->rows, i, row) cgn_text_table_add(&o->table, row);
	cgn_text_table_fini(&o->table, true);
}

/* The end of rows that are printed as they come: also when they broke off, so that they are seen.
 */
static void
print_list_end(struct output *o, enum cgn_exit result)
{
	if (o->view->count) {
		if (result == CGN_EXIT_OK)
			fprintf(o->out, "%" PRIu64 "\n", o->n_rows);
	} else if (o->options->json && !o->view->csv) {
		if (result == CGN_EXIT_OK || o->n_rows > 0)
			fputs(o->n_rows == 0 ? "[]\n" : "\n]\n", o->out);
	} else if (!o->view->csv) {
		cgn_text_table_fini(&o->table, result == CGN_EXIT_OK);
	}
}

static void
begin(struct output *o)
{
	const struct cgn_options *options = o->options;
	const bool is_table = !options->json && !o->view->csv && !o->view->count &&
		options->cmd->shape == CGN_SHAPE_LIST;

	cgn_sorter_init(&o->sorter, &o->view->order, o->limit);
	o->csv = o->view->columns;
	if (o->csv.n == 0)
		cgn_columns_all(&o->csv, options->cmd);
	if (o->view->csv && !o->view->count && !o->view->no_header)
		cgn_csv_head(o->out, &o->csv);
	if (is_table)
		cgn_text_table_init(&o->table, o->out, options->cmd, &o->style);
}

static enum cgn_exit
run(struct output *o, struct cgn_client *client)
{
	const enum cgn_command_shape shape = o->options->cmd->shape;
	enum cgn_exit result;

	begin(o);
	result = ask_pages(o, client);
	emit_sorted(o);
	if (shape == CGN_SHAPE_LIST || (shape == CGN_SHAPE_BOTH && !has_item(o)))
		print_list_end(o, result);
	else if (result == CGN_EXIT_OK && o->item != NULL)
		print_item(o);
	if (result == CGN_EXIT_OK && o->options->cmd == &cgn_commands[CGN_COMMAND_RELOAD])
		result = cgn_reload_exit(o->item);
	return result;
}

enum cgn_exit
cgn_output_once(struct cgn_client *client, const struct cgn_options *options,
	struct cgn_changes *changes, uint64_t max_rows, FILE *out)
{
	const struct cgn_view *view = &options->view;
	struct output o = {.options = options,
		.view = view,
		.out = out,
		.limit = max_rows != 0 && (view->limit == 0 || max_rows < view->limit)
			? max_rows
			: view->limit,
		.style = {.wide = view->wide,
			.no_header = view->no_header,
			.columns = &view->columns,
			.changes = changes},
		.rows = json_array()};
	enum cgn_exit result = run(&o, client);

	cgn_sorter_fini(&o.sorter);
	json_decref(o.item);
	json_decref(o.rows);
	return result;
}

enum cgn_exit
cgn_output_run(struct cgn_client *client, const struct cgn_options *options, FILE *out)
{
	enum cgn_exit result;

	client->why[0] = '\0';
	result = cgn_output_once(client, options, NULL, 0, out);
	if (result != CGN_EXIT_OK && client->why[0] != '\0')
		fprintf(stderr, "cgnatctl: %s\n", client->why);
	if (fflush(out) != 0 || ferror(out) != 0) {
		fprintf(stderr, "cgnatctl: the output cannot be written\n");
		return CGN_EXIT_AWAY;
	}
	return result;
}
