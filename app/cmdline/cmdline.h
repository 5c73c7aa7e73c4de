/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of a program as a table: one options.def each makes its parser, its --help and its
 * manual page (app/man). For all programs; main thread.
 *
 * OPTION(key, name, value, help) in options.def. key: a character, then also -c; or a number above
 * CGN_CMDLINE_LONG. value: what the argument is called, or NULL. help: a sentence without its full
 * stop, or NULL: parsed, to say something about it, but not told.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

enum { CGN_CMDLINE_LONG = 256, CGN_CMDLINE_MAX = 32 };

struct cgn_option {
	int key;
	const char *name, *value, *help;
};

/* getopt_long(3) over the table, of at most CGN_CMDLINE_MAX options. */
int cgn_cmdline_next(const struct cgn_option *options, size_t n, int argc, char **argv);

/* A line for each option that is told. */
void cgn_cmdline_print(FILE *out, const struct cgn_option *options, size_t n);
