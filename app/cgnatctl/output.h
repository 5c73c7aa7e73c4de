/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks page by page and prints: a table or an item for people, one JSON document or CSV for
 * programs. Rows are filtered, sorted, counted here; without --sort they are printed as they come.
 */
#pragma once

#include <stdio.h>

#include "client.h"
#include "changes.h"
#include "options.h"

/* The exit status of the whole; what went wrong is told on standard error. */
enum cgn_exit cgn_output_run(
	struct cgn_client *client, const struct cgn_options *options, FILE *out);

/*
 * The same for a table that is printed again: with changes (or NULL), and at most max_rows rows (0:
 * as the options say). On failure client->why has the reason, and nothing is told.
 */
enum cgn_exit cgn_output_once(struct cgn_client *client, const struct cgn_options *options,
	struct cgn_changes *changes, uint64_t max_rows, FILE *out);
