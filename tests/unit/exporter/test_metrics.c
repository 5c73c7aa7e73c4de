/* SPDX-License-Identifier: BSD-3-Clause */
/* metrics.def keeps the rules of OpenMetrics 1.0 and asks only for what the daemon answers. */
#include "metric_table.h"

#include <string.h>

#include <criterion/criterion.h>

#define EACH_METRIC(i)                                                                             \
	for (size_t i = 0; i < cgn_n_metrics; i++)                                                 \
		if (cgn_metrics[i].kind >= CGN_LINE_METRIC)

static bool
ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && name[n - m - 1] == '_' && strcmp(name + n - m, end) == 0;
}

static const struct cgn_field *
field_of(const struct cgn_command *cmd, const char *where, const char *name, size_t len)
{
	for (size_t f = 0; f < cgn_n_fields; f++)
		if (&cgn_commands[cgn_fields[f].command] == cmd &&
			strcmp(cgn_fields[f].where, where) == 0 &&
			strlen(cgn_fields[f].name) == len &&
			memcmp(cgn_fields[f].name, name, len) == 0)
			return &cgn_fields[f];
	return NULL;
}

/* Has it a label whose value is a member of a row? */
static bool
is_of_rows(const struct cgn_metric *line)
{
	const char *rest = line->labels;
	struct cgn_metric_label label;

	while ((rest = cgn_metric_label_next(rest, &label)) != NULL)
		if (label.value[0] == '\0')
			return true;
	return false;
}

/* Of an answer with both, metrics without such labels are of the item. */
static const char *
place_of(const struct cgn_command *cmd, const struct cgn_metric *line)
{
	bool is_item = cmd->shape == CGN_SHAPE_ITEM ||
		(cmd->shape == CGN_SHAPE_BOTH && !is_of_rows(line));

	return is_item ? "item" : "rows";
}

Test(metrics, every_field_and_label_is_in_the_answer_of_its_command)
{
	EACH_METRIC(i)
	{
		const struct cgn_metric *line = &cgn_metrics[i], *family = cgn_metric_family(i);
		const char *rest = line->labels;
		struct cgn_metric_label label;
		const struct cgn_command *cmd;

		if (family->source == CGN_SOURCE_EXPORTER)
			continue;
		cmd = &cgn_commands[cgn_metric_asks[family->source].command];
		if (line->field[0] != '\0')
			cr_expect_not_null(field_of(cmd, place_of(cmd, line), line->field,
						   strcspn(line->field, "=")),
				"%s: %s", family->name, line->field);
		if (cmd->shape == CGN_SHAPE_BOTH && !is_of_rows(line))
			cr_expect_null(field_of(cmd, "rows", line->field, strlen(line->field)),
				"%s: of the item, or of the rows?", family->name);
		while ((rest = cgn_metric_label_next(rest, &label)) != NULL)
			if (label.value[0] == '\0')
				cr_expect_not_null(field_of(cmd, place_of(cmd, line), label.name,
							   strlen(label.name)),
					"%s: label %s", family->name, label.name);
	}
}

Test(metrics, names_units_and_helps_follow_openmetrics)
{
	static const char *const reserved[] = {
		"total", "info", "count", "sum", "bucket", "created", "max", "ms", "us", "percent"};

	EACH_METRIC(i)
	{
		const struct cgn_metric *m = &cgn_metrics[i];

		if (m->kind != CGN_LINE_METRIC)
			continue;
		cr_expect_eq(strncmp(m->name, "cgnat_", 6), 0, "%s", m->name);
		cr_expect_eq(strspn(m->name, "abcdefghijklmnopqrstuvwxyz_0123456789"),
			strlen(m->name), "%s", m->name);
		for (size_t r = 0; r < sizeof(reserved) / sizeof(reserved[0]); r++)
			cr_expect_not(ends_in(m->name, reserved[r]), "%s", m->name);
		if (m->unit[0] != '\0')
			cr_expect(ends_in(m->name, m->unit), "%s: %s", m->name, m->unit);
		cr_expect_gt(strlen(m->help), 5, "%s", m->name);
		cr_expect_eq(m->help[strlen(m->help) - 1], '.', "%s", m->name);
		for (size_t j = i + 1; j < cgn_n_metrics; j++)
			if (cgn_metrics[j].kind == CGN_LINE_METRIC)
				cr_expect_str_neq(m->name, cgn_metrics[j].name);
	}
}

Test(metrics, labels_of_a_family_have_the_same_names_and_differ)
{
	EACH_METRIC(i)
	{
		const struct cgn_metric *line = &cgn_metrics[i], *family = cgn_metric_family(i);
		const char *mine = line->labels, *first = family->labels;
		struct cgn_metric_label a, b;

		while ((mine = cgn_metric_label_next(mine, &a)) != NULL) {
			first = cgn_metric_label_next(first, &b);
			cr_assert_not_null(first, "%s", family->name);
			cr_expect_str_eq(a.name, b.name);
			cr_expect_lt(strlen(a.name) + 1, CGN_LABEL_LEN);
		}
		cr_expect_null(cgn_metric_label_next(first, &b), "%s", family->name);
		if (line != family)
			cr_expect_str_neq(line->labels, line[-1].labels, "%s", family->name);
	}
}

/* Of RADIUS a client is a prefix of the configuration, of access servers. */
Test(metrics, no_subscriber_and_no_address_is_a_label)
{
	static const char *const private[] = {
		"subscriber", "address", "inside", "outside", "mac", "client"};

	EACH_METRIC(i)
	{
		const char *rest = cgn_metrics[i].labels;
		struct cgn_metric_label label;

		while ((rest = cgn_metric_label_next(rest, &label)) != NULL)
			for (size_t p = 0; p < sizeof(private) / sizeof(private[0]); p++)
				cr_expect(strcmp(label.name, private[p]) != 0 ||
						(cgn_metric_family(i)->source ==
								CGN_SOURCE_RADIUS &&
							strcmp(label.name, "client") == 0),
					"%s of %s", label.name, cgn_metric_family(i)->name);
	}
	for (int s = 0; s < CGN_N_SOURCES; s++) {
		enum cgn_command_id id = cgn_metric_asks[s].command;

		cr_expect_not(id == CGN_COMMAND_SUBSCRIBERS || id == CGN_COMMAND_SUBSCRIBER ||
			id == CGN_COMMAND_MAPPINGS || id == CGN_COMMAND_EXPLICIT ||
			id == CGN_COMMAND_REFUSALS || id == CGN_COMMAND_BLOCKS ||
			id == CGN_COMMAND_RELOAD || id == CGN_COMMAND_MAP_ADD ||
			id == CGN_COMMAND_MAP_DELETE);
	}
}

Test(metrics, every_panel_has_a_family_and_every_family_a_panel)
{
	cr_expect_eq(cgn_metrics[0].kind, CGN_LINE_SECTION);
	for (size_t i = 0; i < cgn_n_metrics; i++) {
		if (cgn_metrics[i].kind == CGN_LINE_SECTION)
			cr_expect_eq(cgn_metrics[i + 1].kind, CGN_LINE_PANEL);
		if (cgn_metrics[i].kind == CGN_LINE_PANEL)
			cr_expect_eq(cgn_metrics[i + 1].kind, CGN_LINE_METRIC);
	}
}
