/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A main() for fuzz targets without libFuzzer: runs the target over every file of the folders (or
 * over the files) given as arguments, so that what fuzzing found stays a test with any compiler.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned long n_inputs;

static void
die(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(1);
}

/* The input lies in memory of exactly its size: the sanitizer watches its end. */
static void
replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size);

	if (f == NULL || (data == NULL && size != 0) || fread(data, 1, size, f) != size)
		die(path);
	fclose(f);
	if (LLVMFuzzerTestOneInput(data, size) != 0) {
		fprintf(stderr, "%s: target returned non-zero\n", path);
		exit(1);
	}
	free(data);
	n_inputs++;
}

static void
replay(const char *path)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (stat(path, &st) < 0)
		die(path);
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path, (size_t)st.st_size);
		return;
	}
	dir = opendir(path);
	if (dir == NULL)
		die(path);
	while ((entry = readdir(dir)) != NULL) {
		char *child;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&child, "%s/%s", path, entry->d_name) < 0)
			die(path);
		replay(child);
		free(child);
	}
	closedir(dir);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%lu inputs replayed\n", n_inputs);
	return n_inputs == 0; /* an empty corpus is a mistake, not a success */
}
