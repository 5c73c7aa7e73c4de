/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files logstore*.c share. */
#pragma once

#include <stdatomic.h>

#include "live.h"
#include "logstore.h"
#include "segment.h"

enum {
	CGN_LOGSTORE_BUF = 65536,
	CGN_LOGSTORE_MAX_NAMES = UINT16_MAX,
	CGN_LOGSTORE_NAME_BUCKETS = 4096,
	CGN_LOGSTORE_STEP_MS = 1000, /* less than that is no step of the clock, but its tuning */
	CGN_LOGSTORE_RETRY_MS = 1000,
	CGN_LOGSTORE_SORT_RETRY_MS = 60000, /* each try reads a file and may fill the disk again */
};

struct cgn_logstore_name {
	char tenant[CGN_NAME_LEN];
	uint32_t vrf;
	uint32_t next;    /* of the bucket; 0: none */
	uint64_t segment; /* the last that has it */
};

/* All of them are looked through with each that comes: so the events, of 1 KiB, stay where they
 * are. */
struct cgn_logstore_det {
	uint32_t hash; /* of the tenant's name */
	struct cgn_event *event;
};

struct cgn_logstore {
	/* Fixed after open. */
	struct cgn_logstore_limits limits;
	int dir_fd, lock_fd;
	atomic_uint_fast64_t current; /* the segment that is being written, or that comes next */

	/* Of the thread that puts. */
	int fd; /* -1: none is open */
	struct cgn_segment_header header;
	uint64_t size; /* of the file, without what is in buf */
	uint8_t buf[CGN_LOGSTORE_BUF];
	uint32_t used, n_buffered; /* bytes, and the records that they begin or are */
	uint64_t run_utc, last_utc, last_number, retry_ms;
	bool has_mappings;     /* put, in this run */
	uint64_t gap, gap_utc; /* records lost since the last that is in a file, not told yet */
	struct cgn_live live;
	struct cgn_slot healing;         /* GAP, until SYNCED; kind 0: none */
	struct cgn_logstore_name *names; /* from 1 */
	uint32_t n_names, buckets[CGN_LOGSTORE_NAME_BUCKETS];
	struct cgn_logstore_det *dets; /* parameters of deterministic ports in force, in order */
	uint32_t n_dets;
	struct cgn_logstore_stats stats;

	/* Of the house. */
	uint64_t sorted;    /* all up to this one */
	uint64_t retry_utc; /* not before; 0: nothing has failed */
	uint64_t synced;    /* whose name is in the folder for good */
};

/* logstore_segment.c: begins a file, with all that there is. 0, or -errno:
 * there is none, and stats.error says why. */
int cgn_logstore_begin(struct cgn_logstore *store, uint64_t utc_ms, uint64_t number);
void cgn_logstore_end(struct cgn_logstore *store);
int cgn_logstore_flush(struct cgn_logstore *store);

/* Room for a slot in the buffer; NULL: it could not be written, and the file is closed. */
uint8_t *cgn_logstore_slot(struct cgn_logstore *store);

/* logstore_name.c: the number of a tenant; 0: it has no name, or there are too many. It has to be
 * put into each file before it is used there. vrf 0: not known. */
uint16_t cgn_logstore_name(struct cgn_logstore *store, const char *tenant, uint32_t vrf);
int cgn_logstore_put_name(struct cgn_logstore *store, uint16_t number);
int cgn_logstore_put_event(struct cgn_logstore *store, const struct cgn_event *event);

/* An event of parameters is kept for the files to come. */
int cgn_logstore_keep_det(struct cgn_logstore *store, const struct cgn_event *event);
void cgn_logstore_free_dets(struct cgn_logstore *store);
