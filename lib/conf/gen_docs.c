/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgn-gen-docs DIR: writes what is generated from keys.def and rules.def into the source tree DIR.
 * Run by scripts/gen-docs; never installed.
 */
#include "render.h"

#include <stdio.h>
#include <string.h>

static void
write_box(FILE *out)
{
	cgn_render_example(out, CGN_SCHEMA_BOX);
}

static void
write_tenant(FILE *out)
{
	cgn_render_example(out, CGN_SCHEMA_TENANT);
}

static const struct {
	const char *path;
	void (*write)(FILE *out);
} outputs[] = {
	{"config/example.yaml", write_box},
	{"config/example-tenant.yaml", write_tenant},
	{"docs/config.md", cgn_render_reference},
};

int
main(int argc, char **argv)
{
	char path[4096];

	if (argc != 2) {
		fprintf(stderr, "usage: cgn-gen-docs SOURCE-DIRECTORY\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		FILE *out;

		snprintf(path, sizeof(path), "%s/%s", argv[1], outputs[i].path);
		out = fopen(path, "w");
		if (out == NULL) {
			perror(path);
			return 1;
		}
		outputs[i].write(out);
		if (ferror(out) != 0 || fclose(out) != 0) {
			fprintf(stderr, "%s: cannot be written\n", path);
			return 1;
		}
	}
	return 0;
}
