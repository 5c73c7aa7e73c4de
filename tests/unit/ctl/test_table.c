/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of app/cgnatctl/table: what people see. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

static char *text;
static size_t text_len;
static FILE *out;

static void
setup(void)
{
	out = open_memstream(&text, &text_len);
}

static void
teardown(void)
{
	free(text);
}

TestSuite(table, .init = setup, .fini = teardown);

/* rows: a JSON array. */
static void
print(const char *verb, const char *rows, bool wide)
{
	json_t *array = json_loads(rows, 0, NULL), *row;
	struct cgn_text_table t;
	size_t i;

	cgn_text_table_init(
		&t, out, cgn_command_find(verb), &(struct cgn_table_style){.wide = wide});
	json_array_foreach(array, i, row) cgn_text_table_add(&t, row);
	cgn_text_table_fini(&t, true);
	json_decref(array);
	fclose(out);
}

Test(table, text_stands_left_and_numbers_right)
{
	print("originated",
		"[{\"kind\":\"arp_request\",\"packets\":5},{\"kind\":\"x\",\"packets\":12345678}]",
		false);
	cr_expect_str_eq(text,
		"KIND          PACKETS\n"
		"arp_request         5\n"
		"x            12345678\n");
}

Test(table, columns_follow_the_list_of_fields_and_missing_cells_are_dashes)
{
	print("neighbours", "[{\"held\":1,\"port\":\"wan\"},{\"mac\":\"m\"}]", false);
	cr_expect_str_eq(text,
		"PORT  MAC  HELD\n"
		"wan   -       1\n"
		"-     m       -\n");
}

Test(table, wide_shows_more_and_what_is_unknown)
{
	print("ports", "[{\"port\":\"p\",\"mtu\":1500,\"new\":\"thing\"}]", true);
	cr_expect_str_eq(text,
		"PORT   MTU  NEW\n"
		"p     1500  thing\n");
}

Test(table, narrow_leaves_wide_and_unknown_members_out)
{
	print("ports", "[{\"port\":\"p\",\"mtu\":1500,\"new\":\"thing\"}]", false);
	cr_expect_str_eq(text, "PORT\np\n");
}

Test(table, an_empty_list_says_so)
{
	print("mappings", "[]", false);
	cr_expect_str_eq(text, "no mappings\n");
}

Test(table, a_list_longer_than_a_batch_has_one_head)
{
	struct cgn_text_table t;
	unsigned int lines = 0;

	cgn_text_table_init(
		&t, out, cgn_command_find("originated"), &(struct cgn_table_style){.wide = false});
	for (int i = 0; i < 2 * CGN_TABLE_BATCH + 1; i++) {
		json_t *row = json_pack("{s:s, s:i}", "kind", "k", "packets", i);

		cgn_text_table_add(&t, row);
		json_decref(row);
	}
	cgn_text_table_fini(&t, true);
	fclose(out);
	for (size_t i = 0; i < text_len; i++)
		lines += text[i] == '\n';
	cr_expect_eq(lines, 2 * CGN_TABLE_BATCH + 2);
	cr_expect_null(strstr(text + 1, "KIND"));
}

Test(table, an_item_is_a_line_for_each_member_with_its_unit)
{
	json_t *item = json_pack("{s:s, s:i}", "version", "0.1.0", "uptime_s", 12);

	cgn_text_item_print(out, cgn_command_find("info"), item);
	json_decref(item);
	fclose(out);
	cr_expect_str_eq(text, "version   0.1.0\nuptime_s  12 s\n");
}
