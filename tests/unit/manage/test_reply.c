/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/manage/reply: answers never reach the limits at which the library drops members. */
#include "reply.h"

#include <string.h>

#include <criterion/criterion.h>
#include <rte_telemetry.h>

#include "rig.h"

enum { N_MEMBERS = 6 };

static const struct cgn_command *cmd;
static uint32_t n_rows, n_strings; /* of the answer that is built */
static const char *value;

/* Rows until the page is full. */
static int
build(const char *path, const char *text, struct rte_tel_data *out)
{
	struct cgn_params params;
	struct cgn_params_error err;
	struct cgn_reply r;

	(void)path;
	cr_assert_eq(cgn_params_parse(cmd, text, &params, &err), 0);
	cgn_reply_init(&r, out);
	for (n_rows = 0;; n_rows++) {
		cgn_reply_row_begin(&r);
		for (uint32_t i = 0; i < n_strings; i++) {
			char name[16];

			snprintf(name, sizeof(name), "s%u", i);
			cgn_reply_str(&r, name, value);
		}
		for (uint32_t i = 0; i < N_MEMBERS; i++) {
			char name[16];

			snprintf(name, sizeof(name), "u%u", i);
			cgn_reply_u64(&r, name, INT64_MAX); /* jansson reads no more */
		}
		cgn_reply_i32(&r, "i", INT32_MIN);
		if (!cgn_reply_row_end(&r))
			break;
	}
	cgn_reply_finish(&r, cmd, &params, INT64_MAX);
	return 0;
}

static void
setup(void)
{
	cmd = cgn_command_find("mappings");
	rig_start();
	cr_assert_eq(rte_telemetry_register_cmd("/test/build", build, "x"), 0);
}

TestSuite(reply, .init = setup, .fini = rig_stop);

static const char longest_params[] =
	"/test/build,tenant=aaaaaaaaaabbbbbbbbbbccccccccccd,subscriber=100.100.100.100,"
	"proto=icmp,outside=203.203.203.203:40000,cursor=18446744073709551615,limit=64,id="
	"4294967295";

/* Everything that was added is in the answer. */
static void
check_whole(void)
{
	size_t size = 0;
	json_t *answer = rig_ask_bytes(NULL, longest_params, sizeof(longest_params) - 1, &size),
	       *row;
	const char *key;

	cr_assert_not_null(answer);
	cr_expect_lt(size, 16384);
	cr_expect_eq(json_integer_value(json_object_get(answer, "n")), n_rows);
	cr_expect_eq(json_object_size(json_object_get(answer, "rows")), n_rows);
	cr_expect_eq(json_object_size(json_object_get(answer, "filter")), 6);
	cr_expect_eq(json_integer_value(json_object_get(answer, "id")), UINT32_MAX);
	cr_expect_not_null(json_object_get(answer, "next"));
	cr_expect_eq(json_integer_value(json_object_get(answer, "truncated")), 1);
	json_object_foreach(json_object_get(answer, "rows"), key, row)
		cr_expect_eq(json_object_size(row), n_strings + N_MEMBERS + 1, "%s", key);
	json_decref(answer);
}

Test(reply, pages_of_any_row_size_are_whole)
{
	static char text[128];

	value = text;
	for (size_t len = 0; len < sizeof(text); len += 7) {
		memset(text, 'x', len);
		text[len] = '\0';
		for (n_strings = 0; n_strings < 24; n_strings += 5)
			check_whole();
	}
}

Test(reply, strings_full_of_escapes_are_counted)
{
	static char text[128];

	memset(text, '"', sizeof(text) - 1);
	value = text;
	for (n_strings = 1; n_strings < 24; n_strings += 4)
		check_whole();
	memset(text, '\\', sizeof(text) - 1);
	check_whole();
}

Test(reply, a_page_has_at_most_its_rows)
{
	value = "";
	n_strings = 0;
	check_whole();
	cr_expect_eq(n_rows, CGN_REPLY_MAX_ROWS);
}

Test(reply, foreign_bytes_and_long_strings_stay_valid_json)
{
	static char text[300];

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)(i % 255 + 1);
	value = text;
	n_strings = 3;
	check_whole();
}

static int
build_error(const char *path, const char *text, struct rte_tel_data *out)
{
	struct cgn_params params = {0};
	struct cgn_reply r;

	(void)path;
	cgn_reply_init(&r, out);
	cgn_reply_u64(&r, "before", 1);
	for (int i = 0; i < 10; i++) {
		cgn_reply_row_begin(&r);
		cgn_reply_row_end(&r);
	}
	cgn_reply_row_begin(&r);
	cgn_reply_error(&r, "limit", "%s", text);
	cgn_reply_u64(&r, "after", 1);
	cgn_reply_row_begin(&r);
	cr_expect_not(cgn_reply_row_end(&r));
	cgn_reply_finish(&r, cmd, &params, 5);
	return 0;
}

Test(reply, an_error_replaces_all_that_was_added)
{
	json_t *answer;

	rte_telemetry_register_cmd("/test/error", build_error, "x");
	answer = rig_ask(NULL, "/test/error,wrong");
	cr_assert_not_null(answer);
	cr_expect_eq(json_object_size(answer), 3);
	cr_expect_str_eq(json_string_value(json_object_get(answer, "status")), "error");
	cr_expect_str_eq(json_string_value(json_object_get(answer, "parameter")), "limit");
	cr_expect_str_eq(json_string_value(json_object_get(answer, "message")), "limit: wrong");
	json_decref(answer);
}
