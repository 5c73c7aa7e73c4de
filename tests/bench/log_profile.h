/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log of a made-up box: port blocks of many subscribers over days, in the order of time, with
 * more of them in the evening than at night. What the store is measured with (log_store.c), and how
 * much a log takes. The same seed brings the same log. No thread of its own; owner: the caller.
 */
#pragma once

#include <stdint.h>

#include "natlog.h"

struct cgn_log_profile;

struct cgn_log_profile_params {
	uint64_t seed;      /* not 0 */
	uint64_t utc_ms;    /* when it begins, since 1970 */
	uint32_t n_tenants; /* subscribers are spread evenly; all tenants have the same inside */
	uint32_t n_subscribers;
	uint32_t ratio;       /* subscribers of an outside address */
	uint32_t block_ports; /* a multiple of 64 */
	double leases_a_day;  /* of a subscriber: its first block and all others */
	double hold_s;        /* of a block, on average; exponential */
};

/*
 * 100 000 subscribers, 32 an address (Nokia's sizing example), blocks of 512 ports, 8 leases a day
 * of 90 minutes: 16 records of blocks and about as many of addresses as days have sessions. RFC
 * 7422 section 1 counts 33 000 connections a day for a household.
 */
struct cgn_log_profile_params cgn_log_profile_defaults(void);

/* NULL when memory is short. */
struct cgn_log_profile *cgn_log_profile_create(const struct cgn_log_profile_params *params);
void cgn_log_profile_destroy(struct cgn_log_profile *p); /* NULL is accepted */

/* The next record: BLOCK_LEASED, BLOCK_RETURNED, ADDRESS_BOUND, ADDRESS_UNBOUND. Numbers begin at 2
 * (1 is START's). There is always one. */
void cgn_log_profile_next(struct cgn_log_profile *p, struct cgn_natlog_record *r);

/* How busy a minute of the day (0 … 1439, UTC) is; the mean of a day is 1. */
double cgn_log_profile_diurnal(uint32_t minute);
