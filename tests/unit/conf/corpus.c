/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks tests/conf; used by the tests of lib/conf. */
#include "corpus.h"

#include "conf.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <criterion/criterion.h>

static const char expect[] = "# expect: ";

static int
compare_cases(const void *a, const void *b)
{
	return strcmp(((const struct corpus_case *)a)->name, ((const struct corpus_case *)b)->name);
}

size_t
corpus_list(const char *kind, struct corpus_case *cases)
{
	static const char folder[] = CGN_SOURCE_DIR "/tests/conf";
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;
	size_t n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL && n < CORPUS_MAX) {
		if (strncmp(entry->d_name, kind, strlen(kind)) != 0)
			continue;
		snprintf(cases[n].name, sizeof(cases[n].name), "%s", entry->d_name);
		snprintf(cases[n].path, CORPUS_PATH_LEN, "%s/%s", folder, entry->d_name);
		if (stat(cases[n].path, &st) == 0 && S_ISDIR(st.st_mode))
			strcat(cases[n].path, "/cgnat.yaml");
		n++;
	}
	if (dir != NULL)
		closedir(dir);
	qsort(cases, n, sizeof(*cases), compare_cases);
	return n;
}

/* Removes every occurrence of the case's folder from a message. */
static void
strip_folder(const struct corpus_case *c, char *text)
{
	size_t n = (size_t)(strrchr(c->path, '/') + 1 - c->path);

	for (char *p = text; (p = strchr(p, c->path[0])) != NULL;) {
		if (strncmp(p, c->path, n) == 0)
			memmove(p, p + n, strlen(p + n) + 1);
		else
			p++;
	}
}

/* Whether text begins with the wanted parts, which " ..." separates. */
static bool
matches(const char *text, const char *wanted)
{
	const char *gap = strstr(wanted, " ...");
	size_t n = gap != NULL ? (size_t)(gap - wanted) : strlen(wanted);

	if (strncmp(text, wanted, n) != 0)
		return false;
	return gap == NULL || strstr(text + n, gap + 4) != NULL;
}

static bool
is_reported(const struct corpus_case *c, const struct cgn_conf_errors *errors, const char *wanted)
{
	char text[2048];

	for (uint32_t i = 0; i < errors->n_errors; i++) {
		cgn_conf_error_str(errors, i, text, sizeof(text));
		strip_folder(c, text);
		if (matches(text, wanted))
			return true;
	}
	return false;
}

void
corpus_expect_errors(const struct corpus_case *c)
{
	FILE *file = fopen(c->path, "r");
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_conf_load(c->path, &errors);
	uint32_t n_expected = 0;
	char line[1024], text[2048];

	cr_assert_not_null(file, "%s", c->path);
	cr_expect_null(conf, "%s is accepted", c->name);
	while (fgets(line, sizeof(line), file) != NULL && strncmp(line, expect, 10) == 0) {
		line[strcspn(line, "\n")] = '\0';
		n_expected++;
		cr_expect(is_reported(c, &errors, line + strlen(expect)), "%s: not reported: %s",
			c->name, line + strlen(expect));
	}
	fclose(file);
	cr_expect_gt(n_expected, 0, "%s expects nothing", c->name);
	cr_expect_eq(errors.n_errors, n_expected, "%s: %u errors, %u expected", c->name,
		errors.n_errors, n_expected);
	for (uint32_t i = 0; errors.n_errors != n_expected && i < errors.n_errors; i++)
		cr_log_error("%s", cgn_conf_error_str(&errors, i, text, sizeof(text)));
	cgn_conf_free(conf);
	cgn_conf_errors_free(&errors);
}

void
corpus_expect_good(const struct corpus_case *c)
{
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_conf_load(c->path, &errors);
	char text[2048];

	for (uint32_t i = 0; i < errors.n_errors; i++)
		cr_log_error("%s", cgn_conf_error_str(&errors, i, text, sizeof(text)));
	cr_expect_not_null(conf, "%s is refused", c->path);
	cgn_conf_free(conf);
	cgn_conf_errors_free(&errors);
}
