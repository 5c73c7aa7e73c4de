/* SPDX-License-Identifier: BSD-3-Clause */
/* The closed set of alarms (alarms.def). Any thread. */
#pragma once

enum cgn_alarm_scope { CGN_ALARM_OF_BOX, CGN_ALARM_OF_TENANT };
enum cgn_alarm_kind { CGN_ALARM_LEVEL, CGN_ALARM_RATE, CGN_ALARM_COUNT, CGN_ALARM_ANY };

enum cgn_alarm_id {
#define ALARM(id, name, scope, kind, unit, sentence, advice) CGN_ALARM_##id,
#include "alarms.def"
	CGN_N_ALARMS
};

/* Those of the box stand first. */
enum {
	CGN_N_BOX_ALARMS = CGN_ALARM_MAPPINGS,
	CGN_N_TENANT_ALARMS = CGN_N_ALARMS - CGN_N_BOX_ALARMS
};

struct cgn_alarm_info {
	const char *name; /* telemetry name: [a-z0-9_]+ */
	enum cgn_alarm_scope scope;
	enum cgn_alarm_kind kind;
	const char *unit, *sentence;
	const char *advice; /* what to do */
};

extern const struct cgn_alarm_info cgn_alarms[CGN_N_ALARMS];
