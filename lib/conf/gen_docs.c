/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgn-gen-docs DIR: writes what is generated from keys.def and rules.def into the source tree DIR.
 * Run by scripts/gen-docs; never installed.
 */
#include <stdio.h>

#include "gen_main.h"
#include "render.h"

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

static const struct cgn_gen_output outputs[] = {
	{"config/example.yaml", write_box},
	{"config/example-tenant.yaml", write_tenant},
	{"docs/config.md", cgn_render_reference},
};

int
main(int argc, char **argv)
{
	return cgn_gen_main(
		argc, argv, "cgn-gen-docs", outputs, sizeof(outputs) / sizeof(outputs[0]));
}
