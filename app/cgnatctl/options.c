/* SPDX-License-Identifier: BSD-3-Clause */
/* Options, verb, parameters; help from the table of commands. See options.h. */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "flags.h"
#include "offline_trace.h"
#include "words.h"

enum { WATCH_MS = 2000 };

static const char top_help[] =
	"a live view: who is busy, what becomes of packets, how full the pools are";

#define P(id) (UINT64_C(1) << CGN_PARAM_##id)

/* Set by options or by cgnatctl itself, not by words on the command line. */
static const uint64_t not_positional = P(ALL) | P(DRY_RUN) | P(BY) | P(CURSOR) | P(LIMIT) | P(ID);

static bool
is_shown(const struct cgn_command *cmd, int p)
{
	return (cmd->takes & ~not_positional) >> p & 1;
}

static void
help_all(FILE *out)
{
	fputs("cgnatctl shows what the carrier-grade NAT cgnatd is doing, and changes "
	      "it.\n\n"
	      "usage: cgnatctl [options] VERB [VALUE...] [KEY=VALUE...]\n"
	      "       cgnatctl VERB --help\n\nverbs:\n",
		out);
	for (int i = 0; i < CGN_N_COMMANDS; i++)
		fprintf(out, "  %-12s %s\n", cgn_commands[i].verb, cgn_commands[i].help);
	fprintf(out, "  %-12s %s\n", "top", top_help);
	cgn_offline_list(out);
}

static void
help_options(FILE *out, uint32_t scopes)
{
	fputs("\noptions:\n", out);
	cgn_flags_help(out, scopes);
	fputs("\nexit status: 0 done; 1 the daemon refused, or diff found differences; 2 wrong "
	      "usage;\n3 no answer from the daemon: not running, not permitted, or broken off\n",
		out);
}

/* For --columns, --sort and --filter. */
static void
help_columns(FILE *out, const struct cgn_command *cmd)
{
	if ((cgn_command_scopes(cmd) & CGN_SCOPE_ROWS) == 0)
		return;
	fputs("\ncolumns, with * those of --wide:\n", out);
	for (size_t f = 0; f < cgn_n_fields; f++) {
		const struct cgn_field *field = &cgn_fields[f];

		if (&cgn_commands[field->command] == cmd && strcmp(field->where, "rows") == 0)
			fprintf(out, "  %-18s%c %s\n", field->name, field->wide ? '*' : ' ',
				field->help);
	}
}

void
cgn_options_help(FILE *out, const struct cgn_command *cmd)
{
	if (cmd == NULL) {
		help_all(out);
		help_options(out, UINT32_MAX);
		return;
	}
	fprintf(out, "%s\n\nusage: cgnatctl [options] %s%s", cmd->help, cmd->verb,
		cmd->takes & P(DRY_RUN) ? " [--dry-run]" : "");
	for (int p = 0; p < CGN_N_PARAMS; p++) {
		if (is_shown(cmd, p))
			fprintf(out, cmd->needs >> p & 1 ? " %s=%s" : " [%s=%s]",
				cgn_param_infos[p].name, cgn_param_infos[p].metavar);
	}
	fputs("\n", out);
	if ((cmd->takes & ~not_positional) != 0)
		fputs("\nparameters, in this order also without KEY=, or as KEY VALUE:\n", out);
	for (int p = 0; p < CGN_N_PARAMS; p++) {
		if (is_shown(cmd, p))
			fprintf(out, "  %-12s %s\n", cgn_param_infos[p].name,
				cgn_param_infos[p].help);
	}
	help_columns(out, cmd);
	help_options(out, cgn_command_scopes(cmd));
}

