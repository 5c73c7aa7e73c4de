/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions: who holds an assigned address at the moment, told at run time (a RADIUS listener, an
 * operator). A session gives the address an id and a class; addresses of a prefix with
 * `sessions: true` are served only while they have one.
 *
 * When an address changes its owner nothing of the old one stays on it (PMP-31, RFC 6886 section
 * 3.4): mappings end, also those that were asked for, with their filters and their records in the
 * journal, and TCP connections are reset; its port blocks are held by nobody until their ports have
 * rested; pairing, counters and refusals begin anew. Only port forwards and static_addresses of the
 * configuration stay, since they belong to the address; their connections are reset too.
 *
 * Within a tenant an id has one session, and an address one: an ADD of what another session holds
 * ends that one first, completely. So a listener needs no order among users, and an ADD may be
 * repeated at any time: the same id, address and class is a refresh.
 *
 * Other threads change sessions by cgn_session_apply, which asks control through its mailbox
 * (request.h) like all of lib/manage/query.h; the rest of this file is control's.
 */
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "request.h"

struct cgn_control;
struct rte_hash;

enum {
	CGN_SESSION_ID_LEN = 64, /* with the final zero; printable ASCII without space and comma */
	CGN_SESSION_BATCH = 128, /* changes that go to control at one time */
};

enum cgn_session_kind { CGN_SESSION_ADD, CGN_SESSION_MOVE, CGN_SESSION_REMOVE };

enum cgn_session_result {
	CGN_SESSION_PENDING, /* not done yet; what cgn_session_apply leaves undone after an error */
	CGN_SESSION_ADDED,   /* ADD: there was none of this id at this address */
	CGN_SESSION_REFRESHED, /* ADD: it was there already; MOVE: it was at the new address already
				*/
	CGN_SESSION_CLASSED,   /* ADD: it was there, with another class; that holds from now on */
	CGN_SESSION_MOVED,     /* MOVE; ADD of an id that was at another address */
	CGN_SESSION_REMOVED,
	CGN_SESSION_NONE,       /* MOVE, REMOVE: there is no such session; nothing to do */
	CGN_SESSION_NO_TENANT,  /* refused: no such tenant (any more) */
	CGN_SESSION_NO_ADDRESS, /* refused: the address is not assigned to subscribers of the tenant
				 */
	CGN_SESSION_NO_CLASS,   /* refused: the tenant has no such class */
	CGN_SESSION_BAD_ID,     /* refused: no id, too long, or a character that is not allowed */
	CGN_SESSION_FULL,       /* refused: table.sessions */
	CGN_N_SESSION_RESULTS
};

/* "added", "refreshed", … by enum cgn_session_result. Any thread. */
extern const char *const cgn_session_result_names[CGN_N_SESSION_RESULTS];

/* Refused: what was asked for cannot be, now or for good. */
static inline bool
cgn_session_is_refused(enum cgn_session_result result)
{
	return result >= CGN_SESSION_NO_TENANT;
}

/* One change; starts zeroed but for what it says. Addresses are HOST order. */
struct cgn_session_change {
	uint8_t kind;    /* enum cgn_session_kind */
	uint8_t result;  /* out: enum cgn_session_result */
	uint32_t tenant; /* tenant number (directory.h), never given twice */
	uint32_t addr;   /* ADD: its address. MOVE, REMOVE: where it is now, or 0: found by id. With
			    both given they must be of one session, else NONE */
	uint32_t to;     /* MOVE: its new address */
	uint32_t ended;  /* out: mappings that ended for it; of thousands, the first ones */
	struct {         /* control's: what it knows after a part of the change */
		bool moves;
		uint8_t class_number;
	} so_far;
	char id[CGN_SESSION_ID_LEN];
	char class_name[CGN_NAME_LEN]; /* ADD: "" for what the configuration gives the address */
};

/* Is it an id as ADD takes it? Pure. */
bool cgn_session_id_is_good(const char *id);

