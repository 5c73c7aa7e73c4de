/* SPDX-License-Identifier: BSD-3-Clause */
/* See words.h. Called by lib/conf for keys and by cgnatctl for verbs and columns. */
#include "words.h"

#include <string.h>

/* Insertions, deletions and replacements that make one word the other (Levenshtein). */
static uint32_t
distance(const char *a, const char *b)
{
	uint32_t row[CGN_WORD_MAX + 1];
	uint32_t n = (uint32_t)strlen(b);

	for (uint32_t j = 0; j <= n; j++)
		row[j] = j;
	for (uint32_t i = 0; a[i] != '\0'; i++) {
		uint32_t diagonal = row[0];

		row[0] = i + 1;
		for (uint32_t j = 0; j < n; j++) {
			uint32_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (diagonal + 1 < best)
				best = diagonal + 1;
			row[j + 1] = best;
		}
	}
	return row[n];
}

void
cgn_nearest_init(struct cgn_nearest *nearest, const char *word)
{
	/* A third of it wrong is another word. */
	*nearest = (struct cgn_nearest){.word = word, .limit = (uint32_t)strlen(word) / 3 + 1};
}

bool
cgn_nearest_try(struct cgn_nearest *nearest, const char *candidate)
{
	uint32_t d;

	if (strlen(nearest->word) > CGN_WORD_MAX || strlen(candidate) > CGN_WORD_MAX)
		return false;
	d = distance(nearest->word, candidate);
	if (d > nearest->limit)
		return false;
	nearest->best = candidate;
	nearest->limit = d > 0 ? d - 1 : 0;
	return true;
}
