/* SPDX-License-Identifier: BSD-3-Clause */
/* Help for mistyped keys, by edit distance. Called by decode.c. */
#include "suggest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

static const struct cgn_key *
nearest_child(enum cgn_schema schema, const struct cgn_key *parent, const char *word)
{
	const struct cgn_key *key = NULL, *nearest = NULL;
	struct cgn_nearest search;

	cgn_nearest_init(&search, word);
	while ((key = cgn_key_child(schema, parent, key)) != NULL)
		if (cgn_nearest_try(&search, cgn_key_name(key)))
			nearest = key;
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
	const struct cgn_key *nearest = nearest_child(schema, parent, word);
	const struct cgn_key *elsewhere = find_elsewhere(schema, word);

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

const char *
cgn_name_nearest(const char *word, const char *names, size_t every, size_t n)
{
	const char *nearest = NULL;
	struct cgn_nearest search;

	cgn_nearest_init(&search, word);
	for (size_t i = 0; i < n; i++)
		if (cgn_nearest_try(&search, names + i * every))
			nearest = names + i * every;
	return nearest;
}