/* What is behind a verb that needs no daemon. */
static enum cgn_exit
parse_offline(struct cgn_options *o, const struct cgn_flags *flags, int argc, char **argv)
{
	const struct cgn_offline *offline = o->offline;

	if (cgn_flags_check(flags, CGN_SCOPE_ANY | CGN_SCOPE_ASKS, offline->verb) != CGN_EXIT_OK)
		return CGN_EXIT_USAGE;
	if (cgn_flags_has(flags, CGN_OPTION_HELP)) {
		printf("%s\n\nusage: cgnatctl [--json] %s %s\n\nexit status: %s\n", offline->help,
			offline->verb, offline->files, offline->exit_status);
		o->done = true;
		return CGN_EXIT_OK;
	}
	if (argc < offline->min_files || argc > offline->max_files) {
		fprintf(stderr, "cgnatctl: usage: cgnatctl [--json] %s %s\n", offline->verb,
			offline->files);
		return CGN_EXIT_USAGE;
	}
	for (int i = 0; i < argc; i++)
		o->files[i] = argv[i];
	return CGN_EXIT_OK;
}

static enum cgn_exit
add_param(struct cgn_options *o, const char *key, size_t key_len, const char *value)
{
	size_t n = strlen(o->params), room = sizeof(o->params) - n;

	if (strchr(value, ',') != NULL) {
		fprintf(stderr, "cgnatctl: %.*s: '%s' has a comma; give each parameter by itself\n",
			(int)key_len, key, value);
		return CGN_EXIT_USAGE;
	}
	if ((size_t)snprintf(o->params + n, room, "%s%.*s=%s", n > 0 ? "," : "", (int)key_len, key,
		    value) < room)
		return CGN_EXIT_OK;
	fprintf(stderr, "cgnatctl: the parameters are too long\n");
	return CGN_EXIT_USAGE;
}

/* The next parameter that has no value yet, in the order of the table; -1 when all have one. */
static int
next_positional(const struct cgn_command *cmd, uint64_t given)
{
	if (cmd == &cgn_commands[CGN_COMMAND_EXPLAIN]) /* `explain wan from … to …` */
		return given >> CGN_PARAM_PORT & 1 ? -1 : CGN_PARAM_PORT;
	for (int p = 0; p < CGN_N_PARAMS; p++)
		if (is_shown(cmd, p) && !(given >> p & 1))
			return p;
	return -1;
}

/* The parameter that is called so and has no value yet, or -1. */
static int
find_key(const struct cgn_command *cmd, const char *key, uint64_t given)
{
	for (int p = 0; p < CGN_N_PARAMS; p++)
		if (is_shown(cmd, p) && !(given >> p & 1) &&
			strcmp(cgn_param_infos[p].name, key) == 0)
			return p;
	return -1;
}

/* A word behind the verb: key=value, or the value of the next parameter. */
static enum cgn_exit
parse_word(struct cgn_options *o, const char *word, uint64_t *given)
{
	const char *equals = strchr(word, '=');
	int p;

	if (equals != NULL) {
		size_t len = (size_t)(equals - word);

		for (p = 0; p < CGN_N_PARAMS; p++)
			if (strlen(cgn_param_infos[p].name) == len &&
				memcmp(cgn_param_infos[p].name, word, len) == 0)
				*given |= UINT64_C(1) << p;
		return add_param(o, word, len, equals + 1);
	}
	p = next_positional(o->cmd, *given);
	if (p < 0) {
		fprintf(stderr, "cgnatctl: '%s' is too much for %s; see cgnatctl %s --help\n", word,
			o->cmd->verb, o->cmd->verb);
		return CGN_EXIT_USAGE;
	}
	*given |= UINT64_C(1) << p;
	return add_param(o, cgn_param_infos[p].name, strlen(cgn_param_infos[p].name), word);
}

static enum cgn_exit
parse_words(struct cgn_options *o, uint64_t given, int argc, char **argv)
{
	uint64_t missing;

	for (int i = 0; i < argc; i++) {
		int key = i + 1 < argc ? find_key(o->cmd, argv[i], given) : -1;
		enum cgn_exit result;

		if (key >= 0) { /* `tenant a`: two words */
			given |= UINT64_C(1) << key;
			result = add_param(o, argv[i], strlen(argv[i]), argv[i + 1]);
			i++;
		} else {
			result = parse_word(o, argv[i], &given);
		}
		if (result != CGN_EXIT_OK)
			return result;
	}
	missing = o->cmd->needs & ~given;
	if (missing != 0) {
		const struct cgn_param_info *info = &cgn_param_infos[__builtin_ctzll(missing)];

		fprintf(stderr, "cgnatctl: %s needs %s=%s; see cgnatctl %s --help\n", o->cmd->verb,
			info->name, info->metavar, o->cmd->verb);
		return CGN_EXIT_USAGE;
	}
	if ((given & (P(CURSOR) | P(LIMIT))) != 0) {
		fprintf(stderr, "cgnatctl: pages are followed by themselves; use --limit N\n");
		return CGN_EXIT_USAGE;
	}
	return CGN_EXIT_OK;
}

