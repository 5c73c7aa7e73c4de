/* SPDX-License-Identifier: BSD-3-Clause */
/* See top_model.h. Called by top.c, top_draw.c. */
#include "top_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "terminal.h"
#include "words.h"

void
cgn_top_choice_init(struct cgn_top_choice *choice)
{
	memset(choice, 0, sizeof(*choice));
	for (int v = 0; v < CGN_N_TOP_VIEWS; v++) {
		choice->sort[v] = cgn_top_column_find(
			(enum cgn_top_view_id)v, cgn_top_views[v].sort);
		choice->down[v] = true;
	}
	choice->interval_ms = 2000;
}

bool
cgn_top_choice_sort(struct cgn_top_choice *choice, const char *text)
{
	const bool down = text[0] == '-';
	const int column = cgn_top_column_find(choice->view, text + down);
	const struct cgn_top_column *columns;
	struct cgn_nearest search;
	int n;

	if (column >= 0) {
		choice->sort[choice->view] = column;
		choice->down[choice->view] = down;
		return true;
	}
	cgn_nearest_init(&search, text + down);
	columns = cgn_top_columns(choice->view, &n);
	fprintf(stderr, "cgnatctl: --sort: %s of top has no column '%s'; ",
		cgn_top_views[choice->view].name, text + down);
	for (int c = 0; c < n; c++)
		cgn_nearest_try(&search, columns[c].name);
	if (search.best != NULL)
		fprintf(stderr, "did you mean %s? ", search.best);
	fputs("Its columns are ", stderr);
	for (int c = 0; c < n; c++)
		fprintf(stderr, "%s%s", c > 0 ? ", " : "", columns[c].name);
	fputc('\n', stderr);
	return false;
}

void
cgn_top_model_init(struct cgn_top_model *m, const struct cgn_top_choice *choice)
{
	memset(m, 0, sizeof(*m));
	m->choice = *choice;
}

void
cgn_top_model_fini(struct cgn_top_model *m)
{
	cgn_top_sample_fini(&m->before);
	cgn_top_sample_fini(&m->now);
	free(m->rows);
	m->rows = NULL;
	m->n_rows = 0;
}

enum cgn_exit
cgn_top_model_look(
	struct cgn_top_model *m, struct cgn_client *client, const struct cgn_client_where *where)
{
	struct cgn_top_sample s = {0};
	enum cgn_exit result = CGN_EXIT_OK;

	if (client->fd < 0)
		result = cgn_client_open(client, where);
	if (result == CGN_EXIT_OK)
		result = cgn_top_sample_take(&s, client, m->choice.view, m->choice.tenant);
	m->why[0] = '\0';
	if (result != CGN_EXIT_OK)
		snprintf(m->why, sizeof(m->why), "%s", client->why);
	if (result == CGN_EXIT_AWAY) {
		cgn_client_close(client);
		if (m->away_since_ns == 0)
			m->away_since_ns = cgn_terminal_now_ns();
		return result;
	}
	m->away_since_ns = 0;
	cgn_top_model_take(m, &s);
	return result;
}

void
cgn_top_model_take(struct cgn_top_model *m, struct cgn_top_sample *s)
{
	cgn_top_sample_fini(&m->before);
	m->before = m->now;
	m->now = *s;
	memset(s, 0, sizeof(*s));
	m->has_started_anew = m->before.info != NULL &&
		cgn_top_sample_is_other(&m->before, &m->now);
	if (m->has_started_anew)
		cgn_top_sample_fini(&m->before);
	cgn_top_model_update(m);
}

const char *
cgn_top_number_str(double value, char *buf)
{
	static const char units[] = " kMGTP";
	const char *unit = units;

	if (value < 0)
		return strcpy(buf, "-");
	for (; value >= 999.5 && unit[1] != '\0'; unit++)
		value /= 1000;
	/* What is small and no whole number is worth its fraction. */
	snprintf(buf, CGN_TOP_NUMBER_LEN,
		value != (double)(uint64_t)value && value < 99.95 ? "%.1f%.1s" : "%.0f%.1s", value,
		unit > units ? unit : "");
	return buf;
}

static double
value_of(const struct cgn_top_model *m, const struct cgn_top_column *column, const json_t *before,
	const json_t *row)
{
	const uint64_t ns = m->now.rows_ns - m->before.rows_ns;
	double of;

	switch (column->kind) {
	case CGN_TOP_COUNT:
		return json_is_integer(json_object_get(row, column->member))
			? cgn_top_number(row, column->member)
			: -1;
	case CGN_TOP_RATE:
		return cgn_top_rate(before, row, column->member, ns);
	case CGN_TOP_BITS:
		of = cgn_top_rate(before, row, column->member, ns);
		return of < 0 ? of : of * 8;
	case CGN_TOP_PERCENT:
		of = cgn_top_number(row, column->of);
		return of > 0 ? cgn_top_number(row, column->member) * 100 / of : -1;
	case CGN_TOP_TEXT:
		break;
	}
	return 0;
}

