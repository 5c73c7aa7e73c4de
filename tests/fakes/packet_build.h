/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames for tests: a small struct says what the frame is, packet_build writes its bytes with right
 * lengths and checksums, and the fields under "To break it" spoil them one at a time. The checksum
 * code is written apart from lib/net/csum.h on purpose, so that tests compare two implementations.
 * Plain bytes: no EAL, no mbufs. Addresses, ports and all other numbers are HOST order.
 *
 *	struct packet_spec s = packet_udp(INSIDE, 40000, PEER, 53);
 *	uint8_t frame[PACKET_MAX];
 *	uint32_t len;
 *
 *	s.n_tags = 1;
 *	s.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
 *	len = packet_build(&s, frame);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PACKET_MAX = 2048, PACKET_MAX_TAGS = 3 };

/* IPv4 flags and fragment offset as one 16-bit field. */
enum { PACKET_DF = 0x4000, PACKET_MF = 0x2000 };

struct packet_tag {
	uint16_t tpid, tci;
};

struct packet_spec {
	uint8_t dst_mac[6], src_mac[6];
	uint8_t n_tags;
	struct packet_tag tags[PACKET_MAX_TAGS]; /* outermost first */
	uint16_t ethertype;

	uint32_t src, dst;
	uint8_t tos, ttl, proto;
	uint16_t id, frag; /* frag: flags and offset in units of 8 bytes */
	const uint8_t *opts;
	uint8_t opts_len; /* at most 40; zeros are added up to a multiple of 4 */

	/* For protocols 6, 17 and 1; other protocols and later fragments are payload only. */
	uint16_t sport, dport;
	uint32_t tcp_seq, tcp_ack;
	uint8_t tcp_flags;
	const uint8_t *tcp_opts;
	uint8_t tcp_opts_len; /* at most 40, a multiple of 4 */
	uint8_t icmp_type, icmp_code;
	uint32_t icmp_rest;  /* bytes 4..7: identifier and sequence number, or unused and MTU */
	const void *payload; /* NULL: payload_len bytes of a fixed pattern */
	uint16_t payload_len;

	/* To break it. All zero: a right frame. */
	uint8_t version;                   /* 0: 4 */
	uint8_t ihl;                       /* 0: right, else in 4-byte words */
	uint8_t tcp_doff;                  /* 0: right, else in 4-byte words */
	int16_t ip_len_add;                /* added to the right total length */
	int16_t udp_len_add;               /* added to the right UDP length */
	uint16_t ip_csum_xor, l4_csum_xor; /* applied to the right checksum */
	bool udp_no_csum;                  /* UDP checksum field 0 */
	uint16_t pad_to; /* Ethernet padding (0xEE bytes) up to this frame length */
	uint16_t cut_to; /* 0: whole, else the frame ends after so many bytes */
};

/* Right frames without tags, TTL 64, DF, 16 bytes of payload. */
struct packet_spec packet_udp(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport);
struct packet_spec packet_tcp(
	uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, uint8_t flags);
struct packet_spec packet_icmp(uint32_t src, uint32_t dst, uint8_t type, uint8_t code);
/* request: type 8, else 0. Sequence number 1. */
struct packet_spec packet_echo(uint32_t src, uint32_t dst, bool request, uint16_t id);
struct packet_spec packet_arp(void);

/* Writes the frame to frame (PACKET_MAX bytes); returns its length. */
uint32_t packet_build(const struct packet_spec *s, uint8_t *frame);

/* Internet checksum of len bytes, taken byte by byte; 0 when they hold their right checksum. */
uint16_t packet_csum(const uint8_t *p, uint32_t len);

/* What the TCP, UDP or ICMP checksum of the datagram at ip ought to be, its lengths being right;
 * a computed UDP zero is 0xffff. Not for fragments. */
uint16_t packet_l4_csum(const uint8_t *ip);

/* The checksum field in the datagram at ip, and whether it (for UDP: or zero) is right. */
uint16_t packet_l4_csum_field(const uint8_t *ip);
bool packet_l4_csum_is_right(const uint8_t *ip);
bool packet_ip_csum_is_right(const uint8_t *ip);

/* Exchanges source and destination: MAC addresses stay; IP addresses, ports. Every checksum stays
 * right. off: where the IPv4 header starts. */
void packet_mirror(uint8_t *frame, uint32_t off);
