/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record of deterministic ports (RFC 7422 sections 2 and 3): what the computation follows from,
 * at the start, after each change and once a day, and each block beyond a range. Together they say
 * who had an outside port at any time. Control thread; init: main.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"

struct cgn_block;
struct cgn_control;

struct cgn_det_log {
	uint64_t due[CGN_MAX_TENANTS / 64]; /* tenants whose parameters are to be recorded */
	uint32_t n_due;
	uint32_t tenant; /* whose record is under way, or CGN_NONE */
	struct {
		uint32_t attachment, subscribers, outside, reserved;
	} next;           /* of its lists: a record takes so much and the next one goes on */
	uint32_t daily_s; /* when all were due last */
	bool has_begun;
};

void cgn_det_log_init(struct cgn_control *c);

/* A block beyond a computed range has been leased or is returned (section 2 step 4). */
void cgn_det_log_block(struct cgn_control *c, const struct cgn_block *block, bool is_leased);

/* The tenant's parameters are other ones. */
void cgn_det_log_add(struct cgn_control *c, uint32_t tenant);

/* The tenant is gone, and so are its ranges: recorded at once. */
void cgn_det_log_end(struct cgn_control *c, const char *tenant);

/* A few records. Returns how many. */
uint32_t cgn_det_log_turn(struct cgn_control *c);
