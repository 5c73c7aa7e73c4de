/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs scenario files (README.md says what is in them): `run_scenario FILE…`, one TAP line per
 * scenario. Each scenario has a box and a clock of its own; at its end the law must hold.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "scn.h"

enum { LINE_MAX_LEN = 512 };

struct totals {
	uint32_t n;
	bool failed;
	char name[512];
};

void
scn_fail(struct scn *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# %s:%u: ", s->file, s->line);
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	s->failed = true;
}

static void
split(struct scn *s, char *line)
{
	s->n_words = 0;
	for (char *w = strtok(line, " \t\n"); w != NULL && w[0] != '#'; w = strtok(NULL, " \t\n")) {
		if (s->n_words == SCN_MAX_WORDS)
			scn_wrong(s, "too many words");
		s->words[s->n_words++] = w;
	}
	for (uint32_t i = s->n_words; i <= SCN_MAX_WORDS; i++)
		s->words[i] = NULL;
}

static void
append(const struct scn *s, char *yaml, const char *line)
{
	if (strlen(yaml) + strlen(line) + 2 > SCN_YAML_MAX)
		scn_wrong(s, "too much YAML");
	strcat(yaml, line);
	strcat(yaml, "\n");
}

/* Lines before the box starts; false when it is none of them. rest: what follows the first word. */
static bool
setting(struct scn *s, const char *rest)
{
	const char *word = s->words[0];

	if (strcmp(word, "box") == 0)
		append(s, s->box, rest);
	else if (strcmp(word, "a") == 0)
		append(s, s->a, rest);
	else if (strcmp(word, "b") == 0)
		append(s, s->b, rest);
	else if (strcmp(word, "c") == 0)
		append(s, s->c, rest);
	else if (strcmp(word, "workers") == 0)
		s->params.n_workers = (uint16_t)scn_number(s, s->words[1]);
	else if (strcmp(word, "tx-queues") == 0)
		s->params.n_txq = (uint16_t)scn_number(s, s->words[1]);
	else if (strcmp(word, "show-arp") == 0)
		s->params.show_arp = true;
	else
		return false;
	return true;
}

static void
start(struct scn *s)
{
	s->params.box = s->box;
	s->params.a = s->a;
	s->params.b = s->b;
	s->params.c = s->c;
	s->sim = cgn_sim_create(&s->params);
}

static void
finish(struct scn *s, struct totals *t)
{
	if (t->n == 0)
		return;
	if (s->sim == NULL)
		start(s);
	if (!cgn_sim_is_sound(s->sim))
		scn_fail(s, "the box is not sound");
	if (s->failed)
		cgn_sim_dump(s->sim, stderr);
	printf("%s %u - %s\n", s->failed ? "not ok" : "ok", t->n, t->name);
	fflush(stdout);
	t->failed |= s->failed;
	cgn_sim_destroy(s->sim);
}

static void
begin(struct scn *s, struct totals *t)
{
	const char *file = s->file;
	uint32_t line = s->line;

	if (s->n_words != 2)
		scn_wrong(s, "scenario NAME");
	t->n++;
	snprintf(t->name, sizeof(t->name), "%s", s->words[1]);
	memset(s, 0, sizeof(*s));
	s->file = file;
	s->line = line;
}

static void
run_line(struct scn *s, struct totals *t, const char *text)
{
	char line[LINE_MAX_LEN];
	char rest[LINE_MAX_LEN];
	const char *space;

	snprintf(line, sizeof(line), "%s", text);
	line[strcspn(line, "\n")] = '\0';
	space = strchr(line, ' ');
	snprintf(rest, sizeof(rest), "%s", space != NULL ? space + 1 : "");
	split(s, line);
	if (s->n_words == 0)
		return;
	if (strcmp(s->words[0], "scenario") == 0) {
		char name[LINE_MAX_LEN];

		snprintf(name, sizeof(name), "%s", s->words[1] != NULL ? s->words[1] : "");
		finish(s, t);
		s->words[1] = name;
		begin(s, t);
	} else if (t->n == 0)
		scn_wrong(s, "a line before the first scenario");
	else if (s->sim != NULL || !setting(s, rest)) {
		if (s->sim == NULL)
			start(s);
		scn_command(s);
	}
}

static bool
run_file(const char *path)
{
	static struct scn s;
	struct totals t = {0};
	FILE *f = fopen(path, "r");
	char line[LINE_MAX_LEN];

	if (f == NULL) {
		perror(path);
		return false;
	}
	memset(&s, 0, sizeof(s));
	s.file = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	while (fgets(line, sizeof(line), f) != NULL) {
		s.line++;
		run_line(&s, &t, line);
	}
	fclose(f);
	finish(&s, &t);
	printf("1..%u\n", t.n);
	return !t.failed && t.n > 0;
}

int
main(int argc, char **argv)
{
	bool ok = argc > 1;

	cgn_sim_eal();
	for (int i = 1; i < argc; i++)
		ok &= run_file(argv[i]);
	return ok ? 0 : 1;
}
