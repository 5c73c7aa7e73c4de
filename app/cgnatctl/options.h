/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of cgnatctl, read against the table of commands, and its help. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "client.h"
#include "offline.h"
#include "top.h"
#include "view.h"

struct cgn_options {
	struct cgn_client_where where;
	const struct cgn_command *cmd;                /* or NULL: offline or top */
	const struct cgn_offline *offline;            /* or NULL */
	const char *files[CGN_OFFLINE_MAX_FILES + 1]; /* of offline, then NULL */
	bool is_top;
	struct cgn_top_options top;
	bool json;
	bool done;         /* help or version was printed: nothing more to do */
	uint64_t watch_ms; /* 0: once */
	struct cgn_view view;
	char params[900]; /* "key=value,key=value" for the daemon */
};

/* CGN_EXIT_OK, or CGN_EXIT_USAGE with the reason printed. */
enum cgn_exit cgn_options_parse(struct cgn_options *options, int argc, char **argv);

/* Help for all of cgnatctl (NULL) or for one verb. */
void cgn_options_help(FILE *out, const struct cgn_command *cmd);
