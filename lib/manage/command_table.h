/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list of telemetry commands as data (commands.def, fields.def). Constant; any thread, no EAL:
 * cgnatctl and the generator of docs/telemetry.md use it too.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cgn_param_id {
#define PARAM(id, name, type, min, max, metavar, help) CGN_PARAM_##id,
#include "commands.def"
	CGN_N_PARAMS
};
static_assert(CGN_N_PARAMS <= 64, "sets of parameters are 64 bits");

enum cgn_param_type {
	CGN_PARAM_TYPE_NAME,      /* a-z 0-9 _ -; min and max: length */
	CGN_PARAM_TYPE_LOGIN,     /* A-Z a-z 0-9 . _ @ + -; min and max: length */
	CGN_PARAM_TYPE_WORD,      /* printable, no blank; min and max: length */
	CGN_PARAM_TYPE_ADDRESS,   /* a.b.c.d */
	CGN_PARAM_TYPE_ASSIGNED,  /* a.b.c.d, or a.b.c.d/n: a subscriber as it is shown */
	CGN_PARAM_TYPE_PROTO,     /* tcp, udp, icmp */
	CGN_PARAM_TYPE_ORIGIN,    /* natpmp, pcp_map, pcp_peer, operator */
	CGN_PARAM_TYPE_SIDE,      /* inside, outside, both: bits 1, 2, 3 */
	CGN_PARAM_TYPE_ENDPOINT,  /* a.b.c.d:port */
	CGN_PARAM_TYPE_TRANSPORT, /* a.b.c.d:port/protocol */
	CGN_PARAM_TYPE_TAGS,      /* vid or vid.vid */
	CGN_PARAM_TYPE_FLAGS,     /* syn+ack: TCP flags */
	CGN_PARAM_TYPE_NUMBER,    /* decimal, min to max */
	CGN_PARAM_TYPE_BOOL,      /* true, false */
};

struct cgn_param_info {
	const char *name, *metavar, *help;
	enum cgn_param_type type;
	uint64_t min, max;
};

extern const struct cgn_param_info cgn_param_infos[CGN_N_PARAMS];

enum cgn_command_id {
#define COMMAND(id, name, shape, rows, needs, takes, help) CGN_COMMAND_##id,
#define QUESTION(id, object, about, shape, rows, needs, takes, help) CGN_COMMAND_##id,
#define ACTION(id, object, action, needs, takes, help) CGN_COMMAND_##id,
#include "commands.def"
	CGN_N_COMMANDS
};

enum cgn_command_shape {
	CGN_SHAPE_ITEM, /* answer has "item" */
	CGN_SHAPE_LIST, /* answer has "rows", paged */
	CGN_SHAPE_BOTH,
};

struct cgn_command {
	const char *path; /* "/cgnat/info", "/cgnat/map/add" */
	const char *verb; /* "info", "map add" */
	const char *help;
	const char *rows; /* what a row is, or "" */
	enum cgn_command_shape shape;
	bool is_action;        /* changes the box; reload does too, unless dry_run */
	uint64_t needs, takes; /* parameters, bit by enum cgn_param_id; takes includes needs */
};

extern const struct cgn_command cgn_commands[CGN_N_COMMANDS];

/* One member of an answer: of its item, or of each of its rows. */
struct cgn_field {
	enum cgn_command_id command;
	const char *where; /* "item" or "rows" */
	const char *name;
	const char *unit; /* "" for none */
	const char *help;
	bool wide; /* in cgnatctl's tables only with --wide */
};

extern const struct cgn_field cgn_fields[];
extern const size_t cgn_n_fields;

/* Whether this column tells rows of the command from each other (rows.def). */
bool cgn_field_is_key(const struct cgn_field *field);

/* Whether an answer may lack this member (rows.def). */
bool cgn_field_is_optional(const struct cgn_field *field);

/* By path or by verb; NULL when there is none. */
const struct cgn_command *cgn_command_find(const char *name);

/* "tenant, cursor, limit" into buf; what the command takes, without id. Returns buf. */
enum { CGN_COMMAND_TAKES_LEN = 112 };
const char *cgn_command_takes_str(const struct cgn_command *cmd, char *buf);
