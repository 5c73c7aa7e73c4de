/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * other_proto: GRE of calls that alg.pptp has made, whose call id is mapped back towards the inside
 * (RFC 2637 section 4.1: it is the receiver's), and protocols without ports that nat.protocols
 * names, translated by addresses alone (nat/others.h). But for the call id, nothing behind the IPv4
 * header is read or changed: GRE and ESP have no checksum that covers addresses, nor has SCTP (RFC
 * 9260 section 6.8), whose ports stay as they are. So every fragment finds its own way, and a
 * datagram's identifier stays what its sender made it: nobody else behind the outside address has
 * this protocol to this remote address. Worker threads.
 */
#pragma once

#include "fates.h"
#include "icmp_quote.h"

struct cgn_worker;
struct rte_mbuf;

/*
 * The index of the mapping of a packet in the lane other, or CGN_MAPPING_NONE; not verified yet.
 * *call: it is that of a call. Worker threads, and control with a worker that is none.
 */
uint32_t cgn_other_find(const struct cgn_worker *w, struct rte_mbuf *m, bool *call);

/*
 * An ICMP error with a quote of kind OTHER, from outside or inside, no hairpin: translated with its
 * quote, but for the TTL, and its next hop set; FATE_NONE, or why not.
 */
enum cgn_fate cgn_other_error(
	struct cgn_worker *w, struct rte_mbuf *m, const struct cgn_icmp_quote *q);
