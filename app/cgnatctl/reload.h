/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the daemon answers to reload, as cgnatctl diff prints it: a line for each difference, then
 * their number and what became of them; or each error of the new configuration.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "client.h"

/*
 * item, rows: of the answer; both are changed: parts of long texts are joined. Errors go to
 * standard error, the rest to out; with json all goes to out as one document with the members of
 * item and an array "differences" or, when the configuration is bad, "errors".
 */
void cgn_reload_print(FILE *out, bool json, json_t *item, json_t *rows);

/* CGN_EXIT_OK when it is in force, or would be; else CGN_EXIT_REFUSED. */
enum cgn_exit cgn_reload_exit(const json_t *item);
