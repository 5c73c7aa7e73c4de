/* SPDX-License-Identifier: BSD-3-Clause */
/* cgnatctl top: who is busy now, on a screen or as plain text. */
#pragma once

#include <stdio.h>

#include "top_model.h"

struct cgn_top_options {
	struct cgn_top_choice choice;
	uint64_t batch; /* so many pictures as plain text; 0: on the screen, until q */
};

/* CGN_EXIT_OK; CGN_EXIT_AWAY when the daemon did not answer at first, or not at the end of a batch;
 * CGN_EXIT_USAGE when there is no terminal for the screen. */
enum cgn_exit cgn_top_run(
	const struct cgn_client_where *where, const struct cgn_top_options *options, FILE *out);

/* One picture as plain text. */
void cgn_top_print(const struct cgn_top_model *m, FILE *out);

/* What a key does to the choice; others change nothing. */
enum cgn_top_effect {
	CGN_TOP_NOTHING,
	CGN_TOP_REDRAW,
	CGN_TOP_RELOOK, /* other rows are wanted */
};
enum cgn_top_effect cgn_top_choice_key(struct cgn_top_choice *choice, int key);
