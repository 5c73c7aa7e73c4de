/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A section of metrics.def is a row of the dashboard, a panel a diagram, a family a query. Only
 * this file knows what Grafana's JSON looks like (its "dashboard JSON model").
 */
#include "metric_dashboard.h"

#include <jansson.h>
#include <string.h>

#include "metric_table.h"

enum {
	GRID_WIDTH = 24, /* Grafana's */
	PANEL_WIDTH = 8,
	PANEL_HEIGHT = 8,
	TOP_TENANTS = 20, /* curves of a diagram that a person can tell apart */
};

struct layout {
	json_t *panels;
	int x, y, id;
};

static json_t *
datasource(void)
{
	return json_pack("{s:s, s:s}", "type", "prometheus", "uid", "${datasource}");
}

/* Grafana's name of the unit in which the family's curve is drawn. */
static const char *
curve_unit(const struct cgn_metric *family)
{
	static const struct {
		const char *unit, *of_gauge, *of_rate;
	} units[] = {
		{"packets", "short", "pps"},
		{"bytes", "bytes", "Bps"},
		{"bytes_per_second", "Bps", "short"},
		{"seconds", "s", "percentunit"}, /* seconds a second */
		{"ratio", "percentunit", "short"},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].unit, family->unit) == 0)
			return family->type == CGN_METRIC_COUNTER ? units[i].of_rate
								  : units[i].of_gauge;
	return family->type == CGN_METRIC_COUNTER ? "cps" : "short";
}

static void
query_of(const struct cgn_metric *family, char *expr, size_t size)
{
	bool tenant = strncmp(family->labels, "tenant", 6) == 0;
	char series[256];

	snprintf(series, sizeof(series), "%s%s{instance=~\"$instance\"%s}", family->name,
		cgn_metric_suffix(family->type), tenant ? ",tenant=~\"$tenant\"" : "");
	if (family->type != CGN_METRIC_COUNTER)
		snprintf(expr, size, tenant ? "topk(%2$d, %1$s)" : "%1$s", series, TOP_TENANTS);
	else
		snprintf(expr, size,
			tenant ? "topk(%2$d, rate(%1$s[$__rate_interval]))"
			       : "rate(%1$s[$__rate_interval])",
			series, TOP_TENANTS);
}

static void
legend_of(const struct cgn_metric *family, char *legend, size_t size)
{
	const char *rest = family->labels;
	struct cgn_metric_label label;
	size_t n = (size_t)snprintf(
		legend, size, "{{instance}} %s", family->name + strlen("cgnat_"));

	while ((rest = cgn_metric_label_next(rest, &label)) != NULL && n < size)
		n += (size_t)snprintf(legend + n, size - n, " {{%s}}", label.name);
}

static json_t *
target(const struct cgn_metric *family, size_t n)
{
	char expr[512], legend[256], ref[2] = {(char)('A' + n), '\0'};

	query_of(family, expr, sizeof(expr));
	legend_of(family, legend, sizeof(legend));
	return json_pack("{s:s, s:o, s:s, s:s}", "refId", ref, "datasource", datasource(), "expr",
		expr, "legendFormat", legend);
}

static json_t *
grid(struct layout *at, int w, int h)
{
	json_t *pos;

	if (at->x + w > GRID_WIDTH) {
		at->x = 0;
		at->y += PANEL_HEIGHT;
	}
	pos = json_pack("{s:i, s:i, s:i, s:i}", "x", at->x, "y", at->y, "w", w, "h", h);
	at->x += w;
	return pos;
}

static void
add_row(struct layout *at, const char *title)
{
	if (at->x > 0)
		at->y += PANEL_HEIGHT;
	at->x = 0;
	json_array_append_new(at->panels,
		json_pack("{s:i, s:s, s:s, s:b, s:o, s:[]}", "id", ++at->id, "type", "row", "title",
			title, "collapsed", 0, "gridPos", grid(at, GRID_WIDTH, 1), "panels"));
	at->x = 0;
	at->y++;
}

/* The diagram that begins at line i, with all its families. */
static void
add_panel(struct layout *at, size_t i)
{
	const char *title = cgn_metrics[i].name, *unit = curve_unit(&cgn_metrics[i + 1]);
	json_t *targets = json_array();
	char about[1024] = "";
	size_t n = 0;

	for (i++; i < cgn_n_metrics && cgn_metrics[i].kind >= CGN_LINE_METRIC; i++) {
		size_t len = strlen(about);

		if (cgn_metrics[i].kind != CGN_LINE_METRIC)
			continue;
		json_array_append_new(targets, target(&cgn_metrics[i], n++));
		snprintf(about + len, sizeof(about) - len, "%s%s%s: %s", len > 0 ? "\n\n" : "",
			cgn_metrics[i].name, cgn_metric_suffix(cgn_metrics[i].type),
			cgn_metrics[i].help);
	}
	json_array_append_new(at->panels,
		json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:{s:{s:s, s:i}, s:[]}, "
			  "s:{s:{s:s, s:s}, s:{s:s}}, s:o}",
			"id", ++at->id, "type", "timeseries", "title", title, "description", about,
			"datasource", datasource(), "gridPos", grid(at, PANEL_WIDTH, PANEL_HEIGHT),
			"fieldConfig", "defaults", "unit", unit, "min", 0, "overrides", "options",
			"legend", "displayMode", "list", "placement", "bottom", "tooltip", "mode",
			"multi", "targets", targets));
}

static json_t *
variable(const char *name, const char *query)
{
	return json_pack("{s:s, s:s, s:o, s:{s:s, s:s}, s:i, s:i, s:b, s:b, s:s}", "name", name,
		"type", "query", "datasource", datasource(), "query", "query", query, "refId", name,
		"refresh", 2, "sort", 1, "multi", 1, "includeAll", 1, "allValue", ".*");
}

static json_t *
dashboard(json_t *panels)
{
	json_t *variables = json_pack("[{s:s, s:s, s:s}, o, o]", "name", "datasource", "type",
		"datasource", "query", "prometheus",
		variable("instance", "label_values(cgnat_up, instance)"),
		variable("tenant",
			"label_values(cgnat_tenant_mappings{instance=~\"$instance\"}, tenant)"));

	return json_pack("{s:s, s:s, s:s, s:[s], s:i, s:i, s:b, s:s, s:{s:s, s:s}, s:{s:o}, s:o}",
		"title", "cgnatd", "uid", "cgnatd", "description",
		"Carrier-grade NAT. Generated from app/cgnat_exporter/metrics.def by "
		"scripts/gen-docs.",
		"tags", "cgnat", "schemaVersion", 30, "version", 1, "editable", 1, "refresh", "30s",
		"time", "from", "now-6h", "to", "now", "templating", "list", variables, "panels",
		panels);
}

bool
cgn_dashboard_write(FILE *out)
{
	struct layout at = {.panels = json_array()};
	json_t *all;
	bool done;

	for (size_t i = 0; i < cgn_n_metrics; i++) {
		if (cgn_metrics[i].kind == CGN_LINE_SECTION)
			add_row(&at, cgn_metrics[i].name);
		else if (cgn_metrics[i].kind == CGN_LINE_PANEL)
			add_panel(&at, i);
	}
	all = dashboard(at.panels);
	done = all != NULL && json_dumpf(all, out, JSON_INDENT(2)) == 0;
	if (done)
		fputc('\n', out);
	json_decref(all);
	return done;
}