/*
 * Does n changes in their order and fills in result and ended of each. Any thread but control; the
 * caller keeps the box and its directory (tenant numbers) from going away, as handlers of telemetry
 * do. A change that ends thousands of mappings goes on in slices, so that packets do not wait:
 * meanwhile the address is not served. 0, whatever the results; -EBUSY or -ETIMEDOUT when control
 * did not answer: changes from the first PENDING one on may or may not be done; give them again,
 * which is harmless.
 */
int cgn_session_apply(
	struct cgn_request_box *requests, struct cgn_session_change *changes, uint32_t n);

/* --- Control's own. --- */

/* What the hash of ids holds; all bytes count. */
struct cgn_session_key {
	uint32_t tenant;
	char id[CGN_SESSION_ID_LEN];
};

struct cgn_session {
	uint32_t inside; /* of its holder (cgn_directory_holder); CGN_NONE: a free record */
	uint32_t addr;   /* of that, HOST order */
	uint32_t began_utc_s;
	uint32_t next; /* of those that end: record, or 0 */
	bool is_ending;
};

struct cgn_sessions {
	struct rte_hash *by_id;      /* NULL: there is room for none; key i is record i + 1 */
	struct cgn_session *records; /* [n_records]; record 0 unused */
	uint32_t n_records, capacity, n_used;
	uint32_t first_ending, last_ending; /* records whose end goes on; 0: none */
	uint64_t n_begun, n_ended;          /* since start */
	_Atomic uint8_t *owners, *classes;  /* [n_inside], reserved; see dataplane.h */
};

/* 0 or -ENOMEM; fini accepts a zeroed struct, owners and classes are the caller's. Main
 * thread. */
int cgn_sessions_init(struct cgn_sessions *s, const char *name, uint32_t capacity, int socket);
void cgn_sessions_fini(struct cgn_sessions *s);

/* The class that the session of a holder names, or 0: for control, and for workers. */
void cgn_session_class_set(struct cgn_control *c, uint32_t inside, uint8_t number);

/* Nobody is there yet: addresses that want a session are not served. Once, at start. */
void cgn_sessions_start(struct cgn_control *c);

/* A slice of the ends that go on. Returns work done. */
uint32_t cgn_sessions_turn(struct cgn_control *c);

/*
 * After a new directory: a slice from inside index *cursor on. Sessions whose address is gone end,
 * classes that are gone give way to what the configuration says, and addresses that want a session
 * now and have none lose their mappings. Returns work done.
 */
uint32_t cgn_sessions_switch(struct cgn_control *c, uint32_t *cursor);

/* Record of an id's session, or 0. */
uint32_t cgn_session_find(const struct cgn_control *c, uint32_t tenant, const char *id);

/* The id of a session; "" for record 0. */
const char *cgn_session_id(const struct cgn_control *c, uint32_t session);

/* That of the session that the subscriber of an inside index has, "" without one; of CGN_NONE too.
 */
void cgn_session_id_copy(const struct cgn_control *c, uint32_t inside, char id[CGN_SESSION_ID_LEN]);

/*
 * A session begins at an address that is nobody's: its record, or 0 when there is no room.
 * class_number: the tenant's, or 0.
 */
uint32_t cgn_session_begin(struct cgn_control *c, uint32_t tenant, uint32_t inside, const char *id,
	uint8_t class_number);

/* Whose session a record is. */
const struct cgn_session_key *cgn_session_key_at(const struct cgn_control *c, uint32_t session);

/* It ends, at most *budget mappings of it now: false when the rest of it goes on (turn). */
bool cgn_session_end(struct cgn_control *c, uint32_t session, uint32_t *budget);

/*
 * An address loses its owner; the first call of several says is_first. False when *budget mappings
 * have ended and there are more, and the address is not served; true when nothing is left of him
 * (session_end.c).
 */
bool cgn_owner_end(struct cgn_control *c, uint32_t inside, bool is_first, uint32_t *budget);

/* What cgn_session_apply runs on the control thread (session_change.c). */
struct cgn_session_batch {
	uint32_t n, n_done; /* the first n_done have their result */
	struct cgn_session_change changes[CGN_SESSION_BATCH];
};
void cgn_session_batch_run(struct cgn_control *c, void *batch);
static_assert(sizeof(struct cgn_session_batch) <= CGN_REQUEST_ARG_MAX, "fits a request");
