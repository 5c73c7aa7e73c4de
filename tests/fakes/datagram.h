/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams of up to 65535 octets for tests of fragments: made from a packet_spec, sent to the
 * simulator in pieces, and put together again from what it sends. The reassembly is a model apart
 * from lib/datapath: octet by octet, no expiry, and it dies when two fragments overlap.
 */
#pragma once

#include "sim.h"

enum { DATAGRAM_MAX = 65535 };

struct datagram {
	uint8_t l2[22]; /* of the frame it is sent in */
	uint32_t l2_len, len;
	uint8_t ip[DATAGRAM_MAX + 1];
};

/* Right lengths and checksums, DF as in the spec, payload_len octets behind the transport header.
 */
void datagram_make(struct datagram *d, const struct cgn_sim *sim, uint16_t port,
	const struct packet_spec *spec, uint32_t payload_len);

/* Octets of IP payload. */
uint32_t datagram_payload(const struct datagram *d);

/* One fragment: octets off … off+len-1 of the IP payload; MF unless these are the last. */
void datagram_send(
	struct cgn_sim *sim, uint16_t port, const struct datagram *d, uint32_t off, uint32_t len);

/* The same with any 16 bits of flags and offset. */
void datagram_send_as(struct cgn_sim *sim, uint16_t port, const struct datagram *d, uint32_t off,
	uint32_t len, uint16_t field);

/*
 * Takes all frames from a port and puts the IPv4 ones together. The first whole datagram goes to d.
 * Returns how many were whole; *n_left: datagrams of which something is missing; may be NULL.
 */
uint32_t datagram_collect(struct cgn_sim *sim, uint16_t port, struct datagram *d, uint32_t *n_left);

/* The largest IP packet of the last collect, and whether its fragments came in order of offset. */
uint32_t datagram_largest(void);
bool datagram_were_in_order(void);

/* Header and transport checksums are right, and the octets behind the transport header those of
 * the other one. */
bool datagram_is_translated(const struct datagram *got, const struct datagram *sent);
