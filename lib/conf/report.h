/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Collects what is wrong with a configuration: every error of every file of one run. Used by all
 * of lib/conf on the main thread. The result is a struct cgn_conf_errors, owned by the caller of
 * cgn_conf_load.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"

/* More than a person mends in one go; bounds the memory that a bad file can take. */
enum { CGN_MAX_CONF_ERRORS = 1000 };

enum cgn_rule {
#define CGN_RULE(id, name, help) CGN_RULE_##id,
#include "rules.def"
#undef CGN_RULE
	CGN_N_RULES
};

struct cgn_report {
	struct cgn_conf_errors *errors;
	uint32_t n_alloc;
	bool out_of_memory; /* some error is missing; the load fails with ENOMEM */
	bool full;
};

const char *cgn_rule_name(enum cgn_rule rule);
const char *cgn_rule_help(enum cgn_rule rule);

/* Makes errors empty and fills it through the report from then on. */
void cgn_report_init(struct cgn_report *report, struct cgn_conf_errors *errors);

/* Adds a file, which the caller may free; returns its index. Paths are for messages. */
uint16_t cgn_report_file(struct cgn_report *report, const char *path);

/* Adds "key: what; what to do" at a position. Bytes that a terminal would obey become '?'. */
void cgn_report_add(struct cgn_report *report, struct cgn_conf_pos pos, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a broken rule, whose name ends the text. */
void cgn_report_rule(struct cgn_report *report, enum cgn_rule rule, struct cgn_conf_pos pos,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Sorts by file, line and column. */
void cgn_report_sort(struct cgn_report *report);
