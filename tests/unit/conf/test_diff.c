/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/conf/diff: pairs of configurations with the differences they must give
 * (tests/conf/diff.NAME/{old,new}/cgnat.yaml, expect.txt), and what becomes of them as JSON.
 */
#include "diff.h"

#include "corpus.h"
#include "err.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

static struct corpus_case cases[CORPUS_MAX];

struct pair {
	struct cgn_conf *old, *new;
};

static struct cgn_conf *
load(const struct corpus_case *c, const char *side)
{
	struct cgn_conf_errors errors;
	struct cgn_conf *conf;
	char path[CORPUS_PATH_LEN], text[2048];

	snprintf(path, sizeof(path), "%s/tests/conf/%s/%s/cgnat.yaml", CGN_SOURCE_DIR, c->name,
		side);
	conf = cgn_conf_load(path, &errors);
	for (uint32_t i = 0; i < errors.n_errors; i++)
		cr_log_error("%s", cgn_conf_error_str(&errors, i, text, sizeof(text)));
	cr_assert_not_null(conf, "%s", path);
	cgn_conf_errors_free(&errors);
	return conf;
}

static struct pair
load_pair(const struct corpus_case *c)
{
	return (struct pair){load(c, "old"), load(c, "new")};
}

static void
pair_free(struct pair *pair)
{
	cgn_conf_free(pair->old);
	cgn_conf_free(pair->new);
}

static char *
print(const struct cgn_diff *diff)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	cgn_diff_print(out, diff);
	fclose(out);
	return text;
}

static char *
read_expected(const struct corpus_case *c)
{
	char path[CORPUS_PATH_LEN], *text = calloc(1, 65536);
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/conf/%s/expect.txt", CGN_SOURCE_DIR, c->name);
	file = fopen(path, "r");
	cr_assert(file != NULL && text != NULL, "%s is missing", path);
	cr_assert_gt(fread(text, 1, 65535, file), 0);
	fclose(file);
	return text;
}

ParameterizedTestParameters(diff, pair_gives_exactly_the_lines_it_expects)
{
	return cr_make_param_array(struct corpus_case, cases, corpus_list("diff.", cases));
}

ParameterizedTest(struct corpus_case *c, diff, pair_gives_exactly_the_lines_it_expects)
{
	struct pair pair = load_pair(c);
	char *expected = read_expected(c), *text;
	struct cgn_diff diff;

	cr_assert_eq(cgn_conf_diff(pair.old, pair.new, &diff), 0);
	pair_free(&pair); /* the differences hold nothing of them */
	text = print(&diff);
	cr_expect_str_eq(text, expected, "%s", c->name);
	cgn_diff_fini(&diff);
	free(text);
	free(expected);
}

/* Whether the difference there and that back are each other's mirror. */
static bool
is_mirror(const struct cgn_diff_item *a, const struct cgn_diff_item *b)
{
	static const enum cgn_change back[] = {
		[CGN_CHANGE_ADDED] = CGN_CHANGE_REMOVED,
		[CGN_CHANGE_REMOVED] = CGN_CHANGE_ADDED,
		[CGN_CHANGE_CHANGED] = CGN_CHANGE_CHANGED,
	};

	return b->change == back[a->change] && strcmp(a->path, b->path) == 0 &&
		memcmp(&a->old_place, &b->new_place, sizeof(a->old_place)) == 0 &&
		memcmp(&a->new_place, &b->old_place, sizeof(a->new_place)) == 0 &&
		(a->old_text == NULL || strcmp(a->old_text, b->new_text) == 0) &&
		(a->new_text == NULL || strcmp(a->new_text, b->old_text) == 0);
}

ParameterizedTestParameters(diff, the_way_back_is_the_mirror_of_the_way_there)
{
	return cr_make_param_array(struct corpus_case, cases, corpus_list("diff.", cases));
}

