/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgn-gen-metrics SOURCE OUT: writes docs/metrics.md and config/grafana/cgnatd.json from
 * metrics.def, and metrics_intro.md of the source tree, into the directory OUT. Run by
 * scripts/gen-docs; never installed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric_dashboard.h"
#include "metric_table.h"

/* The constant value that line i gives the label, "" for none. */
static const char *
value_in(size_t i, const char *name, struct cgn_metric_label *label)
{
	const char *rest = cgn_metrics[i].labels;

	while ((rest = cgn_metric_label_next(rest, label)) != NULL)
		if (strcmp(label->name, name) == 0)
			return label->value;
	return "";
}

/* Whether a line of the family from line `first` to before line i gives it that value. */
static bool
is_known(size_t first, size_t i, const char *name, const char *value)
{
	struct cgn_metric_label label;

	for (; first < i; first++)
		if (strcmp(value_in(first, name, &label), value) == 0)
			return true;
	return false;
}

/* The labels of the family that begins at line i, with their values if these are constant. */
static void
write_labels(FILE *out, size_t i)
{
	const char *rest = cgn_metrics[i].labels;
	struct cgn_metric_label label, other;

	while ((rest = cgn_metric_label_next(rest, &label)) != NULL) {
		size_t j = i;

		fprintf(out, label.value[0] != '\0' ? "`%s` (" : "`%s`", label.name);
		do {
			const char *value = value_in(j, label.name, &other);

			if (value[0] != '\0' && !is_known(i, j, label.name, value))
				fprintf(out, "%s%s", j > i ? ", " : "", value);
			j++;
		} while (j < cgn_n_metrics && cgn_metrics[j].kind == CGN_LINE_ALSO);
		if (label.value[0] != '\0')
			fputc(')', out);
		fputs(rest[0] != '\0' ? ", " : "", out);
	}
}

/* Command and fields that a family is made of. */
static void
write_origin(FILE *out, size_t i)
{
	const struct cgn_metric *family = &cgn_metrics[i];
	const struct cgn_metric_ask *ask = &cgn_metric_asks[family->source];

	if (family->source == CGN_SOURCE_EXPORTER) {
		fputs("the exporter", out);
		return;
	}
	fprintf(out, "`%s%s%s`", cgn_commands[ask->command].path, ask->params[0] != '\0' ? "," : "",
		ask->params);
	do {
		if (cgn_metrics[i].field[0] != '\0')
			fprintf(out, " `%.*s`", (int)strcspn(cgn_metrics[i].field, "="),
				cgn_metrics[i].field);
		i++;
	} while (i < cgn_n_metrics && cgn_metrics[i].kind == CGN_LINE_ALSO);
}

static void
write_table(FILE *out)
{
	for (size_t i = 0; i < cgn_n_metrics; i++) {
		const struct cgn_metric *line = &cgn_metrics[i];

		if (line->kind == CGN_LINE_SECTION)
			fprintf(out,
				"\n## %s\n\n| metric | type | labels | from | |\n"
				"|---|---|---|---|---|\n",
				line->name);
		if (line->kind != CGN_LINE_METRIC)
			continue;
		fprintf(out, "| `%s%s` | %s | ", line->name, cgn_metric_suffix(line->type),
			cgn_metric_type_str(line->type));
		write_labels(out, i);
		fputs(" | ", out);
		write_origin(out, i);
		fprintf(out, " | %s |\n", line->help);
	}
}

static FILE *
open_in(const char *dir, const char *name, const char *mode)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, mode);
	if (file == NULL) {
		perror(path);
		exit(1);
	}
	return file;
}

static int
close_written(FILE *file)
{
	bool bad = ferror(file) != 0;

	if (fclose(file) == 0 && !bad)
		return 0;
	fputs("cgn-gen-metrics: a file cannot be written\n", stderr);
	return 1;
}

int
main(int argc, char **argv)
{
	FILE *in, *out;
	int c, bad;

	if (argc != 3) {
		fputs("usage: cgn-gen-metrics SOURCE-DIRECTORY OUTPUT-DIRECTORY\n", stderr);
		return 2;
	}
	in = open_in(argv[1], "app/cgnat_exporter/metrics_intro.md", "r");
	out = open_in(argv[2], "docs/metrics.md", "w");
	while ((c = fgetc(in)) != EOF)
		fputc(c, out);
	fclose(in);
	write_table(out);
	bad = close_written(out);
	out = open_in(argv[2], "config/grafana/cgnatd.json", "w");
	if (!cgn_dashboard_write(out)) {
		fputs("cgn-gen-metrics: not enough memory\n", stderr);
		bad = 1;
	}
	return close_written(out) != 0 || bad != 0;
}
