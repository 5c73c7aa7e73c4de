/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of natlog.def; see natlog.h. */
#include "natlog.h"

const struct cgn_natlog_field_info cgn_natlog_fields[CGN_N_NATLOG_FIELDS] = {
#define NATLOG_FIELD(id, n, e, b, text)                                                            \
	[CGN_NATLOG_FIELD_##id] = {.name = n, .sentence = text, .element = e, .bytes = b},
#include "natlog.def"
};

#define N(id) (UINT32_C(1) << CGN_NATLOG_FIELD_##id)

const struct cgn_natlog_info cgn_natlogs[CGN_N_NATLOGS] = {
#define NATLOG(id, n, no, e, sub, s, f, text)                                                      \
	[CGN_NATLOG_##id] = {.name = n,                                                            \
		.sentence = text,                                                                  \
		.fields = (f),                                                                     \
		.number = no,                                                                      \
		.nat_event = e,                                                                    \
		.subtype = sub,                                                                    \
		.severity = CGN_EVENT_##s},
#include "natlog.def"
};
