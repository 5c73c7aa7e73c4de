/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and sentences of the fates, for manage/ and the documentation. */
#include "fates.h"

const struct cgn_fate_info cgn_fates[CGN_N_FATES] = {
#define FATE(id, n, sev, text)                                                                     \
	[CGN_FATE_##id] = {.name = n, .sentence = text, .severity = CGN_SEV_##sev},
#include "fates.def"
#undef FATE
};

const char *
cgn_severity_str(enum cgn_severity severity)
{
	static const char *const names[] = {"ok", "info", "warn", "alert"};

	return names[severity];
}
