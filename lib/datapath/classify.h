/* SPDX-License-Identifier: BSD-3-Clause */
/* The two halves of classify: what to do with a parsed packet of each realm. Worker threads. */
#pragma once

#include <netinet/in.h>

#include "fragment.h"
#include "policy.h"
#include "tcp_segment.h"
#include "verdict.h"

/*
 * The packets of the lane are parsed, IPv4 and sent to the port's address; tenant and interface are
 * what they came in by. Puts each into another lane, or ends it (drop, answer, punt).
 */
void cgn_classify_inside(struct cgn_worker *w, const struct cgn_lane *lane);
void cgn_classify_outside(struct cgn_worker *w, const struct cgn_lane *lane);

/*
 * Seed rule 1: drops NAT-PMP and PCP that came in by an outside port (cgn_is_natpmp), in any shape
 * whose port can be read. They are parsed, and nothing else of them has been looked at.
 */
void cgn_classify_wan_natpmp(struct cgn_worker *w, const struct cgn_lane *lane);

/*
 * The same for n that are plain (cgn_parse_is_plain_natpmp), while nobody captures packets: they
 * have no description yet, and need none. From the port of the burst.
 */
void cgn_classify_wan_natpmp_plain(struct cgn_worker *w, struct rte_mbuf **refused, uint32_t n);

/* Whose pool dst, in the range `to` of outside_dst or in none, is of; the box when it is nobody's.
 */
static inline uint16_t
cgn_classify_pool_tenant(const struct cgn_directory *dir, const struct cgn_range *to, uint32_t dst)
{
	if (to == NULL || cgn_dst_class_of(to->value) != CGN_DST_POOL)
		return CGN_TENANT_BOX;
	return dir->pool_tenants[cgn_dst_number(to->value) + (dst - to->origin)];
}

/*
 * nat.bypass (bypass.c). out: the packet of a subscriber, its next hop set, is for a destination
 * that is not translated; it has been forwarded or dropped. in: likewise, for a packet from outside
 * that is for no address of the box. Else false, and nothing has changed.
 */
bool cgn_bypass_out(struct cgn_worker *w, uint8_t at);
bool cgn_bypass_in(struct cgn_worker *w, uint8_t at);

/*
 * What the lanes of flows cannot take: ICMP errors and other protocols go into lanes of their
 * own, anything else ends with the fate. Direction, hairpin and, for what goes out, the next hop
 * are set.
 */
static inline void
cgn_classify_special(struct cgn_worker *w, uint8_t at, enum cgn_fate fate)
{
	struct rte_mbuf *m = w->burst.mbufs[at];

	if (cgn_pkt_of(m)->kind == CGN_PKT_ICMP_ERROR)
		cgn_lane_add(&w->burst.icmp_error, at);
	else if (fate == CGN_FATE_OTHER_PROTO)
		cgn_lane_add(&w->burst.other, at);
	else
		cgn_drop(w, m, fate);
}

/* True when the packet's tenant takes no options and it has some: it has been dropped, and the rest
 * of its datagram will be. Fields as for cgn_fragment_enter. */
static inline bool
cgn_classify_options(struct cgn_worker *w, struct rte_mbuf *m)
{
	if (!cgn_policy_refuses(w, cgn_pkt_of(m)))
		return false;
	cgn_fragment_refuse(w, m, CGN_FATE_IP_OPTIONS);
	cgn_drop(w, m, CGN_FATE_IP_OPTIONS);
	return true;
}

/* Answers an echo request to an own address in place and sends it back where it came from; within
 * the rate of its share (icmp.echo_per_s). */
void cgn_answer_echo(struct cgn_worker *w, struct rte_mbuf *m);

/* The two ports differ in their last bit. */
static_assert((CGN_PORT_PMP_CLIENT | 1) == CGN_PORT_PMP_SERVER, "one comparison finds both");

static inline bool
cgn_is_natpmp(const struct cgn_pkt *pkt)
{
	return (pkt->dport & RTE_BE16(0xfffe)) == RTE_BE16(CGN_PORT_PMP_CLIENT) &&
		pkt->ip_proto == IPPROTO_UDP && pkt->has_ports;
}

/*
 * Why a packet cannot go by the lanes of flows, by what it carries; FATE_NONE if it can. Queries
 * start inside and only their answers come in (RFC 5508 REQ-1): echo_type is the ICMP type that may
 * pass in this direction, wrong_echo the fate of the other one.
 */
static inline enum cgn_fate
cgn_classify_refuse(const struct cgn_pkt *pkt, uint8_t echo_type, enum cgn_fate wrong_echo)
{
	switch ((enum cgn_pkt_kind)pkt->kind) {
	case CGN_PKT_FRAGMENT:
		return CGN_FATE_FRAGMENT;
	case CGN_PKT_ICMP_ERROR: /* has a lane: cgn_classify_special */
	case CGN_PKT_ICMP_OTHER:
		return CGN_FATE_ICMP_OTHER;
	case CGN_PKT_OTHER_PROTO:
		return CGN_FATE_OTHER_PROTO;
	default:
		if (pkt->proto == CGN_TCP && !cgn_tcp_flags_are_legal(pkt->tcp_flags))
			return CGN_FATE_TCP_FLAGS;
		return pkt->proto == CGN_ICMP && pkt->icmp_type != echo_type ? wrong_echo
									     : CGN_FATE_NONE;
	}
}

/* Of TCP or UDP, whole, and nothing for cgn_classify_refuse to find: most packets by far. */
static inline bool
cgn_classify_is_common(const struct cgn_pkt *pkt)
{
	return (pkt->kind == CGN_PKT_FLOW && pkt->proto == CGN_UDP) ||
		(pkt->kind == CGN_PKT_FLOW && pkt->proto == CGN_TCP &&
			cgn_tcp_flags_are_legal(pkt->tcp_flags));
}
