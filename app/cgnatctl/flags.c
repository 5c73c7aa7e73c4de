/* SPDX-License-Identifier: BSD-3-Clause */
/* See flags.h. Called by options.c. */
#include "flags.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum {
	FIRST_VALUE = 256, /* of getopt for the options, beyond all letters */
	HELP_COLUMN = 28,
	HELP_WIDTH = 96,
	MS_MIN = 100,
	MS_MAX = 3600 * 1000,
};

/* getopt's two lists of options.def. */
static void
fill_getopt(struct option *longs, char *shorts)
{
	for (int i = 0; i < CGN_N_OPTIONS; i++) {
		const struct cgn_option_info *info = &cgn_option_infos[i];

		longs[i] = (struct option){.name = info->name,
			.has_arg = (int)info->argument, /* getopt's own numbers */
			.val = FIRST_VALUE + i};
		if (info->letter == 0)
			continue;
		*shorts++ = info->letter;
		if (info->argument == CGN_ARGUMENT_NEEDS)
			*shorts++ = ':';
	}
	longs[CGN_N_OPTIONS] = (struct option){0};
	*shorts = '\0';
}

static int
id_of(int c)
{
	if (c >= FIRST_VALUE)
		return c - FIRST_VALUE;
	for (int i = 0; i < CGN_N_OPTIONS; i++)
		if (cgn_option_infos[i].letter == c)
			return i;
	return -1;
}

static enum cgn_exit
take(struct cgn_flags *flags, int id)
{
	flags->given |= UINT32_C(1) << id;
	flags->texts[id] = optarg;
	if (id == CGN_OPTION_SOCKET)
		flags->given &= ~(UINT32_C(1) << CGN_OPTION_PREFIX); /* the later of the two */
	if (id == CGN_OPTION_PREFIX)
		flags->given &= ~(UINT32_C(1) << CGN_OPTION_SOCKET);
	if (id != CGN_OPTION_FILTER)
		return CGN_EXIT_OK;
	if (flags->n_filters == CGN_MAX_FILTERS) {
		fprintf(stderr, "cgnatctl: --filter: at most %d\n", CGN_MAX_FILTERS);
		return CGN_EXIT_USAGE;
	}
	flags->filters[flags->n_filters++] = optarg;
	return CGN_EXIT_OK;
}

enum cgn_exit
cgn_flags_parse(struct cgn_flags *flags, int argc, char **argv)
{
	static_assert((int)CGN_ARGUMENT_NONE == no_argument &&
			(int)CGN_ARGUMENT_NEEDS == required_argument &&
			(int)CGN_ARGUMENT_MAY == optional_argument,
		"getopt's numbers");
	static_assert(CGN_N_OPTIONS <= 32, "given has 32 bits");
	struct option longs[CGN_N_OPTIONS + 1];
	char shorts[2 * CGN_N_OPTIONS + 1];
	int c;

	memset(flags, 0, sizeof(*flags));
	fill_getopt(longs, shorts);
	optind = 0; /* from the beginning, also when called again */
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const int id = id_of(c);

		if (id < 0)
			fputs("try: cgnatctl --help\n", stderr);
		if (id < 0 || take(flags, id) != CGN_EXIT_OK)
			return CGN_EXIT_USAGE;
	}
	return CGN_EXIT_OK;
}

enum cgn_exit
cgn_flags_check(const struct cgn_flags *flags, uint32_t scopes, const char *verb)
{
	for (int i = 0; i < CGN_N_OPTIONS; i++) {
		if (!cgn_flags_has(flags, (enum cgn_option_id)i) ||
			(cgn_option_infos[i].scope & scopes) != 0)
			continue;
		fprintf(stderr, "cgnatctl: --%s has no meaning for %s\n", cgn_option_infos[i].name,
			verb);
		return CGN_EXIT_USAGE;
	}
	return CGN_EXIT_OK;
}

enum cgn_exit
cgn_flags_number(const struct cgn_flags *flags, enum cgn_option_id id, uint64_t *value)
{
	if (!cgn_flags_has(flags, id) || cgn_u64_parse(flags->texts[id], 1, UINT64_MAX, value) == 0)
		return CGN_EXIT_OK;
	fprintf(stderr, "cgnatctl: --%s: '%s' is not a number above 0\n", cgn_option_infos[id].name,
		flags->texts[id]);
	return CGN_EXIT_USAGE;
}

