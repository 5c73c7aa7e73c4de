/* SPDX-License-Identifier: BSD-3-Clause */
/* Help for mistyped words: the nearest of those that there are, by edit distance. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Longer words are not compared. */
enum { CGN_WORD_MAX = 40 };

struct cgn_nearest {
	const char *word;
	const char *best; /* of the candidates so far, the caller's text; NULL: none is near */
	uint32_t limit;   /* edits that a better one has at most */
};

/* word must stay until the search is over. */
void cgn_nearest_init(struct cgn_nearest *nearest, const char *word);

/* Whether the candidate is nearer than all before it. */
bool cgn_nearest_try(struct cgn_nearest *nearest, const char *candidate);
