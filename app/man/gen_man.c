/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgn-gen-man TEMPLATE: a manual page in mdoc(7) to standard output, made of a template of this
 * folder. A line "@name@" of it is replaced by what the declarations say: options.def of each
 * program, commands.def, keys.def, rules.def. Run by the build, so that no page can be old; never
 * installed.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmdline.h"
#include "command_table.h"
#include "offline.h"
#include "option_table.h"
#include "render.h"
#include "report.h"

enum { COLUMNS = 76 };

#define OPTION(k, n, v, text) {.key = k, .name = n, .value = v, .help = text},
static const struct cgn_option cgnatd_options[] = {
#include "cgnatd/options.def"
};
static const struct cgn_option exporter_options[] = {
#include "cgnat_exporter/options.def"
};
#undef OPTION

/* Without what roff would take for its own. */
static void
print_word(const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		switch (word[i]) {
		case '\\':
			fputs("\\e", stdout);
			break;
		case '"':
			fputs("\\(dq", stdout);
			break;
		case '.':
		case '\'':
			fputs(i == 0 ? "\\&" : "", stdout);
			putchar(word[i]);
			break;
		default:
			putchar(word[i]);
		}
}

/* Text lines, a new one for each sentence, as mdoc wants it. */
static void
print_text(const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, " \n");
		bool ends = n > 1 && (text[n - 1] == '.' || text[n - 1] == '?');

		if (column > 0 && column + 1 + n > COLUMNS) {
			putchar('\n');
			column = 0;
		}
		if (column > 0)
			putchar(' ');
		print_word(text, n);
		column += n + 1;
		text += n;
		text += strspn(text, " \n");
		if (ends && *text != '\0') {
			putchar('\n');
			column = 0;
		}
	}
	putchar('\n');
}

/* An argument of a macro. */
static void
print_arg(const char *text)
{
	fputs(" \"", stdout);
	print_word(text, strlen(text));
	putchar('"');
}

/* letter: 0 or a character. value: NULL, or what the argument is called. */
static void
print_option(int letter, const char *name, const char *value, const char *help)
{
	char first = (char)toupper((unsigned char)help[0]);

	fputs(".It", stdout);
	if (letter != 0)
		printf(" Fl %c ,", letter);
	printf(" Fl Fl %s", name);
	if (value != NULL) {
		fputs(" Ar", stdout);
		print_arg(value);
	}
	printf("\n%c", first);
	print_text(help + 1);
}

static void
print_options(const struct cgn_option *options, size_t n)
{
	fputs(".Bl -tag -width Ds\n", stdout);
	for (size_t i = 0; i < n; i++)
		if (options[i].help != NULL)
			print_option(options[i].key < CGN_CMDLINE_LONG ? options[i].key : 0,
				options[i].name, options[i].value, options[i].help);
	fputs(".El\n", stdout);
}

static void
print_cgnatctl_options(void)
{
	char value[64];

	fputs(".Bl -tag -width Ds\n", stdout);
	for (int i = 0; i < CGN_N_OPTIONS; i++) {
		const struct cgn_option_info *o = &cgn_option_infos[i];

		if (o->help[0] == '\0')
			continue;
		snprintf(value, sizeof(value), o->argument == CGN_ARGUMENT_MAY ? "[%s]" : "%s",
			o->metavar);
		print_option(o->letter, o->name, o->argument == CGN_ARGUMENT_NONE ? NULL : value,
			o->help);
	}
	fputs(".El\n", stdout);
}

/* Set by options, or by cgnatctl itself. */
#define P(id) (UINT64_C(1) << CGN_PARAM_##id)
static const uint64_t not_words = P(ALL) | P(DRY_RUN) | P(BY) | P(CURSOR) | P(LIMIT) | P(ID);

static void
print_params(const struct cgn_command *cmd)
{
	bool began = false;

	for (int p = 0; p < CGN_N_PARAMS; p++) {
		if ((not_words | ~cmd->takes) >> p & 1)
			continue;
		if (!began)
			fputs(".Bl -tag -width Ds -compact\n", stdout);
		began = true;
		printf(".It Cm %s Ns = Ns Ar", cgn_param_infos[p].name);
		print_arg(cgn_param_infos[p].metavar);
		putchar('\n');
		print_text(cgn_param_infos[p].help);
		if (cmd->needs >> p & 1)
			puts("Needed.");
	}
	if (began)
		fputs(".El\n", stdout);
}

