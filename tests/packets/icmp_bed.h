/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the cases about ICMP errors share: a box with a flow of A1 and one of A2, and errors about
 * packets of them, built by packet_build as each side knows them (icmp_bed.c).
 */
#pragma once

#include "row.h"

enum {
	ICMP_ROUTER = 0x0a090807, /* 10.9.8.7, somewhere on the Internet */
	ICMP_A1_PORT = 5000,
	ICMP_A2_PORT = 6000,
	ICMP_QUOTE_MAX = 1400,
};

struct icmp_bed {
	struct cgn_sim *sim;
	uint8_t proto;                     /* of both flows, as in the IP header */
	const struct cgn_mapping *a1, *a2; /* of 100.64.0.10 and .11, to W1 */
};

/* One end of a quoted packet; ICMP: the identifier is that of the subscriber's end. */
struct icmp_end {
	uint32_t addr;
	uint16_t port;
};

/* An error and what it quotes, as one side knows it. */
struct icmp_error {
	struct packet_spec outer; /* the payload is filled in by icmp_error_build */
	struct packet_spec quoted;
	uint16_t transport; /* bytes that are quoted behind the quoted IPv4 header; 0: all */
	bool extended;      /* padded to 128 bytes and followed by an RFC 4884 extension */
};

struct icmp_bed icmp_bed_create(uint8_t proto, const struct cgn_sim_params *params);
bool icmp_bed_end(struct icmp_bed *bed, bool ok);

struct icmp_end icmp_inside(const struct cgn_mapping *m);
struct icmp_end icmp_outside(const struct cgn_mapping *m);
struct icmp_end icmp_peer(void); /* W1, port 53 */

/* A packet from an end to another, of the bed's protocol; reply: of a query, the answer. */
struct packet_spec icmp_quoted(uint8_t proto, struct icmp_end from, struct icmp_end to, bool reply);

uint32_t icmp_error_build(const struct icmp_error *e, struct cgn_sim_frame *frame);

/* Sends it into a port, from the station that owns the source address, and runs. */
void icmp_error_send(struct icmp_bed *bed, uint16_t port, const struct icmp_error *e);

/* The next frame of the port is this error, byte for byte, one hop on; and no other waits. */
bool icmp_error_came(struct icmp_bed *bed, uint16_t port, const struct icmp_error *e);

/* Nothing came out, and exactly one packet more has ended so. */
bool icmp_error_ends(
	struct icmp_bed *bed, uint16_t port, const struct icmp_error *e, const char *fate);
