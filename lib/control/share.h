/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port overloading by destination (RFC 7857 section 3, UPD-04): which flows get a mapping of their
 * remote end alone (nat/dependent.h) instead of an endpoint-independent one, and a port that such
 * mappings of their subscriber share already, or a fresh one. Control thread.
 *
 * A flow gets one when a rule of its tenant says so for its destination port (nat.rules[].mapping),
 * or when its subscriber has nat.overload_when_full free ports left or fewer and may have no other
 * block; never what is asked for (NAT-PMP, PCP, static), a connection that alg.ftp or alg.pptp
 * reads, a query, or a flow of who has the outside address for itself. Whoever has an
 * endpoint-independent mapping already uses that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fates.h"

struct cgn_control;
struct cgn_flow;
struct cgn_pool_choice;
struct cgn_port;

/* Is the flow, which has no mapping, to get one of its remote end alone? */
bool cgn_share_wants(const struct cgn_control *c, const struct cgn_flow *flow);

/* Entry i, which was taken for the flow, gets a port; untake undoes it. CGN_FATE_NONE and *at, or
 * why not. */
enum cgn_fate cgn_share_take(
	struct cgn_control *c, const struct cgn_flow *flow, uint32_t i, struct cgn_port *at);
void cgn_share_untake(struct cgn_control *c, uint32_t i);

/* What take would do, as cgn_pool_foresee has it; *at: the port that would be shared, its port is 0
 * for a fresh one. Changes nothing. */
enum cgn_fate cgn_share_foresee(const struct cgn_control *c, const struct cgn_flow *flow,
	struct cgn_port *at, struct cgn_pool_choice *choice);

/* Both directions become visible, or invisible, the port then rests until the second until_s if
 * nobody shares it any more. reclaim: after the grace period. */
void cgn_share_publish(struct cgn_control *c, uint32_t i);
void cgn_share_unlink(struct cgn_control *c, uint32_t i, uint32_t until_s);
void cgn_share_reclaim(struct cgn_control *c, uint32_t i);

/* The mapping of the flow's remote end, or CGN_MAPPING_NONE. */
uint32_t cgn_share_find(const struct cgn_control *c, const struct cgn_flow *flow);

/* Is entry i a mapping that workers find? A free entry is zero; one that waits for reclaim has lost
 * its port. */
bool cgn_is_published(const struct cgn_control *c, uint32_t i);

/* Of the mappings at an outside port the one for a remote end, or CGN_MAPPING_NONE; proto: TCP or
 * UDP, as the ends in wire order but for at. */
struct cgn_remote {
	uint32_t addr; /* rte_be32_t */
	uint16_t port; /* rte_be16_t */
};
uint32_t cgn_outside_find(const struct cgn_control *c, const struct cgn_port *at, uint8_t proto,
	const struct cgn_remote *remote);

/* The k-th mapping at an outside port, from 0, and the one after mapping i; CGN_MAPPING_NONE behind
 * the last. Each is there once while nothing changes. */
uint32_t cgn_outside_nth(
	const struct cgn_control *c, const struct cgn_port *at, uint8_t proto, uint32_t k);
uint32_t cgn_outside_next(const struct cgn_control *c, uint32_t i);
