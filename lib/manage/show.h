/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handlers of the telemetry commands, one function each (show_*.c), and what they share
 * (show.c). Telemetry threads, while the box is held.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "box.h"
#include "query.h"
#include "reply.h"

struct cgn_show {
	const struct cgn_box *box;
	const struct cgn_params *params;
	struct cgn_reply *reply;
	struct cgn_event
		*event; /* of an action: what was asked is set; handlers set what came of it */
	uint64_t next;  /* cursor of the page after this one, 0: finished */
};

#define COMMAND(id, name, shape, rows, needs, takes, help)                                         \
	void cgn_show_##name(struct cgn_show *show);
#define QUESTION(id, object, about, shape, rows, needs, takes, help)                               \
	void cgn_show_##object##_##about(struct cgn_show *show);
#define ACTION(id, object, action, needs, takes, help)                                             \
	void cgn_show_##object##_##action(struct cgn_show *show);
#include "commands.def"

/*
 * Looks up the tenant that the parameters name. False, with the error answered, when they name one
 * that does not exist. *tenant is CGN_NONE when they name none.
 */
bool cgn_show_tenant_find(struct cgn_show *show, uint32_t *tenant);

/* The same for the subscriber of a tenant; id: ADDRESS or SUBSCRIBER. */
bool cgn_show_inside_find(
	struct cgn_show *show, enum cgn_param_id id, uint32_t tenant, uint32_t *inside);

/* Pool index of the address of OUTSIDE or TRANSPORT, or CGN_NONE with the error answered. */
uint32_t cgn_show_pool_find(struct cgn_show *show, enum cgn_param_id id);

/* Adds "remote", the one remote end of a mapping, or "-"; row NULL: there is no mapping. */
struct cgn_mapping_row;
void cgn_show_remote(struct cgn_reply *r, const struct cgn_mapping_row *row);

/* The same for a port's index, and for a worker's number. */
bool cgn_show_port_find(struct cgn_show *show, uint32_t *port);
bool cgn_show_worker_find(struct cgn_show *show, uint32_t *worker);

/* Whether this BOOL parameter is given and true. */
bool cgn_show_is_true(const struct cgn_show *show, enum cgn_param_id id);

/* Cursor and limit of the request, or 0 and 64. */
uint64_t cgn_show_cursor(const struct cgn_show *show);
uint32_t cgn_show_limit(const struct cgn_show *show);

/*
 * Ends a row of a list that is in memory: false when the page is full or has its limit; then
 * show->next is set and the caller stops. at: cursor of this row, after: cursor of the next one.
 */
bool cgn_show_row_end(struct cgn_show *show, uint64_t at, uint64_t after);

/* The address of a subscriber; "-" when the number is nobody's (any more), or CGN_NONE. */
void cgn_show_inside(struct cgn_show *show, const char *name, uint32_t inside);

/* The subscriber itself: its address, or its prefix where it has several; likewise. */
void cgn_show_subscriber_of(struct cgn_show *show, const char *name, uint32_t inside);

/* The same as text: the number lives. Returns buf, of CGN_PREFIX_STRLEN bytes at least. */
const char *cgn_show_subscriber_str(const struct cgn_show *show, uint32_t inside, char *buf);

/*
 * What a subscriber is called: by its session ("": it has none), else by the tenant's list; "-".
 * Lives as long as session and the box's directory.
 */
const char *cgn_show_id_str(const struct cgn_show *show, uint32_t inside, const char *session);

/* Its tags in the tenant's list, with commas between them; "-". And whether it stands there. */
void cgn_show_tags(struct cgn_show *show, const char *name, uint32_t inside);
bool cgn_show_is_listed(const struct cgn_show *show, uint32_t inside);

/* Tells the event of an action what the subscriber that it is about is called. CGN_NONE: of none.
 */
void cgn_show_event_who(struct cgn_show *show, uint32_t inside);

/* Asks control; false with the error answered when it does not answer. */
bool cgn_show_ask(struct cgn_show *show, cgn_request_fn fn, void *arg, size_t size);

/* A list that control has to walk: fn is called with the query until the page is full. */
struct cgn_walk {
	cgn_request_fn fn;
	struct cgn_query *query; /* first member of the argument; cursor and limit are set here */
	size_t size;             /* of the argument */
	/* Adds the members of row i of the answer. Returns the cursor at which that row stands. */
	uint64_t (*row)(struct cgn_show *show, const struct cgn_query *query, uint32_t i);
};
void cgn_show_walk(struct cgn_show *show, const struct cgn_walk *walk);

/*
 * The counter blocks, one a call: of the workers 0, 1, … and at last of control; or only that of
 * `worker`, unless it is CGN_NONE. NULL at the end.
 */
const struct cgn_counters *cgn_show_counters(
	const struct cgn_show *show, uint32_t worker, uint32_t i);

/* A time in UTC, seconds since 1970, as ISO 8601; "-" for 0. */
void cgn_show_time(struct cgn_reply *r, const char *name, uint64_t utc_s);

/* What of datagrams in fragments waits: at a worker; of a tenant; of a subscriber's holder, or to
 * an outside address (enum cgn_dir and index). */
void cgn_show_fragments_at(struct cgn_show *show, const struct cgn_worker *w);
void cgn_show_fragments_of_tenant(struct cgn_show *show, uint32_t tenant);
void cgn_show_fragments_of(struct cgn_show *show, enum cgn_dir dir, uint32_t use);

/* The computed range of a subscriber, "203.0.113.17:1024-5055", or "-" (show_deterministic.c). */
void cgn_show_range_of(struct cgn_show *show, const char *name, uint32_t tenant, uint32_t inside);

/* Rows of the port blocks of a subscriber, or of a tenant, or of all (CGN_NONE). */
void cgn_show_blocks_of(struct cgn_show *show, uint32_t tenant, uint32_t inside);
