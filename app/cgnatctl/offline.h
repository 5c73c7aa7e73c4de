/* SPDX-License-Identifier: BSD-3-Clause */
/* Verbs that need no daemon: they only read files. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "client.h"

enum { CGN_OFFLINE_MAX_FILES = 3 };

struct cgn_conf;

struct cgn_offline {
	const char *verb, *help;
	const char *files; /* the words behind it, as the usage names them */
	int min_files, max_files;
	const char *exit_status;
	/* files: those that were given, then NULL */
	enum cgn_exit (*run)(const char *const *files, bool json, FILE *out);
};

/* All of them, from 0; NULL after the last. */
const struct cgn_offline *cgn_offline_at(int i);

/* NULL: no such verb. */
const struct cgn_offline *cgn_offline_find(const char *verb);

/* Their lines in the help. */
void cgn_offline_list(FILE *out);

/* The configuration of a file, or NULL with all its errors on standard error. */
struct cgn_conf *cgn_offline_load(const char *path);

/* Prints who has an outside port, or which ports an inside address has, by the computation of a
 * configuration's tenants (ports.deterministic): FILE [TENANT] A.B.C.D[:PORT]. CGN_EXIT_DIFFERENT:
 * of none of them. */
enum cgn_exit cgn_offline_compute(const char *const *words, bool json, FILE *out);

/* Prints what is different between two configurations. CGN_EXIT_OK: nothing, CGN_EXIT_DIFFERENT;
 * else CGN_EXIT_USAGE with every error of both printed to standard error. */
enum cgn_exit cgn_offline_diff(const char *const *files, bool json, FILE *out);

/* Prints the JSON schema of what --json VERB prints (one or two words), or of all verbs, by verb.
 */
enum cgn_exit cgn_offline_schema(const char *const *words, bool json, FILE *out);
