/* SPDX-License-Identifier: BSD-3-Clause */
/* Options, verb, parameters; help from the table of commands. See options.h. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define P(id) (UINT32_C(1) << CGN_PARAM_##id)

/* Set by options or by cgnatctl itself, not by words on the command line. */
static const uint32_t not_positional = P(ALL) | P(DRY_RUN) | P(CURSOR) | P(LIMIT) | P(ID);

static bool
is_shown(const struct cgn_command *cmd, int p)
{
	return (cmd->takes & ~not_positional) >> p & 1;
}

static void
help_all(FILE *out)
{
	fputs("cgnatctl shows what the carrier-grade NAT cgnatd is doing, and sets port "
	      "forwards.\n\n"
	      "usage: cgnatctl [options] VERB [VALUE...] [KEY=VALUE...]\n"
	      "       cgnatctl VERB --help\n\nverbs:\n",
		out);
	for (int i = 0; i < CGN_N_COMMANDS; i++)
		fprintf(out, "  %-12s %s\n", cgn_commands[i].verb, cgn_commands[i].help);
	cgn_offline_list(out);
}

static void
help_options(FILE *out)
{
	fputs("\noptions:\n"
	      "  -s, --socket PATH    the daemon's telemetry socket (environment: "
	      "CGNATCTL_SOCKET)\n"
	      "  -p, --prefix NAME    look for the socket by file_prefix; default cgnatd\n"
	      "  -j, --json           one JSON document, for programs\n"
	      "  -w, --wide           all columns of a table\n"
	      "  -n, --limit N        at most N rows of a list\n"
	      "  -a, --all            fates: also those that are zero\n"
	      "  -d, --dry-run        reload: only say what it would do\n"
	      "  -h, --help           this help, or that of the verb\n"
	      "  -V, --version        the version of cgnatctl\n\n"
	      "exit status: 0 done, 1 the daemon refused, 2 wrong usage, 3 no answer from the "
	      "daemon\n",
		out);
}

