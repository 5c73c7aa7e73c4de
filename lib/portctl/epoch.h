/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seconds since a tenant's mapping state began: the number by which clients of both protocols learn
 * that their mappings are lost (RFC 6886 section 3.6, RFC 6887 section 8.5). One struct a tenant,
 * shared by both protocols. Time is the monotonic clock of clock.h, so the wall clock may be
 * stepped. Owner: control.
 */
#pragma once

#include <stdint.h>

#include "clock.h"

struct cgn_epoch {
	cgn_ns_t began_ns;
	uint32_t start_s; /* its value at began_ns */
};

/* State began now, empty: at start without kept state, and whenever mappings or the outside
 * addresses of the tenant are lost or changed. */
void cgn_epoch_reset(struct cgn_epoch *epoch, cgn_ns_t now);

/*
 * State was taken over whole: from a journal, or from the peer that failed. saved_s is the epoch
 * when it was last known to be right, away_s the seconds since then; without them clients would
 * see the server's clock run slow and take it for a loss (RFC 6887 section 8.5).
 */
void cgn_epoch_continue(struct cgn_epoch *epoch, cgn_ns_t now, uint32_t saved_s, uint32_t away_s);

/* Never less than before as long as now is not. Stops at UINT32_MAX, after 136 years. */
uint32_t cgn_epoch_at(const struct cgn_epoch *epoch, cgn_ns_t now);
