/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last events (telemetry/events.def), for the operator: rings of their own for what control
 * notices by itself and for who has which ports, so that neither washes out what somebody has done.
 * Control thread, to whom others hand theirs by requests.
 */
#pragma once

#include <stdint.h>

#include "events.h"

struct cgn_control;

struct cgn_event_ring {
	struct cgn_event *records; /* [kept] */
	uint32_t next, n_used;     /* where the next one goes */
};

struct cgn_natlog_feed;

struct cgn_event_log {
	struct cgn_natlog_feed *feed; /* that has them too; set by whoever made it */
	struct cgn_event_ring rings[CGN_N_EVENT_KINDS];
	uint32_t kept;        /* of each kind; fixed */
	uint64_t number;      /* of the newest; events since start */
	uint64_t log_full_at; /* of lines of changes; rate.h */
	uint32_t n_unlogged;
	uint64_t turn;   /* time of the last change */
	uint32_t n_turn; /* changes at that time */
};

/* 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_event_log_init(struct cgn_event_log *log, uint32_t kept);
void cgn_event_log_fini(struct cgn_event_log *log);

/* Keeps a copy; numbers it. */
void cgn_event_note(struct cgn_event_log *log, const struct cgn_event *ev);

/*
 * Keeps what control has noticed, and logs it within a rate: of one turn, which must not take long,
 * at most CGN_EVENTS_A_TURN; how many more there were is an event of the next change.
 */
enum { CGN_EVENTS_A_TURN = 256 };
void cgn_event_change(struct cgn_control *c, const struct cgn_event *ev);

/* Keeps and logs what must not be left out: who has which ports. */
void cgn_event_record(struct cgn_control *c, const struct cgn_event *ev);

/* The newest event whose number is not above `at`, or NULL. */
const struct cgn_event *cgn_event_find(const struct cgn_event_log *log, uint64_t at);

/* Of a tenant: added, removed; its epoch began anew, and why; an outside address came or went. */
void cgn_event_tenant(struct cgn_control *c, enum cgn_event_id id, const char *name);
void cgn_event_epoch(struct cgn_control *c, uint32_t tenant, const char *why);
void cgn_event_address(
	struct cgn_control *c, enum cgn_event_id id, const char *tenant, uint32_t addr);