/* `trace` and `deterministic` know from their first word what is asked; NULL: neither. */
static const struct cgn_command *
find_question(int argc, char **argv)
{
	bool is_subscriber = argc > 1 && strchr(argv[1], ':') == NULL;

	if (strcmp(argv[0], "trace") == 0)
		return &cgn_commands[is_subscriber ? CGN_COMMAND_TRACE_SUBSCRIBER
						   : CGN_COMMAND_TRACE_PORT];
	if (strcmp(argv[0], "deterministic") == 0)
		return &cgn_commands[is_subscriber ? CGN_COMMAND_DETERMINISTIC_SUBSCRIBER
						   : CGN_COMMAND_DETERMINISTIC_PORT];
	return NULL;
}

/*
 * The command that the words begin with, its verb being one or two of them; NULL: none. Two before
 * one: "subscriber add" is no question about a tenant that is called add.
 */
static const struct cgn_command *
find_command(int argc, char **argv, int *n_words)
{
	const struct cgn_command *cmd = NULL;
	char verb[32];

	*n_words = 1;
	if (argv[0][0] == '/')
		return NULL;
	if (argc > 1) {
		snprintf(verb, sizeof(verb), "%s %s", argv[0], argv[1]);
		cmd = cgn_command_find(verb);
		if (strcmp(verb, "capture list") ==
			0) /* beside start and stop; lists have one word */
			cmd = &cgn_commands[CGN_COMMAND_CAPTURES];
		*n_words = cmd != NULL ? 2 : 1;
	}
	if (cmd == NULL)
		cmd = cgn_command_find(argv[0]);
	return cmd == NULL ? find_question(argc, argv) : cmd;
}

/* `trace --at`: another question. With --store the log is read here. */
static enum cgn_exit
take_time(struct cgn_options *o, const struct cgn_flags *flags, int argc, char **argv)
{
	const bool has_store = cgn_flags_has(flags, CGN_OPTION_STORE);

	if (o->cmd != &cgn_commands[CGN_COMMAND_TRACE_PORT])
		return CGN_EXIT_OK;
	if (!cgn_flags_has(flags, CGN_OPTION_AT)) {
		if (has_store)
			fputs("cgnatctl: --store needs --at TIME\n", stderr);
		return has_store ? CGN_EXIT_USAGE : CGN_EXIT_OK;
	}
	o->cmd = &cgn_commands[CGN_COMMAND_TRACE_AT];
	if (!has_store)
		return CGN_EXIT_OK;
	o->offline = &cgn_offline_trace;
	o->files[0] = flags->texts[CGN_OPTION_STORE];
	o->files[1] = argc > 0 ? argv[argc - 1] : "";
	o->files[2] = flags->texts[CGN_OPTION_AT];
	return CGN_EXIT_OK;
}

/* A blank between day and time is for people; the daemon's parameters have none. */
static enum cgn_exit
add_time(struct cgn_options *o, const char *text)
{
	char at[64], *blank;

	snprintf(at, sizeof(at), "%s", text);
	blank = strchr(at, ' ');
	if (blank != NULL)
		*blank = 'T';
	return add_param(o, "at", 2, at);
}

