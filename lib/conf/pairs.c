/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairing by sorting both lists. Called by diff.c. */
#include "pairs.h"

#include "err.h"
#include "schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
cgn_identities_init(struct cgn_identities *ids, uint32_t n)
{
	ids->n = n;
	ids->ids = calloc(n + 1, sizeof(*ids->ids));
	return ids->ids != NULL ? 0 : -ENOMEM;
}

void
cgn_identities_fini(struct cgn_identities *ids)
{
	free(ids->ids);
	memset(ids, 0, sizeof(*ids));
}

static int
compare_identities(const void *a, const void *b)
{
	struct cgn_identity *const *x = a, *const *y = b;
	int by_text = strcmp((*x)->text, (*y)->text);

	if (by_text != 0)
		return by_text;
	return *x < *y ? -1 : 1; /* of one array, in its order */
}

static struct cgn_identity **
sort(struct cgn_identities *ids)
{
	struct cgn_identity **sorted = calloc(ids->n + 1, sizeof(struct cgn_identity *));

	for (uint32_t i = 0; sorted != NULL && i < ids->n; i++) {
		sorted[i] = &ids->ids[i];
		sorted[i]->peer = CGN_NONE;
	}
	if (sorted != NULL && ids->n > 1)
		qsort(sorted, ids->n, sizeof(struct cgn_identity *), compare_identities);
	return sorted;
}

int
cgn_identities_pair(struct cgn_identities *old, struct cgn_identities *new)
{
	struct cgn_identity **olds = sort(old), **news = sort(new);
	int rc = olds != NULL && news != NULL ? 0 : -ENOMEM;

	for (uint32_t i = 0, k = 0; rc == 0 && i < old->n && k < new->n;) {
		int order = strcmp(olds[i]->text, news[k]->text);

		if (order == 0) {
			olds[i]->peer = (uint32_t)(news[k] - new->ids);
			news[k]->peer = (uint32_t)(olds[i] - old->ids);
		}
		i += order <= 0;
		k += order >= 0;
	}
	free(olds);
	free(news);
	return rc;
}

static uint32_t
skip_unpaired(const struct cgn_identities *ids, uint32_t i)
{
	while (i < ids->n && ids->ids[i].peer == CGN_NONE)
		i++;
	return i;
}

bool
cgn_identities_in_order(const struct cgn_identities *old, const struct cgn_identities *new,
	uint32_t *first_old, uint32_t *first_new)
{
	uint32_t i = skip_unpaired(old, 0), k = skip_unpaired(new, 0);

	while (i < old->n && k < new->n) {
		if (old->ids[i].peer != k) {
			*first_old = i;
			*first_new = k;
			return false;
		}
		i = skip_unpaired(old, i + 1);
		k = skip_unpaired(new, k + 1);
	}
	return true;
}

bool
cgn_key_is_plain(const struct cgn_key *key)
{
	return key->type != CGN_KEY_PORT && key->type != CGN_KEY_FILE &&
		key->type != CGN_KEY_VLAN && key->type != CGN_KEY_OUTER_VLAN &&
		key->type != CGN_KEY_TPID && key->type != CGN_KEY_LIST;
}

static bool
lists_are_same(const struct cgn_key *list, const void *a, const void *b)
{
	const char *x = cgn_key_items(list, a), *y = cgn_key_items(list, b);
	uint32_t n = cgn_key_count(list, a);

	if (cgn_key_count(list, b) != n)
		return false;
	for (uint32_t i = 0; i < n; i++, x += list->list.item_size, y += list->list.item_size)
		if (!cgn_items_are_same(list, x, y))
			return false;
	return true;
}

bool
cgn_items_are_same(const struct cgn_key *parent, const void *a, const void *b)
{
	const struct cgn_key *key = NULL;

	while ((key = cgn_key_child(parent->schema, parent, key)) != NULL) {
		bool is_same = key->type == CGN_KEY_MAP ? cgn_items_are_same(key, a, b)
			: key->type == CGN_KEY_LIST     ? lists_are_same(key, a, b)
							: cgn_key_is_plain(key) &&
				memcmp((const char *)a + key->offset, (const char *)b + key->offset,
					key->size) == 0;

		if (!is_same)
			return false;
	}
	return true;
}
