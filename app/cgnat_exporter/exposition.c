/* SPDX-License-Identifier: BSD-3-Clause */
/* See exposition.h. Called by http.c and main.c. */
#include "exposition.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

const char *
cgn_exposition_content_type(enum cgn_exposition format)
{
	return format == CGN_OPENMETRICS
		? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		: "text/plain; version=0.0.4; charset=utf-8";
}

/* Weight in thousandths of one element of Accept, 0 to 1000; what is no number counts as 1. */
static int
weight_of(const char *params, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *p = params + i + 1;

		if (params[i] != ';')
			continue;
		p += strspn(p, " \t");
		if ((p[0] == 'q' || p[0] == 'Q') && p[1] == '=')
			return p[2] == '0' ? (int)(strtod(p + 2, NULL) * 1000) : 1000;
	}
	return 1000;
}

/* How well the media range of n bytes names type: 3 as it is, 2 "text" + "/" + "*", 1 all, 0 not.
 */
static int
match(const char *range, size_t n, const char *type)
{
	size_t major = strcspn(type, "/") + 1;

	if (n == strlen(type) && strncasecmp(range, type, n) == 0)
		return 3;
	if (n == major + 1 && strncasecmp(range, type, major) == 0 && range[major] == '*')
		return 2;
	return n == 3 && memcmp(range, "*/*", 3) == 0;
}

/* Weight of a type: that of the most specific range. */
static int
accepted(const char *accept, const char *type)
{
	int best = 0, weight = 0;

	while (*accept != '\0') {
		size_t len, n;
		int m;

		accept += strspn(accept, " \t,");
		len = strcspn(accept, ",");
		n = strcspn(accept, " \t;,");
		m = match(accept, n, type);
		if (m > best) {
			best = m;
			weight = weight_of(accept + n, len - n);
		}
		accept += len;
	}
	return weight;
}

enum cgn_exposition
cgn_exposition_choose(const char *accept)
{
	if (accept == NULL)
		return CGN_OPENMETRICS;
	return accepted(accept, "text/plain") > accepted(accept, "application/openmetrics-text")
		? CGN_PROMETHEUS
		: CGN_OPENMETRICS;
}

void
cgn_exposition_escape(const char *text, bool quotes, char out[CGN_ESCAPED_LEN])
{
	size_t n = 0;

	for (; *text != '\0' && n < CGN_ESCAPED_LEN - 2; text++) {
		if (*text == '\\' || *text == '\n' || (quotes && *text == '"'))
			out[n++] = '\\';
		out[n++] = *text;
		if (*text == '\n')
			out[n - 1] = 'n';
	}
	out[n] = '\0';
}

static void
write_head(FILE *out, const struct cgn_metric *family, enum cgn_exposition format)
{
	char help[CGN_ESCAPED_LEN];

	cgn_exposition_escape(family->help, format == CGN_OPENMETRICS, help);
	if (format == CGN_PROMETHEUS) { /* the name is that of the samples, and there is no info */
		const char *suffix = cgn_metric_suffix(family->type);

		fprintf(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", family->name, suffix, help,
			family->name, suffix,
			family->type == CGN_METRIC_COUNTER ? "counter" : "gauge");
		return;
	}
	fprintf(out, "# TYPE %s %s\n", family->name, cgn_metric_type_str(family->type));
	if (family->unit[0] != '\0')
		fprintf(out, "# UNIT %s %s\n", family->name, family->unit);
	fprintf(out, "# HELP %s %s\n", family->name, help);
}

static void
write_line(FILE *out, const struct cgn_metric *family, const json_t *series)
{
	const char *labels;
	json_t *value;

	json_object_foreach((json_t *)series, labels, value)
	{
		json_int_t n = json_integer_value(value);

		fputs(family->name, out);
		fputs(cgn_metric_suffix(family->type), out);
		if (labels[0] != '\0')
			fprintf(out, "{%s}", labels);
		if (family->scale == 1)
			fprintf(out, " %" JSON_INTEGER_FORMAT "\n", n);
		else
			fprintf(out, " %.15g\n", (double)n * family->scale);
	}
}

void
cgn_exposition_write(FILE *out, const struct cgn_snapshot *snapshot, enum cgn_exposition format)
{
	const struct cgn_metric *begun = NULL;

	for (size_t i = 0; i < cgn_n_metrics; i++) {
		const struct cgn_metric *family = cgn_metric_family(i);

		if (family->kind != CGN_LINE_METRIC || json_object_size(snapshot->series[i]) == 0)
			continue;
		if (family != begun)
			write_head(out, family, format);
		begun = family;
		write_line(out, family, snapshot->series[i]);
	}
	if (format == CGN_OPENMETRICS)
		fputs("# EOF\n", out);
}
