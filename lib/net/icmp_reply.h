/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP messages that the box itself sends: echo replies for its own addresses and errors about
 * packets it refuses (RFC 792, RFC 1812 section 4.3, RFC 5508). Pure byte work; any thread. Rate
 * limits are the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pkt.h"

enum {
	CGN_ICMP_UNREACH = 3,
	CGN_ICMP_UNREACH_HOST = 1, /* RFC 6888 REQ-11: refused by quota or exhaustion */
	CGN_ICMP_UNREACH_PORT = 3,
	CGN_ICMP_UNREACH_FRAG = 4,
	CGN_ICMP_TIME_EXCEEDED = 11,
	CGN_ICMP_PARAMETER = 12,
	CGN_ICMP_ERROR_MAX = 576, /* RFC 1812 section 4.3.2.3: whole datagram */
};

/* Turns an echo request (kind FLOW, icmp_type 8) into its reply in place; TTL becomes 64. */
void cgn_icmp_echo_reply(uint8_t *frame, const struct cgn_pkt *pkt);

struct cgn_icmp_error {
	uint8_t type, code;
	uint16_t mtu;   /* next-hop MTU of a 3/4, else 0 */
	rte_be32_t src; /* the box's address on the side of the receiver */
};

/*
 * May an error be sent about this packet? Not about ICMP errors, other ICMP than echo requests,
 * later fragments, group or broadcast addresses (RFC 1812 section 4.3.2.7).
 */
bool cgn_icmp_error_allowed(const uint8_t *frame, const struct cgn_pkt *pkt);

/*
 * Writes the IP datagram of the error about the packet to out (CGN_ICMP_ERROR_MAX bytes), quoting
 * as much of the original as fits. frame_len: contiguous bytes of the original frame.
 * Returns the length of the datagram.
 */
uint32_t cgn_icmp_error_write(uint8_t *out, const uint8_t *frame, uint32_t frame_len,
	const struct cgn_pkt *pkt, const struct cgn_icmp_error *err);
