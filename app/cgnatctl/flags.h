/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of a command line (options.def), read before it is known which verb they are for. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "client.h"
#include "option_table.h"
#include "view.h"

struct cgn_flags {
	uint32_t given;                   /* bit by enum cgn_option_id */
	const char *texts[CGN_N_OPTIONS]; /* of those with an argument; NULL: none was given */
	const char *filters[CGN_MAX_FILTERS];
	size_t n_filters;
};

/* Options may stand anywhere; optind is the first other word then, the words being moved behind
 * them. CGN_EXIT_USAGE with the reason printed. */
enum cgn_exit cgn_flags_parse(struct cgn_flags *flags, int argc, char **argv);

static inline bool
cgn_flags_has(const struct cgn_flags *flags, enum cgn_option_id id)
{
	return flags->given >> id & 1;
}

/* Refuses options that have no meaning where these scopes are all. */
enum cgn_exit cgn_flags_check(const struct cgn_flags *flags, uint32_t scopes, const char *verb);

/* The view of a command's rows. */
enum cgn_exit cgn_flags_view(
	const struct cgn_flags *flags, const struct cgn_command *cmd, struct cgn_view *view);

/* The number of a --limit or --batch: above 0. *value stays when it is not given. */
enum cgn_exit cgn_flags_number(
	const struct cgn_flags *flags, enum cgn_option_id id, uint64_t *value);

/* The seconds of --watch or --interval: 0.1 to 3600. *ms stays when none are given. */
enum cgn_exit cgn_flags_seconds(const struct cgn_flags *flags, enum cgn_option_id id, uint64_t *ms);

/* The lines of the help about the options of these scopes. */
void cgn_flags_help(FILE *out, uint32_t scopes);
