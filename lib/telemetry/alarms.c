/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the alarms; for control/ (log) and manage/ (answers). Any thread. */
#include "alarms.h"

#define BOX CGN_ALARM_OF_BOX
#define TENANT CGN_ALARM_OF_TENANT

const struct cgn_alarm_info cgn_alarms[CGN_N_ALARMS] = {
#define ALARM(id, n, s, k, u, text, what)                                                          \
	[CGN_ALARM_##id] = {.name = n,                                                             \
		.scope = s,                                                                        \
		.kind = CGN_ALARM_##k,                                                             \
		.unit = u,                                                                         \
		.sentence = text,                                                                  \
		.advice = what},
#include "alarms.def"
};
