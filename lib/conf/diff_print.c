/* SPDX-License-Identifier: BSD-3-Clause */
/* Differences for people and for programs. Called by cgnatctl diff and by reload. */
#include "diff.h"

#include "err.h"

const struct cgn_diff_item *
cgn_diff_next(
	const struct cgn_diff *diff, enum cgn_reload reload, const struct cgn_diff_item *after)
{
	const struct cgn_diff_item *item = after != NULL ? after + 1 : diff->items;

	for (; item != NULL && item < diff->items + diff->n_items; item++)
		if (item->reload == reload)
			return item;
	return NULL;
}

const char *
cgn_diff_advice(const struct cgn_diff *diff)
{
	if (diff->n_by_reload[CGN_RELOAD_RESTART] > 0)
		return "a reload would refuse all of it; restart the daemon, or undo what says "
		       "restart";
	if (diff->n_by_reload[CGN_RELOAD_DRAIN] > 0)
		return "a reload can apply it; what says drain ends or moves on as said there";
	if (diff->n_items > 0)
		return "a reload can apply it, and nothing is lost";
	return "nothing to do";
}

static void
print_item(FILE *out, const struct cgn_diff_item *item)
{
	fprintf(out, "%-7s  %-7s  %s: ", cgn_reload_name(item->reload),
		cgn_change_name(item->change), item->path);
	if (item->old_text != NULL)
		fputs(item->old_text, out);
	if (item->change == CGN_CHANGE_CHANGED)
		fputs(" -> ", out);
	if (item->new_text != NULL)
		fputs(item->new_text, out);
	if (item->effect != NULL)
		fprintf(out, " (%s)", item->effect);
	fputc('\n', out);
}

void
cgn_diff_print(FILE *out, const struct cgn_diff *diff)
{
	for (int r = 0; r < CGN_N_RELOADS; r++) {
		const struct cgn_diff_item *item = NULL;

		while ((item = cgn_diff_next(diff, r, item)) != NULL)
			print_item(out, item);
	}
	for (int r = 0; r < CGN_N_RELOADS; r++)
		fprintf(out, "%s%u %s", r > 0 ? ", " : "", diff->n_by_reload[r],
			cgn_reload_name(r));
	fprintf(out, ": %s\n", cgn_diff_advice(diff));
}

/* Sets a member; a text that is not there is left out. */
static bool
set_text(json_t *object, const char *name, const char *text)
{
	return text == NULL || json_object_set_new(object, name, json_string(text)) == 0;
}

static bool
append_item(json_t *array, const struct cgn_diff_item *item)
{
	json_t *object = json_object();
	bool is_good = set_text(object, "path", item->path) &&
		set_text(object, "change", cgn_change_name(item->change)) &&
		set_text(object, "reload", cgn_reload_name(item->reload)) &&
		set_text(object, "old", item->old_text) &&
		set_text(object, "new", item->new_text) && set_text(object, "effect", item->effect);

	/* Takes the object in all cases, and none is an error. */
	return json_array_append_new(array, object) == 0 && is_good;
}

json_t *
cgn_diff_json(const struct cgn_diff *diff)
{
	json_t *top = json_object(), *array = json_array();
	bool is_good = array != NULL;

	for (int r = 0; r < CGN_N_RELOADS; r++) {
		const struct cgn_diff_item *item = NULL;

		while (is_good && (item = cgn_diff_next(diff, r, item)) != NULL)
			is_good = append_item(array, item);
	}
	is_good = json_object_set_new(top, "differences", array) == 0 && is_good;
	for (int r = 0; r < CGN_N_RELOADS; r++)
		is_good = json_object_set_new(top, cgn_reload_name(r),
				  json_integer(diff->n_by_reload[r])) == 0 &&
			is_good;
	if (is_good && set_text(top, "advice", cgn_diff_advice(diff)))
		return top;
	json_decref(top);
	return NULL;
}
