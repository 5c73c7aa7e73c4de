/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The maximum segment size that a SYN announces (RFC 9293 section 3.7.1), lowered for paths whose
 * MTU is below that of the hosts' links and whose ICMP errors get lost (tunnels behind the box).
 */
#pragma once

#include <stdint.h>

#include "pkt.h"

/*
 * frame: contiguous bytes of a packet that pkt describes, kind FLOW, protocol TCP; len of them.
 * Every MSS option above max bytes becomes max, and the TCP checksum follows by difference: one
 * that was wrong stays wrong (ADV-17). A smaller one, or none (then the peer takes 536 bytes),
 * stays as it is. Options that run past the header, or past len, end the search. Worker threads.
 */
void cgn_tcp_mss_clamp(uint8_t *frame, uint32_t len, const struct cgn_pkt *pkt, uint16_t max);
