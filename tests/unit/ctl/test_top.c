/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of app/cgnatctl/top*: rates of two looks, the order of rows, keys, and the picture. */
#include "top.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "columns.h"

#define SECOND UINT64_C(1000000000)

static struct cgn_top_model model;

static void
setup(void)
{
	struct cgn_top_choice choice;

	cr_redirect_stderr();
	setenv("COLUMNS", "80", 1);
	cgn_top_choice_init(&choice);
	cgn_top_model_init(&model, &choice);
}

static void
teardown(void)
{
	cgn_top_model_fini(&model);
}

TestSuite(top, .init = setup, .fini = teardown);

static json_t *
object(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	cr_assert_not_null(json, "%s", text);
	return json;
}

struct look {
	uint64_t at_s;
	const char *info, *ports, *cores, *rows;
};

static void
take(const struct look *look)
{
	struct cgn_top_sample s = {.view = model.choice.view,
		.info = object(look->info),
		.ports = object(look->ports),
		.cores = object(look->cores),
		.rows = object(look->rows)};

	s.info_ns = s.ports_ns = s.cores_ns = s.rows_ns = look->at_s * SECOND;
	cgn_top_model_take(&model, &s);
	cr_expect_null(s.info, "it is taken over");
}

#define INFO(pid, up, made)                                                                        \
	"{\"version\":\"0.1.0\",\"pid\":" #pid ",\"uptime_s\":" #up ",\"mappings\":950,"           \
	"\"mappings_max\":1000,\"alarms_active\":2,\"refused\":0,\"made\":" #made "}"
#define TENANT(name, made, bytes)                                                                  \
	"\"" name "\":{\"tenant\":\"" name "\",\"made\":" #made ",\"refused\":0,\"mappings\":5,"   \
	"\"mappings_max\":50,\"in2out_bytes\":" #bytes ",\"out2in_bytes\":0}"
#define PORTS(packets) "{\"wan\":{\"rx_packets\":" #packets ",\"rx_bytes\":" #packets "000}}"
#define CORES(ms) "{\"0\":{\"core\":\"0\",\"busy_ms\":" #ms "}}"

static const struct look first = {10, INFO(1, 100, 1000), PORTS(100), CORES(0),
	"{" TENANT("a", 100, 1000) "," TENANT("b", 7, 0) "}"};
static const struct look second = {14, INFO(1, 104, 1400), PORTS(900), CORES(3600),
	"{" TENANT("a", 140, 5000) "," TENANT("b", 407, 0) "," TENANT("c", 5, 0) "}"};

static double
value(const char *key, const char *column)
{
	const int c = cgn_top_column_find(model.choice.view, column);

	for (size_t i = 0; i < model.n_rows; i++)
		if (strcmp(model.rows[i].key, key) == 0)
			return model.rows[i].cells[c].value;
	cr_assert_fail("no row %s", key);
	return 0;
}

Test(top, one_look_has_no_rates)
{
	take(&first);
	cr_expect_lt(value("a", "new"), 0);
	cr_expect_lt(cgn_top_info_rate(&model, "made"), 0);
	cr_expect_lt(cgn_top_ports_rate(&model, "rx_packets"), 0);
	cr_expect_lt(cgn_top_busy_percent(&model, "0"), 0);
	cr_expect_eq(value("a", "mappings"), 5);
}

Test(top, two_looks_have_rates_by_the_time_between_them)
{
	take(&first);
	take(&second);
	cr_expect_eq(value("a", "new"), 10);
	cr_expect_eq(value("b", "new"), 100);
	cr_expect_eq(value("a", "out"), 8000, "bits of 4000 bytes in 4 s");
	cr_expect_eq(value("a", "quota"), 10);
	cr_expect_eq(cgn_top_info_rate(&model, "made"), 100);
	cr_expect_eq(cgn_top_ports_rate(&model, "rx_packets"), 200);
	cr_expect_eq(cgn_top_busy_percent(&model, "0"), 90);
	cr_expect_lt(value("c", "new"), 0, "it was not there before");
}

Test(top, a_daemon_that_has_started_anew_has_no_rates)
{
	const struct look same_pid = {20, INFO(1, 3, 5000), PORTS(9000), CORES(9000), second.rows};
	const struct look other_pid = {
		30, INFO(2, 900, 9000), PORTS(9000), CORES(9000), second.rows};

	take(&second);
	take(&same_pid);
	cr_expect(model.has_started_anew);
	cr_expect_lt(value("a", "new"), 0);
	cr_expect_lt(cgn_top_info_rate(&model, "made"), 0);
	take(&other_pid);
	cr_expect(model.has_started_anew);
	cr_expect_lt(value("a", "new"), 0);
	take(&other_pid);
	cr_expect_not(model.has_started_anew);
}

Test(top, a_counter_that_goes_back_has_no_rate)
{
	const struct look back = {18, INFO(1, 108, 1500), PORTS(1000), CORES(3700),
		"{" TENANT("a", 3, 1) "," TENANT("b", 407, 0) "}"};

	take(&second);
	take(&back);
	cr_expect_lt(value("a", "new"), 0, "a tenant that was taken away and came back");
	cr_expect_eq(value("b", "new"), 0);
}

