/* SPDX-License-Identifier: BSD-3-Clause */
/* Following the cursor and printing what comes; see output.h. */
#include "output.h"

#include <inttypes.h>
#include <string.h>

#include "reload.h"
#include "table.h"

enum { PAGE_ROWS = 64 };

struct output {
	const struct cgn_options *options;
	FILE *out;
	struct cgn_text_table table;
	uint64_t n_rows;
	json_t *item; /* JSON of an item with rows is printed at the end, when it is whole */
	json_t *rows;
};

static void
print_json_row(struct output *o, json_t *row)
{
	fputs(o->n_rows == 0 ? "[\n" : ",\n", o->out);
	json_dumpf(row, o->out, JSON_COMPACT);
}

static void
take_row(struct output *o, json_t *row)
{
	if (o->options->cmd->shape == CGN_SHAPE_BOTH)
		json_array_append(o->rows, row);
	else if (o->options->json)
		print_json_row(o, row);
	else
		cgn_text_table_add(&o->table, row);
	o->n_rows++;
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
		if (o->options->limit != 0 && o->n_rows >= o->options->limit)
			return;
		take_row(o, row);
	}
}

static void
page_params(const struct output *o, uint64_t cursor, char *params, size_t size)
{
	uint64_t left = o->options->limit - o->n_rows;
	const char *comma = o->options->params[0] != '\0' ? "," : "";

	if (o->options->cmd->shape == CGN_SHAPE_ITEM)
		snprintf(params, size, "%s", o->options->params);
	else
		snprintf(params, size, "%s%scursor=%" PRIu64 ",limit=%" PRIu64, o->options->params,
			comma, cursor,
			o->options->limit != 0 && left < PAGE_ROWS ? left : PAGE_ROWS);
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
		if (result != CGN_EXIT_OK) {
			fprintf(stderr, "cgnatctl: %s\n", client->why);
			return result;
		}
		take_page(o, answer);
		next = (uint64_t)json_integer_value(json_object_get(answer, "next"));
		json_decref(answer);
		if (next != 0 && next <= cursor) {
			fprintf(stderr, "cgnatctl: the daemon's pages go round in circles\n");
			return CGN_EXIT_AWAY;
		}
		cursor = next;
	} while (cursor != 0 && (o->options->limit == 0 || o->n_rows < o->options->limit));
	return CGN_EXIT_OK;
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
	cgn_text_table_init(&o->table, o->out, cmd, o->options->wide);
	json_array_foreach(o->rows, i, row) cgn_text_table_add(&o->table, row);
	cgn_text_table_fini(&o->table, true);
}

/* The end of a list: also when it broke off, so that what came is seen. */
static void
print_list_end(struct output *o, enum cgn_exit result)
{
	if (o->options->json && (result == CGN_EXIT_OK || o->n_rows > 0))
		fputs(o->n_rows == 0 ? "[]\n" : "\n]\n", o->out);
	else if (!o->options->json)
		cgn_text_table_fini(&o->table, result == CGN_EXIT_OK);
}

enum cgn_exit
cgn_output_run(struct cgn_client *client, const struct cgn_options *options, FILE *out)
{
	struct output o = {.options = options, .out = out, .rows = json_array()};
	bool is_list = options->cmd->shape == CGN_SHAPE_LIST;
	enum cgn_exit result;

	if (is_list && !options->json)
		cgn_text_table_init(&o.table, out, options->cmd, options->wide);
	result = ask_pages(&o, client);
	if (is_list)
		print_list_end(&o, result);
	else if (result == CGN_EXIT_OK && o.item != NULL)
		print_item(&o);
	if (result == CGN_EXIT_OK && options->cmd == &cgn_commands[CGN_COMMAND_RELOAD])
		result = cgn_reload_exit(o.item);
	json_decref(o.item);
	json_decref(o.rows);
	if (fflush(out) != 0 || ferror(out) != 0) {
		fprintf(stderr, "cgnatctl: the output cannot be written\n");
		return CGN_EXIT_AWAY;
	}
	return result;
}
