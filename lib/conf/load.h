/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loading from memory: the same code as cgn_conf_load, for tests, the fuzzer, and a reload whose
 * text came another way. Main thread.
 */
#pragma once

#include <stddef.h>

#include "conf.h"

/* A file that is in memory; text needs no final zero. */
struct cgn_conf_source {
	const char *name;
	const char *text;
	size_t len;
};

/* sources[0] is the appliance file; the others are found by the names it lists, relative to its
 * own. Returns and errors as cgn_conf_load. */
struct cgn_conf *cgn_conf_load_mem(
	const struct cgn_conf_source *sources, size_t n_sources, struct cgn_conf_errors *errors);
