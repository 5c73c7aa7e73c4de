/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walks keys.def over two configurations at once. Called by cgnatctl diff, on its only thread, and
 * by reload.
 */
#include "diff.h"

#include "err.h"
#include "pairs.h"
#include "render.h"
#include "scalar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATH_LEN = 256,  /* the longest is that of a subscriber prefix, below 180 */
	LIST_ITEMS = 8,  /* shown of a list inside an item that comes or goes */
	BULK_SHOWN = 16, /* differences of one kind in a list of very many items */
};

enum { OLD, NEW, N_SIDES };

/* One of the configurations, what is compared of it at the moment, and that as text. */
struct side {
	const struct cgn_conf *conf;
	struct cgn_diff_place place;
	FILE *out; /* writes text from its beginning again and again */
	char *text;
	size_t len;
	bool has_failed; /* no memory for text */
};

struct walk {
	struct cgn_diff *diff;
	struct side sides[N_SIDES];
	enum cgn_schema schema;
	char path[PATH_LEN];
	uint32_t depth;   /* of lists */
	uint32_t *n_bulk; /* in a list of very many items: its differences by enum cgn_change */
	uint32_t n_alloc;
	bool out_of_memory;
};

static void diff_keys(struct walk *w, const struct cgn_key *parent, const void *const *bases);

static bool
open_sides(struct walk *w)
{
	for (int s = 0; s < N_SIDES; s++) {
		struct side *side = &w->sides[s];

		side->place = (struct cgn_diff_place){CGN_NONE, {CGN_NONE, CGN_NONE}};
		side->out = open_memstream(&side->text, &side->len);
		if (side->out == NULL)
			return false;
	}
	return true;
}

static bool
close_sides(struct walk *w)
{
	bool is_good = true;

	for (int s = 0; s < N_SIDES; s++) {
		struct side *side = &w->sides[s];

		is_good = side->out != NULL && fclose(side->out) == 0 && !side->has_failed &&
			is_good;
		free(side->text);
	}
	return is_good;
}

int
cgn_conf_diff(const struct cgn_conf *old, const struct cgn_conf *new, struct cgn_diff *diff)
{
	struct walk w = {.diff = diff, .sides = {{.conf = old}, {.conf = new}}};

	const void *bases[] = {old, new};

	memset(diff, 0, sizeof(*diff));
	if (open_sides(&w))
		diff_keys(&w, NULL, bases);
	else
		w.out_of_memory = true;
	if (!close_sides(&w))
		w.out_of_memory = true;
	return w.out_of_memory ? -ENOMEM : 0;
}

void
cgn_diff_fini(struct cgn_diff *diff)
{
	for (uint32_t i = 0; i < diff->n_items; i++) {
		free(diff->items[i].path);
		free(diff->items[i].old_text);
		free(diff->items[i].new_text);
	}
	free(diff->items);
	memset(diff, 0, sizeof(*diff));
}

static FILE *
start_text(struct side *side)
{
	if (fseek(side->out, 0, SEEK_SET) != 0)
		side->has_failed = true;
	return side->out;
}

/* What was written since start_text, until the next one. */
static const char *
finish_text(struct side *side)
{
	fputc('\0', side->out);
	if (fflush(side->out) != 0 || ferror(side->out) != 0)
		side->has_failed = true;
	return side->has_failed ? "" : side->text;
}

/* Tenants are a list in the appliance file, of files; every other list has items with a place. */
static bool
is_tenants(const struct cgn_key *list)
{
	return list->list.pos_offset == CGN_NONE;
}

static const struct cgn_key *
child_of(const struct cgn_key *list)
{
	return cgn_key_child(list->schema, list, NULL);
}

static const char *
value_text(struct side *side, const struct cgn_key *key, const void *field)
{
	FILE *out = start_text(side);

	if (key->type == CGN_KEY_LIST) /* an array is a value: of CPUs */
		cgn_render_list(out, side->conf, key, field, (uint32_t)key->max);
	else
		cgn_render_value(out, side->conf, key, field);
	return finish_text(side);
}

