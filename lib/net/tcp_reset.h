/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP reset as the one end of a connection would send it to the other (RFC 9293 section 3.10.7).
 * Pure byte work; any thread.
 */
#pragma once

#include <stdint.h>

#include <rte_byteorder.h>

enum { CGN_TCP_RESET_LEN = 40 }; /* IPv4 and TCP without options */

struct cgn_tcp_reset {
	rte_be32_t src, dst;
	rte_be16_t sport, dport;
	uint32_t seq; /* what dst expects next: only that resets (RFC 5961 section 3.2) */
	uint32_t ack; /* what src expects next */
};

/* Writes the IP datagram, CGN_TCP_RESET_LEN bytes. */
void cgn_tcp_reset_write(uint8_t *p, const struct cgn_tcp_reset *reset);
