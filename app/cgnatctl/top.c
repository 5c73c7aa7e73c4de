/* SPDX-License-Identifier: BSD-3-Clause */
/* See top.h. Called by main.c. */
#include "top.h"

#include <stdlib.h>
#include <string.h>

#include "terminal.h"
#include "top_draw.h"
#include "top_screen.h"

enum { INTERVAL_MS_MIN = 200, INTERVAL_MS_MAX = 60000, LINE_LEN = 512 };

static void
select_view(struct cgn_top_choice *choice, int view)
{
	choice->view = (enum cgn_top_view_id)((view + CGN_N_TOP_VIEWS) % CGN_N_TOP_VIEWS);
}

static void
move_sort(struct cgn_top_choice *choice, int by)
{
	int n;

	cgn_top_columns(choice->view, &n);
	choice->sort[choice->view] = (choice->sort[choice->view] + by + n) % n;
}

static void
change_interval(struct cgn_top_choice *choice, bool longer)
{
	const uint64_t ms = longer ? choice->interval_ms * 2 : choice->interval_ms / 2;

	if (ms >= INTERVAL_MS_MIN && ms <= INTERVAL_MS_MAX)
		choice->interval_ms = ms;
}

enum cgn_top_effect
cgn_top_choice_key(struct cgn_top_choice *choice, int key)
{
	for (int v = 0; v < CGN_N_TOP_VIEWS; v++)
		if (key == cgn_top_views[v].key) {
			choice->view = (enum cgn_top_view_id)v;
			return CGN_TOP_RELOOK;
		}
	switch (key) {
	case '\t':
		select_view(choice, (int)choice->view + 1);
		return CGN_TOP_RELOOK;
	case '<':
	case '>':
		move_sort(choice, key == '<' ? -1 : 1);
		return CGN_TOP_REDRAW;
	case 'r':
		choice->down[choice->view] = !choice->down[choice->view];
		return CGN_TOP_REDRAW;
	case '+':
	case '-':
		change_interval(choice, key == '+');
		return CGN_TOP_REDRAW;
	default:
		return CGN_TOP_NOTHING;
	}
}

/* A line of plain text until it is complete. */
struct printer {
	FILE *out;
	size_t n;
	char line[LINE_LEN];
};

static void
print_text(void *ctx, enum cgn_top_style style, const char *text)
{
	struct printer *p = ctx;
	const size_t room = sizeof(p->line) - p->n, n = strnlen(text, room - 1);

	(void)style;
	memcpy(p->line + p->n, text, n);
	p->n += n;
}

/* Without the blanks at its end. */
static void
print_end(void *ctx)
{
	struct printer *p = ctx;

	while (p->n > 0 && p->line[p->n - 1] == ' ')
		p->n--;
	fprintf(p->out, "%.*s\n", (int)p->n, p->line);
	p->n = 0;
}

/* Of a terminal; of a file COLUMNS, or 80. */
static int
text_columns(FILE *out)
{
	const char *env = getenv("COLUMNS");
	long wanted = env != NULL ? strtol(env, NULL, 10) : 0;
	int rows, columns;

	cgn_terminal_size(out, &rows, &columns);
	if (!cgn_terminal_is(out) && wanted > 0 && wanted < LINE_LEN)
		columns = (int)wanted;
	return columns < LINE_LEN ? columns : LINE_LEN - 1;
}

void
cgn_top_print(const struct cgn_top_model *m, FILE *out)
{
	struct printer printer = {.out = out};
	const struct cgn_top_canvas canvas = {.columns = text_columns(out),
		.text = print_text,
		.end_line = print_end,
		.ctx = &printer};

	cgn_top_draw(&canvas, m, 0, false, NULL);
}

/* The first look is only what the next ones are compared with. */
static enum cgn_exit
run_batch(struct cgn_top_model *m, struct cgn_client *client, const struct cgn_client_where *where,
	uint64_t n, FILE *out)
{
	enum cgn_exit result = CGN_EXIT_OK;

	for (uint64_t i = 0; i < n && ferror(out) == 0; i++) {
		if (!cgn_terminal_wait(m->choice.interval_ms))
			return CGN_EXIT_OK;
		result = cgn_top_model_look(m, client, where);
		if (cgn_terminal_caught())
			return CGN_EXIT_OK;
		if (i > 0)
			fputc('\n', out);
		cgn_top_print(m, out);
		fflush(out);
	}
	return result;
}

enum cgn_exit
cgn_top_run(const struct cgn_client_where *where, const struct cgn_top_options *options, FILE *out)
{
	struct cgn_client *client = calloc(1, sizeof(*client));
	struct cgn_top_model model;
	enum cgn_exit result;

	if (client == NULL)
		return CGN_EXIT_AWAY;
	if (options->batch == 0 && !cgn_terminal_is(out)) {
		fputs("cgnatctl: top needs a terminal; for plain text: top --once, or --batch N\n",
			stderr);
		free(client);
		return CGN_EXIT_USAGE;
	}
	client->fd = -1;
	cgn_terminal_catch();
	cgn_top_model_init(&model, &options->choice);
	result = cgn_top_model_look(&model, client, where);
	if (result != CGN_EXIT_OK)
		fprintf(stderr, "cgnatctl: %s\n", model.why);
	else if (options->batch != 0)
		result = run_batch(&model, client, where, options->batch, out);
	else
		result = cgn_top_screen_run(&model, client, where);
	cgn_top_model_fini(&model);
	cgn_client_close(client);
	free(client);
	return result;
}
