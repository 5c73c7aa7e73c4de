/* SPDX-License-Identifier: BSD-3-Clause */
/* Comparing configurations, printing schemas; see offline.h. */
#include "offline.h"

#include <errno.h>
#include <string.h>

#include "diff.h"
#include "answer_schema.h"

static const struct cgn_offline verbs[] = {
	{"diff", "what a changed configuration means for a running box; needs no daemon", "OLD NEW",
		2, 2, "0 no difference, 1 differences, 2 errors in a configuration or wrong usage",
		cgn_offline_diff},
	{"compute",
		"who has an outside port by ports.deterministic, or which ports an address has; "
		"needs no daemon",
		"FILE [TENANT] A.B.C.D|A.B.C.D:PORT", 2, 3,
		"0 printed, 1 no tenant has the address, 2 errors in the configuration or wrong "
		"usage",
		cgn_offline_compute},
	{"schema", "JSON schema of what --json prints; needs no daemon", "[VERB]", 0, 2,
		"0 printed, 2 no such verb", cgn_offline_schema},
};

enum { N_VERBS = sizeof(verbs) / sizeof(verbs[0]) };

const struct cgn_offline *
cgn_offline_at(int i)
{
	return i < N_VERBS ? &verbs[i] : NULL;
}

const struct cgn_offline *
cgn_offline_find(const char *verb)
{
	for (int i = 0; i < N_VERBS; i++)
		if (strcmp(verbs[i].verb, verb) == 0)
			return &verbs[i];
	return NULL;
}

void
cgn_offline_list(FILE *out)
{
	for (int i = 0; i < N_VERBS; i++)
		fprintf(out, "  %-12s %s\n", verbs[i].verb, verbs[i].help);
}

struct cgn_conf *
cgn_offline_load(const char *path)
{
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_conf_load(path, &errors);
	int reason = errno;
	char text[2048];

	for (uint32_t i = 0; i < errors.n_errors; i++)
		fprintf(stderr, "%s\n", cgn_conf_error_str(&errors, i, text, sizeof(text)));
	if (conf == NULL && errors.n_errors == 0)
		fprintf(stderr, "cgnatctl: %s: %s\n", path, strerror(reason));
	cgn_conf_errors_free(&errors);
	return conf;
}

static int
print_json(FILE *out, const struct cgn_diff *diff)
{
	json_t *json = cgn_diff_json(diff);

	if (json == NULL)
		return -ENOMEM;
	json_dumpf(json, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(json);
	return 0;
}

static enum cgn_exit
compare(const struct cgn_conf *old, const struct cgn_conf *new, bool json, FILE *out)
{
	struct cgn_diff diff;
	int rc = cgn_conf_diff(old, new, &diff);
	bool is_same = diff.n_items == 0;

	if (rc == 0 && json)
		rc = print_json(out, &diff);
	else if (rc == 0)
		cgn_diff_print(out, &diff);
	cgn_diff_fini(&diff);
	if (rc < 0) {
		fprintf(stderr, "cgnatctl: %s\n", strerror(-rc));
		return CGN_EXIT_USAGE;
	}
	if (fflush(out) != 0 || ferror(out) != 0) {
		fprintf(stderr, "cgnatctl: the output cannot be written\n");
		return CGN_EXIT_USAGE;
	}
	return is_same ? CGN_EXIT_OK : CGN_EXIT_DIFFERENT;
}

enum cgn_exit
cgn_offline_diff(const char *const *files, bool json, FILE *out)
{
	struct cgn_conf *old = cgn_offline_load(files[0]), *new = cgn_offline_load(files[1]);
	enum cgn_exit result = CGN_EXIT_USAGE;

	if (old != NULL && new != NULL)
		result = compare(old, new, json, out);
	cgn_conf_free(old);
	cgn_conf_free(new);
	return result;
}

enum cgn_exit
cgn_offline_schema(const char *const *words, bool json, FILE *out)
{
	const struct cgn_command *cmd = NULL;
	json_t *schema = NULL;
	char verb[64];

	(void)json; /* it is nothing else */
	snprintf(verb, sizeof(verb), "%s%s%s", words[0] != NULL ? words[0] : "",
		words[0] != NULL && words[1] != NULL ? " " : "",
		words[0] != NULL && words[1] != NULL ? words[1] : "");
	if (words[0] != NULL) {
		cmd = verb[0] != '/' ? cgn_command_find(verb) : NULL;
		if (cmd == NULL) {
			fprintf(stderr, "cgnatctl: schema: unknown verb '%s'\n", verb);
			return CGN_EXIT_USAGE;
		}
		schema = cgn_schema_of(cmd);
	} else {
		schema = json_object();
		for (int c = 0; c < CGN_N_COMMANDS; c++)
			json_object_set_new(
				schema, cgn_commands[c].verb, cgn_schema_of(&cgn_commands[c]));
	}
	json_dumpf(schema, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(schema);
	return fflush(out) == 0 ? CGN_EXIT_OK : CGN_EXIT_USAGE;
}
