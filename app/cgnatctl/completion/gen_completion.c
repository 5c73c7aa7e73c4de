/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgn-gen-completion LOGIC: prints the completion of cgnatctl for bash: the file LOGIC, then the
 * lists that it uses, from commands.def, fields.def, options.def, top.def. Run by the build.
 */
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "offline.h"
#include "option_table.h"
#include "top_view.h"

#define P(id) (UINT64_C(1) << CGN_PARAM_##id)

/* What cgnatctl sets itself, or by options. */
static const uint64_t hidden = P(ALL) | P(DRY_RUN) | P(BY) | P(CURSOR) | P(LIMIT) | P(ID);

static int
copy(const char *path)
{
	FILE *in = fopen(path, "r");
	char text[4096];
	size_t n;

	if (in == NULL) {
		perror(path);
		return 1;
	}
	while ((n = fread(text, 1, sizeof(text), in)) > 0)
		fwrite(text, 1, n, stdout);
	fclose(in);
	return 0;
}

/* First words of verbs, each once. */
static void
print_verbs(void)
{
	printf("_cgnatctl_verbs='top");
	for (int i = 0; cgn_offline_at(i) != NULL; i++)
		printf(" %s", cgn_offline_at(i)->verb);
	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		const char *verb = cgn_commands[c].verb;
		const int len = (int)strcspn(verb, " ");
		int before = 0;

		while (before < c &&
			(strncmp(cgn_commands[before].verb, verb, (size_t)len) != 0 ||
				strcspn(cgn_commands[before].verb, " ") != (size_t)len))
			before++;
		if (before == c)
			printf(" %.*s", len, verb);
	}
	puts("'");
}

/* Second words, by the first; `capture list` is the verb captures. */
static void
print_seconds(void)
{
	puts("\n_cgnatctl_seconds() {\n\tcase $1 in");
	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		const char *verb = cgn_commands[c].verb, *second = strchr(verb, ' ');
		const int len = second != NULL ? (int)(second - verb) : 0;

		if (second == NULL ||
			(c > 0 && strncmp(cgn_commands[c - 1].verb, verb, (size_t)len + 1) == 0))
			continue;
		printf("\t%.*s) echo '", len, verb);
		for (int i = c; i < CGN_N_COMMANDS; i++)
			if (strncmp(cgn_commands[i].verb, verb, (size_t)len + 1) == 0)
				printf("%s ", strchr(cgn_commands[i].verb, ' ') + 1);
		puts(len == 7 && strncmp(verb, "capture", 7) == 0 ? "list' ;;" : "' ;;");
	}
	puts("\tschema) echo \"$_cgnatctl_verbs\" ;;");
	printf("\ttop) echo '");
	for (int v = 0; v < CGN_N_TOP_VIEWS; v++)
		printf("%s ", cgn_top_views[v].name);
	puts("tenant=' ;;\n\tesac\n}");
}

static void
print_params(void)
{
	puts("\n_cgnatctl_params() {\n\tcase $1 in");
	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		if ((cgn_commands[c].takes & ~hidden) == 0)
			continue;
		printf("\t'%s') echo '", cgn_commands[c].verb);
		for (int p = 0; p < CGN_N_PARAMS; p++)
			if ((cgn_commands[c].takes & ~hidden) >> p & 1)
				printf("%s ", cgn_param_infos[p].name);
		puts("' ;;");
	}
	puts("\ttop*) echo tenant ;;\n\tesac\n}");
}

/* Values that are known, or the list that has them. */
static const char *
values_of(int p)
{
	switch (p) {
	case CGN_PARAM_TENANT:
		return "live:tenants tenant";
	case CGN_PARAM_ADDRESS:
	case CGN_PARAM_SUBSCRIBER:
		return "live:subscribers address";
	case CGN_PARAM_PORT:
		return "live:ports port";
	case CGN_PARAM_CAPTURE:
		return "live:captures capture";
	case CGN_PARAM_WORKER:
		return "live:workers core";
	default:
		break;
	}
	switch (cgn_param_infos[p].type) {
	case CGN_PARAM_TYPE_PROTO:
		return "tcp udp icmp";
	case CGN_PARAM_TYPE_ORIGIN:
		return "natpmp pcp_map pcp_peer operator";
	case CGN_PARAM_TYPE_SIDE:
		return "inside outside both";
	case CGN_PARAM_TYPE_FLAGS:
		return "syn ack fin rst psh urg";
	case CGN_PARAM_TYPE_BOOL:
		return "true false";
	default:
		return NULL;
	}
}

static void
print_values(void)
{
	puts("\n_cgnatctl_values() {\n\tcase $1 in");
	for (int p = 0; p < CGN_N_PARAMS; p++)
		if (!(hidden >> p & 1) && values_of(p) != NULL)
			printf("\t%s) echo '%s' ;;\n", cgn_param_infos[p].name, values_of(p));
	puts("\tesac\n}");
}

static void
print_columns(void)
{
	puts("\n_cgnatctl_columns() {\n\tcase $1 in");
	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		struct cgn_columns columns;

		cgn_columns_all(&columns, &cgn_commands[c]);
		if (columns.n == 0)
			continue;
		printf("\t'%s') echo '", cgn_commands[c].verb);
		for (size_t i = 0; i < columns.n; i++)
			printf("%s ", columns.names[i]);
		puts("' ;;");
	}
	for (int v = CGN_N_TOP_VIEWS - 1; v >= 0; v--) {
		const struct cgn_top_column *columns;
		int n;

		/* The first view is the one without a name, so it comes last. */
		printf(v > 0 ? "\t'top %s') echo '" : "\t'top' | 'top '*) echo '",
			cgn_top_views[v].name);
		columns = cgn_top_columns((enum cgn_top_view_id)v, &n);
		for (int i = 0; i < n; i++)
			printf("%s ", columns[i].name);
		puts("' ;;");
	}
	puts("\tesac\n}");
}

static void
print_options_of(const char *verb, uint32_t scopes)
{
	printf("\t%s) echo '", verb);
	for (int i = 0; i < CGN_N_OPTIONS; i++)
		if (cgn_option_infos[i].help[0] != '\0' &&
			(cgn_option_infos[i].scope & scopes) != 0)
			printf("--%s ", cgn_option_infos[i].name);
	puts("' ;;");
}

static void
print_options(void)
{
	printf("\n_cgnatctl_needs='");
	for (int i = 0; i < CGN_N_OPTIONS; i++) {
		if (cgn_option_infos[i].argument != CGN_ARGUMENT_NEEDS)
			continue;
		printf("--%s ", cgn_option_infos[i].name);
		if (cgn_option_infos[i].letter != 0)
			printf("-%c ", cgn_option_infos[i].letter);
	}
	puts("'\n\n_cgnatctl_options() {\n\tcase $1 in");
	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		char verb[64];

		snprintf(verb, sizeof(verb), "'%s'", cgn_commands[c].verb);
		print_options_of(verb, cgn_command_scopes(&cgn_commands[c]));
	}
	print_options_of("top*", CGN_SCOPE_ANY | CGN_SCOPE_TOP);
	print_options_of("*", CGN_SCOPE_ANY | CGN_SCOPE_ASKS);
	puts("\tesac\n}");
}

int
main(int argc, char **argv)
{
	if (argc != 2 || copy(argv[1]) != 0)
		return 1;
	print_verbs();
	print_seconds();
	print_params();
	print_values();
	print_columns();
	print_options();
	return fflush(stdout) != 0;
}
