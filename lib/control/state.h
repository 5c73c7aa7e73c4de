/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explicit mappings, sessions and port blocks that outlive the process: control writes what changes
 * into a ring, the exporter thread takes it out for the journal (lib/journal), and at the next
 * start control takes it back. Control never waits: when the ring is full it remembers so and
 * writes all sessions and explicit mappings anew, behind an EPOCH record, as soon as there is room.
 * Blocks wait in the pool's notes (nat/lease.h) instead, which hold the last change of each place.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"

struct cgn_control;
struct cgn_explicit;
struct cgn_mapping;
struct rte_ring;

struct cgn_state {
	struct rte_ring *ring; /* of struct cgn_journal_record; NULL: no journal */
	/* Read by requests, on the control thread. lease_waits: turns in which a change of blocks
	 * found the ring half full. */
	uint64_t written, resyncs, lease_waits;
	uint32_t blocks_restored; /* at start */
	bool resync;
	uint32_t cursor; /* of the resync: tenant, then session, then record of the explicit pool */
};

/* Makes the ring. 0 or -ENOMEM. Main thread, before control starts. */
int cgn_state_init(struct cgn_state *s, const char *name, int socket);
void cgn_state_fini(struct cgn_state *s);

/* Control: an explicit mapping was made or changed, or is about to end with its port resting. */
void cgn_state_set(
	struct cgn_control *c, const struct cgn_mapping *m, const struct cgn_explicit *e);
void cgn_state_del(struct cgn_control *c, const struct cgn_mapping *m, uint32_t rest_s);

/* Control: a SET of the journal has lapsed while no daemon ran. */
void cgn_state_forget(struct cgn_control *c, const struct cgn_journal_record *set);

/* Control: the tenant's mapping state begins anew. */
void cgn_state_epoch(struct cgn_control *c, uint32_t tenant);

/* Control: a session was begun, or has another class; or is about to end (state_session.c). */
void cgn_state_session(struct cgn_control *c, uint32_t session);
void cgn_state_session_end(struct cgn_control *c, uint32_t session);

/* Control: the SESSION of a record that lives. */
struct cgn_journal_record cgn_state_session_record(const struct cgn_control *c, uint32_t session);

/* Control, of cgn_state_restore: the session goes on. False when it has no place any more. */
bool cgn_state_restore_session(struct cgn_control *c, const struct cgn_journal_record *r);

/*
 * Control, of cgn_state_restore: was this recorded at an address while who has it now had it? At
 * the second at which a session began is_late decides: whether it comes after what the owner before
 * left.
 */
bool cgn_state_is_of_owner(
	const struct cgn_control *c, uint32_t inside, uint64_t at_utc_s, bool is_late);

/* Control: writes a record, or all anew when the ring is full. */
void cgn_state_write(struct cgn_control *c, const struct cgn_journal_record *r);

/* Control: puts one record into the ring; false when it is full. */
bool cgn_state_put(struct cgn_state *s, const struct cgn_journal_record *r);

/* Control: a slice of the blocks that have changed hands (state_lease.c). */
void cgn_state_leases(struct cgn_control *c);

/* Control, of cgn_state_restore: the block of a LEASE begins to rest. False when the configuration
 * has no place for it any more. */
bool cgn_state_restore_lease(struct cgn_control *c, const struct cgn_journal_record *r);

/* Control: the same while it goes on: what the journal holds of the tenant is written anew. */
void cgn_state_restart(struct cgn_control *c, uint32_t tenant);

/* Control: a slice of a resync, if one is due. */
void cgn_state_resync(struct cgn_control *c);

/*
 * Control, once before the first poll: takes records of the journal back, in the order in which it
 * replays them. A tenant without an EPOCH among them starts a new one.
 */
void cgn_state_restore(struct cgn_control *c, const struct cgn_journal_record *records, uint32_t n);

/* Exporter: takes up to n records out; returns how many. */
uint32_t cgn_state_take(struct cgn_state *s, struct cgn_journal_record *records, uint32_t n);
