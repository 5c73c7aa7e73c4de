/* SPDX-License-Identifier: BSD-3-Clause */
/* Labels of the accounting counters; for radius/ (whether to answer) and manage/ (names). */
#include "accounting.h"

enum { SILENT, ANSWERED };

const char *const cgn_accounting_kind_names[CGN_N_ACCOUNTING_KINDS] = {
#define KIND(id, name, sentence) [CGN_ACCOUNTING_##id] = name,
#include "accounting.def"
};

const struct cgn_accounting_result_info cgn_accounting_results[CGN_N_ACCOUNTING_RESULTS] = {
#define RESULT(id, n, answer, sev, text)                                                           \
	[CGN_ACCOUNTING_##id] = {.name = n,                                                        \
		.sentence = text,                                                                  \
		.severity = CGN_SEV_##sev,                                                         \
		.is_answered = (answer) == ANSWERED},
#include "accounting.def"
};