Test(top, no_time_between_looks_has_no_rate)
{
	struct look again = second;

	take(&first);
	again.at_s = first.at_s;
	take(&again);
	cr_expect_lt(value("a", "new"), 0);
}

Test(top, large_counters_lose_nothing)
{
	json_t *a = object("{\"n\":9007199254740993}"), *b = object("{\"n\":9007199254740994}");

	cr_expect_eq(cgn_top_rate(a, b, "n", SECOND), 1);
	cr_expect_lt(cgn_top_rate(b, a, "n", SECOND), 0);
	cr_expect_lt(cgn_top_rate(NULL, a, "n", SECOND), 0);
	cr_expect_lt(cgn_top_rate(a, b, "other", SECOND), 0);
	json_decref(a);
	json_decref(b);
}

/* The keys of the rows, one after the other. */
static const char *
order(void)
{
	static char text[64];

	text[0] = '\0';
	for (size_t i = 0; i < model.n_rows; i++)
		strcat(text, model.rows[i].key);
	return text;
}

Test(top, rows_are_sorted_and_limited)
{
	take(&first);
	take(&second);
	cr_expect_str_eq(order(), "bac", "the greatest first, what is not known last");
	cr_assert(cgn_top_choice_sort(&model.choice, "tenant"));
	cgn_top_model_update(&model);
	cr_expect_str_eq(order(), "abc");
	cr_expect_eq(cgn_top_choice_key(&model.choice, 'r'), CGN_TOP_REDRAW);
	model.choice.limit = 2;
	cgn_top_model_update(&model);
	cr_expect_str_eq(order(), "cb");
	strcpy(model.choice.tenant, "a");
	cgn_top_model_update(&model);
	cr_expect_str_eq(order(), "a");
	cr_expect_not(cgn_top_choice_sort(&model.choice, "nothing"));
}

Test(top, keys_choose)
{
	struct cgn_top_choice *c = &model.choice;

	cr_expect_eq(cgn_top_choice_key(c, 'f'), CGN_TOP_RELOOK);
	cr_expect_eq(c->view, CGN_TOP_VIEW_FATES);
	cr_expect_eq(cgn_top_choice_key(c, '\t'), CGN_TOP_RELOOK);
	cr_expect_eq(c->view, CGN_TOP_VIEW_POOLS);
	cr_expect_eq(cgn_top_choice_key(c, '\t'), CGN_TOP_RELOOK);
	cr_expect_eq(c->view, CGN_TOP_VIEW_TENANTS);
	c->sort[c->view] = 0;
	cr_expect_eq(cgn_top_choice_key(c, '<'), CGN_TOP_REDRAW);
	cr_expect_eq(c->sort[c->view], cgn_top_column_find(c->view, "pool"), "round to the last");
	cgn_top_choice_key(c, '>');
	cr_expect_eq(c->sort[c->view], 0);
	c->interval_ms = 300;
	cgn_top_choice_key(c, '-');
	cr_expect_eq(c->interval_ms, 300, "no less than 200 ms");
	cgn_top_choice_key(c, '+');
	cr_expect_eq(c->interval_ms, 600);
	cr_expect_eq(cgn_top_choice_key(c, 'z'), CGN_TOP_NOTHING);
}

Test(top, every_view_sorts_by_a_column_and_has_fields_that_are_declared)
{
	for (int v = 0; v < CGN_N_TOP_VIEWS; v++) {
		const struct cgn_top_column *columns;
		int n;

		columns = cgn_top_columns((enum cgn_top_view_id)v, &n);
		cr_expect_geq(
			cgn_top_column_find((enum cgn_top_view_id)v, cgn_top_views[v].sort), 0);
		cr_assert(n > 0 && n <= CGN_TOP_MAX_COLUMNS);
		for (int c = 0; c < n; c++) {
			cr_expect_not_null(cgn_column_find(cgn_top_views[v].cmd, columns[c].member,
						   strlen(columns[c].member)),
				"%s", columns[c].name);
			cr_expect(columns[c].kind != CGN_TOP_PERCENT ||
				cgn_column_find(cgn_top_views[v].cmd, columns[c].of,
					strlen(columns[c].of)) != NULL);
		}
	}
}

Test(top, numbers_are_short)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {{-1, "-"}, {0, "0"}, {0.25, "0.2"}, {9.96, "10.0"}, {42, "42"}, {999, "999"},
		{999.6, "1.0k"}, {1500, "1.5k"}, {12345, "12.3k"}, {999999, "1.0M"},
		{4.2e9, "4.2G"}, {123e12, "123T"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buf[CGN_TOP_NUMBER_LEN];

		cr_expect_str_eq(cgn_top_number_str(rows[i].value, buf), rows[i].text, "%f: %s",
			rows[i].value, buf);
	}
}

Test(top, the_picture_has_80_columns_and_no_escapes)
{
	static const char *const parts[] = {"up 0d00:01:44", "received 200 pkt/s", "1.6M bit/s",
		"950 of 1k (95.0%)", "alarms 2", "0 90%", "TENANT", "b                    100"};
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	take(&first);
	take(&second);
	cgn_top_print(&model, out);
	fclose(out);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		cr_expect_not_null(strstr(text, parts[i]), "%s in:\n%s", parts[i], text);
	cr_expect_null(strchr(text, '\033'));
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
		cr_expect_leq(strcspn(line, "\n"), 80, "%s", line);
	free(text);
}
