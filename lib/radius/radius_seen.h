/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that were answered a short while ago, so that a repeated packet gets the same answer and
 * has no second effect (RFC 5080 section 2.2.2). The answer itself is not kept: it follows from the
 * request. A request that is pushed out early is worked on again, which is harmless since changes
 * of sessions may be repeated. Owner: the RADIUS thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

enum {
	CGN_RADIUS_SEEN_SETS = 16384,
	CGN_RADIUS_SEEN_WAYS = 4, /* 65 536 in all: 13 s at 5 000 requests/s */
	CGN_RADIUS_SEEN_S = 10,   /* RFC 5080 section 2.2.2: an entry lives 5 to 30 s */
};

struct cgn_radius_origin {
	uint32_t src;         /* host order */
	uint32_t listen_addr; /* of the socket it came to */
	uint16_t src_port, listen_port;
	uint16_t id; /* Identifier */
	uint16_t zero;
	uint8_t authenticator[16];
};

struct cgn_radius_seen_entry {
	struct cgn_radius_origin origin;
	cgn_ns_t at;      /* 0: free */
	bool is_answered; /* else it is in hand */
};

struct cgn_radius_seen {
	struct cgn_radius_seen_entry (*sets)[CGN_RADIUS_SEEN_WAYS];
};

/* 0 or -ENOMEM; fini accepts a zeroed struct. */
int cgn_radius_seen_init(struct cgn_radius_seen *seen);
void cgn_radius_seen_fini(struct cgn_radius_seen *seen);

/* The entry of a request that was seen in the last CGN_RADIUS_SEEN_S, or NULL. */
struct cgn_radius_seen_entry *cgn_radius_seen_find(
	struct cgn_radius_seen *seen, const struct cgn_radius_origin *origin, cgn_ns_t now);

/* Notes a request that is not there, as in hand; the oldest of its set goes. */
void cgn_radius_seen_add(
	struct cgn_radius_seen *seen, const struct cgn_radius_origin *origin, cgn_ns_t now);

/* It was answered, or will not be; nothing happens when it was pushed out. */
void cgn_radius_seen_end(struct cgn_radius_seen *seen, const struct cgn_radius_origin *origin,
	cgn_ns_t now, bool is_answered);
