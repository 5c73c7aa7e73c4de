/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/conf/diff: the input is two texts with a line "=====" between them, taken as
 * two appliance files beside good tenants' files, and as two tenants' files beside a good
 * appliance file. Of what loads: nothing differs from itself, two differ exactly if they render
 * differently, and the way back has as many differences as the way there.
 */
#include "diff.h"

#include "fuzz.h"
#include "load.h"
#include "render.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char good_box[] = "cores: {workers: [0], control: 1}\n"
			       "ports:\n"
			       "  - {name: access, device: net_null0, role: inside}\n"
			       "  - {name: wan, device: net_null1, role: outside}\n"
			       "uplinks: [{port: wan, address: 198.51.100.2/24}]\n"
			       "tenants: [a.yaml]\n";

static const char good_a[] = "tenant: a\n"
			     "attachments:\n"
			     "  - port: access\n"
			     "    address: 100.64.0.1/16\n"
			     "    subscribers: [{prefix: 100.64.0.0/16}]\n"
			     "pool: [203.0.113.16/28]\n";

static const char good_b[] = "tenant: b\n"
			     "attachments:\n"
			     "  - port: access\n"
			     "    vlan: 102\n"
			     "    address: 100.64.0.1/16\n"
			     "    subscribers: [{prefix: 100.64.0.0/16}]\n"
			     "pool: [203.0.113.32/28]\n";

static const char separator[] = "\n=====\n";

struct text {
	const char *at;
	size_t len;
};

static struct cgn_conf *
load(struct text box, struct text a)
{
	struct cgn_conf_source sources[] = {
		{"box.yaml", box.at, box.len},
		{"a.yaml", a.at, a.len},
		{"b.yaml", good_b, sizeof(good_b) - 1},
	};
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_conf_load_mem(sources, 3, &errors);

	cgn_conf_errors_free(&errors);
	return conf;
}

static char *
render(const struct cgn_conf *conf)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	CHECK(out != NULL);
	cgn_render_conf(out, conf);
	CHECK(fclose(out) == 0);
	return text;
}

static void
check_forms(const struct cgn_diff *diff)
{
	char *text = NULL;
	size_t len, n_lines = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *json = cgn_diff_json(diff);

	CHECK(out != NULL && json != NULL);
	cgn_diff_print(out, diff);
	CHECK(fclose(out) == 0);
	for (const char *p = text; *p != '\0'; p++)
		n_lines += *p == '\n';
	CHECK(n_lines == diff->n_items + 1);
	CHECK(json_array_size(json_object_get(json, "differences")) == diff->n_items);
	json_decref(json);
	free(text);
}

/* Returns the number of differences. */
static uint32_t
check_one_way(const struct cgn_conf *old, const struct cgn_conf *new)
{
	struct cgn_diff diff;
	uint32_t n, n_classes = 0;

	CHECK(cgn_conf_diff(old, new, &diff) == 0);
	n = diff.n_items;
	for (int r = 0; r < CGN_N_RELOADS; r++)
		n_classes += diff.n_by_reload[r];
	CHECK(n_classes == n);
	for (uint32_t i = 0; i < n; i++) {
		const struct cgn_diff_item *item = &diff.items[i];

		CHECK((item->old_text == NULL) == (item->change == CGN_CHANGE_ADDED));
		CHECK((item->new_text == NULL) == (item->change == CGN_CHANGE_REMOVED));
		CHECK(item->change != CGN_CHANGE_CHANGED ||
			strcmp(item->old_text, item->new_text) != 0);
		CHECK(item->reload != CGN_RELOAD_DRAIN || item->effect != NULL);
	}
	check_forms(&diff);
	cgn_diff_fini(&diff);
	return n;
}

static void
check(struct cgn_conf *a, struct cgn_conf *b)
{
	if (a != NULL)
		CHECK(check_one_way(a, a) == 0);
	if (a != NULL && b != NULL) {
		char *text_a = render(a), *text_b = render(b);
		uint32_t n = check_one_way(a, b);

		CHECK((n == 0) == (strcmp(text_a, text_b) == 0));
		CHECK(check_one_way(b, a) == n);
		free(text_a);
		free(text_b);
	}
	cgn_conf_free(a);
	cgn_conf_free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *end = size > 0 ? memmem(data, size, separator, sizeof(separator) - 1) : NULL;
	const struct text box = {good_box, sizeof(good_box) - 1}, a = {good_a, sizeof(good_a) - 1};
	struct text first, second;

	if (end == NULL)
		return 0;
	first = (struct text){(const char *)data, (size_t)(end - (const char *)data) + 1};
	second.at = end + sizeof(separator) - 1;
	second.len = size - (size_t)(second.at - (const char *)data);
	check(load(first, a), load(second, a));
	check(load(box, first), load(box, second));
	return 0;
}
