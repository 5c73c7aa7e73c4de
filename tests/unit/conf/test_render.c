/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/conf/render*: what is printed reads back the same, and generated files are fresh. */
#include "render.h"

#include "corpus.h"
#include "load.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

enum { MAX_FILES = 8 };

static struct corpus_case cases[CORPUS_MAX];

/* Every file of a configuration, as rendered. */
struct rendered {
	struct cgn_conf_source sources[MAX_FILES];
	char *texts[MAX_FILES];
	uint32_t n;
};

static void
render(const struct cgn_conf *conf, struct rendered *r)
{
	cr_assert_leq(conf->n_files, MAX_FILES);
	r->n = conf->n_files;
	for (uint32_t i = 0; i < r->n; i++) {
		FILE *out = open_memstream(&r->texts[i], &r->sources[i].len);

		cr_assert_not_null(out);
		if (i == 0)
			cgn_render_box(out, conf);
		else
			cgn_render_tenant(out, conf, i - 1);
		fclose(out);
		r->sources[i].name = conf->files[i];
		r->sources[i].text = r->texts[i];
	}
}

static void
rendered_free(struct rendered *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		free(r->texts[i]);
}

static void
expect_round_trip(const char *path)
{
	struct rendered first, second;
	struct cgn_conf_errors errors, errors_again;
	struct cgn_conf *conf = cgn_conf_load(path, &errors), *again;
	char text[1024];

	cr_assert_not_null(conf, "%s", path);
	render(conf, &first);
	again = cgn_conf_load_mem(first.sources, first.n, &errors_again);
	for (uint32_t i = 0; i < errors_again.n_errors; i++)
		cr_log_error("%s", cgn_conf_error_str(&errors_again, i, text, sizeof(text)));
	cr_assert_not_null(again, "%s", path);
	render(again, &second);
	cr_assert_eq(first.n, second.n);
	for (uint32_t i = 0; i < first.n; i++)
		cr_expect_str_eq(first.texts[i], second.texts[i]);
	rendered_free(&first);
	rendered_free(&second);
	cgn_conf_free(conf);
	cgn_conf_free(again);
	cgn_conf_errors_free(&errors);
	cgn_conf_errors_free(&errors_again);
}

ParameterizedTestParameters(render, good_file_reads_back_as_rendered)
{
	return cr_make_param_array(struct corpus_case, cases, corpus_list("good.", cases));
}

ParameterizedTest(struct corpus_case *c, render, good_file_reads_back_as_rendered)
{
	expect_round_trip(c->path);
}

Test(render, files_under_config_read_back_as_rendered)
{
	expect_round_trip(CGN_SOURCE_DIR "/config/example.yaml");
	expect_round_trip(CGN_SOURCE_DIR "/config/minimal.yaml");
	expect_round_trip(CGN_SOURCE_DIR "/config/carrier.yaml");
	expect_round_trip(CGN_SOURCE_DIR "/config/lab/cgnat.yaml");
}

Test(render, values_in_force_are_printed_with_the_resolved_share)
{
	static const char folder[] = CGN_SOURCE_DIR "/tests/conf/good.same-inside-addresses";
	char path[CORPUS_PATH_LEN], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct cgn_conf_errors errors;
	struct cgn_conf *conf;

	snprintf(path, sizeof(path), "%s/cgnat.yaml", folder);
	conf = cgn_conf_load(path, &errors);
	cr_assert(conf != NULL && out != NULL);
	cgn_render_conf(out, conf);
	fclose(out);
	snprintf(path, sizeof(path), "---\n# %s/../tenants/b.yaml\n", folder);
	cr_expect_not_null(strstr(text, path));
	cr_expect_not_null(strstr(text, "    device: \"net_null0\"\n"));
	cr_expect_not_null(strstr(text, "    vlan: 102\n"));
	cr_expect_null(strstr(text, "outer_vlan"));
	cr_expect_not_null(strstr(text, "quota:\n  mappings: 524288\n"));
	cr_expect_not_null(strstr(text, "  - \"../tenants/a.yaml\"\n"));
	free(text);
	cgn_conf_free(conf);
	cgn_conf_errors_free(&errors);
}

