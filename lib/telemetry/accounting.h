/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of RADIUS accounting requests (accounting.def): one for each kind and result. Constant
 * tables; the counters themselves are the RADIUS thread's, a set for each client.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fates.h"

enum cgn_accounting_kind {
#define KIND(id, name, sentence) CGN_ACCOUNTING_##id,
#include "accounting.def"
	CGN_N_ACCOUNTING_KINDS
};

enum cgn_accounting_result {
#define RESULT(id, name, answer, severity, sentence) CGN_ACCOUNTING_##id,
#include "accounting.def"
	CGN_N_ACCOUNTING_RESULTS
};

enum { CGN_N_ACCOUNTING_COUNTERS = CGN_N_ACCOUNTING_KINDS * CGN_N_ACCOUNTING_RESULTS };

struct cgn_accounting_result_info {
	const char *name, *sentence;
	enum cgn_severity severity;
	bool is_answered;
};

extern const char *const cgn_accounting_kind_names[CGN_N_ACCOUNTING_KINDS];
extern const struct cgn_accounting_result_info cgn_accounting_results[CGN_N_ACCOUNTING_RESULTS];
