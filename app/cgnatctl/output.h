/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks page by page and prints: a table or an item for people, one JSON document for programs. */
#pragma once

#include <stdio.h>

#include "client.h"
#include "options.h"

/* The exit status of the whole. */
enum cgn_exit cgn_output_run(
	struct cgn_client *client, const struct cgn_options *options, FILE *out);
