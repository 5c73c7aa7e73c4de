/* SPDX-License-Identifier: BSD-3-Clause */
/* See top_draw.h. Called by top.c and top_screen.c. */
#include "top_draw.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cell.h"
#include "terminal.h"

enum { LINE_LEN = 512, MAX_SINGLE_CORES = 9 };

/* A line that is being drawn: what is beyond the right edge is left out. */
struct line {
	const struct cgn_top_canvas *canvas;
	int column;
};

static void __attribute__((format(printf, 3, 4)))
put(struct line *l, enum cgn_top_style style, const char *fmt, ...)
{
	const int left = l->canvas->columns - l->column;
	char text[LINE_LEN];
	va_list ap;

	if (left <= 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (left < LINE_LEN)
		text[left] = '\0';
	cgn_text_clean(text);
	l->column += (int)strlen(text);
	l->canvas->text(l->canvas->ctx, style, text);
}

static void
end(struct line *l)
{
	l->canvas->end_line(l->canvas->ctx);
	l->column = 0;
}

/* A number that is good to be small. */
static enum cgn_top_style
level(double value, double warn, double bad)
{
	return value >= bad ? CGN_TOP_BAD : value >= warn ? CGN_TOP_WARN : CGN_TOP_PLAIN;
}

static void
draw_title(struct line *l, const struct cgn_top_model *m, bool is_paused)
{
	const uint64_t up = (uint64_t)cgn_top_number(m->now.info, "uptime_s");
	const char *version = json_string_value(json_object_get(m->now.info, "version"));
	time_t t = time(NULL);
	char now[16];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(now, sizeof(now), "%H:%M:%SZ", &tm);
	put(l, CGN_TOP_BOLD, "cgnatd");
	if (m->now.info != NULL)
		put(l, CGN_TOP_PLAIN, " %s up %" PRIu64 "d%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
			version != NULL ? version : "?", up / 86400, up / 3600 % 24, up / 60 % 60,
			up % 60);
	put(l, CGN_TOP_PLAIN, "  %s  every %" PRIu64 ".%" PRIu64 " s", now,
		m->choice.interval_ms / 1000, m->choice.interval_ms / 100 % 10);
	if (is_paused)
		put(l, CGN_TOP_WARN, "  PAUSED");
	if (m->away_since_ns != 0)
		put(l, CGN_TOP_BAD, "  NO ANSWER for %" PRIu64 " s",
			(cgn_terminal_now_ns() - m->away_since_ns) / 1000000000);
	else if (m->has_started_anew)
		put(l, CGN_TOP_WARN, "  the daemon has started anew");
	end(l);
}

static void
draw_traffic(struct line *l, const struct cgn_top_model *m)
{
	static const char *const members[] = {"rx_packets", "tx_packets", "rx_bytes", "tx_bytes"};
	char texts[4][CGN_TOP_NUMBER_LEN];

	for (int i = 0; i < 4; i++) {
		const double rate = cgn_top_ports_rate(m, members[i]);

		cgn_top_number_str(i >= 2 && rate > 0 ? rate * 8 : rate, texts[i]);
	}
	put(l, CGN_TOP_PLAIN, "traffic   received ");
	put(l, CGN_TOP_BOLD, "%s pkt/s %s bit/s", texts[0], texts[2]);
	put(l, CGN_TOP_PLAIN, "   sent ");
	put(l, CGN_TOP_BOLD, "%s pkt/s %s bit/s", texts[1], texts[3]);
	end(l);
}

static void
draw_mappings(struct line *l, const struct cgn_top_model *m)
{
	const double mappings = cgn_top_number(m->now.info, "mappings");
	const double max = cgn_top_number(m->now.info, "mappings_max");
	const double percent = max > 0 ? mappings * 100 / max : 0;
	const double refused = cgn_top_info_rate(m, "refused");
	char used[CGN_TOP_NUMBER_LEN], all[CGN_TOP_NUMBER_LEN], made[CGN_TOP_NUMBER_LEN],
		no[CGN_TOP_NUMBER_LEN];
	const double alarms = cgn_top_number(m->now.info, "alarms_active");

	put(l, CGN_TOP_PLAIN, "mappings  ");
	put(l, level(percent, 80, 95), "%s of %s (%.1f%%)", cgn_top_number_str(mappings, used),
		cgn_top_number_str(max, all), percent);
	put(l, CGN_TOP_PLAIN, "   new %s/s   refused ",
		cgn_top_number_str(cgn_top_info_rate(m, "made"), made));
	put(l, level(refused, 1e-9, 1e9), "%s/s", cgn_top_number_str(refused, no));
	put(l, CGN_TOP_PLAIN, "   alarms ");
	put(l, alarms > 0 ? CGN_TOP_BAD : CGN_TOP_GOOD, "%.0f", alarms);
	end(l);
}

static void
draw_core(struct line *l, const char *name, double percent)
{
	put(l, CGN_TOP_PLAIN, "  %s ", name);
	if (percent < 0)
		put(l, CGN_TOP_PLAIN, "-");
	else
		put(l, level(percent, 80, 95), "%.0f%%", percent);
}

/* Each core; or, of more than have room, what they have in common. */
static void
draw_cores(struct line *l, const struct cgn_top_model *m)
{
	const size_t n = json_object_size(m->now.cores);
	double sum = 0, max = -1;
	const char *key;
	char name[32] = "";
	json_t *core;

	put(l, CGN_TOP_PLAIN, "cores    ");
	json_object_foreach(m->now.cores, key, core)
	{
		const char *text = json_string_value(json_object_get(core, "core"));
		const double percent = cgn_top_busy_percent(m, key);

		text = text != NULL ? text : "?";
		if (n <= MAX_SINGLE_CORES || strcmp(text, "control") == 0)
			draw_core(l, text, percent);
		sum += percent > 0 && strcmp(text, "control") != 0 ? percent : 0;
		if (strcmp(text, "control") != 0 && percent > max) {
			max = percent;
			snprintf(name, sizeof(name), "%s", text);
		}
	}
	if (n > MAX_SINGLE_CORES)
		put(l, CGN_TOP_PLAIN, "  %zu workers: mean %.0f%%, worker %s ", n - 1,
			sum / (double)(n - 1), name);
	if (n > MAX_SINGLE_CORES)
		put(l, level(max, 80, 95), "%.0f%%", max);
	end(l);
}

static void
draw_about(struct line *l, const struct cgn_top_model *m)
{
	put(l, CGN_TOP_BOLD, "%s", cgn_top_views[m->choice.view].name);
	if (m->choice.tenant[0] != '\0')
		put(l, CGN_TOP_PLAIN, " of tenant %s", m->choice.tenant);
	if (m->why[0] != '\0')
		put(l, CGN_TOP_BAD, "  %s", m->why);
	else
		put(l, CGN_TOP_DIM, "  %s%s", cgn_top_views[m->choice.view].help,
			m->now.is_part ? "; there are more: choose a tenant" : "");
	end(l);
}

static bool
is_left(const struct cgn_top_column *column)
{
	return column->kind == CGN_TOP_TEXT;
}

/* Whether the whole column has room at the place; a text that is the last may be cut. */
static bool
has_room(const struct line *l, const struct cgn_top_column *column, int c)
{
	const int left = l->canvas->columns - l->column - (c > 0 ? 2 : 0);

	return left >= column->width || (is_left(column) && left >= 12);
}

static void
draw_cell(struct line *l, const struct cgn_top_column *column, int c, enum cgn_top_style style,
	const char *text)
{
	if (c > 0)
		put(l, style == CGN_TOP_SORTED ? CGN_TOP_HEADING : CGN_TOP_PLAIN, "  ");
	if (is_left(column))
		put(l, style, "%-*.*s", column->width, column->width, text);
	else
		put(l, style, "%*s", column->width, text);
}

static void
draw_heading(struct line *l, const struct cgn_top_model *m)
{
	const struct cgn_top_column *columns;
	int n;

	columns = cgn_top_columns(m->choice.view, &n);
	for (int c = 0; c < n && has_room(l, &columns[c], c); c++)
		draw_cell(l, &columns[c], c,
			c == m->choice.sort[m->choice.view] ? CGN_TOP_SORTED : CGN_TOP_HEADING,
			columns[c].heading);
	end(l);
}

static enum cgn_top_style
cell_style(const struct cgn_top_column *column, const struct cgn_top_cell *cell)
{
	if (column->kind == CGN_TOP_PERCENT)
		return level(cell->value, 80, 95);
	if (strcmp(column->name, "refused") == 0)
		return level(cell->value, 1e-9, 1e9);
	if (strcmp(column->name, "severity") == 0)
		return strcmp(cell->text, "alert") == 0   ? CGN_TOP_BAD
			: strcmp(cell->text, "warn") == 0 ? CGN_TOP_WARN
							  : CGN_TOP_PLAIN;
	return CGN_TOP_PLAIN;
}

static void
draw_row(struct line *l, const struct cgn_top_model *m, const struct cgn_top_row *row)
{
	const struct cgn_top_column *columns;
	int n;

	columns = cgn_top_columns(m->choice.view, &n);
	for (int c = 0; c < n && has_room(l, &columns[c], c); c++)
		draw_cell(l, &columns[c], c, cell_style(&columns[c], &row->cells[c]),
			row->cells[c].text);
	end(l);
}

void
cgn_top_draw(const struct cgn_top_canvas *canvas, const struct cgn_top_model *m, size_t first,
	bool is_paused, const char *status)
{
	const int room = canvas->rows - CGN_TOP_HEAD_LINES - (status != NULL);
	struct line l = {.canvas = canvas};

	draw_title(&l, m, is_paused);
	draw_traffic(&l, m);
	draw_mappings(&l, m);
	draw_cores(&l, m);
	draw_about(&l, m);
	draw_heading(&l, m);
	for (size_t i = first; i < m->n_rows; i++) {
		if (canvas->rows != 0 && (int)(i - first) >= room)
			break;
		draw_row(&l, m, &m->rows[i]);
	}
	if (status != NULL) {
		put(&l, CGN_TOP_DIM, "%s", status);
		end(&l);
	}
}
