/* SPDX-License-Identifier: BSD-3-Clause */
/* What to say about a word that is no key: the nearest key, or where it belongs. Pure. */
#pragma once

#include <stddef.h>

#include "schema.h"

/* "did you mean …?" for word among the children of parent (NULL: the top) into buf; returns buf. */
const char *cgn_key_suggest(enum cgn_schema schema, const struct cgn_key *parent, const char *word,
	char *buf, size_t size);

/* Which of n names is nearest to word, the names being every so many bytes; NULL: none is near. */
const char *cgn_name_nearest(const char *word, const char *names, size_t every, size_t n);
