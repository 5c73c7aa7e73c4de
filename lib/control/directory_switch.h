/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A new directory takes over while packets flow (reload). In one turn control withdraws what the
 * new one no longer names and publishes the pointer; workers follow with their next turn. Then, in
 * slices, the first of them in the same turn, it takes in what it names anew, and holds every
 * mapping against it:
 *
 *   begin → pools → promises → sessions → sweep (mappings) → addresses → statics → grace → over
 *
 *  - its inside address is gone, or has another number (subscriber_mask): it ends;
 *  - its outside address is gone: it ends, or, asked for by NAT-PMP or PCP, it is made anew on
 *    another address and its client is told (RFC 6887 section 14.2);
 *  - its subscriber is reached otherwise now: it follows.
 *
 * Only when every worker has let go of the old directory is it over, and the old one may be freed.
 * One switch at a time. Control thread, but for prepare.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"

struct cgn_control;
struct cgn_directory;
struct cgn_pool_need;

enum cgn_switch_phase {
	CGN_SWITCH_OVER, /* none under way */
	CGN_SWITCH_POOLS,
	CGN_SWITCH_PROMISES,
	CGN_SWITCH_SESSIONS,
	CGN_SWITCH_SWEEP,
	CGN_SWITCH_ADDRESSES,
	CGN_SWITCH_STATICS,
	CGN_SWITCH_GRACE,
};

/* What a switch has done so far; for the operator. */
struct cgn_switch_count {
	uint32_t swept;      /* entries of the table looked at */
	uint32_t ended;      /* mappings whose inside or outside address is gone */
	uint32_t renumbered; /* explicit mappings on another outside address now */
	uint32_t rehopped;   /* mappings with another next hop */
	uint32_t addresses_added, addresses_gone;
	uint32_t statics_added, statics_gone, statics_failed;
};

struct cgn_switch {
	const struct cgn_directory *old; /* until it is over; else NULL */
	enum cgn_switch_phase phase;
	uint32_t cursor, entry;              /* of the phase */
	uint64_t token;                      /* of the grace period; 0: it has not begun */
	uint32_t number;                     /* of switches since start */
	struct cgn_switch_count count;       /* of this one, or of the last */
	uint64_t lost[CGN_MAX_TENANTS / 64]; /* tenants whose clients have to ask anew */
};

/* May one follow the other? 0, or -ENOTSUP with *err filled: only a restart can do this. Any
 * thread. */
int cgn_switch_check(
	const struct cgn_directory *old, const struct cgn_directory *fresh, struct cgn_errmsg *err);

/*
 * What the pool needs for the new directory, a slice at a time: *need is all zeros at first. 1: to
 * be called again; 0: done; or negative with *err filled: -EBUSY when the switch before is not
 * over, or -EOVERFLOW.
 */
int cgn_switch_need(struct cgn_control *c, const struct cgn_directory *fresh,
	struct cgn_pool_need *need, struct cgn_errmsg *err);

/*
 * Memory for that, and for the numbers that only the new directory has, in all tables of control,
 * and the list of what is different. Main thread, after need and before begin; workers and control
 * go on. 0, or negative with *err filled: nothing has changed.
 */
int cgn_switch_prepare(struct cgn_control *c, const struct cgn_directory *fresh,
	const struct cgn_pool_need *need, struct cgn_errmsg *err);

/*
 * Publishes the new directory, which is prepared. It costs what has changed, not what there is.
 * -EBUSY: the one before is not over yet.
 */
int cgn_switch_begin(struct cgn_control *c, const struct cgn_directory *fresh);

/* Frees what prepare has made, when it is over. Main thread. */
void cgn_switch_retire(struct cgn_control *c);

/* Outside addresses that the configuration drains take nothing new from now on. */
void cgn_switch_drain(struct cgn_control *c);

/* A slice of what is left of it. Returns the work done. */
uint32_t cgn_switch_turn(struct cgn_control *c);

static inline bool
cgn_switch_is_over(const struct cgn_switch *s)
{
	return s->phase == CGN_SWITCH_OVER;
}
