/* SPDX-License-Identifier: BSD-3-Clause */
/* See option_table.h. Pure. */
#include "option_table.h"

#define ANY CGN_SCOPE_ANY
#define ROWS CGN_SCOPE_ROWS
#define READS CGN_SCOPE_READS
#define ALL CGN_SCOPE_ALL
#define DRY_RUN CGN_SCOPE_DRY_RUN
#define TOP CGN_SCOPE_TOP
#define ASKS CGN_SCOPE_ASKS
#define AT CGN_SCOPE_AT

const struct cgn_option_info cgn_option_infos[CGN_N_OPTIONS] = {
#define OPTION(id, l, n, arg, meta, where, text)                                                   \
	[CGN_OPTION_##id] = {.letter = l,                                                          \
		.name = n,                                                                         \
		.metavar = meta,                                                                   \
		.help = text,                                                                      \
		.argument = CGN_ARGUMENT_##arg,                                                    \
		.scope = where},
#include "options.def"
};

uint32_t
cgn_command_scopes(const struct cgn_command *cmd)
{
	const bool is_reload = cmd == &cgn_commands[CGN_COMMAND_RELOAD];
	uint32_t scopes = ANY | ASKS;

	if (cmd->shape != CGN_SHAPE_ITEM && !is_reload) /* which prints its rows in its own way */
		scopes |= ROWS;
	if (!cmd->is_action && !is_reload)
		scopes |= READS;
	if (cmd->takes >> CGN_PARAM_ALL & 1)
		scopes |= ALL;
	if (cmd->takes >> CGN_PARAM_DRY_RUN & 1)
		scopes |= DRY_RUN;
	if (cmd == &cgn_commands[CGN_COMMAND_TRACE_PORT] || cmd->takes >> CGN_PARAM_AT & 1)
		scopes |= AT;
	return scopes;
}
