/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules about more than one key; rules.def names them. They run on the main thread after all files
 * are decoded, also when some values were wrong: a rule leaves alone what is not valid, so that one
 * run reports everything and nothing twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"
#include "marks.h"
#include "report.h"

struct cgn_validation {
	struct cgn_conf *conf;
	const struct cgn_marks *marks; /* sealed */
	struct cgn_report *report;
};

/* Checks every rule, and gives tenants with quota.mappings, quota.contacts or quota.dependent 0
 * their equal share. */
void cgn_validate(struct cgn_validation *v);

/* The parts of cgn_validate, one per file. */
void cgn_validate_box(struct cgn_validation *v);
void cgn_validate_links(struct cgn_validation *v);
void cgn_validate_addresses(struct cgn_validation *v);
void cgn_validate_tenants(struct cgn_validation *v);
void cgn_validate_radius(struct cgn_validation *v);
void cgn_validate_log(struct cgn_validation *v);
void cgn_validate_own(struct cgn_validation *v, const struct cgn_conf_tenant *tenant);
void cgn_validate_listed(struct cgn_validation *v, const struct cgn_conf_tenant *tenant);
void cgn_validate_classes(struct cgn_validation *v, const struct cgn_conf_tenant *tenant);
void cgn_validate_bypass(struct cgn_validation *v);
void cgn_validate_deterministic(struct cgn_validation *v, const struct cgn_conf_tenant *tenant);
void cgn_validate_nat(struct cgn_validation *v, const struct cgn_conf_tenant *tenant);
void cgn_validate_contacts(struct cgn_validation *v);
void cgn_validate_dependent(struct cgn_validation *v);
void cgn_validate_drain(struct cgn_validation *v, const struct cgn_conf_tenant *tenant);

/* Whether a field was decoded without error; only then may a rule look at it. */
bool cgn_rule_may(const struct cgn_validation *v, const void *field);

/* Reports a broken rule at a field: "what; what to do". */
void cgn_rule_break(struct cgn_validation *v, enum cgn_rule rule, const void *field,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* "file:line:col" of a field into buf; returns buf. */
enum { CGN_WHERE_LEN = 256 };
const char *cgn_rule_where(const struct cgn_validation *v, const void *field, char *buf);

/* What is wrong with one of a class's or a subscriber's limits: the rule, and "what; what to do".
 */
struct cgn_limit_fault {
	enum cgn_rule rule;
	const uint32_t *limit; /* one of the limits */
	struct cgn_errmsg msg;
};

/* Limits against the tenant's; returns how many of them are wrong. */
enum { CGN_LIMIT_FAULTS = 2 };
uint32_t cgn_limits_check(const struct cgn_validation *v, const struct cgn_conf_tenant *tenant,
	const struct cgn_conf_limits *limits, struct cgn_limit_fault faults[CGN_LIMIT_FAULTS]);

/* The class with a name like one that there is not, or NULL. */
const char *cgn_class_nearest(const struct cgn_conf_tenant *tenant, const char *name);

/* Something that must not be there twice, and the field that says it. */
struct cgn_named {
	const char *name;
	const void *field;
	bool is_repeated; /* set by cgn_named_check: another one of this name stands before it */
};

/* Sorts the array and reports each repeated name with advice: "what to do". */
void cgn_named_check(struct cgn_validation *v, struct cgn_named *named, uint32_t n,
	enum cgn_rule rule, const char *advice);
