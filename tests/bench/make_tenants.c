/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgn-make-tenants DIRECTORY BOX-FILE TENANTS ROOM [FIRST [CHANGED QUOTA [LISTED]]]: the files of
 * so many tenants (tests/fakes/many_tenants.h), with the appliance's lines of BOX-FILE. For
 * scripts/bench and tests of the whole daemon.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "many_tenants.h"

static void
fail(const char *path)
{
	fprintf(stderr, "cgn-make-tenants: %s: %s\n", path, strerror(errno));
	exit(1);
}

static char *
read_all(const char *path)
{
	enum { MAX = 65536 };
	FILE *f = fopen(path, "r");
	char *text = calloc(1, MAX + 1);
	size_t len;

	if (f == NULL || text == NULL)
		fail(path);
	len = fread(text, 1, MAX, f);
	if (ferror(f) || len == MAX)
		fail(path);
	fclose(f);
	return text;
}

/* What is there already stays as it is, also its times. */
static bool
is_there(const char *path, const struct cgn_conf_source *source)
{
	FILE *f = fopen(path, "r");
	char *text = malloc(source->len + 1);
	size_t len;

	if (f == NULL || text == NULL) {
		free(text);
		return false;
	}
	len = fread(text, 1, source->len + 1, f);
	fclose(f);
	len = len == source->len && memcmp(text, source->text, len) == 0;
	free(text);
	return len != 0;
}

static void
write_source(const char *dir, const struct cgn_conf_source *source)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir,
		strcmp(source->name, "box") == 0 ? "cgnat.yaml" : source->name);
	if (is_there(path, source))
		return;
	f = fopen(path, "w");
	if (f == NULL || fwrite(source->text, 1, source->len, f) != source->len || fclose(f) != 0)
		fail(path);
}

static uint32_t
number(int argc, char **argv, int i)
{
	return i < argc ? (uint32_t)strtoul(argv[i], NULL, 10) : 0;
}

int
main(int argc, char **argv)
{
	struct many_tenants p = {.n = number(argc, argv, 3),
		.room = number(argc, argv, 4),
		.first = number(argc, argv, 5),
		.changed = number(argc, argv, 6),
		.quota = number(argc, argv, 7),
		.listed = number(argc, argv, 8)};
	struct cgn_conf_source *sources;
	size_t n;

	if (argc < 5 || p.n == 0 || p.room < p.n || p.first + p.n > MANY_TENANTS_MAX) {
		fputs("usage: cgn-make-tenants DIRECTORY BOX-FILE TENANTS ROOM [FIRST [CHANGED "
		      "QUOTA [LISTED]]]\n",
			stderr);
		return 2;
	}
	if (mkdir(argv[1], 0755) < 0 && errno != EEXIST)
		fail(argv[1]);
	p.box = read_all(argv[2]);
	sources = many_tenants_make(&p, &n);
	for (size_t i = 0; i < n; i++)
		write_source(argv[1], &sources[i]);
	many_tenants_free(sources, n);
	free((char *)(uintptr_t)p.box);
	return 0;
}