void
cgn_options_help(FILE *out, const struct cgn_command *cmd)
{
	if (cmd == NULL) {
		help_all(out);
		help_options(out);
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
	help_options(out);
}

/* What is behind a verb that needs no daemon. */
static enum cgn_exit
parse_files(struct cgn_options *o, bool help, int argc, char **argv)
{
	const struct cgn_offline *offline = o->offline;

	if (help) {
		printf("%s\n\nusage: cgnatctl [--json] %s %s\n\nexit status: %s\n", offline->help,
			offline->verb, offline->files, offline->exit_status);
		o->done = true;
		return CGN_EXIT_OK;
	}
	if (argc != offline->n_files) {
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
next_positional(const struct cgn_command *cmd, uint32_t given)
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
find_key(const struct cgn_command *cmd, const char *key, uint32_t given)
{
	for (int p = 0; p < CGN_N_PARAMS; p++)
		if (is_shown(cmd, p) && !(given >> p & 1) &&
			strcmp(cgn_param_infos[p].name, key) == 0)
			return p;
	return -1;
}

/* A word behind the verb: key=value, or the value of the next parameter. */
static enum cgn_exit
parse_word(struct cgn_options *o, const char *word, uint32_t *given)
{
	const char *equals = strchr(word, '=');
	int p;

	if (equals != NULL) {
		size_t len = (size_t)(equals - word);

		for (p = 0; p < CGN_N_PARAMS; p++)
			if (strlen(cgn_param_infos[p].name) == len &&
				memcmp(cgn_param_infos[p].name, word, len) == 0)
				*given |= UINT32_C(1) << p;
		return add_param(o, word, len, equals + 1);
	}
	p = next_positional(o->cmd, *given);
	if (p < 0) {
		fprintf(stderr, "cgnatctl: '%s' is too much for %s; see cgnatctl %s --help\n", word,
			o->cmd->verb, o->cmd->verb);
		return CGN_EXIT_USAGE;
	}
	*given |= UINT32_C(1) << p;
	return add_param(o, cgn_param_infos[p].name, strlen(cgn_param_infos[p].name), word);
}

static enum cgn_exit
parse_words(struct cgn_options *o, uint32_t given, int argc, char **argv)
{
	uint32_t missing;

	for (int i = 0; i < argc; i++) {
		int key = i + 1 < argc ? find_key(o->cmd, argv[i], given) : -1;
		enum cgn_exit result;

		if (key >= 0) { /* `tenant a`: two words */
			given |= UINT32_C(1) << key;
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
		const struct cgn_param_info *info = &cgn_param_infos[__builtin_ctz(missing)];

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

static enum cgn_exit
parse_limit(struct cgn_options *o, const char *text)
{
	char *end;

	errno = 0;
	o->limit = strtoull(text, &end, 10);
	if (errno == 0 && *end == '\0' && text[0] >= '1' && text[0] <= '9')
		return CGN_EXIT_OK;
	fprintf(stderr, "cgnatctl: --limit: '%s' is not a number above 0\n", text);
	return CGN_EXIT_USAGE;
}

struct flags {
	bool help, all, dry_run;
};

static enum cgn_exit
parse_flag(struct cgn_options *o, struct flags *flags, int c)
{
	switch (c) {
	case 's':
		o->where.socket = optarg;
		break;
	case 'p':
		o->where.prefix = optarg;
		o->where.socket = NULL;
		break;
	case 'j':
		o->json = true;
		break;
	case 'w':
		o->wide = true;
		break;
	case 'a':
		flags->all = true;
		break;
	case 'd':
		flags->dry_run = true;
		break;
	case 'h':
		flags->help = true;
		break;
	case 'V':
		printf("cgnatctl %s\n", CGN_VERSION);
		o->done = true;
		break;
	case 'n':
		return parse_limit(o, optarg);
	case 't':
		fputs("cgnatctl: --at: the daemon knows only what is now, and keeps no history; "
		      "for an earlier time look into its log\n",
			stderr);
		return CGN_EXIT_USAGE;
	default:
		fputs("try: cgnatctl --help\n", stderr);
		return CGN_EXIT_USAGE;
	}
	return CGN_EXIT_OK;
}

static enum cgn_exit
parse_flags(struct cgn_options *o, struct flags *flags, int argc, char **argv)
{
	static const struct option longs[] = {{"socket", required_argument, NULL, 's'},
		{"prefix", required_argument, NULL, 'p'}, {"json", no_argument, NULL, 'j'},
		{"wide", no_argument, NULL, 'w'}, {"limit", required_argument, NULL, 'n'},
		{"all", no_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'},
		{"dry-run", no_argument, NULL, 'd'}, {"version", no_argument, NULL, 'V'},
		{"at", required_argument, NULL, 't'}, {0}};
	int c;

	optind = 0; /* from the beginning, also when called again */
	while ((c = getopt_long(argc, argv, "s:p:jwn:adhV", longs, NULL)) != -1) {
		enum cgn_exit result = parse_flag(o, flags, c);

		if (result != CGN_EXIT_OK || o->done)
			return result;
	}
	return CGN_EXIT_OK;
}

/* `trace` knows from its first word what is asked. */
static const struct cgn_command *
find_trace(int argc, char **argv)
{
	bool is_subscriber = argc > 1 && strchr(argv[1], ':') == NULL;

	return &cgn_commands[is_subscriber ? CGN_COMMAND_TRACE_SUBSCRIBER : CGN_COMMAND_TRACE_PORT];
}

/* The command that the words begin with, its verb being one or two of them; NULL: none. */
static const struct cgn_command *
find_command(int argc, char **argv, int *n_words)
{
	const struct cgn_command *cmd = argv[0][0] != '/' ? cgn_command_find(argv[0]) : NULL;
	bool is_trace = strcmp(argv[0], "trace") == 0;
	char verb[32];

	*n_words = 1;
	if (cmd == NULL && argc > 1 && argv[0][0] != '/') {
		snprintf(verb, sizeof(verb), "%s %s", argv[0], argv[1]);
		cmd = cgn_command_find(verb);
		if (strcmp(verb, "capture list") ==
			0) /* beside start and stop; lists have one word */
			cmd = &cgn_commands[CGN_COMMAND_CAPTURES];
		*n_words = cmd != NULL ? 2 : 1;
	}
	return cmd == NULL && is_trace ? find_trace(argc, argv) : cmd;
}

/* Options that stand for a parameter; *given: these parameters. */
static enum cgn_exit
add_flags(struct cgn_options *o, const struct flags *flags, uint32_t *given)
{
	if ((flags->all && !(o->cmd->takes & P(ALL))) ||
		(flags->dry_run && !(o->cmd->takes & P(DRY_RUN)))) {
		fprintf(stderr, "cgnatctl: %s has no meaning for %s\n",
			flags->all && !(o->cmd->takes & P(ALL)) ? "--all" : "--dry-run",
			o->cmd->verb);
		return CGN_EXIT_USAGE;
	}
	if (flags->all)
		add_param(o, "all", 3, "true");
	if (o->cmd->needs & P(DRY_RUN)) {
		add_param(o, "dry_run", 7, flags->dry_run ? "true" : "false");
		*given |= P(DRY_RUN);
	}
	return CGN_EXIT_OK;
}

enum cgn_exit
cgn_options_parse(struct cgn_options *o, int argc, char **argv)
{
	struct flags flags = {0};
	enum cgn_exit result;
	uint32_t given = 0;
	int n_words = 0;

	memset(o, 0, sizeof(*o));
	o->where.prefix = "cgnatd";
	o->where.socket = getenv("CGNATCTL_SOCKET");
	result = parse_flags(o, &flags, argc, argv);
	if (result != CGN_EXIT_OK || o->done)
		return result;
	argc -= optind;
	argv += optind;
	if (argc > 0 && strcmp(argv[0], "help") == 0) {
		flags.help = true;
		argc--;
		argv++;
	}
	o->offline = argc > 0 ? cgn_offline_find(argv[0]) : NULL;
	if (o->offline != NULL)
		return parse_files(o, flags.help, argc - 1, argv + 1);
	o->cmd = argc > 0 ? find_command(argc, argv, &n_words) : NULL;
	if (argc > 0 && o->cmd == NULL) {
		fprintf(stderr, "cgnatctl: unknown verb '%s'; see cgnatctl --help\n", argv[0]);
		return CGN_EXIT_USAGE;
	}
	if (flags.help || o->cmd == NULL) {
		cgn_options_help(flags.help ? stdout : stderr, o->cmd);
		o->done = true;
		return flags.help ? CGN_EXIT_OK : CGN_EXIT_USAGE;
	}
	result = add_flags(o, &flags, &given);
	return result == CGN_EXIT_OK ? parse_words(o, given, argc - n_words, argv + n_words)
				     : result;
}
