/* SPDX-License-Identifier: BSD-3-Clause */
/* metrics.def as arrays; see metric_table.h. */
#include "metric_table.h"

#include <stdio.h>
#include <string.h>

const struct cgn_metric_ask cgn_metric_asks[CGN_N_SOURCES] = {
#define SOURCE(id, cmd, text) [CGN_SOURCE_##id] = {.command = CGN_COMMAND_##cmd, .params = text},
#include "metrics.def"
};

const struct cgn_metric cgn_metrics[] = {
#define SECTION(title) {.kind = CGN_LINE_SECTION, .name = title},
#define PANEL(title) {.kind = CGN_LINE_PANEL, .name = title},
#define METRIC(from, what, n, u, l, f, factor, text)                                               \
	{.kind = CGN_LINE_METRIC,                                                                  \
		.source = CGN_SOURCE_##from,                                                       \
		.type = CGN_METRIC_##what,                                                         \
		.name = n,                                                                         \
		.unit = u,                                                                         \
		.labels = l,                                                                       \
		.field = f,                                                                        \
		.help = text,                                                                      \
		.scale = factor},
#define ALSO(l, f) {.kind = CGN_LINE_ALSO, .labels = l, .field = f},
#include "metrics.def"
};
const size_t cgn_n_metrics = sizeof(cgn_metrics) / sizeof(cgn_metrics[0]);

const char *
cgn_metric_type_str(enum cgn_metric_type type)
{
	static const char *const names[] = {"counter", "gauge", "info"};

	return names[type];
}

const char *
cgn_metric_suffix(enum cgn_metric_type type)
{
	static const char *const suffixes[] = {"_total", "", "_info"};

	return suffixes[type];
}

const struct cgn_metric *
cgn_metric_family(size_t i)
{
	while (cgn_metrics[i].kind == CGN_LINE_ALSO)
		i--;
	return &cgn_metrics[i];
}

const char *
cgn_metric_label_next(const char *labels, struct cgn_metric_label *label)
{
	size_t n = strcspn(labels, ","), name = strcspn(labels, "=,");

	if (n == 0)
		return NULL;
	label->value[0] = '\0';
	snprintf(label->name, sizeof(label->name), "%.*s", (int)name, labels);
	if (name < n)
		snprintf(label->value, sizeof(label->value), "%.*s", (int)(n - name - 1),
			labels + name + 1);
	return labels[n] == ',' ? labels + n + 1 : labels + n;
}