/* "key: [item, item]" for every list at the top of a file. */
static void
print_lists(FILE *out, const struct cgn_conf *conf, enum cgn_schema schema, const void *base)
{
	const struct cgn_key *key = NULL;

	while ((key = cgn_key_child(schema, NULL, key)) != NULL) {
		if (key->type != CGN_KEY_LIST || strcmp(key->path, "tenants") == 0)
			continue;
		fprintf(out, "%s: ", key->path);
		cgn_render_list(out, conf, key, base, UINT32_MAX);
		fputc('\n', out);
	}
}

Test(render, lists_on_one_line_read_back)
{
	static const char path[] = CGN_SOURCE_DIR "/tests/conf/good.every-key/cgnat.yaml";
	struct cgn_conf_source sources[2] = {{.name = "box.yaml"}, {.name = "a.yaml"}};
	char *texts[2] = {NULL, NULL};
	struct cgn_conf_errors errors, errors_again;
	struct cgn_conf *conf = cgn_conf_load(path, &errors), *again;
	FILE *box = open_memstream(&texts[0], &sources[0].len);
	FILE *tenant = open_memstream(&texts[1], &sources[1].len);

	cr_assert(conf != NULL && box != NULL && tenant != NULL);
	fputs("cores: {workers: [0], control: 1}\ntenants: [a.yaml]\n", box);
	print_lists(box, conf, CGN_SCHEMA_BOX, conf);
	fputs("tenant: a\n", tenant);
	print_lists(tenant, conf, CGN_SCHEMA_TENANT, &conf->tenants[0]);
	fclose(box);
	fclose(tenant);
	sources[0].text = texts[0];
	sources[1].text = texts[1];
	again = cgn_conf_load_mem(sources, 2, &errors_again);
	cr_assert_not_null(again, "%s%s", texts[0], texts[1]);
	cr_expect_eq(again->n_uplinks, 2);
	cr_expect_eq(memcmp(&again->uplinks[0].tags, &conf->uplinks[0].tags,
			     sizeof(again->uplinks[0].tags)),
		0);
	cr_expect_str_eq(again->ports[2].device, "net_null2");
	cr_expect_eq(again->tenants[0].attachments[0].n_subscribers, 2);
	cr_expect_eq(again->tenants[0].attachments[0].subscribers[0].via,
		conf->tenants[0].attachments[0].subscribers[0].via);
	cr_expect_eq(again->tenants[0].n_statics, 2);
	cr_expect_eq(again->tenants[0].statics[1].protocol, CGN_STATIC_UDP);
	free(texts[0]);
	free(texts[1]);
	cgn_conf_free(again);
	cgn_conf_free(conf);
	cgn_conf_errors_free(&errors);
	cgn_conf_errors_free(&errors_again);
}

static void
expect_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "r");
	char *committed = malloc(len + 2);
	size_t n;

	cr_assert(file != NULL && committed != NULL, "%s is missing; run scripts/gen-docs", path);
	n = fread(committed, 1, len + 1, file);
	cr_expect(n == len && memcmp(committed, text, len) == 0,
		"%s is stale; run scripts/gen-docs", path);
	fclose(file);
	free(committed);
}

Test(render, generated_files_are_what_keys_and_rules_make_of_them)
{
	static const char *const paths[] = {CGN_SOURCE_DIR "/config/example.yaml",
		CGN_SOURCE_DIR "/config/example-tenant.yaml", CGN_SOURCE_DIR "/docs/config.md"};

	for (size_t i = 0; i < 3; i++) {
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		cr_assert_not_null(out);
		if (i == 2)
			cgn_render_reference(out);
		else
			cgn_render_example(out, i == 0 ? CGN_SCHEMA_BOX : CGN_SCHEMA_TENANT);
		fclose(out);
		expect_file(paths[i], text, len);
		free(text);
	}
}

Test(render, example_shows_every_key)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	cgn_render_example(out, CGN_SCHEMA_BOX);
	cgn_render_example(out, CGN_SCHEMA_TENANT);
	fclose(out);
	for (uint32_t i = 0; i < cgn_n_keys; i++) {
		char wanted[64];

		snprintf(wanted, sizeof(wanted), "%s:", cgn_key_name(&cgn_keys[i]));
		cr_expect(cgn_key_is_item(&cgn_keys[i]) || strstr(text, wanted) != NULL, "%s",
			cgn_keys[i].path);
	}
	free(text);
}