/* Options that stand for a parameter; *given: these parameters. */
static enum cgn_exit
add_flags(struct cgn_options *o, const struct cgn_flags *flags, uint64_t *given)
{
	if (cgn_flags_has(flags, CGN_OPTION_ALL))
		add_param(o, "all", 3, "true");
	if (cgn_flags_has(flags, CGN_OPTION_AT)) {
		*given |= P(AT);
		if (add_time(o, flags->texts[CGN_OPTION_AT]) != CGN_EXIT_OK)
			return CGN_EXIT_USAGE;
	}
	if (o->cmd->needs & P(DRY_RUN)) {
		add_param(o, "dry_run", 7,
			cgn_flags_has(flags, CGN_OPTION_DRY_RUN) ? "true" : "false");
		*given |= P(DRY_RUN);
	}
	if (cgn_flags_has(flags, CGN_OPTION_WATCH)) {
		o->watch_ms = WATCH_MS;
		if (o->json || o->view.csv) {
			fputs("cgnatctl: --watch is for people; a program asks again\n", stderr);
			return CGN_EXIT_USAGE;
		}
	}
	return cgn_flags_seconds(flags, CGN_OPTION_WATCH, &o->watch_ms);
}

/* The daemon's verb that the words begin with, or NULL with the reason printed. */
static const struct cgn_command *
parse_verb(int argc, char **argv, int *n_words)
{
	const struct cgn_command *cmd = find_command(argc, argv, n_words);
	struct cgn_nearest search;

	if (cmd != NULL)
		return cmd;
	cgn_nearest_init(&search, argv[0]);
	for (int i = 0; i < CGN_N_COMMANDS; i++)
		cgn_nearest_try(&search, cgn_commands[i].verb);
	fprintf(stderr, "cgnatctl: unknown verb '%s'; ", argv[0]);
	if (search.best != NULL)
		fprintf(stderr, "did you mean %s? ", search.best);
	fputs("See cgnatctl --help\n", stderr);
	return NULL;
}

/* A verb of the daemon's, with all that stands behind it. */
static enum cgn_exit
parse_command(struct cgn_options *o, const struct cgn_flags *flags, int argc, char **argv)
{
	uint64_t given = 0;
	int n_words = 0;

	o->cmd = parse_verb(argc, argv, &n_words);
	if (o->cmd == NULL)
		return CGN_EXIT_USAGE;
	if (cgn_flags_has(flags, CGN_OPTION_HELP)) {
		cgn_options_help(stdout, o->cmd);
		o->done = true;
		return CGN_EXIT_OK;
	}
	if (cgn_flags_check(flags, cgn_command_scopes(o->cmd), o->cmd->verb) != CGN_EXIT_OK ||
		take_time(o, flags, argc - n_words, argv + n_words) != CGN_EXIT_OK ||
		cgn_flags_view(flags, o->cmd, &o->view) != CGN_EXIT_OK ||
		add_flags(o, flags, &given) != CGN_EXIT_OK)
		return CGN_EXIT_USAGE;
	return parse_words(o, given, argc - n_words, argv + n_words);
}

static void
help_top(FILE *out)
{
	fprintf(out,
		"%s\n\nusage: cgnatctl [options] top [VIEW] [tenant=NAME]\n\n"
		"views, with the keys that choose them, and their columns for --sort:\n",
		top_help);
	for (int v = 0; v < CGN_N_TOP_VIEWS; v++) {
		const struct cgn_top_column *columns;
		int n;

		fprintf(out, "  %-12s %c  %s\n                 ", cgn_top_views[v].name,
			cgn_top_views[v].key, cgn_top_views[v].help);
		columns = cgn_top_columns((enum cgn_top_view_id)v, &n);
		for (int c = 0; c < n; c++)
			fprintf(out, " %s", columns[c].name);
		fputc('\n', out);
	}
	fputs("\nRates are differences of two looks. Colours stay away from what is no terminal, "
	      "and "
	      "when\nNO_COLOR is set. The key h tells the other keys.\n",
		out);
	help_options(out, CGN_SCOPE_ANY | CGN_SCOPE_TOP);
}

/* A word behind top: a view, or the tenant. */
static enum cgn_exit
parse_top_word(struct cgn_top_choice *choice, const char *word)
{
	const int view = cgn_top_view_find(word);
	struct cgn_nearest search;

	if (view >= 0) {
		choice->view = (enum cgn_top_view_id)view;
		return CGN_EXIT_OK;
	}
	if (strncmp(word, "tenant=", 7) == 0 && word[7] != '\0' && strchr(word, ',') == NULL &&
		strlen(word + 7) < sizeof(choice->tenant)) {
		snprintf(choice->tenant, sizeof(choice->tenant), "%s", word + 7);
		return CGN_EXIT_OK;
	}
	cgn_nearest_init(&search, word);
	for (int v = 0; v < CGN_N_TOP_VIEWS; v++)
		cgn_nearest_try(&search, cgn_top_views[v].name);
	fprintf(stderr, "cgnatctl: top has no view '%s'; ", word);
	if (search.best != NULL)
		fprintf(stderr, "did you mean %s? ", search.best);
	fputs("See cgnatctl top --help\n", stderr);
	return CGN_EXIT_USAGE;
}

