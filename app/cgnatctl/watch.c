/* SPDX-License-Identifier: BSD-3-Clause */
/* See watch.h. Called by main.c. */
#include "watch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "changes.h"
#include "output.h"
#include "terminal.h"

enum { TIME_LEN = 32, FRAME_LINES = 3 }; /* the line above, the header, the cursor's */

struct watch {
	struct cgn_client *client;
	const struct cgn_options *options;
	FILE *out;
	bool is_terminal;
	int rows, columns;
	struct cgn_changes changes;
};

/* As many rows as are seen; of a list into a file all, as the options say. */
static uint64_t
max_rows(const struct watch *w)
{
	return w->is_terminal && w->rows > FRAME_LINES ? (uint64_t)(w->rows - FRAME_LINES) : 0;
}

/* Bytes of a line that fit into so many columns; escape sequences take none. */
static size_t
fitting(const char *line, size_t len, int columns)
{
	size_t i = 0;

	for (int column = 0; i < len; i++) {
		if (line[i] == '\033') {
			while (i < len && line[i] != 'm')
				i++;
			continue;
		}
		if (column == columns)
			break;
		column += (line[i] & 0xc0) != 0x80; /* the rest of a UTF-8 character has no width */
	}
	return i;
}

/* Over what was there: each line to its end, then nothing below. */
static void
draw(const struct watch *w, const char *text)
{
	int n = 0;

	fputs("\033[H", w->out);
	for (; *text != '\0' && n < w->rows - 1; n++) {
		const size_t len = strcspn(text, "\n");

		fwrite(text, 1, fitting(text, len, w->columns), w->out);
		fputs("\033[0m\033[K\n", w->out);
		text += len + (text[len] == '\n');
	}
	fputs("\033[J", w->out);
}

static void
print_title(const struct watch *w, enum cgn_exit result, FILE *out)
{
	char now[TIME_LEN];
	time_t t = time(NULL);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(out, "%s  cgnatctl %s %s  every %" PRIu64 ".%" PRIu64 " s", now,
		w->options->cmd->verb, w->options->params, w->options->watch_ms / 1000,
		w->options->watch_ms % 1000 / 100);
	if (result != CGN_EXIT_OK)
		fprintf(out, "  %s", w->client->why);
	else if (w->changes.n_changed + w->changes.n_new + cgn_changes_n_gone(&w->changes) > 0 &&
		!w->changes.is_first)
		fprintf(out, "  changed %zu, new %zu, gone %zu", w->changes.n_changed,
			w->changes.n_new, cgn_changes_n_gone(&w->changes));
	fputc('\n', out);
}

/* Asks, connecting again when the daemon was away. */
static enum cgn_exit
ask(struct watch *w, FILE *out)
{
	const bool has_marks = w->options->cmd->shape != CGN_SHAPE_ITEM;

	if (w->client->fd < 0 && cgn_client_open(w->client, &w->options->where) != CGN_EXIT_OK)
		return CGN_EXIT_AWAY;
	if (has_marks)
		cgn_changes_next(&w->changes);
	return cgn_output_once(
		w->client, w->options, has_marks ? &w->changes : NULL, max_rows(w), out);
}

/* One picture: what is above is known only when the rows are. */
static enum cgn_exit
picture(struct watch *w)
{
	char *body = NULL, *all = NULL;
	size_t n;
	FILE *mem = open_memstream(&body, &n);
	enum cgn_exit result = ask(w, mem);

	fclose(mem);
	if (result == CGN_EXIT_AWAY)
		cgn_client_close(w->client);
	if (cgn_terminal_caught()) { /* what came may be broken off by it */
		free(body);
		return result;
	}
	mem = open_memstream(&all, &n);
	print_title(w, result, mem);
	fputs(body, mem);
	fclose(mem);
	if (w->is_terminal)
		draw(w, all);
	else
		fprintf(w->out, "%s\n", all);
	fflush(w->out);
	free(body);
	free(all);
	return result;
}

enum cgn_exit
cgn_watch_run(struct cgn_client *client, const struct cgn_options *options, FILE *out)
{
	struct watch w = {.client = client,
		.options = options,
		.out = out,
		.is_terminal = cgn_terminal_is(out)};
	enum cgn_exit result;

	cgn_terminal_catch();
	cgn_terminal_size(out, &w.rows, &w.columns);
	cgn_changes_init(&w.changes, w.is_terminal);
	if (w.is_terminal)
		fputs("\033[2J", out);
	result = picture(&w);
	if (result != CGN_EXIT_OK && !cgn_terminal_caught()) {
		fprintf(stderr, "cgnatctl: %s\n", client->why);
	} else {
		while (cgn_terminal_wait(options->watch_ms) && ferror(out) == 0) {
			cgn_terminal_size(out, &w.rows, &w.columns);
			picture(&w);
		}
		result = CGN_EXIT_OK;
	}
	cgn_changes_fini(&w.changes);
	return result;
}
