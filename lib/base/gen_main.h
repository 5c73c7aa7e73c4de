/* SPDX-License-Identifier: BSD-3-Clause */
/* The main() of programs that write generated files into the source tree; run by scripts/gen-docs.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct cgn_gen_output {
	const char *path; /* below the source directory */
	void (*write)(FILE *out);
};

/* Writes the n outputs below argv[1], the only argument. The exit status: 0; 1 when a file cannot
 * be written, 2 on wrong use, both said on standard error. */
int cgn_gen_main(
	int argc, char **argv, const char *program, const struct cgn_gen_output *outputs, size_t n);
