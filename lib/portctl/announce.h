/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unsolicited messages: when to send the next copy, and its bytes. Restart and address-change
 * announcements of NAT-PMP (RFC 6886 section 3.2.1) and PCP (RFC 6887 section 14.1) go by multicast
 * to every attachment, a Mapping Update (14.2) to the client that asked for the mapping. Pure: the
 * caller sends, from the service address and port 5351. Owner: control.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "portctl.h"

/* 224.0.0.1, all hosts of the link; port CGN_PORT_PMP_CLIENT. Host order. */
#define CGN_ANNOUNCE_GROUP UINT32_C(0xe0000001)

enum {
	CGN_ANNOUNCE_COPIES = 10, /* RFC 6886 section 3.2.1; RFC 6887 section 14.1.3: at most */
	CGN_UPDATE_COPIES = 3,    /* RFC 6887 section 14.2 */
	CGN_ANNOUNCE_NATPMP_LEN = 12,
	CGN_ANNOUNCE_PCP_LEN = 24,
};

#define CGN_ANNOUNCE_NEVER UINT64_MAX

/* A train of copies: the first gap 250 ms, each later one double. All zero: nothing to send. */
struct cgn_announce {
	cgn_ns_t due_ns; /* of the next copy; meaningless when n_left is 0 */
	cgn_ns_t gap_ns; /* behind it */
	uint8_t n_left;
};

/* (Re)starts the train with its first copy due at first_ns. */
void cgn_announce_start(struct cgn_announce *train, cgn_ns_t first_ns, uint8_t n_copies);

/* No further copy: the client has refreshed the mapping, or the service went off. */
void cgn_announce_stop(struct cgn_announce *train);

/* When the next copy is due, CGN_ANNOUNCE_NEVER when none is left. May lie in the past. */
cgn_ns_t cgn_announce_next_due(const struct cgn_announce *train);

/*
 * True: send one copy now, with numbers of now. Call once a turn of the loop. The gaps are counted
 * from the copies as they were sent, so one that is late never comes close to the next.
 */
bool cgn_announce_take(struct cgn_announce *train, cgn_ns_t now);

/*
 * When the next train may start: now, or at *free_at, which moves on. So 1000 of them start in a
 * second, of all tenants together, and thousands of access VLANs are not announced to in one burst.
 */
cgn_ns_t cgn_announce_slot(cgn_ns_t *free_at, cgn_ns_t now);

/* Is it waiting for its first copy? What has changed since will be in that one. */
static inline bool
cgn_announce_is_waiting(const struct cgn_announce *train, cgn_ns_t now)
{
	return train->n_left == CGN_ANNOUNCE_COPIES && train->due_ns > now;
}

/*
 * Which announcements an attachment gets. NAT-PMP's carries the outside address, and each
 * subscriber has its own: it is sent only where one subscriber listens. PCP's carries none.
 */
static inline bool
cgn_announce_wants_natpmp(const struct cgn_portctl_policy *policy, uint32_t n_subscribers)
{
	return policy->natpmp && n_subscribers == 1;
}

static inline bool
cgn_announce_wants_pcp(const struct cgn_portctl_policy *policy)
{
	return policy->pcp;
}

/* addr: the outside address; 0: there is none (any more), told by result 3. */
void cgn_announce_natpmp_write(struct cgn_portctl_reply *out, uint32_t epoch, uint32_t addr);

void cgn_announce_pcp_write(struct cgn_portctl_reply *out, uint32_t epoch);

/* A mapping made by MAP or PEER, as it is now. */
struct cgn_announce_mapping {
	enum cgn_explicit_origin origin; /* CGN_EXPLICIT_PCP_MAP or CGN_EXPLICIT_PCP_PEER */
	uint8_t nonce[CGN_PCP_NONCE_LEN];
	enum cgn_proto proto;           /* CGN_TCP or CGN_UDP */
	struct cgn_explicit_answer now; /* address, ports, and what is left of the lifetime */
	bool parity;
	uint32_t third_party; /* the inside address if THIRD_PARTY asked for it, else 0 */
	uint8_t n_filters;    /* MAP */
	struct cgn_portctl_filter filters[CGN_PORTCTL_MAX_FILTERS];
	uint32_t peer_addr; /* PEER */
	uint16_t peer_port;
};

/* The answer the client would get if it asked again now. */
void cgn_announce_update_write(
	struct cgn_portctl_reply *out, const struct cgn_announce_mapping *mapping, uint32_t epoch);