static const char *
item_text(struct side *side, const struct cgn_key *list, const void *item)
{
	FILE *out = start_text(side);

	if (is_tenants(list))
		cgn_render_value(out, side->conf, child_of(list), item);
	else
		cgn_render_item(out, side->conf, list, item, LIST_ITEMS);
	return finish_text(side);
}

static struct cgn_diff_item *
take_item(struct walk *w)
{
	struct cgn_diff *diff = w->diff;

	if (diff->n_items == w->n_alloc) {
		uint32_t n = w->n_alloc != 0 ? w->n_alloc * 2 : 16;
		struct cgn_diff_item *bigger = realloc(diff->items, n * sizeof(*bigger));

		if (bigger == NULL) {
			w->out_of_memory = true;
			return NULL;
		}
		diff->items = bigger;
		w->n_alloc = n;
	}
	return &diff->items[diff->n_items++];
}

/*
 * Adds a difference at the present path, unless it is one of too many. Its texts are copied; NULL:
 * not there on this side.
 */
static struct cgn_diff_item *
add(struct walk *w, const struct cgn_key *key, const char *old_text, const char *new_text)
{
	enum cgn_change change = old_text == NULL ? CGN_CHANGE_ADDED
		: new_text == NULL                ? CGN_CHANGE_REMOVED
						  : CGN_CHANGE_CHANGED;
	struct cgn_diff_item *item;

	if (w->n_bulk != NULL && ++w->n_bulk[change] > BULK_SHOWN)
		return NULL;
	item = take_item(w);
	if (item == NULL)
		return NULL;
	*item = (struct cgn_diff_item){
		.key = key,
		.change = change,
		.path = strdup(w->path),
		.old_text = old_text != NULL ? strdup(old_text) : NULL,
		.new_text = new_text != NULL ? strdup(new_text) : NULL,
		.old_place = w->sides[OLD].place,
		.new_place = w->sides[NEW].place,
	};
	item->reload = key->reload[item->change];
	item->effect = key->effect[item->change];
	w->diff->n_by_reload[item->reload]++;
	if (item->path == NULL || (old_text != NULL && item->old_text == NULL) ||
		(new_text != NULL && item->new_text == NULL))
		w->out_of_memory = true;
	return item;
}

/* Goes down to "(before)name(behind)"; returns the length to go back to. */
static size_t
enter(struct walk *w, const char *before, const char *name, const char *behind)
{
	size_t n = strlen(w->path);

	snprintf(w->path + n, sizeof(w->path) - n, "%s%s%s", before, name, behind);
	return n;
}

static bool
is_present(const struct cgn_key *key, const void *field)
{
	return key->presence != CGN_PRESENCE_OPTIONAL || cgn_scalar_is_present(key, field);
}

/* fields: of a scalar the fields, of an array the structs that it is in. */
static void
diff_value(struct walk *w, const struct cgn_key *key, const void *const *fields)
{
	const char *texts[N_SIDES] = {NULL, NULL};

	if (cgn_key_is_plain(key) && memcmp(fields[OLD], fields[NEW], key->size) == 0)
		return;
	for (int s = 0; s < N_SIDES; s++)
		if (is_present(key, fields[s]))
			texts[s] = value_text(&w->sides[s], key, fields[s]);
	if (texts[OLD] == NULL && texts[NEW] == NULL)
		return;
	if (texts[OLD] == NULL || texts[NEW] == NULL || strcmp(texts[OLD], texts[NEW]) != 0)
		add(w, key, texts[OLD], texts[NEW]);
}

/* What names an item: its value, or those of its values that are part of the name. Of two tags the
 * outer one comes first, as on the wire; in keys.def it stands behind the other. */
static void
identify(struct side *side, const struct cgn_key *list, const char *item, char *text)
{
	const struct cgn_key *key = NULL;
	size_t last = 0; /* where the part before begins */

	while ((key = cgn_key_child(list->schema, list, key)) != NULL) {
		const void *field = item + key->offset;
		char inner[CGN_IDENTITY_LEN] = "";
		const char *value;

		if (!key->is_identity || !is_present(key, field))
			continue;
		value = value_text(side, key, field);
		if (key->type == CGN_KEY_OUTER_VLAN)
			snprintf(inner, sizeof(inner), "%s", text + last);
		else
			last = strlen(text);
		snprintf(text + last, CGN_IDENTITY_LEN - last, "%s%s%s", last > 0 ? ":" : "", value,
			inner);
	}
}

