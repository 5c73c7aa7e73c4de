/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/conf/yaml_tree: positions, and the bounds that keep a bad file small. */
#include "yaml_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

static struct cgn_conf_errors errors;
static struct cgn_report report;
static struct cgn_yaml yaml;

static int
parse(const char *text, size_t len)
{
	cgn_report_init(&report, &errors);
	cgn_report_file(&report, "test.yaml");
	return cgn_yaml_init(&yaml,
		&(struct cgn_yaml_input){(char *)(uintptr_t)text, len, 0, CGN_YAML_MAP}, &report);
}

static void
clean(void)
{
	cgn_yaml_fini(&yaml);
	cgn_conf_errors_free(&errors);
}

static void
expect_error(const char *text, size_t len, const char *wanted)
{
	char got[1024];

	cr_expect_eq(parse(text, len), -EINVAL, "%s", wanted);
	cr_expect_eq(errors.n_errors, 1, "%s: %u errors", wanted, errors.n_errors);
	if (errors.n_errors > 0) {
		cgn_conf_error_str(&errors, 0, got, sizeof(got));
		cr_expect_not_null(strstr(got, wanted), "%s\n  not in: %s", wanted, got);
	}
	clean();
}

static const struct cgn_yaml_node *
nth(const struct cgn_yaml_node *parent, uint32_t n)
{
	const struct cgn_yaml_node *node = cgn_yaml_at(&yaml, parent->first);

	while (n-- > 0)
		node = cgn_yaml_at(&yaml, node->next);
	return node;
}

static void
expect_scalar(const struct cgn_yaml_node *node, const char *text, uint32_t line, uint32_t col)
{
	cr_expect_eq(node->kind, CGN_YAML_SCALAR);
	cr_expect_str_eq(cgn_yaml_text(&yaml, node), text);
	cr_expect_eq(node->line, line, "%s: line %u", text, node->line);
	cr_expect_eq(node->col, col, "%s: column %u", text, node->col);
}

Test(yaml_tree, values_know_their_line_and_column)
{
	static const char text[] = "a: 1\nb:\n  - x\n  - {c: 'y'}\n";
	const struct cgn_yaml_node *list, *map;

	cr_assert_eq(parse(text, strlen(text)), 0);
	cr_assert_eq(yaml.nodes[0].n, 2);
	expect_scalar(nth(&yaml.nodes[0], 0), "a", 1, 1);
	expect_scalar(nth(&yaml.nodes[0], 1), "1", 1, 4);
	expect_scalar(nth(&yaml.nodes[0], 2), "b", 2, 1);
	list = nth(&yaml.nodes[0], 3);
	cr_assert_eq(list->n, 2);
	expect_scalar(nth(list, 0), "x", 3, 5);
	map = nth(list, 1);
	cr_assert_eq(map->n, 1);
	expect_scalar(nth(map, 1), "y", 4, 9);
	cr_expect(nth(list, 0)->plain);
	cr_expect_not(nth(map, 1)->plain);
	clean();
}

Test(yaml_tree, columns_are_characters_and_lines_may_end_in_cr_lf)
{
	static const char text[] = "{\"\xc3\xa4\xe2\x82\xac\": 1, b: 2}\r\n# end\r\n";

	cr_assert_eq(parse(text, strlen(text)), 0);
	expect_scalar(nth(&yaml.nodes[0], 2), "b", 1, 11);
	clean();
}

Test(yaml_tree, byte_order_mark_is_skipped)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a: 1\n";

	cr_assert_eq(parse(text, strlen(text)), 0);
	cr_expect_str_eq(cgn_yaml_text(&yaml, nth(&yaml.nodes[0], 0)), "a");
	clean();
}

Test(yaml_tree, empty_text_is_refused)
{
	expect_error("", 0, "test.yaml:1:1: the file is empty");
	expect_error("---\n", 4, "test.yaml:1:1: the file is empty");
	expect_error("\n\n# only a comment\n", 19, "test.yaml:1:1: the file is empty");
}

Test(yaml_tree, malformed_utf8_is_refused_where_it_stands)
{
	static const char *const sequences[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(",
		"\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80", "\xfe", "\xff"};
	char text[32];

	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		int n = snprintf(text, sizeof(text), "a: 1\nb: %s", sequences[i]);

		expect_error(text, (size_t)n, "test.yaml:2:4: the byte 0x");
	}
}

Test(yaml_tree, more_than_16_mib_is_refused)
{
	char *text = malloc(CGN_YAML_MAX_BYTES + 1);

	cr_assert_not_null(text);
	memset(text, '#', CGN_YAML_MAX_BYTES + 1);
	expect_error(text, CGN_YAML_MAX_BYTES + 1, "test.yaml:1:1: the file is larger than 16 MiB");
	expect_error(text, CGN_YAML_MAX_BYTES, "test.yaml:1:1: the file is empty");
	free(text);
}

Test(yaml_tree, more_than_a_million_values_are_refused)
{
	size_t n = 2 * (size_t)CGN_YAML_MAX_NODES;
	char *text = malloc(n + 4);

	cr_assert_not_null(text);
	for (size_t i = 0; i < n + 4; i++)
		text[i] = i < 4 ? "a: ["[i] : "1,"[i % 2];
	expect_error(text, n + 4, "more than 1048576 values in one file");
	free(text);
}

Test(yaml_tree, sixteen_levels_are_accepted_and_seventeen_refused)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "a: %.15s%.15s", "[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]");

	cr_expect_eq(parse(text, (size_t)n), 0);
	clean();
	n = snprintf(text, sizeof(text), "a: %.16s%.16s", "[[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]]");
	expect_error(text, (size_t)n, "test.yaml:1:19: nested more than 16 deep");
}

Test(yaml_tree, file_that_refers_to_itself_many_times_stays_small)
{
	/* "Billion laughs": each line would be nine times the one above. */
	static const char text[] = "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\n";

	cr_expect_eq(parse(text, strlen(text)), -EINVAL);
	cr_expect_eq(errors.n_errors, 9);
	cr_expect_lt(yaml.n_nodes, 20);
	clean();
}
