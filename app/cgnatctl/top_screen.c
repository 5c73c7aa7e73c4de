/* SPDX-License-Identifier: BSD-3-Clause */
/* See top_screen.h. Called by top.c. */
#include "top_screen.h"

#include <ctype.h>
#include <curses.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "terminal.h"
#include "top.h"
#include "top_draw.h"

enum {
	PAIR_GOOD = 1,
	PAIR_WARN,
	PAIR_BAD,
	SECOND_LOOK_MS = 1000, /* of another view, so that its rates are there soon */
	MS = 1000000,
};

static const char keys_line[] =
	"q quit  t s f p views  < > r sort  / tenant  space pause  + - interval  h help";

static const char *const help[] = {"t s f p Tab   tenants, subscribers, fates, pools; the next",
	"< >           sort by the column to the left, to the right",
	"r             the other way round", "/ or n        only one tenant; an empty name: all",
	"space         pause, and go on", "+ -           look less often, more often",
	"arrows, PgUp, PgDn, Home, End   move through the rows", "q             quit", "",
	"New and refused flows are those that got to the control core; what workers",
	"turned away is in the fates. Subscribers are those that asked for the most",
	"new flows of late; cgnatctl subscribers --sort -mappings knows them all.",
	"Bits are those of IP packets that were forwarded; of traffic, of frames."};

struct screen {
	struct cgn_top_model *model;
	bool has_colours;
	bool is_paused, shows_help;
	size_t first; /* row */
	uint64_t next_ns;
};

static attr_t
attribute(const struct screen *s, enum cgn_top_style style)
{
	switch (style) {
	case CGN_TOP_BOLD:
		return A_BOLD;
	case CGN_TOP_HEADING:
		return A_REVERSE;
	case CGN_TOP_SORTED:
		return A_REVERSE | A_BOLD | A_UNDERLINE;
	case CGN_TOP_DIM:
		return A_DIM;
	case CGN_TOP_GOOD:
		return s->has_colours ? COLOR_PAIR(PAIR_GOOD) : A_NORMAL;
	case CGN_TOP_WARN:
		return A_BOLD | (s->has_colours ? COLOR_PAIR(PAIR_WARN) : A_NORMAL);
	case CGN_TOP_BAD:
		return A_BOLD | (s->has_colours ? COLOR_PAIR(PAIR_BAD) : A_REVERSE);
	case CGN_TOP_PLAIN:
		break;
	}
	return A_NORMAL;
}

static void
put_text(void *ctx, enum cgn_top_style style, const char *text)
{
	attrset((int)attribute(ctx, style));
	addstr(text);
	attrset(A_NORMAL);
}

/* At the right edge the cursor is in the next line already, or stays in the last cell. */
static void
put_end(void *ctx)
{
	int y, x;

	(void)ctx;
	getyx(stdscr, y, x);
	if (x > 0 || inch() == ' ') {
		clrtoeol();
		move(y + 1, 0);
	}
}

static size_t
page(void)
{
	return LINES > CGN_TOP_HEAD_LINES + 1 ? (size_t)(LINES - CGN_TOP_HEAD_LINES - 1) : 1;
}

static void
draw(struct screen *s)
{
	const struct cgn_top_canvas canvas = {.rows = LINES,
		.columns = COLS - 1, /* the last column would wrap */
		.text = put_text,
		.end_line = put_end,
		.ctx = s};

	if (s->first + 1 > s->model->n_rows)
		s->first = s->model->n_rows > 0 ? s->model->n_rows - 1 : 0;
	erase();
	if (s->shows_help) {
		for (size_t i = 0; i < sizeof(help) / sizeof(help[0]); i++)
			mvaddnstr((int)i + 1, 2, help[i], COLS - 3);
		mvaddnstr(LINES - 1, 0, "any key: back", COLS - 1);
	} else {
		cgn_top_draw(&canvas, s->model, s->first, s->is_paused, NULL);
		attrset(A_DIM);
		mvaddnstr(LINES - 1, 0, keys_line, COLS - 1);
		attrset(A_NORMAL);
	}
	refresh();
}

/* Asks for the name of a tenant in the last line. */
static void
ask_tenant(struct screen *s)
{
	char name[CGN_TOP_TENANT_LEN] = "";
	int n = 0, key;

	timeout(-1);
	curs_set(1);
	do {
		mvprintw(LINES - 1, 0, "tenant (empty: all): %s", name);
		clrtoeol();
		refresh();
		key = getch();
		if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && n > 0)
			name[--n] = '\0';
		else if (key < 128 && (isalnum(key) || key == '-' || key == '_') &&
			n < CGN_TOP_TENANT_LEN - 1) {
			name[n++] = (char)key;
			name[n] = '\0';
		}
	} while (key != '\n' && key != '\r' && key != KEY_ENTER && key != 27 &&
		!cgn_terminal_caught());
	curs_set(0);
	if (key == 27)
		return;
	memcpy(s->model->choice.tenant, name, sizeof(name));
	s->first = 0;
	s->next_ns = 0;
}

