/* SPDX-License-Identifier: BSD-3-Clause */
/* See order.h. Called by options.c (parse) and output.c. */
#include "order.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"

bool
cgn_order_parse(struct cgn_order *order, const struct cgn_command *cmd, const char *text)
{
	order->n = 0;
	for (;;) {
		const bool down = text[0] == '-';
		const size_t len = strcspn(text += down, ",");
		const struct cgn_field *field = cgn_column_find(cmd, text, len);

		if (field == NULL) {
			cgn_column_unknown(cmd, "--sort", text, len);
			return false;
		}
		if (order->n == CGN_MAX_ORDER) {
			fprintf(stderr, "cgnatctl: --sort: at most %d columns\n", CGN_MAX_ORDER);
			return false;
		}
		order->by[order->n].column = field->name;
		order->by[order->n++].down = down;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

void
cgn_sorter_init(struct cgn_sorter *s, const struct cgn_order *order, uint64_t limit)
{
	*s = (struct cgn_sorter){.order = order, .limit = limit};
}

void
cgn_sorter_fini(struct cgn_sorter *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->rows[i]);
	free(s->rows);
	s->rows = NULL;
	s->n = s->room = 0;
}

static int
cmp_rows(const struct cgn_order *order, const struct cgn_kept *a, const struct cgn_kept *b)
{
	for (size_t k = 0; k < order->n; k++) {
		const int d = cgn_cell_cmp(&a->keys[k], &b->keys[k]);

		if (d != 0)
			return order->by[k].down ? -d : d;
	}
	return (a->seq > b->seq) - (a->seq < b->seq);
}

/* A row with all that it points to in one piece of memory. */
static struct cgn_kept *
keep(const struct cgn_sorter *s, const struct cgn_kept *row, const json_t *json)
{
	size_t texts = 0, n = json_dumpb(json, NULL, 0, JSON_COMPACT);
	struct cgn_kept *kept;
	char *at;

	for (size_t k = 0; k < s->order->n; k++)
		texts += strlen(row->keys[k].text) + 1;
	kept = malloc(sizeof(*kept) + texts + n + 1);
	if (kept == NULL || n == 0) {
		free(kept);
		return NULL;
	}
	*kept = *row;
	at = (char *)(kept + 1);
	for (size_t k = 0; k < s->order->n; k++) {
		kept->keys[k].text = strcpy(at, row->keys[k].text);
		at += strlen(at) + 1;
	}
	kept->text = at;
	json_dumpb(json, at, n, JSON_COMPACT);
	at[n] = '\0';
	return kept;
}

/* With a limit the rows are a heap, the last of them at its top: sinks row i to its place. */
static void
sink(struct cgn_sorter *s, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;
		struct cgn_kept *row = s->rows[i];

		if (child >= s->n)
			return;
		if (child + 1 < s->n && cmp_rows(s->order, s->rows[child], s->rows[child + 1]) < 0)
			child++;
		if (cmp_rows(s->order, row, s->rows[child]) >= 0)
			return;
		s->rows[i] = s->rows[child];
		s->rows[child] = row;
		i = child;
	}
}

static void
rise(struct cgn_sorter *s, size_t i)
{
	while (i > 0 && cmp_rows(s->order, s->rows[i], s->rows[(i - 1) / 2]) > 0) {
		struct cgn_kept *row = s->rows[i];

		s->rows[i] = s->rows[(i - 1) / 2];
		i = (i - 1) / 2;
		s->rows[i] = row;
	}
}

static int
make_room(struct cgn_sorter *s)
{
	const size_t room = s->room != 0 ? s->room * 2 : 64;
	struct cgn_kept **rows;

	if (s->n < s->room)
		return 0;
	rows = reallocarray(s->rows, room, sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	s->rows = rows;
	s->room = room;
	return 0;
}

int
cgn_sorter_add(struct cgn_sorter *s, const json_t *json)
{
	const bool is_full = s->limit != 0 && s->n == s->limit;
	char bufs[CGN_MAX_ORDER][CGN_CELL_LEN];
	struct cgn_kept row = {.seq = s->n_seen++}, *kept;

	for (size_t k = 0; k < s->order->n; k++)
		row.keys[k] = cgn_cell_of(json_object_get(json, s->order->by[k].column), bufs[k]);
	if (is_full && cmp_rows(s->order, &row, s->rows[0]) >= 0)
		return 0;
	if (make_room(s) < 0)
		return -ENOMEM;
	kept = keep(s, &row, json);
	if (kept == NULL)
		return -ENOMEM;
	if (is_full) {
		free(s->rows[0]);
		s->rows[0] = kept;
		sink(s, 0);
		return 0;
	}
	s->rows[s->n++] = kept;
	if (s->limit != 0)
		rise(s, s->n - 1);
	return 0;
}

static int
cmp_for_qsort(const void *a, const void *b, void *order)
{
	return cmp_rows(order, *(struct cgn_kept *const *)a, *(struct cgn_kept *const *)b);
}

void
cgn_sorter_sort(struct cgn_sorter *s)
{
	if (s->n > 1)
		qsort_r(s->rows, s->n, sizeof(struct cgn_kept *), cmp_for_qsort, (void *)s->order);
}

json_t *
cgn_sorter_row(const struct cgn_sorter *s, size_t i)
{
	return json_loads(s->rows[i]->text, 0, NULL);
}
