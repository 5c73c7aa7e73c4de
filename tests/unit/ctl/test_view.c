/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of app/cgnatctl/cell, filter, order, columns, csv and changes: which rows, in which order.
 */
#include "view.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "changes.h"
#include "csv.h"

TestSuite(view, .init = cr_redirect_stderr);

static const struct cgn_command *
command(const char *verb)
{
	const struct cgn_command *cmd = cgn_command_find(verb);

	cr_assert_not_null(cmd);
	return cmd;
}

static json_t *
object(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	cr_assert_not_null(json, "%s", text);
	return json;
}

static bool
matches(const char *verb, const char *filter, const char *row)
{
	struct cgn_filter f;
	json_t *json = object(row);
	bool result;

	cr_assert(cgn_filter_parse(&f, command(verb), filter), "%s", filter);
	result = cgn_filter_match(&f, json);
	json_decref(json);
	return result;
}

Test(view, filters_compare_numbers_with_their_units)
{
	static const struct {
		const char *filter;
		bool is_true;
	} rows[] = {{"mappings = 1500", true}, {"mappings=1.5k", true}, {"mappings != 1.5k", false},
		{"mappings < 2k", true}, {"mappings <= 1500", true}, {"mappings < 1500", false},
		{"mappings > 1M", false}, {"mappings >= 1500", true}, {"mappings > 1499.5", true},
		{"mappings ~ 50", true}, {"mappings ~ 51", false}, {"mappings == 1500", true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(matches("tenants", rows[i].filter, "{\"mappings\": 1500}"),
			rows[i].is_true, "%s", rows[i].filter);
	cr_expect(matches("tenants", "in2out_bytes > 9223372036854775806",
		"{\"in2out_bytes\": 9223372036854775807}"));
	cr_expect(matches("workers", "burst > 9.5", "{\"burst\": \"10.2\"}"));
	cr_expect_not(matches("workers", "burst > 9.5", "{\"burst\": \"9.4\"}"));
	cr_expect(matches("mappings", "left_s = -1", "{\"left_s\": -1}"));
}

Test(view, filters_know_addresses_prefixes_and_ports)
{
	static const char row[] = "{\"inside\": \"100.64.0.10:5000\"}";

	cr_expect(matches("mappings", "inside = 100.64.0.0/16", row));
	cr_expect(matches("mappings", "inside = 100.64.0.10", row));
	cr_expect(matches("mappings", "inside = 100.64.0.10:5000", row));
	cr_expect_not(matches("mappings", "inside = 100.64.0.10:5001", row));
	cr_expect_not(matches("mappings", "inside = 100.65.0.0/16", row));
	cr_expect(matches("mappings", "inside != 100.65.0.0/16", row));
	cr_expect(matches("mappings", "inside > 100.64.0.9", row));
	cr_expect_not(matches("mappings", "inside < 100.64.0.0/16", row));
	cr_expect(matches("mappings", "inside ~ :5000", row));
}

Test(view, filters_compare_texts_and_what_is_not_there)
{
	cr_expect(matches("mappings", "proto = tcp", "{\"proto\": \"tcp\"}"));
	cr_expect_not(matches("mappings", "proto = t", "{\"proto\": \"tcp\"}"));
	cr_expect(matches("fates", "meaning ~ NEXT HOP", "{\"meaning\": \"The next hop\"}"));
	cr_expect(matches("refusals", "time > 2026-01-01", "{\"time\": \"2026-03-01T00:00:00Z\"}"));
	cr_expect(matches("subscribers", "outside = -", "{}"));
	cr_expect(matches("subscribers", "outside != -", "{\"outside\": \"1.2.3.4\"}"));
	cr_expect_not(matches("tenants", "mappings < 5", "{}"), "not there is not small");
}

Test(view, wrong_filters_are_refused)
{
	static const char *const filters[] = {"", "mappings", "mappings ? 5", "= 5",
		"mappings =", "mappinx = 5", "in2out_packets = many", "in2out_packets > 0x10",
		"in2out_packets > 5x", "in2out_packets > nan", "in2out_packets < 1.2.3"};
	struct cgn_filter f;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		cr_expect_not(
			cgn_filter_parse(&f, command("tenants"), filters[i]), "%s", filters[i]);
}

/* The values of `column` in the order that is asked for, each followed by a blank. */
static const char *
sorted(const char *verb, const char *by, uint64_t limit, const char *column, const char *rows)
{
	static char out[512];
	struct cgn_order order;
	struct cgn_sorter s;
	json_t *array = object(rows), *row;
	size_t i;

	cr_assert(cgn_order_parse(&order, command(verb), by), "%s", by);
	cgn_sorter_init(&s, &order, limit);
	json_array_foreach(array, i, row) cr_assert_eq(cgn_sorter_add(&s, row), 0);
	cgn_sorter_sort(&s);
	out[0] = '\0';
	for (i = 0; i < s.n; i++) {
		char buf[CGN_CELL_LEN];

		row = cgn_sorter_row(&s, i);
		strcat(strcat(out, cgn_cell_of(json_object_get(row, column), buf).text), " ");
		json_decref(row);
	}
	cgn_sorter_fini(&s);
	json_decref(array);
	return out;
}

#define ROW(t, a, m) "{\"tenant\":\"" t "\",\"address\":\"" a "\",\"mappings\":" #m "}"

Test(view, rows_are_sorted_by_several_columns)
{
	static const char rows[] = "[" ROW("b", "100.64.0.9", 7) "," ROW(
		"a", "100.64.0.10", 12) "," ROW("a", "100.64.0.9", 7) ",{}]";

	cr_expect_str_eq(sorted("subscribers", "mappings,-tenant", 0, "tenant", rows), "- b a a ");
	cr_expect_str_eq(sorted("subscribers", "-mappings", 0, "mappings", rows), "12 7 7 - ");
	cr_expect_str_eq(sorted("subscribers", "tenant,address", 0, "address", rows),
		"- 100.64.0.9 100.64.0.10 100.64.0.9 ");
	cr_expect_str_eq(sorted("subscribers", "-mappings", 0, "tenant", rows), "a b a - ",
		"equal rows stay as they came");
}

Test(view, with_a_limit_only_the_first_are_kept)
{
	char rows[4096] = "[";
	size_t n = 1;

	for (int i = 0; i < 101; i++)
		n += (size_t)snprintf(rows + n, sizeof(rows) - n, "%s{\"mappings\":%d}",
			i > 0 ? "," : "", i * 37 % 101);
	strcat(rows, "]");
	cr_expect_str_eq(sorted("tenants", "-mappings", 3, "mappings", rows), "100 99 98 ");
	cr_expect_str_eq(sorted("tenants", "mappings", 4, "mappings", rows), "0 1 2 3 ");
	cr_expect_str_eq(sorted("tenants", "mappings", 1, "mappings", rows), "0 ");
}

Test(view, unknown_columns_are_refused)
{
	struct cgn_columns columns;
	struct cgn_order order;

	cr_expect(cgn_columns_parse(&columns, command("tenants"), "mappings,tenant"));
	cr_expect_eq(columns.n, 2);
	cr_expect_str_eq(columns.names[0], "mappings");
	cr_expect_not(cgn_columns_parse(&columns, command("tenants"), "tenant,"));
	cr_expect_not(cgn_columns_parse(&columns, command("tenants"), "fate"));
	cr_expect_not(cgn_order_parse(&order, command("tenants"), "-"));
	cr_expect_not(cgn_order_parse(&order, command("tenants"), "tcp,udp,icmp,peak,refused"));
}

Test(view, csv_quotes_what_it_must)
{
	const struct cgn_columns columns = {{"fate", "packets", "meaning"}, 3};
	json_t *row = object("{\"packets\":3,\"meaning\":\"a \\\"b\\\", c\"}");
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	cgn_csv_head(out, &columns);
	cgn_csv_row(out, &columns, row);
	fclose(out);
	cr_expect_str_eq(text, "fate,packets,meaning\n,3,\"a \"\"b\"\", c\"\n");
	free(text);
	json_decref(row);
}

Test(view, a_terminal_gets_no_control_characters_of_the_daemon)
{
	json_t *value = json_string("\033[2Jx\xc3\xa4");
	char buf[CGN_CELL_LEN];

	cr_expect_str_eq(cgn_cell_of(value, buf).text, "?[2Jx??");
	json_decref(value);
}

/* Margins of the rows, one table. */
static const char *
margins(struct cgn_changes *changes, const char *rows)
{
	static char copy[64];
	json_t *array = object(rows), *row;
	char *text;
	size_t i, n;
	FILE *out = open_memstream(&text, &n);

	cgn_changes_next(changes);
	json_array_foreach(array, i, row)
		cgn_changes_row(changes, command("subscribers"), row, out);
	fclose(out);
	snprintf(copy, sizeof(copy), "%s", text);
	free(text);
	json_decref(array);
	return copy;
}

Test(view, changed_new_and_gone_rows_are_told)
{
	struct cgn_changes changes;

	cgn_changes_init(&changes, false);
	cr_expect_str_eq(
		margins(&changes, "[" ROW("a", "1.1.1.1", 1) "," ROW("a", "1.1.1.2", 1) "]"),
		"    ", "nothing to compare with");
	cr_expect_str_eq(
		margins(&changes, "[" ROW("b", "1.1.1.1", 1) "," ROW("a", "1.1.1.2", 2) "]"),
		"+ * ");
	cr_expect_eq(cgn_changes_n_gone(&changes), 1);
	cr_expect_str_eq(
		margins(&changes, "[" ROW("a", "1.1.1.2", 2) "," ROW("b", "1.1.1.1", 1) "]"),
		"    ", "in another order");
	cr_expect_str_eq(margins(&changes, "[]"), "");
	cr_expect_eq(cgn_changes_n_gone(&changes), 2);
	cr_expect_str_eq(margins(&changes, "[" ROW("a", "1.1.1.2", 2) "]"), "+ ");
	cgn_changes_fini(&changes);
}