ParameterizedTest(struct corpus_case *c, diff, the_way_back_is_the_mirror_of_the_way_there)
{
	struct pair pair = load_pair(c);
	struct cgn_diff there, back;

	cr_assert_eq(cgn_conf_diff(pair.old, pair.new, &there), 0);
	cr_assert_eq(cgn_conf_diff(pair.new, pair.old, &back), 0);
	cr_expect_eq(there.n_items, back.n_items, "%s", c->name);
	for (uint32_t i = 0; i < there.n_items; i++) {
		uint32_t n = 0;

		for (uint32_t k = 0; k < back.n_items; k++)
			n += is_mirror(&there.items[i], &back.items[k]);
		cr_expect_geq(n, 1, "%s: %s", c->name, there.items[i].path);
	}
	cgn_diff_fini(&there);
	cgn_diff_fini(&back);
	pair_free(&pair);
}

static const char *
member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

/* The text form made of the JSON form: both say the same in the same order. */
static char *
print_json(const json_t *json)
{
	json_t *array = json_object_get(json, "differences"), *object;
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	cr_assert(out != NULL && json_is_array(array));
	json_array_foreach(array, i, object)
	{
		const char *effect = member(object, "effect");

		fprintf(out, "%-7s  %-7s  %s: %s%s%s", member(object, "reload"),
			member(object, "change"), member(object, "path"), member(object, "old"),
			strcmp(member(object, "change"), "changed") == 0 ? " -> " : "",
			member(object, "new"));
		fprintf(out, *effect != '\0' ? " (%s)\n" : "%s\n", effect);
	}
	fprintf(out, "%lld live, %lld drain, %lld restart: %s\n",
		json_integer_value(json_object_get(json, "live")),
		json_integer_value(json_object_get(json, "drain")),
		json_integer_value(json_object_get(json, "restart")), member(json, "advice"));
	fclose(out);
	return text;
}

ParameterizedTestParameters(diff, json_says_what_the_text_says)
{
	return cr_make_param_array(struct corpus_case, cases, corpus_list("diff.", cases));
}

ParameterizedTest(struct corpus_case *c, diff, json_says_what_the_text_says)
{
	struct pair pair = load_pair(c);
	char *expected = read_expected(c), *text;
	struct cgn_diff diff;
	json_t *json;

	cr_assert_eq(cgn_conf_diff(pair.old, pair.new, &diff), 0);
	json = cgn_diff_json(&diff);
	cr_assert_not_null(json);
	text = print_json(json);
	cr_expect_str_eq(text, expected, "%s", c->name);
	json_decref(json);
	cgn_diff_fini(&diff);
	pair_free(&pair);
	free(text);
	free(expected);
}

static const struct cgn_diff_item *
find(const struct cgn_diff *diff, const char *path, enum cgn_change change)
{
	for (uint32_t i = 0; i < diff->n_items; i++)
		if (diff->items[i].change == change && strcmp(diff->items[i].path, path) == 0)
			return &diff->items[i];
	cr_assert_fail("no %s", path);
	return NULL;
}

Test(diff, places_lead_to_the_item_in_each_configuration)
{
	const struct corpus_case c = {.name = "diff.attachments"};
	struct pair pair = load_pair(&c);
	const struct cgn_diff_item *item;
	struct cgn_diff diff;

	cr_assert_eq(cgn_conf_diff(pair.old, pair.new, &diff), 0);
	item = find(&diff, "tenants.a.attachments[access:12].subscribers[10.0.0.0/24].via",
		CGN_CHANGE_CHANGED);
	cr_expect_eq(item->old_place.tenant, 0);
	cr_expect_eq(item->old_place.index[0], 2);
	cr_expect_eq(item->old_place.index[1], 2);
	cr_expect_eq(item->new_place.index[0], 1);
	cr_expect_eq(item->new_place.index[1], 2);
	item = find(&diff, "tenants.a.attachments[access:11]", CGN_CHANGE_REMOVED);
	cr_expect_eq(item->old_place.index[0], 1);
	cr_expect_eq(item->old_place.index[1], CGN_NONE);
	cr_expect_eq(item->new_place.tenant, 0);
	cr_expect_eq(item->new_place.index[0], CGN_NONE);
	cgn_diff_fini(&diff);
	pair_free(&pair);
}
