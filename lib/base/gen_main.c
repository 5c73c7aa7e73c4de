/* SPDX-License-Identifier: BSD-3-Clause */
/* See gen_main.h; called by gen_docs.c and gen_telemetry_docs.c. */
#include "gen_main.h"

static int
write_one(const char *dir, const struct cgn_gen_output *output)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, output->path);
	out = fopen(path, "w");
	if (out == NULL) {
		perror(path);
		return 1;
	}
	output->write(out);
	if (ferror(out) != 0 || fclose(out) != 0) {
		fprintf(stderr, "%s: cannot be written\n", path);
		return 1;
	}
	return 0;
}

int
cgn_gen_main(
	int argc, char **argv, const char *program, const struct cgn_gen_output *outputs, size_t n)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s SOURCE-DIRECTORY\n", program);
		return 2;
	}
	for (size_t i = 0; i < n; i++)
		if (write_one(argv[1], &outputs[i]) != 0)
			return 1;
	return 0;
}
