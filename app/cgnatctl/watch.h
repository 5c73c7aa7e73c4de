/* SPDX-License-Identifier: BSD-3-Clause */
/* --watch: the same question again and again, on one screen, until ^C. */
#pragma once

#include <stdio.h>

#include "client.h"
#include "options.h"

/*
 * client is connected; a daemon that goes away later is waited for. Ends with CGN_EXIT_OK on SIGINT
 * or SIGTERM, else with what the first answer was.
 */
enum cgn_exit cgn_watch_run(
	struct cgn_client *client, const struct cgn_options *options, FILE *out);
