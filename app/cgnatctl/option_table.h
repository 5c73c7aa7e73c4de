/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of options.def as data: for the parser, the help and the generator of the completion. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "command_table.h"

enum cgn_option_id {
#define OPTION(id, letter, name, argument, metavar, scope, help) CGN_OPTION_##id,
#include "options.def"
	CGN_N_OPTIONS
};

enum cgn_option_argument { CGN_ARGUMENT_NONE, CGN_ARGUMENT_NEEDS, CGN_ARGUMENT_MAY };

enum cgn_option_scope {
	CGN_SCOPE_ANY = 1,
	CGN_SCOPE_ROWS = 2,
	CGN_SCOPE_READS = 4,
	CGN_SCOPE_ALL = 8,
	CGN_SCOPE_DRY_RUN = 16,
	CGN_SCOPE_TOP = 32,
	CGN_SCOPE_ASKS = 64,
	CGN_SCOPE_AT = 128,
};

struct cgn_option_info {
	char letter; /* 0: none */
	const char *name, *metavar;
	const char *help; /* "": not to be told */
	enum cgn_option_argument argument;
	uint32_t scope; /* bits of enum cgn_option_scope */
};

extern const struct cgn_option_info cgn_option_infos[CGN_N_OPTIONS];

/* The scopes in which a verb of the daemon's stands. */
uint32_t cgn_command_scopes(const struct cgn_command *cmd);
