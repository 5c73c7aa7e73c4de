/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of app/cgnatctl/offline: exit status and form of cgnatctl diff. */
#include "offline.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#define CASES CGN_SOURCE_DIR "/tests/conf/"

static char *output;

static enum cgn_exit
diff(const char *old, const char *new, bool json)
{
	const char *files[] = {old, new};
	enum cgn_exit result;
	size_t len;
	FILE *out = open_memstream(&output, &len);

	cr_assert_not_null(out);
	result = cgn_offline_diff(files, json, out);
	fclose(out);
	return result;
}

static void
free_output(void)
{
	free(output);
}

TestSuite(offline, .init = cr_redirect_stderr, .fini = free_output);

Test(offline, the_same_configuration_is_0)
{
	cr_expect_eq(
		diff(CASES "good.minimal.yaml", CASES "good.minimal.yaml", false), CGN_EXIT_OK);
	cr_expect_str_eq(output, "0 live, 0 drain, 0 restart: nothing to do\n");
}

Test(offline, differences_are_1)
{
	cr_expect_eq(
		diff(CASES "diff.pools/old/cgnat.yaml", CASES "diff.pools/new/cgnat.yaml", false),
		1);
	cr_expect_not_null(strstr(output, "tenants.a.pool[203.0.113.16/28]"));
}

Test(offline, json_is_one_document)
{
	json_t *json;

	cr_expect_eq(
		diff(CASES "diff.pools/old/cgnat.yaml", CASES "diff.pools/new/cgnat.yaml", true),
		1);
	json = json_loads(output, 0, NULL);
	cr_assert_not_null(json);
	cr_expect_eq(json_array_size(json_object_get(json, "differences")), 3);
	cr_expect_eq(json_integer_value(json_object_get(json, "drain")), 1);
	json_decref(json);
}

Test(offline, a_bad_configuration_is_2_and_prints_nothing_but_its_errors)
{
	cr_expect_eq(diff(CASES "good.minimal.yaml", CASES "bad.type-bool.yaml", false), 2);
	cr_expect_str_eq(output, "");
}

Test(offline, a_file_that_is_not_there_is_2)
{
	cr_expect_eq(diff(CASES "good.minimal.yaml", CASES "none.yaml", true), 2);
	cr_expect_str_eq(output, "");
}

Test(offline, an_output_that_cannot_be_written_is_2)
{
	const char *files[] = {
		CASES "diff.pools/old/cgnat.yaml", CASES "diff.pools/new/cgnat.yaml"};
	FILE *full = fopen("/dev/full", "w");

	cr_assert_not_null(full);
	cr_expect_eq(cgn_offline_diff(files, false, full), 2);
	fclose(full);
}

static enum cgn_exit
schema(const char *first, const char *second)
{
	const char *words[] = {first, second, NULL};
	enum cgn_exit result;
	size_t len;
	FILE *out = open_memstream(&output, &len);

	result = cgn_offline_schema(words, false, out);
	fclose(out);
	return result;
}

Test(offline, a_schema_has_what_is_declared)
{
	const json_t *row;
	json_t *json;

	cr_expect_eq(schema("fates", NULL), CGN_EXIT_OK);
	json = json_loads(output, 0, NULL);
	cr_expect_str_eq(json_string_value(json_object_get(json, "type")), "array");
	row = json_object_get(json, "items");
	cr_expect_eq(json_object_size(json_object_get(row, "properties")), 5);
	cr_expect_eq(json_array_size(json_object_get(row, "required")), 4, "tenant may be missing");
	json_decref(json);
}

Test(offline, all_verbs_have_a_schema)
{
	json_t *json;

	cr_expect_eq(schema(NULL, NULL), CGN_EXIT_OK);
	json = json_loads(output, 0, NULL);
	cr_expect_eq(json_object_size(json), CGN_N_COMMANDS);
	json_decref(json);
}

Test(offline, a_schema_of_an_unknown_verb_is_2)
{
	cr_expect_eq(schema("map", "ad"), 2);
	cr_expect_str_eq(output, "");
}