static enum cgn_exit
parse_top(struct cgn_options *o, const struct cgn_flags *flags, int argc, char **argv)
{
	struct cgn_top_choice *choice = &o->top.choice;

	o->is_top = true;
	if (cgn_flags_has(flags, CGN_OPTION_HELP)) {
		help_top(stdout);
		o->done = true;
		return CGN_EXIT_OK;
	}
	if (cgn_flags_check(flags, CGN_SCOPE_ANY | CGN_SCOPE_TOP, "top") != CGN_EXIT_OK)
		return CGN_EXIT_USAGE;
	cgn_top_choice_init(choice);
	for (int i = 0; i < argc; i++)
		if (parse_top_word(choice, argv[i]) != CGN_EXIT_OK)
			return CGN_EXIT_USAGE;
	o->top.batch = cgn_flags_has(flags, CGN_OPTION_ONCE);
	if (cgn_flags_number(flags, CGN_OPTION_BATCH, &o->top.batch) != CGN_EXIT_OK ||
		cgn_flags_number(flags, CGN_OPTION_LIMIT, &choice->limit) != CGN_EXIT_OK ||
		cgn_flags_seconds(flags, CGN_OPTION_INTERVAL, &choice->interval_ms) != CGN_EXIT_OK)
		return CGN_EXIT_USAGE;
	return !cgn_flags_has(flags, CGN_OPTION_SORT) ||
			cgn_top_choice_sort(choice, flags->texts[CGN_OPTION_SORT])
		? CGN_EXIT_OK
		: CGN_EXIT_USAGE;
}

static void
take_where(struct cgn_options *o, const struct cgn_flags *flags)
{
	o->where.prefix = "cgnatd";
	o->where.socket = getenv("CGNATCTL_SOCKET");
	if (cgn_flags_has(flags, CGN_OPTION_SOCKET))
		o->where.socket = flags->texts[CGN_OPTION_SOCKET];
	if (cgn_flags_has(flags, CGN_OPTION_PREFIX)) {
		o->where.prefix = flags->texts[CGN_OPTION_PREFIX];
		o->where.socket = NULL;
	}
}

enum cgn_exit
cgn_options_parse(struct cgn_options *o, int argc, char **argv)
{
	struct cgn_flags flags;
	enum cgn_exit result = cgn_flags_parse(&flags, argc, argv);

	memset(o, 0, sizeof(*o));
	if (result != CGN_EXIT_OK)
		return result;
	if (cgn_flags_has(&flags, CGN_OPTION_VERSION)) {
		printf("cgnatctl %s\n", CGN_VERSION);
		o->done = true;
		return CGN_EXIT_OK;
	}
	take_where(o, &flags);
	o->json = cgn_flags_has(&flags, CGN_OPTION_JSON);
	argc -= optind;
	argv += optind;
	if (argc > 0 && strcmp(argv[0], "help") == 0) {
		flags.given |= UINT32_C(1) << CGN_OPTION_HELP;
		argc--;
		argv++;
	}
	if (argc == 0) {
		const bool help = cgn_flags_has(&flags, CGN_OPTION_HELP);

		cgn_options_help(help ? stdout : stderr, NULL);
		o->done = true;
		return help ? CGN_EXIT_OK : CGN_EXIT_USAGE;
	}
	if (strcmp(argv[0], "top") == 0)
		return parse_top(o, &flags, argc - 1, argv + 1);
	o->offline = cgn_offline_find(argv[0]);
	return o->offline != NULL ? parse_offline(o, &flags, argc - 1, argv + 1)
				  : parse_command(o, &flags, argc, argv);
}
