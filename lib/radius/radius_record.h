/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What access servers have said of an address, and what follows from what they say next. Requests
 * come late, twice and in any order (RFC 2866 section 2: the client repeats until it is answered);
 * an address must not go back to its old owner because of that, nor be taken from its new one.
 *
 * The rules (cgn_radius_decide):
 *  - Start gives the address to its session, unless a later session has it.
 *  - Interim-Update does the same, but takes the address from another session only if it is surely
 *    later: it repeats what is known, and nothing is lost when the next one does it.
 *  - Stop ends its own session only.
 *  - A session that was stopped does not come back: what its NAS has sent before the Stop may still
 *    be on its way.
 * Of two events the later one is known by Event-Timestamp when both have one of the same access
 * server, unless its clock was set back; else by our own clock, arrival less Acct-Delay-Time.
 *
 * Pure, and a table of records by tenant and address. Owner: the RADIUS thread. What control knows
 * of sessions is not kept here; a session that another way ended is only found to be gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "radius_packet.h"
#include "session.h"

enum {
	/* Acct-Delay-Time is in whole seconds, rounded either way. */
	CGN_RADIUS_SLACK_MS = 2000,
	/* No server repeats a request for longer: when its clock says "before" and ours "later by
	 * more than this", its clock has been set back. */
	CGN_RADIUS_LATE_MS = 300 * 1000,
	/* An ended session is remembered this long: beyond it no NAS repeats a request. */
	CGN_RADIUS_ENDED_MS = 3600 * 1000,
};

/* The instant of an event, by our clock and by that of its access server. */
struct cgn_radius_stamp {
	uint64_t at_ms; /* UTC: arrival less Acct-Delay-Time */
	uint32_t nas_s; /* Event-Timestamp (RFC 2869 section 5.3), or 0: none */
	struct cgn_radius_nas nas;
};

struct cgn_radius_said {
	uint64_t key; /* of the session (cgn_radius_session_key); 0: nothing said */
	struct cgn_radius_stamp stamp;
};

struct cgn_radius_record {
	uint32_t tenant, addr;        /* host order */
	struct cgn_radius_said owner; /* the session that has the address */
	struct cgn_radius_said ended; /* the one that was stopped last */
	char id[CGN_SESSION_ID_LEN];  /* of the owner, as control knows it */
};

struct cgn_radius_event {
	enum cgn_accounting_kind kind; /* START, INTERIM, STOP */
	struct cgn_radius_said said;
	char id[CGN_SESSION_ID_LEN];
};

enum cgn_radius_act {
	CGN_RADIUS_NOTHING,
	CGN_RADIUS_ADD,    /* a session with the event's id */
	CGN_RADIUS_REMOVE, /* that of the id */
};

struct cgn_radius_verdict {
	enum cgn_radius_act act;
	/* When there is nothing to do, or all went well. */
	enum cgn_accounting_result result;
	char id[CGN_SESSION_ID_LEN];
};

/* Brings the record up to date as if the act went well. */
struct cgn_radius_verdict cgn_radius_decide(
	struct cgn_radius_record *record, const struct cgn_radius_event *event);

/* An access server says that it has no sessions: is that of the record one of them? */
bool cgn_radius_is_swept(
	const struct cgn_radius_record *record, const struct cgn_radius_stamp *stamp);

/*
 * Its session is over, if it is one of them; and the access server may use old names of sessions
 * again, since it began anew. Returns whether the session was one of them.
 */
bool cgn_radius_sweep(struct cgn_radius_record *record, const struct cgn_radius_stamp *stamp);

/* Records by tenant and address; memory follows the number of sessions. */
struct cgn_radius_records {
	struct cgn_radius_record *records; /* [n], pointers hold until the next add */
	uint32_t n, n_alloc;
	uint32_t *slots; /* hash: number of a record + 1, or 0 */
	uint32_t *keys;  /* the same by the owner's key, with some that are over */
	uint32_t n_slots, n_keys;
};

void cgn_radius_records_fini(struct cgn_radius_records *all);

/* NULL: there is none. */
struct cgn_radius_record *cgn_radius_records_find(
	const struct cgn_radius_records *all, uint32_t tenant, uint32_t addr);

/* The record whose owner has this key, or NULL: for a Stop that does not say the address. */
struct cgn_radius_record *cgn_radius_records_find_owner(
	const struct cgn_radius_records *all, uint32_t tenant, uint64_t key);

/* A record has another owner now, so that find_owner knows. */
void cgn_radius_records_own(struct cgn_radius_records *all, const struct cgn_radius_record *record);

/*
 * The record, a new one if there is none; NULL: no memory. Those that say nothing any more are
 * forgotten when room is needed.
 */
struct cgn_radius_record *cgn_radius_records_add(
	struct cgn_radius_records *all, uint32_t tenant, uint32_t addr, uint64_t now_ms);
