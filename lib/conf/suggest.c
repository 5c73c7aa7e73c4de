/* SPDX-License-Identifier: BSD-3-Clause */
/* Help for mistyped keys, by edit distance. Called by decode.c. */
#include "suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* No key is longer; longer words are not compared. */
enum { MAX_WORD = 40 };

/* Insertions, deletions and replacements that make one word the other (Levenshtein). */
static uint32_t
distance(const char *a, const char *b)
{
	uint32_t row[MAX_WORD + 1];
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

static const struct cgn_key *
nearest_child(enum cgn_schema schema, const struct cgn_key *parent, const char *word)
{
	const struct cgn_key *key = NULL, *nearest = NULL;
	uint32_t limit = (uint32_t)strlen(word) / 3 + 1; /* a third of it wrong is another word */

	while ((key = cgn_key_child(schema, parent, key)) != NULL) {
		uint32_t d = distance(word, cgn_key_name(key));

		if (d <= limit) {
			nearest = key;
			limit = d > 0 ? d - 1 : 0;
		}
	}
	return nearest;
}

/* The same name elsewhere, in either kind of file. */
static const struct cgn_key *
find_elsewhere(enum cgn_schema schema, const char *word)
{
	const struct cgn_key *other = NULL;

	for (uint32_t i = 0; i < cgn_n_keys; i++) {
		if (strcmp(cgn_key_name(&cgn_keys[i]), word) != 0)
			continue;
		if (cgn_keys[i].schema == schema)
			return &cgn_keys[i];
		if (other == NULL)
			other = &cgn_keys[i];
	}
	return other;
}

static void
list_children(enum cgn_schema schema, const struct cgn_key *parent, char *buf, size_t size)
{
	const struct cgn_key *key = NULL;
	size_t n = (size_t)snprintf(buf, size, "keys here are");

	while ((key = cgn_key_child(schema, parent, key)) != NULL && n < size)
		n += (size_t)snprintf(buf + n, size - n, " %s", cgn_key_name(key));
}

const char *
cgn_key_suggest(enum cgn_schema schema, const struct cgn_key *parent, const char *word, char *buf,
	size_t size)
{
	bool is_short = strlen(word) <= MAX_WORD;
	const struct cgn_key *nearest = is_short ? nearest_child(schema, parent, word) : NULL;
	const struct cgn_key *elsewhere = is_short ? find_elsewhere(schema, word) : NULL;

	if (elsewhere != NULL)
		snprintf(buf, size, "it belongs at %s%s", elsewhere->path,
			elsewhere->schema == schema        ? ""
				: schema == CGN_SCHEMA_BOX ? " of a tenant file"
							   : " of the appliance file");
	else if (nearest != NULL)
		snprintf(buf, size, "did you mean %s?", cgn_key_name(nearest));
	else
		list_children(schema, parent, buf, size);
	return buf;
}