static void
fill_row(const struct cgn_top_model *m, struct cgn_top_row *r, const char *key, json_t *row)
{
	const json_t *before = cgn_top_row_before(&m->before, m->choice.view, key);
	const struct cgn_top_column *columns;
	int n;

	r->key = key;
	r->row = row;
	columns = cgn_top_columns(m->choice.view, &n);
	for (int c = 0; c < n; c++) {
		char buf[CGN_CELL_LEN];

		r->cells[c].value = value_of(m, &columns[c], before, row);
		r->cells[c].text = r->texts[c];
		if (columns[c].kind == CGN_TOP_TEXT)
			snprintf(r->texts[c], CGN_TOP_CELL_LEN, "%s",
				cgn_cell_of(json_object_get(row, columns[c].member), buf).text);
		else
			cgn_top_number_str(r->cells[c].value, r->texts[c]);
	}
}

static int
cmp_texts(const struct cgn_top_row *a, const struct cgn_top_row *b, const char *member)
{
	char buf_a[CGN_CELL_LEN], buf_b[CGN_CELL_LEN];
	const struct cgn_cell x = cgn_cell_of(json_object_get(a->row, member), buf_a);
	const struct cgn_cell y = cgn_cell_of(json_object_get(b->row, member), buf_b);

	return cgn_cell_cmp(&x, &y);
}

static int
cmp_rows(const void *x, const void *y, void *model)
{
	const struct cgn_top_row *a = x, *b = y;
	const struct cgn_top_model *m = model;
	const int c = m->choice.sort[m->choice.view];
	const struct cgn_top_column *columns;
	int n, d;

	columns = cgn_top_columns(m->choice.view, &n);
	if (columns[c].kind == CGN_TOP_TEXT)
		d = cmp_texts(a, b, columns[c].member);
	else
		d = (a->cells[c].value > b->cells[c].value) -
			(a->cells[c].value < b->cells[c].value);
	if (d == 0) /* so that equal rows do not jump about */
		return strverscmp(a->key, b->key);
	return m->choice.down[m->choice.view] ? -d : d;
}

void
cgn_top_model_update(struct cgn_top_model *m)
{
	const char *tenant = m->choice.tenant, *key;
	json_t *row;

	free(m->rows);
	m->n_rows = 0;
	m->rows = NULL;
	if (m->now.info == NULL || m->now.view != m->choice.view)
		return;
	m->rows = calloc(json_object_size(m->now.rows) + 1, sizeof(*m->rows));
	if (m->rows == NULL)
		return;
	json_object_foreach(m->now.rows, key, row)
	{
		const char *of = json_string_value(json_object_get(row, "tenant"));

		if (tenant[0] == '\0' || of == NULL || strcmp(tenant, of) == 0)
			fill_row(m, &m->rows[m->n_rows++], key, row);
	}
	qsort_r(m->rows, m->n_rows, sizeof(*m->rows), cmp_rows, m);
	for (size_t i = 0; i < m->n_rows; i++) /* the rows have moved, and their texts with them */
		for (int c = 0; c < CGN_TOP_MAX_COLUMNS; c++)
			m->rows[i].cells[c].text = m->rows[i].texts[c];
	if (m->choice.limit != 0 && m->n_rows > m->choice.limit)
		m->n_rows = m->choice.limit;
}

double
cgn_top_info_rate(const struct cgn_top_model *m, const char *member)
{
	return cgn_top_rate(
		m->before.info, m->now.info, member, m->now.info_ns - m->before.info_ns);
}

double
cgn_top_ports_rate(const struct cgn_top_model *m, const char *member)
{
	const char *key;
	double sum = 0;
	json_t *port;

	if (m->before.info == NULL)
		return -1;
	json_object_foreach(m->now.ports, key, port)
	{
		const double rate = cgn_top_rate(json_object_get(m->before.ports, key), port,
			member, m->now.ports_ns - m->before.ports_ns);

		if (rate < 0)
			return rate;
		sum += rate;
	}
	return sum;
}

double
cgn_top_busy_percent(const struct cgn_top_model *m, const char *core_key)
{
	const double ms_per_s = cgn_top_rate(json_object_get(m->before.cores, core_key),
		json_object_get(m->now.cores, core_key), "busy_ms",
		m->now.cores_ns - m->before.cores_ns);

	return ms_per_s < 0 || ms_per_s < 1000 ? ms_per_s / 10 : 100;
}