/* A list on both sides. Tenants are items too, named by the tenant, with their file as value. */
struct lists {
	const struct cgn_key *key;
	const char *items[N_SIDES];
	struct cgn_identities ids[N_SIDES];
};

static const char *
item_at(const struct lists *lists, int side, uint32_t i)
{
	return lists->items[side] + (size_t)i * lists->key->list.item_size;
}

/* The names of up to four items from the first one that stands elsewhere. */
static const char *
order_text(struct side *side, const struct cgn_identities *ids, uint32_t first)
{
	FILE *out = start_text(side);
	const char *comma = "";
	uint32_t n = 0;

	fputs(first > 0 ? "[..., " : "[", out);
	for (uint32_t i = first; i < ids->n; i++) {
		if (ids->ids[i].peer == CGN_NONE)
			continue;
		if (n++ == 4) {
			fputs(", ...", out);
			break;
		}
		fprintf(out, "%s%s", comma, ids->ids[i].text);
		comma = ", ";
	}
	fputc(']', out);
	return finish_text(side);
}

static void
diff_order(struct walk *w, const struct lists *lists)
{
	uint32_t first[N_SIDES];
	struct cgn_diff_item *item;

	if (cgn_identities_in_order(&lists->ids[OLD], &lists->ids[NEW], &first[OLD], &first[NEW]))
		return;
	item = add(w, lists->key, order_text(&w->sides[OLD], &lists->ids[OLD], first[OLD]),
		order_text(&w->sides[NEW], &lists->ids[NEW], first[NEW]));
	if (item == NULL)
		return;
	item->is_order = true;
	if (item->effect == NULL && item->reload == CGN_RELOAD_LIVE)
		item->effect = "the same in another order";
}

/* Where the walk is now in the lists of both sides; CGN_NONE: the item is not there. */
static void
place(struct walk *w, const struct lists *lists, uint32_t old, uint32_t new)
{
	const uint32_t index[N_SIDES] = {old, new};

	for (int s = 0; s < N_SIDES; s++) {
		if (is_tenants(lists->key))
			w->sides[s].place.tenant = index[s];
		else
			w->sides[s].place.index[w->depth] = index[s];
	}
}

static void
diff_tenant(struct walk *w, const struct lists *lists, uint32_t old, uint32_t new)
{
	const void *files[] = {item_at(lists, OLD, old), item_at(lists, NEW, new)};
	const void *tenants[] = {
		&w->sides[OLD].conf->tenants[old], &w->sides[NEW].conf->tenants[new]};

	diff_value(w, child_of(lists->key), files);
	w->schema = CGN_SCHEMA_TENANT;
	diff_keys(w, NULL, tenants);
	w->schema = CGN_SCHEMA_BOX;
}

static void
diff_pair(struct walk *w, const struct lists *lists, uint32_t old, uint32_t new)
{
	const void *items[] = {item_at(lists, OLD, old), item_at(lists, NEW, new)};

	if (is_tenants(lists->key)) {
		diff_tenant(w, lists, old, new);
		return;
	}
	if (lists->key->list.is_bulk && cgn_items_are_same(lists->key, items[OLD], items[NEW]))
		return;
	w->depth++;
	if (!cgn_key_is_item(child_of(lists->key)))
		diff_keys(w, lists->key, items);
	w->depth--;
}

