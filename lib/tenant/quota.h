/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits of tenant and subscriber, checked at admission by control, the only writer of their use.
 * A limit refuses new mappings only; existing ones are never touched (RFC 6888 REQ-11, AMB-11).
 */
#pragma once

#include <stdint.h>

#include "clock.h"
#include "directory.h"
#include "fates.h"
#include "pkt.h"

/* What a tenant or a subscriber uses now; written by control only. */
struct cgn_use {
	uint32_t mappings[CGN_N_PROTOS];
	uint32_t explicit_mappings; /* of these, asked for by NAT-PMP or PCP */
	uint32_t peak;              /* most mappings at one time */
	/* Of a subscriber, in what would be a hole: record of control/session.h, 0 without one, and
	 * the number of the class that it names, 0 if it names none. */
	uint32_t session : 24, class_number : 8;
	uint64_t rate_full_at;  /* state of the new-mapping rate, see rate.h */
	uint64_t made, refused; /* since start */
};

static inline uint32_t
cgn_use_total(const struct cgn_use *use)
{
	return use->mappings[CGN_TCP] + use->mappings[CGN_UDP] + use->mappings[CGN_ICMP];
}

/*
 * Places of which tenants are promised some. owed: what tenants have not used yet of what they are
 * promised; nobody else can have it. Control.
 */
struct cgn_room {
	uint32_t size, used, owed;
};

/* Places that a tenant may take beyond those it uses; min: what it is promised. */
static inline uint32_t
cgn_room_for(const struct cgn_room *room, uint32_t used, uint32_t min)
{
	uint32_t own = used < min ? min - used : 0;
	uint64_t taken = (uint64_t)room->used + room->owed - (own < room->owed ? own : room->owed);

	return taken < room->size ? (uint32_t)(room->size - taken) : 0;
}

/* Books a place that a tenant has taken, or given back; used: its own before, or after. */
static inline void
cgn_room_take(struct cgn_room *room, uint32_t used, uint32_t min)
{
	room->used++;
	room->owed -= used < min && room->owed > 0;
}

static inline void
cgn_room_give(struct cgn_room *room, uint32_t used, uint32_t min)
{
	room->used--;
	room->owed += used < min;
}

/*
 * May this subscriber of this tenant, of that class, open one more mapping of this protocol now?
 * Takes the rate tokens of both when it says yes. Returns CGN_FATE_NONE for yes, else the limit
 * that refused.
 */
enum cgn_fate cgn_quota_admit(const struct cgn_tenant *tenant, const struct cgn_class *limits,
	struct cgn_use *tenant_use, struct cgn_use *subscriber_use, enum cgn_proto proto,
	cgn_ns_t now);

/* Books a mapping that was made, or one that is gone. */
void cgn_use_add(struct cgn_use *use, enum cgn_proto proto);
void cgn_use_del(struct cgn_use *use, enum cgn_proto proto);
