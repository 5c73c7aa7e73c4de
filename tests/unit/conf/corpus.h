/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of tests/conf as test cases: good.NAME.yaml or good.NAME/cgnat.yaml must load, and
 * bad.NAME… must fail with exactly the errors that its first lines expect, one "# expect: TEXT" for
 * each. TEXT begins with the file without its folder; " ... " in it stands for anything.
 */
#pragma once

#include <stddef.h>

enum { CORPUS_MAX = 256, CORPUS_PATH_LEN = 1024 };

struct corpus_case {
	char name[256]; /* of the file or folder */
	char path[CORPUS_PATH_LEN];
};

/* Cases whose name begins with kind, "good." or "bad."; sorted. Returns their number. */
size_t corpus_list(const char *kind, struct corpus_case *cases);

/* Loads the case and compares its errors with those expected; fails the test that calls it. */
void corpus_expect_errors(const struct corpus_case *c);
void corpus_expect_good(const struct corpus_case *c);
