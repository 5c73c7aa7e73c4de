/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the explicit rules share; private to them. Control thread. */
#pragma once

#include "control.h"
#include "explicit.h"

/* A record for mapping i, which has none; there is room (cgn_explicit_room). */
struct cgn_explicit *cgn_explicit_add(struct cgn_control *c, uint32_t i);

/* A record of the pool, counted for the mapping's owner, and its way back; there is room. */
struct cgn_explicit *cgn_explicit_take(struct cgn_control *c, uint32_t i);
void cgn_explicit_give_back(struct cgn_control *c, struct cgn_explicit *e);

/*
 * PEER on a mapping with record e (NULL: none yet). check: may this request have an entry for its
 * peer? OK, NOT_OWNER with what is left, or the limit; changes nothing. grant: makes or lengthens
 * it, after check said OK. drop: gives chained records back (explicit_peer.c).
 */
enum cgn_explicit_result cgn_peer_check(struct cgn_control *c, struct cgn_explicit *e,
	const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answer);
void cgn_peer_grant(struct cgn_control *c, struct cgn_explicit *e,
	const struct cgn_explicit_ask *ask, uint32_t lifetime_s);
void cgn_peers_drop(struct cgn_control *c, struct cgn_explicit *e);

/* Records that the subscriber may still make; result says which limit it is when that is 0. */
uint32_t cgn_explicit_room(const struct cgn_control *c, const struct cgn_explicit_ask *ask,
	enum cgn_explicit_result *result);

/* Seconds for which traffic alone keeps the mapping from now on. */
uint32_t cgn_explicit_idle_left(const struct cgn_control *c, const struct cgn_mapping *m);

/* Sets the mapping's timer by its record and traffic as they are now. */
void cgn_explicit_restart_timer(struct cgn_control *c, uint32_t i);

/* May this request, MAP's or NAT-PMP's, change that record? What PEER made belongs to no MAP. */
bool cgn_explicit_is_owner(const struct cgn_explicit *e, const struct cgn_explicit_ask *ask);

/*
 * What PCP's filters ask, on top of what the mapping has: OK, TOO_MANY_FILTERS or NO_PORTS (less
 * than n sets left); check changes nothing, n times apply cannot fail after it (PCP-15).
 */
enum cgn_explicit_result cgn_explicit_filters_check(const struct cgn_control *c,
	const struct cgn_mapping *m, const struct cgn_explicit_ask *ask, uint32_t n);
void cgn_explicit_filters_apply(
	struct cgn_control *c, struct cgn_mapping *m, const struct cgn_explicit_ask *ask);

/*
 * Ends a record by its owner's wish; a mapping of PCP stays for so many seconds, those of
 * cgn_explicit_stays or, in a set, of the member that has most (AMB-07). Returns for how long a
 * record keeps it still: for those, or for what PEER was granted.
 */
uint32_t cgn_explicit_stays(struct cgn_control *c, uint32_t i);
uint32_t cgn_explicit_end(struct cgn_control *c, uint32_t i, uint32_t stays_s);

/* The answer that says how mapping i is now. */
void cgn_explicit_read(struct cgn_control *c, uint32_t i, struct cgn_explicit_answer *answer);

/*
 * Renews or fills the record of mapping i (made if there is none) and answers. adopted: traffic has
 * made the mapping; a new record of another one finds its filters set (cgn_explicit_make).
 */
void cgn_explicit_grant(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t i,
	bool adopted, struct cgn_explicit_answer *answer);

/*
 * Allocates and publishes a mapping that no traffic has used yet, at `at` or (NULL) anywhere. The
 * filters of ask, for which there is room (cgn_explicit_filters_check), hold from its first packet
 * on; NULL: none.
 */
enum cgn_fate cgn_explicit_make(struct cgn_control *c, const struct cgn_flow *flow,
	const struct cgn_port *at, const struct cgn_explicit_ask *ask, uint32_t *i);

/* Mapping of an inside port of the request's subscriber, or CGN_MAPPING_NONE. */
uint32_t cgn_explicit_find(
	const struct cgn_control *c, const struct cgn_explicit_ask *ask, uint16_t inside_port);

/*
 * The members of a PORT_SET live as one (RFC 7753 section 4.4); a single port is a unit of one. May
 * the request's filters be set on all; renewing and ending all. Members: ports first to first +
 * size
 * - 1 that have a record (explicit_set.c).
 */
struct cgn_unit {
	uint16_t first, size;
};
enum cgn_explicit_result cgn_unit_filters_check(struct cgn_control *c,
	const struct cgn_explicit_ask *ask, struct cgn_unit unit, uint32_t n_sets);
void cgn_unit_renew(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct cgn_unit unit,
	struct cgn_explicit_answer *answer);
void cgn_unit_end(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct cgn_unit unit,
	struct cgn_explicit_answer *answer);

/* A request for more than one port (explicit_set.c). */
enum cgn_explicit_result cgn_explicit_ask_set(struct cgn_control *c,
	const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answers,
	uint32_t *n_answers);

/* Why the rules have just refused; without text when the result says all (explicit_why.c). */
struct cgn_why cgn_explicit_why(const struct cgn_control *c, const struct cgn_explicit_ask *ask,
	enum cgn_explicit_result result);

/* A request for one port (explicit.c). */
enum cgn_explicit_result cgn_explicit_ask_one(struct cgn_control *c,
	const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answer);
