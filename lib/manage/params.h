/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads "key=value,key=value", what stands behind the first comma of a telemetry command. Pure: no
 * EAL, no state; any thread. The text is somebody else's: nothing in it is believed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "command_table.h"

enum {
	CGN_PARAMS_MAX_LEN = 511,   /* of the whole text */
	CGN_PARAM_VALUE_LEN = 64,   /* of one value, with the final zero */
	CGN_REPLY_STRING_LEN = 128, /* of a string in an answer (RTE_TEL_MAX_STRING_LEN) */
};

struct cgn_param_value {
	char text[CGN_PARAM_VALUE_LEN]; /* as given */
	/* NUMBER; BOOL 0, 1; SIDE; enums cgn_proto (TRANSPORT too), cgn_explicit_origin; TAGS:
	 * outer, or outer << 16 | inner with port 2; FLAGS: as in a TCP header; ASSIGNED: prefix
	 * length, 32 for an address */
	uint64_t number;
	uint32_t addr;    /* ADDRESS, ASSIGNED, ENDPOINT, TRANSPORT; host order */
	uint16_t port;    /* ENDPOINT, TRANSPORT; TAGS: how many */
	uint8_t ip_proto; /* TRANSPORT of CGN_OTHER */
};

struct cgn_params {
	uint64_t given; /* bit by enum cgn_param_id */
	struct cgn_param_value values[CGN_N_PARAMS];
};

/* Which parameter is wrong ("" for none in particular), how, and what to write. Printable ASCII. */
struct cgn_params_error {
	char param[16];
	char message[CGN_REPLY_STRING_LEN];
};

/* "natpmp", "pcp_map", "pcp_peer", "operator": by enum cgn_explicit_origin. */
enum { CGN_N_ORIGINS = 4 };
extern const char *const cgn_origin_names[CGN_N_ORIGINS];

/* text may be NULL: no parameters. 0, or -EINVAL with *err filled. */
int cgn_params_parse(const struct cgn_command *cmd, const char *text, struct cgn_params *params,
	struct cgn_params_error *err);

void cgn_params_error_set(struct cgn_params_error *err, const char *param, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline bool
cgn_params_has(const struct cgn_params *params, enum cgn_param_id id)
{
	return params->given >> id & 1;
}

/* The value if given, else NULL. */
static inline const struct cgn_param_value *
cgn_params_find(const struct cgn_params *params, enum cgn_param_id id)
{
	return cgn_params_has(params, id) ? &params->values[id] : NULL;
}
