/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items of an old and a new list that are the same item by what names them, wherever they stand.
 * Used by diff.c; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Room for a port's name with two tags, the longest name of an item, and for an outside port. */
enum { CGN_IDENTITY_LEN = 64 };

struct cgn_key;

/*
 * Whether two structs have the same values under all keys below parent. Only for values whose bytes
 * say all: with others the answer is false.
 */
bool cgn_items_are_same(const struct cgn_key *parent, const void *a, const void *b);

/* Values whose bytes say all: no index into something else, no pointer, no part of a view. */
bool cgn_key_is_plain(const struct cgn_key *key);

struct cgn_identity {
	char text[CGN_IDENTITY_LEN];
	uint32_t peer; /* index in the other list, or CGN_NONE */
};

struct cgn_identities {
	struct cgn_identity *ids; /* as many as items, in their order */
	uint32_t n;
};

/* n items without names. Returns 0 or -ENOMEM; fini in both cases. */
int cgn_identities_init(struct cgn_identities *ids, uint32_t n);
void cgn_identities_fini(struct cgn_identities *ids);

/* Sets every peer. Of several items of one name the first ones are a pair, the second ones, and so
 * on. Returns 0 or -ENOMEM. */
int cgn_identities_pair(struct cgn_identities *old, struct cgn_identities *new);

/* Whether the items that have peers stand in the same order on both sides. If not, *first_old and
 * *first_new are the first items at the same place that are no pair. */
bool cgn_identities_in_order(const struct cgn_identities *old, const struct cgn_identities *new,
	uint32_t *first_old, uint32_t *first_new);
