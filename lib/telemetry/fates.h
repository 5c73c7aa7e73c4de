/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The closed set of ends a packet can come to (fates.def). A packet without a fate is a bug:
 * received = Σ fates + held, per box, at any quiet moment.
 */
#pragma once

enum cgn_severity { CGN_SEV_OK, CGN_SEV_INFO, CGN_SEV_WARN, CGN_SEV_ALERT };

enum cgn_fate {
#define FATE(id, name, severity, sentence) CGN_FATE_##id,
#include "fates.def"
#undef FATE
	CGN_N_FATES,
	CGN_FATE_NONE = 255 /* still on its way */
};

struct cgn_fate_info {
	const char *name;     /* telemetry name: [a-z0-9_]+ */
	const char *sentence; /* for people */
	enum cgn_severity severity;
};

extern const struct cgn_fate_info cgn_fates[CGN_N_FATES];

/* "ok", "info", "warn", "alert". */
const char *cgn_severity_str(enum cgn_severity severity);
