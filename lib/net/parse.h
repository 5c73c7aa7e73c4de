/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame bytes → struct cgn_pkt. The only code that trusts a length field, after checking it
 * against what is there. Pure; any thread; no EAL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pkt.h"

/* Bytes of headers that must be contiguous for every frame that can be forwarded: Ethernet, two
 * tags, IPv4 with all options, TCP without options. */
enum { CGN_PARSE_MAX_HEADERS = 14 + 8 + 60 + 20 };

/*
 * data: the frame; len: contiguous bytes at data; frame_len: bytes of the whole frame (≥ len,
 * larger when it is chained). ip_csum_good: the device has verified the IPv4 header checksum.
 * Sets every field above "From the stages" and zeroes the others. A frame whose headers are not
 * within len bytes although they are within frame_len gets kind BAD_ETH, BAD_IP or BAD_L4 as if it
 * were cut: make CGN_PARSE_MAX_HEADERS contiguous first.
 * has_ports is set whenever a UDP or TCP port pair can be read, in first fragments and in packets
 * that are otherwise malformed too, so that classify can drop NAT-PMP from outside in every shape.
 * The ports of a fragment never come from Ethernet padding.
 */
void cgn_parse(const uint8_t *data, uint32_t len, uint32_t frame_len, bool ip_csum_good,
	struct cgn_pkt *pkt);
