/* SPDX-License-Identifier: BSD-3-Clause */
/* See reload.h. Called by output.c. */
#include "reload.h"

#include <string.h>

static const char *
text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL ? value : "";
}

static json_int_t
number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static bool
is_outcome(const json_t *item, const char *outcome)
{
	return strcmp(text(item, "outcome"), outcome) == 0;
}

/* A text that the daemon has cut in two becomes one again. */
static void
join(json_t *object, const char *name, const char *more)
{
	if (json_object_get(object, more) == NULL)
		return;
	json_object_set_new(
		object, name, json_sprintf("%s%s", text(object, name), text(object, more)));
	json_object_del(object, more);
}

static void
print_difference(FILE *out, const json_t *row)
{
	const bool both = json_object_get(row, "old") != NULL &&
		json_object_get(row, "new") != NULL;

	fprintf(out, "%-7s  %-7s  %s: %s%s%s", text(row, "reload"), text(row, "change"),
		text(row, "path"), text(row, "old"), both ? " -> " : "", text(row, "new"));
	if (json_object_get(row, "effect") != NULL)
		fprintf(out, " (%s)", text(row, "effect"));
	fputc('\n', out);
}

/* The daemon sends one page of what it has done; all of it is in its log. */
static void
print_left_out(FILE *out, const json_t *item, const json_t *rows, const char *what)
{
	json_int_t all = number(item, "live") + number(item, "drain") + number(item, "restart") +
		number(item, "errors");

	if (all > (json_int_t)json_array_size(rows))
		fprintf(out, "and %" JSON_INTEGER_FORMAT " more %s\n",
			all - (json_int_t)json_array_size(rows), what);
}

static void
print_json(FILE *out, json_t *item, json_t *rows)
{
	bool is_bad = is_outcome(item, "bad");

	json_object_set(item, is_bad ? "errors" : "differences", rows);
	if (!is_bad)
		json_object_del(item, "errors"); /* their number, 0 */
	json_dumpf(item, out, JSON_INDENT(2));
	fputc('\n', out);
}

static void
print_errors(const json_t *item, const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		fprintf(stderr, "%s: %s\n", text(row, "at"), text(row, "error"));
	print_left_out(stderr, item, rows, "errors; they are in the daemon's log");
	fprintf(stderr, "cgnatctl: %s\n", text(item, "message"));
}

void
cgn_reload_print(FILE *out, bool json, json_t *item, json_t *rows)
{
	json_t *row;
	size_t i;

	join(item, "message", "message_more");
	json_array_foreach(rows, i, row) join(row, "error", "error_more");
	if (json) {
		print_json(out, item, rows);
		return;
	}
	if (is_outcome(item, "bad")) {
		print_errors(item, rows);
		return;
	}
	json_array_foreach(rows, i, row) print_difference(out, row);
	print_left_out(out, item, rows, "differences; they are in the daemon's log");
	fprintf(out,
		"%" JSON_INTEGER_FORMAT " live, %" JSON_INTEGER_FORMAT
		" drain, %" JSON_INTEGER_FORMAT " restart: %s%s\n",
		number(item, "live"), number(item, "drain"), number(item, "restart"),
		is_outcome(item, "refused") ? "refused: " : "", text(item, "message"));
}

enum cgn_exit
cgn_reload_exit(const json_t *item)
{
	return is_outcome(item, "applied") || is_outcome(item, "unchanged") ||
			is_outcome(item, "dry_run")
		? CGN_EXIT_OK
		: CGN_EXIT_REFUSED;
}