static void
scroll_rows(struct screen *s, int key)
{
	const size_t n = s->model->n_rows, rows = page(), last = n > rows ? n - rows : 0;
	size_t first = s->first;

	if (key == KEY_DOWN)
		first++;
	else if (key == KEY_UP)
		first -= first > 0;
	else if (key == KEY_NPAGE)
		first += rows;
	else if (key == KEY_PPAGE)
		first = first > rows ? first - rows : 0;
	else if (key == KEY_HOME)
		first = 0;
	else if (key == KEY_END)
		first = last;
	s->first = first < last ? first : last;
}

/* False: it is the end. */
static bool
handle_key(struct screen *s, int key)
{
	if (s->shows_help) {
		s->shows_help = false;
		return key != 'q';
	}
	switch (cgn_top_choice_key(&s->model->choice, key)) {
	case CGN_TOP_RELOOK:
		s->first = 0;
		s->next_ns = 0;
		return true;
	case CGN_TOP_REDRAW:
		cgn_top_model_update(s->model);
		return true;
	case CGN_TOP_NOTHING:
		break;
	}
	switch (key) {
	case 'q':
		return false;
	case ' ':
		s->is_paused = !s->is_paused;
		s->next_ns = 0;
		break;
	case 'h':
	case '?':
		s->shows_help = true;
		break;
	case '/':
	case 'n':
		ask_tenant(s);
		break;
	default: /* KEY_RESIZE too: LINES and COLS have changed */
		scroll_rows(s, key);
	}
	return true;
}

/* Looks again when it is time. A view without a look to compare with gets the next one soon. */
static void
look(struct screen *s, struct cgn_client *client, const struct cgn_client_where *where)
{
	struct cgn_top_model *m = s->model;
	const uint64_t now = cgn_terminal_now_ns();
	uint64_t ms = m->choice.interval_ms;

	if (now < s->next_ns || (s->is_paused && m->now.view == m->choice.view))
		return;
	cgn_top_model_look(m, client, where);
	if (m->away_since_ns == 0 && m->before.view != m->now.view && ms > SECOND_LOOK_MS)
		ms = SECOND_LOOK_MS;
	s->next_ns = cgn_terminal_now_ns() + ms * MS;
}

static void
run(struct screen *s, struct cgn_client *client, const struct cgn_client_where *where)
{
	bool goes_on = true;

	while (goes_on && !cgn_terminal_caught()) {
		uint64_t now;
		int key;

		look(s, client, where);
		draw(s);
		now = cgn_terminal_now_ns();
		timeout(s->next_ns > now && !s->is_paused ? (int)((s->next_ns - now) / MS) + 1
				: s->is_paused            ? 1000
							  : 0);
		key = getch();
		goes_on = key == ERR || handle_key(s, key);
	}
}

static bool
wants_colours(void)
{
	const char *no = getenv("NO_COLOR"); /* no-color.org: set and not empty */

	return (no == NULL || no[0] == '\0') && has_colors();
}

enum cgn_exit
cgn_top_screen_run(
	struct cgn_top_model *m, struct cgn_client *client, const struct cgn_client_where *where)
{
	struct screen s = {
		.model = m, .next_ns = cgn_terminal_now_ns() + (uint64_t)SECOND_LOOK_MS / 2 * MS};
	SCREEN *terminal;

	setlocale(LC_CTYPE, "");
	terminal = newterm(NULL, stdout, stdin);
	if (terminal == NULL) {
		fputs("cgnatctl: this terminal (TERM) is not known; for plain text: top --batch "
		      "N\n",
			stderr);
		return CGN_EXIT_USAGE;
	}
	s.has_colours = wants_colours();
	if (s.has_colours) {
		start_color();
		use_default_colors();
		init_pair(PAIR_GOOD, COLOR_GREEN, -1);
		init_pair(PAIR_WARN, COLOR_YELLOW, -1);
		init_pair(PAIR_BAD, COLOR_RED, -1);
	}
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	set_escdelay(100);
	run(&s, client, where);
	endwin();
	delscreen(terminal);
	return CGN_EXIT_OK;
}
