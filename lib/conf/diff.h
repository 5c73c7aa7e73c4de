/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is different between two validated configurations, and what each difference means for a box
 * that runs with the old one. Found by walking keys.def, so that no key is forgotten. Used by
 * cgnatctl diff and by reload.
 *
 * Any thread: both configurations are const and only read, nothing is kept between calls. A
 * struct cgn_diff belongs to whoever made it and holds nothing of the configurations: they may be
 * freed before it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conf.h"
#include "schema.h"

/*
 * Where a difference is in one of the configurations: the tenant's index, and the index in each
 * list on the way. CGN_NONE: a key of the box, no such list, or the value is not there.
 */
struct cgn_diff_place {
	uint32_t tenant;
	uint32_t index[CGN_KEY_MAX_LISTS];
};

struct cgn_diff_item {
	/* Of the value; of an item added or removed, or a list in another order: the list. An added
	 * or removed tenant: the list "tenants"; a tenant whose file has another name: "tenants[]".
	 */
	const struct cgn_key *key;
	enum cgn_change change;
	enum cgn_reload reload;
	bool is_order; /* change is CHANGED: the same items of the list in another order */
	/* "box.cores.control", "tenants.a.quota.subscriber.mappings",
	 * "tenants.a.pool[192.0.2.0/24]". An item stands under what names it: the value itself, or
	 * its values that are is_identity, as in "tenants.a.attachments[access:100:102]", outer tag
	 * first. */
	char *path;
	char *old_text, *new_text; /* as YAML, on one line; NULL: not there */
	const char *effect;        /* what follows, constant; NULL: the class says all */
	struct cgn_diff_place old_place, new_place;
};

/*
 * In the order of keys.def; within a list what was removed, then the rest in the new order. Of a
 * list of very many items (subscribers) the first 16 of each change, and how many more there are:
 * an item with the path of the list and the text "84 more".
 */
struct cgn_diff {
	struct cgn_diff_item *items;
	uint32_t n_items;
	uint32_t n_by_reload[CGN_N_RELOADS];
};

/*
 * Fills diff, which cgn_diff_fini frees in all cases. Values are compared as they are in force: a
 * default and the same value written down are no difference, and the equal share of a quota is.
 * No items exactly if both render the same (render.h). Returns 0, or -ENOMEM and diff is of no use.
 */
int cgn_conf_diff(const struct cgn_conf *old, const struct cgn_conf *new, struct cgn_diff *diff);
void cgn_diff_fini(struct cgn_diff *diff);

/* The next item of a class after the given one (NULL: the first), or NULL. */
const struct cgn_diff_item *cgn_diff_next(
	const struct cgn_diff *diff, enum cgn_reload reload, const struct cgn_diff_item *after);

/* What the operator has to do, a constant sentence without its stop. */
const char *cgn_diff_advice(const struct cgn_diff *diff);

/* A line for each item, live ones first, then drain and restart, and the sum with the advice. Write
 * errors stay with the stream. */
void cgn_diff_print(FILE *out, const struct cgn_diff *diff);

/* The same for programs: {"differences": [{"path", "change", "reload", "old", "new", "effect"}],
 * "live", "drain", "restart", "advice"}; old, new and effect only where there is one. The caller's;
 * NULL: no memory. */
json_t *cgn_diff_json(const struct cgn_diff *diff);
