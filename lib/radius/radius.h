/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A RADIUS accounting server (RFC 2866) whose record is the tenant's sessions: what datagrams say
 * becomes changes of sessions, and a datagram is answered when control has made them. Without
 * sockets and without a clock; app/cgnatd/radius.c has both.
 *
 * One thread, the RADIUS thread, calls all of it but what says otherwise.
 */
#pragma once

#include <pthread.h>

#include "radius_record.h"
#include "radius_seen.h"
#include "radius_settings.h"

enum { CGN_RADIUS_BATCH = 64 }; /* datagrams at one time */

/* cgn_session_apply, or a test's own. */
typedef int (*cgn_radius_apply_fn)(void *ctx, struct cgn_session_change *changes, uint32_t n);

struct cgn_radius_datagram {
	uint32_t src; /* host order */
	uint16_t src_port;
	uint16_t listen; /* index of settings->listens */
	uint16_t len;
	const uint8_t *bytes; /* [len] */
	uint8_t *answer;      /* out: [CGN_RADIUS_MAX] */
	uint16_t answer_len;  /* out; 0: no answer */
};

struct cgn_radius_work; /* on a datagram at hand */

struct cgn_radius {
	pthread_mutex_t
		lock; /* telemetry: as long as it reads settings; the thread: to change it */
	struct cgn_radius_settings *settings;
	uint64_t unknown_clients; /* datagrams from nobody's clients; read by telemetry */
	uint64_t n_sessions;      /* that access servers have told of and not ended; likewise */
	/* Of all datagrams, from when they were taken until they were answered; likewise. */
	uint64_t n_served, served_us, longest_us;
	/* The RADIUS thread's own. */
	cgn_radius_apply_fn apply;
	void *apply_ctx;
	struct cgn_radius_seen seen;
	struct cgn_radius_records records;
	struct cgn_radius_work *works; /* [CGN_RADIUS_BATCH] */
	struct cgn_session_change *changes;
	uint32_t n_changes;
	uint64_t unknown_told;
	cgn_ns_t unknown_told_at;
	cgn_ns_t now;
	uint64_t utc_ms;
};

/* settings: taken over. NULL with errno. Main thread. destroy accepts NULL. */
struct cgn_radius *cgn_radius_create(
	struct cgn_radius_settings *settings, cgn_radius_apply_fn apply, void *ctx);
void cgn_radius_destroy(struct cgn_radius *r);

/* Other settings from now on, which are taken over; counters of clients that stay go on. */
void cgn_radius_adopt(struct cgn_radius *r, struct cgn_radius_settings *settings);

/*
 * Works on n datagrams, CGN_RADIUS_BATCH at most, in their order, and says what to answer. Returns
 * when control has done what they ask for, or has not in time: then they get no answer, and the
 * access server repeats them (RFC 2866 section 2). now: monotonic; utc_ms: since 1970.
 */
void cgn_radius_serve(struct cgn_radius *r, struct cgn_radius_datagram *datagrams, uint32_t n,
	cgn_ns_t now, uint64_t utc_ms);

/* How long that took, with taking and answering them. */
void cgn_radius_spent(struct cgn_radius *r, uint32_t n, cgn_ns_t spent);
