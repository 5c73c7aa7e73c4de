/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The local log: the records of natlog.def in a folder of its own, for as long and as much as the
 * operator allows, to answer who had an outside port at a time (logtrace.h). Decision 0028.
 *
 * Records are appended to the newest file (slot.h). It is closed when it is full or a day old, when
 * the clock is set back, and when the disk takes no more. A second thread does what takes time:
 * sorts what is closed, removes what is too old or too much, and brings what was written to the
 * disk. Nothing is ever written into an older file.
 *
 * A full or broken disk costs records, which are counted; every second it is tried again, and then
 * a new file begins with what there is and a GAP.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "natlog.h"

struct cgn_logstore;

struct cgn_logstore_limits {
	uint64_t max_bytes;     /* of all files */
	uint64_t max_age_s;     /* of a record */
	uint64_t segment_bytes; /* of a file */
	uint64_t segment_s;
};

struct cgn_logstore_stats {
	uint64_t written, lost; /* records since the start */
	int error;              /* errno while nothing can be written; 0: all is well */
};

/*
 * Opens the folder, which exists, and locks it. NULL with *err, and errno: EBUSY when another
 * daemon has it. utc_ms: now. Nothing is written before the first record.
 */
struct cgn_logstore *cgn_logstore_open(const char *directory,
	const struct cgn_logstore_limits *limits, uint64_t utc_ms, struct cgn_errmsg *err);

/* Writes what is left. NULL is accepted. House is not running any more. */
void cgn_logstore_close(struct cgn_logstore *store);

/* --- One thread --- */

/* event: of a record that is one (CGN_NATLOG_EVENT). */
void cgn_logstore_put(struct cgn_logstore *store, const struct cgn_natlog_record *r,
	const struct cgn_event *event);

/* Gives to the kernel what was put. now_ms: a clock that only goes forward. */
void cgn_logstore_turn(struct cgn_logstore *store, uint64_t now_ms, uint64_t utc_ms);

struct cgn_logstore_stats cgn_logstore_stats(const struct cgn_logstore *store);

/* --- Another thread, about every second --- */

/* Sorts, syncs and removes; a second at most of work at once. */
void cgn_logstore_house(struct cgn_logstore *store, uint64_t utc_ms);