enum cgn_exit
cgn_flags_seconds(const struct cgn_flags *flags, enum cgn_option_id id, uint64_t *ms)
{
	double seconds;
	char *end;

	if (!cgn_flags_has(flags, id) || flags->texts[id] == NULL)
		return CGN_EXIT_OK;
	seconds = strtod(flags->texts[id], &end);
	if (*end == '\0' && end != flags->texts[id] && seconds * 1000 >= MS_MIN &&
		seconds * 1000 <= MS_MAX) {
		*ms = (uint64_t)(seconds * 1000 + 0.5);
		return CGN_EXIT_OK;
	}
	fprintf(stderr, "cgnatctl: --%s: '%s' is not a number of seconds from 0.1 to 3600\n",
		cgn_option_infos[id].name, flags->texts[id]);
	return CGN_EXIT_USAGE;
}

enum cgn_exit
cgn_flags_view(const struct cgn_flags *flags, const struct cgn_command *cmd, struct cgn_view *view)
{
	memset(view, 0, sizeof(*view));
	view->wide = cgn_flags_has(flags, CGN_OPTION_WIDE);
	view->count = cgn_flags_has(flags, CGN_OPTION_COUNT);
	view->csv = cgn_flags_has(flags, CGN_OPTION_CSV);
	view->no_header = cgn_flags_has(flags, CGN_OPTION_NO_HEADER);
	if (cgn_flags_number(flags, CGN_OPTION_LIMIT, &view->limit) != CGN_EXIT_OK)
		return CGN_EXIT_USAGE;
	if (view->csv && cgn_flags_has(flags, CGN_OPTION_JSON)) {
		fputs("cgnatctl: --csv and --json: one of the two\n", stderr);
		return CGN_EXIT_USAGE;
	}
	if (cgn_flags_has(flags, CGN_OPTION_COLUMNS) &&
		!cgn_columns_parse(&view->columns, cmd, flags->texts[CGN_OPTION_COLUMNS]))
		return CGN_EXIT_USAGE;
	if (cgn_flags_has(flags, CGN_OPTION_SORT) &&
		!cgn_order_parse(&view->order, cmd, flags->texts[CGN_OPTION_SORT]))
		return CGN_EXIT_USAGE;
	for (size_t f = 0; f < flags->n_filters; f++)
		if (!cgn_filter_parse(&view->filters[view->n_filters++], cmd, flags->filters[f]))
			return CGN_EXIT_USAGE;
	return CGN_EXIT_OK;
}

/* Text from HELP_COLUMN on, in lines of HELP_WIDTH. */
static void
print_wrapped(FILE *out, const char *text)
{
	int column = HELP_COLUMN;

	for (bool is_first = true; *text != '\0'; is_first = false) {
		const int n = (int)strcspn(text, " ");

		if (!is_first && column + 1 + n > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (!is_first) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", n, text);
		column += n;
		text += n + (text[n] == ' ');
	}
	fputc('\n', out);
}

void
cgn_flags_help(FILE *out, uint32_t scopes)
{
	for (int i = 0; i < CGN_N_OPTIONS; i++) {
		const struct cgn_option_info *info = &cgn_option_infos[i];
		char name[64], letter[8] = "";

		if (info->help[0] == '\0' || (info->scope & scopes) == 0)
			continue;
		if (info->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", info->letter);
		snprintf(name, sizeof(name), "%4s--%s%s%s%s", letter, info->name,
			info->argument == CGN_ARGUMENT_NEEDS         ? " "
				: info->argument == CGN_ARGUMENT_MAY ? "[="
								     : "",
			info->metavar, info->argument == CGN_ARGUMENT_MAY ? "]" : "");
		fprintf(out, "  %-*s", HELP_COLUMN - 2, name);
		if (strlen(name) > HELP_COLUMN - 4)
			fprintf(out, "\n%*s", HELP_COLUMN, "");
		print_wrapped(out, info->help);
	}
}
