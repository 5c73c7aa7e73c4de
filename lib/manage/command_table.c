/* SPDX-License-Identifier: BSD-3-Clause */
/* The lists of commands.def and fields.def as arrays. Pure; any thread. */
#include "command_table.h"

#include <stdio.h>
#include <string.h>

const struct cgn_param_info cgn_param_infos[CGN_N_PARAMS] = {
#define PARAM(id, n, t, lo, hi, meta, text)                                                        \
	[CGN_PARAM_##id] = {.name = n,                                                             \
		.metavar = meta,                                                                   \
		.help = text,                                                                      \
		.type = CGN_PARAM_TYPE_##t,                                                        \
		.min = lo,                                                                         \
		.max = hi},
#include "commands.def"
};

#define P(id) (UINT64_C(1) << CGN_PARAM_##id)
#define EXTRA_ITEM P(ID)
#define EXTRA_LIST (P(ID) | P(CURSOR) | P(LIMIT))
#define EXTRA_BOTH EXTRA_LIST
#define EXTRA_ACTION (P(ID) | P(BY))

const struct cgn_command cgn_commands[CGN_N_COMMANDS] = {
#define COMMAND(id, name, form, row, need, take, text)                                             \
	[CGN_COMMAND_##id] = {.path = "/cgnat/" #name,                                             \
		.verb = #name,                                                                     \
		.help = text,                                                                      \
		.rows = row,                                                                       \
		.shape = CGN_SHAPE_##form,                                                         \
		.needs = need,                                                                     \
		.takes = (need) | (take) | EXTRA_##form},
#define QUESTION(id, object, about, form, row, need, take, text)                                   \
	[CGN_COMMAND_##id] = {.path = "/cgnat/" #object "/" #about,                                \
		.verb = #object " " #about,                                                        \
		.help = text,                                                                      \
		.rows = row,                                                                       \
		.shape = CGN_SHAPE_##form,                                                         \
		.needs = need,                                                                     \
		.takes = (need) | (take) | EXTRA_##form},
#define ACTION(id, object, action, need, take, text)                                               \
	[CGN_COMMAND_##id] = {.path = "/cgnat/" #object "/" #action,                               \
		.verb = #object " " #action,                                                       \
		.help = text,                                                                      \
		.rows = "",                                                                        \
		.shape = CGN_SHAPE_ITEM,                                                           \
		.is_action = true,                                                                 \
		.needs = need,                                                                     \
		.takes = (need) | (take) | EXTRA_ACTION},
#include "commands.def"
};

const struct cgn_field cgn_fields[] = {
#define FIELD(id, place, n, u, text)                                                               \
	{.command = CGN_COMMAND_##id, .where = #place, .name = n, .unit = u, .help = text},
#define WIDE(id, place, n, u, text)                                                                \
	{.command = CGN_COMMAND_##id,                                                              \
		.where = #place,                                                                   \
		.name = n,                                                                         \
		.unit = u,                                                                         \
		.help = text,                                                                      \
		.wide = true},
#include "fields.def"
};

const size_t cgn_n_fields = sizeof(cgn_fields) / sizeof(cgn_fields[0]);

/* A field that rows.def says something about. */
struct named {
	enum cgn_command_id command;
	const char *where, *name;
};

static const struct named keys[] = {
#define KEY(id, n) {CGN_COMMAND_##id, "rows", n},
#include "rows.def"
};

static const struct named optionals[] = {
#define SOMETIMES(id, place, n) {CGN_COMMAND_##id, #place, n},
#include "rows.def"
};

static bool
is_among(const struct named *list, size_t n, const struct cgn_field *field)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].command == field->command && strcmp(list[i].where, field->where) == 0 &&
			strcmp(list[i].name, field->name) == 0)
			return true;
	return false;
}

bool
cgn_field_is_key(const struct cgn_field *field)
{
	return is_among(keys, sizeof(keys) / sizeof(keys[0]), field);
}

bool
cgn_field_is_optional(const struct cgn_field *field)
{
	return is_among(optionals, sizeof(optionals) / sizeof(optionals[0]), field);
}

const struct cgn_command *
cgn_command_find(const char *name)
{
	for (int i = 0; i < CGN_N_COMMANDS; i++)
		if (strcmp(cgn_commands[i].path, name) == 0 ||
			strcmp(cgn_commands[i].verb, name) == 0)
			return &cgn_commands[i];
	return NULL;
}

const char *
cgn_command_takes_str(const struct cgn_command *cmd, char *buf)
{
	size_t n = 0;

	buf[0] = '\0';
	for (int p = 0; p < CGN_N_PARAMS; p++) {
		if (p == CGN_PARAM_ID || !(cmd->takes >> p & 1) || n >= CGN_COMMAND_TAKES_LEN)
			continue;
		n += (size_t)snprintf(buf + n, CGN_COMMAND_TAKES_LEN - n, "%s%s", n > 0 ? ", " : "",
			cgn_param_infos[p].name);
	}
	return buf;
}
