/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of metrics as data (metrics.def). Constant; any thread. */
#pragma once

#include <stddef.h>

#include "command_table.h"

enum cgn_metric_source {
#define SOURCE(id, command, params) CGN_SOURCE_##id,
#include "metrics.def"
	CGN_N_SOURCES,
	CGN_SOURCE_EXPORTER = CGN_N_SOURCES /* not asked for: what the exporter says itself */
};

struct cgn_metric_ask {
	enum cgn_command_id command;
	const char *params;
};

extern const struct cgn_metric_ask cgn_metric_asks[CGN_N_SOURCES];

enum cgn_metric_kind {
	CGN_LINE_SECTION,
	CGN_LINE_PANEL,
	CGN_LINE_METRIC, /* begins a family and is its first line of samples */
	CGN_LINE_ALSO,   /* more samples of that family */
};

enum cgn_metric_type {
	CGN_METRIC_COUNTER,
	CGN_METRIC_GAUGE,
	CGN_METRIC_INFO,
};

/* A line of metrics.def. SECTION and PANEL have a name only, ALSO has labels and field only. */
struct cgn_metric {
	enum cgn_metric_kind kind;
	enum cgn_metric_source source;
	enum cgn_metric_type type;
	const char *name, *unit, *labels, *field, *help;
	double scale;
};

extern const struct cgn_metric cgn_metrics[];
extern const size_t cgn_n_metrics;

/* "counter", … as OpenMetrics calls it; and what ends the name of its samples: "_total", … */
const char *cgn_metric_type_str(enum cgn_metric_type type);
const char *cgn_metric_suffix(enum cgn_metric_type type);

/* The METRIC line of the family that line i, METRIC or ALSO, belongs to. */
const struct cgn_metric *cgn_metric_family(size_t i);

/* Takes "name" or "name=value" off the list. Returns what follows, NULL when there was nothing. */
enum { CGN_LABEL_LEN = 32 };
struct cgn_metric_label {
	char name[CGN_LABEL_LEN];
	char value[CGN_LABEL_LEN]; /* "" when it is the row's */
};
const char *cgn_metric_label_next(const char *labels, struct cgn_metric_label *label);
