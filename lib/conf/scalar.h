/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One value: its text in a file, and the field of a struct, by the type and range that keys.def
 * declares. The decoder parses, the renderer prints. Pure; any thread. References to ports are not
 * done here since they need the list of ports.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "err.h"
#include "schema.h"

/* Parses text into the field. plain: the text had no quotes. Returns 0, -ENOMEM, or -EINVAL with
 * "what is wrong; what to do" in err and the field untouched. */
int cgn_scalar_parse(const struct cgn_key *key, const char *text, bool plain, void *field,
	struct cgn_errmsg *err);

/* Whether an optional value is there; others always are. */
bool cgn_scalar_is_present(const struct cgn_key *key, const void *field);

/* Whether anything of a key is there: a list with items, a map with something in it. */
bool cgn_key_is_present(const struct cgn_key *key, const void *base);

/* What an optional value is that is not there, where zero is not it. */
void cgn_scalar_unset(const struct cgn_key *key, void *field);

/* Prints the field as YAML; it must be present. */
void cgn_scalar_print(FILE *out, const struct cgn_key *key, const void *field);

/* Text in double quotes, as YAML wants it. */
void cgn_quoted_print(FILE *out, const char *text);

/* The words of a CHOICE: number i of "poll|sleep" into word; false if there are fewer. */
bool cgn_choice_word(const char *choices, uint32_t i, char *word, size_t size);