static void
diff_items(struct walk *w, const struct lists *lists)
{
	const char *before = is_tenants(lists->key) ? "." : "[";
	const char *behind = is_tenants(lists->key) ? "" : "]";
	const struct cgn_identities *olds = &lists->ids[OLD], *news = &lists->ids[NEW];

	for (uint32_t i = 0; i < olds->n; i++) {
		size_t n = enter(w, before, olds->ids[i].text, behind);

		place(w, lists, i, CGN_NONE);
		if (olds->ids[i].peer == CGN_NONE)
			add(w, lists->key,
				item_text(&w->sides[OLD], lists->key, item_at(lists, OLD, i)),
				NULL);
		w->path[n] = '\0';
	}
	for (uint32_t k = 0; k < news->n; k++) {
		size_t n = enter(w, before, news->ids[k].text, behind);

		place(w, lists, news->ids[k].peer, k);
		if (news->ids[k].peer != CGN_NONE)
			diff_pair(w, lists, news->ids[k].peer, k);
		else
			add(w, lists->key, NULL,
				item_text(&w->sides[NEW], lists->key, item_at(lists, NEW, k)));
		w->path[n] = '\0';
	}
	place(w, lists, CGN_NONE, CGN_NONE);
}

/* The items of one side and their names. */
static int
take_side(struct walk *w, struct lists *lists, int s, const void *base)
{
	const struct cgn_key *list = lists->key;
	struct side *side = &w->sides[s];
	uint32_t n = is_tenants(list) ? side->conf->n_tenants : cgn_key_count(list, base);

	lists->items[s] = cgn_key_items(list, base);
	if (is_tenants(list)) /* the first file is the appliance's own */
		lists->items[s] += list->list.item_size;
	if (cgn_identities_init(&lists->ids[s], n) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		char *text = lists->ids[s].ids[i].text;

		if (is_tenants(list))
			snprintf(text, CGN_IDENTITY_LEN, "%s", side->conf->tenants[i].name);
		else
			identify(side, list, item_at(lists, s, i), text);
	}
	return 0;
}

/* The differences that are not shown, each kind as one. */
static void
add_rest(struct walk *w, const struct cgn_key *list, const uint32_t *n)
{
	char text[32];

	for (int change = 0; change < CGN_N_CHANGES; change++) {
		if (n[change] <= BULK_SHOWN)
			continue;
		snprintf(text, sizeof(text), "%u more", n[change] - BULK_SHOWN);
		add(w, list, change == CGN_CHANGE_ADDED ? NULL : text,
			change == CGN_CHANGE_REMOVED ? NULL : text);
	}
}

static void
diff_list(struct walk *w, const struct cgn_key *list, const void *const *bases)
{
	struct lists lists = {.key = list};

	if (take_side(w, &lists, OLD, bases[OLD]) < 0 ||
		take_side(w, &lists, NEW, bases[NEW]) < 0 ||
		cgn_identities_pair(&lists.ids[OLD], &lists.ids[NEW]) < 0) {
		w->out_of_memory = true;
	} else {
		uint32_t n_bulk[CGN_N_CHANGES] = {0};

		if (list->list.is_bulk)
			w->n_bulk = n_bulk;
		diff_items(w, &lists);
		if (list->list.is_bulk) {
			w->n_bulk = NULL;
			add_rest(w, list, n_bulk);
		}
		diff_order(w, &lists);
	}
	cgn_identities_fini(&lists.ids[OLD]);
	cgn_identities_fini(&lists.ids[NEW]);
}

/* Keys of the box stand under "box", beside "tenants". */
static const char *
separator(const struct walk *w, const struct cgn_key *key)
{
	if (w->path[0] != '\0')
		return ".";
	return key->type == CGN_KEY_LIST && !key->list.in_place && is_tenants(key) ? "" : "box.";
}

static void
diff_keys(struct walk *w, const struct cgn_key *parent, const void *const *bases)
{
	const struct cgn_key *key = NULL;

	while ((key = cgn_key_child(w->schema, parent, key)) != NULL) {
		const void *fields[] = {(const char *)bases[OLD] + key->offset,
			(const char *)bases[NEW] + key->offset};
		size_t n = enter(w, separator(w, key), cgn_key_name(key), "");

		if (key->type == CGN_KEY_MAP)
			diff_keys(w, key, bases);
		else if (key->type == CGN_KEY_LIST && key->list.in_place)
			diff_value(w, key, bases);
		else if (key->type == CGN_KEY_LIST)
			diff_list(w, key, bases);
		else
			diff_value(w, key, fields);
		w->path[n] = '\0';
	}
}
