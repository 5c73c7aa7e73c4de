/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the records of the log go, as the configuration says. The log thread gives each record to
 * all outputs; none of them blocks it. Log thread, but for create and destroy: main.
 */
#pragma once

#include <stdint.h>

#include "conf.h"
#include "err.h"
#include "natlog.h"
#include "natlog_status.h"

struct cgn_outputs;

/* Is there any? */
bool cgn_outputs_are_wanted(const struct cgn_conf *conf);

/* Can their files be read? 0, or negative errno with *err. Main thread. */
int cgn_outputs_check(const struct cgn_conf *conf, struct cgn_errmsg *err);

/* conf outlives them. NULL with *err and errno set. */
struct cgn_outputs *cgn_outputs_create(const struct cgn_conf *conf, struct cgn_errmsg *err);

/* What has not gone out yet is lost. NULL is accepted. */
void cgn_outputs_destroy(struct cgn_outputs *outputs);

/* event: of a record that is one (CGN_NATLOG_EVENT). */
void cgn_outputs_put(struct cgn_outputs *outputs, const struct cgn_natlog_record *r,
	const struct cgn_event *event);

/* Sends what there is, opens what is closed. now_ms: a clock that only goes forward. */
void cgn_outputs_turn(struct cgn_outputs *outputs, uint64_t now_ms, uint64_t utc_ms);

/* Writes how they get on. */
void cgn_outputs_report(const struct cgn_outputs *outputs, struct cgn_natlog_status *status);

/* Rests for so long, below a second, or until an output that was busy takes more. */
void cgn_outputs_wait(const struct cgn_outputs *outputs, uint32_t us);

/* Is anything waiting to go out? */
bool cgn_outputs_are_busy(const struct cgn_outputs *outputs);
