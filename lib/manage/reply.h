/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds an answer within the limits of DPDK's telemetry: 16 384 bytes in all, 256 members of a
 * dictionary, 127 bytes of a string; what goes beyond is dropped by the library without a word, so
 * bytes are counted here and a row that does not fit starts the next page. One answer:
 *
 *   {"status":"ok","id":7,"filter":{…},"item":{…},"n":2,"next":0,"truncated":0,
 *    "rows":{"r0":{…},"r1":{…}}}
 *   {"status":"error","parameter":"limit","message":"limit: '0' is not a number from 1 to 64"}
 *
 * Owner: the telemetry thread that answers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "params.h"

struct rte_tel_data;

enum {
	CGN_REPLY_MAX_BYTES = 15 * 1024, /* of 16 384; the rest is for the frame and the library */
	CGN_REPLY_MAX_ROWS = 64,
};

struct cgn_reply {
	struct rte_tel_data *out;        /* the library's */
	struct rte_tel_data *item, *row; /* row: the open one */
	struct rte_tel_data
		*rows[CGN_REPLY_MAX_ROWS]; /* joined at the end: freeing is not recursive */
	uint32_t n_rows;
	uint32_t n_bytes, row_bytes; /* JSON of all that is finished; of the open row */
	bool is_error;               /* the answer is an error already; what is added is ignored */
	char error[CGN_REPLY_STRING_LEN]; /* its message */
};

void cgn_reply_init(struct cgn_reply *r, struct rte_tel_data *out);

/* The answer is this error, whatever was added before. param: name or "". */
void cgn_reply_error(struct cgn_reply *r, const char *param, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void cgn_reply_refuse(struct cgn_reply *r, const struct cgn_params_error *err);

/* Members of the open row if there is one, else of the item. Longer strings end in "...". */
void cgn_reply_u64(struct cgn_reply *r, const char *name, uint64_t value);
void cgn_reply_i32(struct cgn_reply *r, const char *name, int32_t value);
void cgn_reply_str(struct cgn_reply *r, const char *name, const char *value);
void cgn_reply_fmt(struct cgn_reply *r, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void cgn_reply_ip4(struct cgn_reply *r, const char *name, uint32_t addr);

/* A row; false when the page has no room for it: it is gone, and starts the next page. */
void cgn_reply_row_begin(struct cgn_reply *r);
bool cgn_reply_row_end(struct cgn_reply *r);

/* Completes the answer. next: cursor of the next page, 0 when this was the last. */
void cgn_reply_finish(struct cgn_reply *r, const struct cgn_command *cmd,
	const struct cgn_params *params, uint64_t next);
