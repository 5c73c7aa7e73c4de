/* SPDX-License-Identifier: BSD-3-Clause */
/* See answer_schema.h. Called by offline.c. */
#include "answer_schema.h"

#include <string.h>

/*
 * A time is ISO 8601 or "-". What has a unit is a number, or a string where a number has a decimal
 * point, or "-" for none; the rest is either.
 */
static json_t *
member(const struct cgn_field *field)
{
	static const char time_pattern[] =
		"^(-|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{3})?Z)$";
	json_t *s;

	if (strcmp(field->unit, "UTC") == 0)
		s = json_pack("{s:s, s:s}", "type", "string", "pattern", time_pattern);
	else if (field->unit[0] != '\0')
		s = json_pack("{s:[s, s], s:s}", "type", "integer", "string", "pattern",
			"^(-|[0-9]+[.][0-9]+)$");
	else
		s = json_pack("{s:[s, s]}", "type", "integer", "string");
	if (s != NULL && field->unit[0] != '\0')
		json_object_set_new(
			s, "description", json_sprintf("%s [%s]", field->help, field->unit));
	else if (s != NULL)
		json_object_set_new(s, "description", json_string(field->help));
	return s;
}

/* The members of an item or of a row; reload's are its own (see reload.c): none is always there. */
static json_t *
object(const struct cgn_command *cmd, const char *where)
{
	const bool is_reload = cmd == &cgn_commands[CGN_COMMAND_RELOAD];
	json_t *members = json_object(), *required = json_array();

	for (size_t f = 0; f < cgn_n_fields; f++) {
		const struct cgn_field *field = &cgn_fields[f];

		if (&cgn_commands[field->command] != cmd || strcmp(field->where, where) != 0)
			continue;
		json_object_set_new(members, field->name, member(field));
		if (!is_reload && !cgn_field_is_optional(field))
			json_array_append_new(required, json_string(field->name));
	}
	return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", members,
		"required", required, "additionalProperties", 0);
}

static json_t *
rows_of(const struct cgn_command *cmd)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", object(cmd, "rows"));
}

/* Rows are a member of the item, and stand in the place of their number if that is called so. */
static json_t *
item_of(const struct cgn_command *cmd)
{
	json_t *item = object(cmd, "item"), *members = json_object_get(item, "properties");
	json_t *required = json_object_get(item, "required");
	size_t i;
	json_t *name;

	if (cmd->shape != CGN_SHAPE_BOTH)
		return item;
	json_object_set_new(members, cmd->rows, rows_of(cmd));
	if (cmd == &cgn_commands[CGN_COMMAND_RELOAD]) {
		json_object_set_new(members, "errors", rows_of(cmd));
		return item;
	}
	json_array_foreach(
		required, i, name) if (strcmp(json_string_value(name), cmd->rows) == 0) return item;
	json_array_append_new(required, json_string(cmd->rows));
	return item;
}

json_t *
cgn_schema_of(const struct cgn_command *cmd)
{
	json_t *schema = cmd->shape == CGN_SHAPE_LIST ? rows_of(cmd) : item_of(cmd);

	if (schema == NULL)
		return NULL;
	json_object_set_new(
		schema, "$schema", json_string("http://json-schema.org/draft-07/schema#"));
	json_object_set_new(schema, "title", json_sprintf("cgnatctl --json %s", cmd->verb));
	json_object_set_new(schema, "description", json_string(cmd->help));
	return schema;
}