static void
print_verbs(void)
{
	const struct cgn_offline *offline;

	fputs(".Bl -tag -width Ds\n", stdout);
	for (int i = 0; i < CGN_N_COMMANDS; i++) {
		fputs(".It Ic", stdout);
		print_arg(cgn_commands[i].verb);
		putchar('\n');
		print_text(cgn_commands[i].help);
		print_params(&cgn_commands[i]);
	}
	for (int i = 0; (offline = cgn_offline_at(i)) != NULL; i++) {
		printf(".It Ic %s Ar", offline->verb);
		print_arg(offline->files);
		putchar('\n');
		print_text(offline->help);
		puts("Exit status:");
		print_text(offline->exit_status);
	}
	fputs(".El\n", stdout);
}

static void
print_type(const struct cgn_key *key)
{
	char range[96], list[2 * sizeof(range)], text[sizeof(list) + 64];
	char *end = list;

	cgn_key_range_str(key, range, sizeof(range));
	for (const char *s = range; *s != '\0'; s++) {
		*end++ = *s == '|' ? ',' : *s;
		if (*s == '|')
			*end++ = ' ';
	}
	*end = '\0';
	snprintf(text, sizeof(text), "Type: %s%s%s%s.", cgn_key_type_str(key),
		list[0] != '\0' ? " (" : "", list, list[0] != '\0' ? ")" : "");
	print_text(text);
}

static void
print_key(const struct cgn_key *key)
{
	char buf[96];

	fputs(".It Ic", stdout);
	print_arg(key->path);
	putchar('\n');
	print_text(key->help);
	if (key->type == CGN_KEY_MAP)
		return;
	fputs(".br\n", stdout);
	print_type(key);
	switch (key->presence) {
	case CGN_PRESENCE_DEFAULT:
		fputs("Default:\n.Li", stdout);
		print_arg(key->value);
		fputs(" .\n", stdout);
		break;
	case CGN_PRESENCE_REQUIRED:
		puts("Required.");
		break;
	default:
		puts("Optional.");
	}
	printf("Reload: %s.\n", cgn_key_reload_str(key, buf, sizeof(buf)));
}

static void
print_keys(enum cgn_schema schema)
{
	fputs(".Bl -tag -width Ds\n", stdout);
	for (uint32_t i = 0; i < cgn_n_keys; i++)
		if (cgn_keys[i].schema == schema)
			print_key(&cgn_keys[i]);
	fputs(".El\n", stdout);
}

static void
print_rules(void)
{
	fputs(".Bl -tag -width Ds\n", stdout);
	for (uint32_t i = 0; i < CGN_N_RULES; i++) {
		fputs(".It Cm", stdout);
		print_arg(cgn_rule_name(i));
		putchar('\n');
		print_text(cgn_rule_help(i));
	}
	fputs(".El\n", stdout);
}

#define N(table) (sizeof(table) / sizeof(table[0]))

/* False: no such name. */
static bool
print_part(const char *name)
{
	if (strcmp(name, "@cgnatd-options@\n") == 0)
		print_options(cgnatd_options, N(cgnatd_options));
	else if (strcmp(name, "@cgnatctl-options@\n") == 0)
		print_cgnatctl_options();
	else if (strcmp(name, "@exporter-options@\n") == 0)
		print_options(exporter_options, N(exporter_options));
	else if (strcmp(name, "@verbs@\n") == 0)
		print_verbs();
	else if (strcmp(name, "@box-keys@\n") == 0)
		print_keys(CGN_SCHEMA_BOX);
	else if (strcmp(name, "@tenant-keys@\n") == 0)
		print_keys(CGN_SCHEMA_TENANT);
	else if (strcmp(name, "@rules@\n") == 0)
		print_rules();
	else if (strcmp(name, "@os@\n") == 0)
		puts(".Os \"cgnatd " CGN_VERSION "\"");
	else
		return false;
	return true;
}

int
main(int argc, char **argv)
{
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
	char line[1024];
	int rc = 0;

	if (in == NULL) {
		fputs("usage: cgn-gen-man TEMPLATE\n", stderr);
		return 2;
	}
	while (rc == 0 && fgets(line, sizeof(line), in) != NULL) {
		if (line[0] != '@') {
			fputs(line, stdout);
		} else if (!print_part(line)) {
			fprintf(stderr, "%s: no such part: %s", argv[1], line);
			rc = 1;
		}
	}
	fclose(in);
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		rc = 1;
	return rc;
}
