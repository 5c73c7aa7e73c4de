/* SPDX-License-Identifier: BSD-3-Clause */
/* Short names for the frames and outputs of packet tables; included by run_packets.c only. */
#pragma once

#include <string.h>

#include "row.h"

enum { ACCESS = SIM_ACCESS, TRUNK = SIM_TRUNK, WAN = SIM_WAN };

enum {
	A1 = SIM_A1,
	A2 = SIM_A2,
	B1 = SIM_B1,
	G = SIM_GATEWAY,
	A3 = 0x6441000a,  /* 100.65.0.10: tenant a on VLAN 101 */
	GA3 = 0x64410001, /* its gateway */
	C1 = 0x6442000a,  /* 100.66.0.10: tenant c */
	GC = 0x64420001,
	W1 = SIM_PEER,
	W2 = SIM_PEER2,
	HOP = SIM_NEXT_HOP,
	BOX = SIM_UPLINK,
	POOL_A = SIM_POOL_A, /* an address of the pool that nobody uses in these tables */
	POOL_B = SIM_POOL_B,
	MAPPED = 0, /* destination: the outside address and port of the setup's mapping */
};

enum { SYN = 0x02, ACK = 0x10, RST = 0x04, FIN = 0x01 };

#define ROW(name, setup, port, frame, tenant, fate, output)                                        \
	table->rows[table->n_rows++] = (struct row){                                               \
		name, setup, port, frame, {{0}}, tenant, CGN_FATE_##fate, output};
#define ROW_CHAINED(name, setup, port, frame, segs, tenant, fate, output)                          \
	table->rows[table->n_rows++] = (struct row){                                               \
		name, setup, port, frame, segs, tenant, CGN_FATE_##fate, output};
#define SEGS(...) ((struct row_segs){{__VA_ARGS__}})

#define SPEC(base, ...)                                                                            \
	({                                                                                         \
		struct packet_spec s = base;                                                       \
		__VA_ARGS__;                                                                       \
		s;                                                                                 \
	})
#define UDP(src, sport, dst, dport) packet_udp(src, sport, dst, dport)
#define TCP(src, sport, dst, dport, flags) packet_tcp(src, sport, dst, dport, flags)
#define ECHO(src, dst, id) packet_echo(src, dst, true, id)
#define ECHO_REPLY(src, dst, id) packet_echo(src, dst, false, id)
#define TAG(tpid, tci) ((struct packet_tag){tpid, tci})
#define NOTHING ((struct row_expect){.what = ROW_NOTHING})
#define OUT(to) ((struct row_expect){.what = ROW_FORWARDED, .port = to})
#define OUT1(to, vid)                                                                              \
	((struct row_expect){                                                                      \
		.what = ROW_FORWARDED, .port = to, .n_tags = 1, .tags = {{0x8100, vid}}})
#define OUT2(to, tpid, outer, inner)                                                               \
	((struct row_expect){.what = ROW_FORWARDED,                                                \
		.port = to,                                                                        \
		.n_tags = 2,                                                                       \
		.tags = {{tpid, outer}, {0x8100, inner}}})
#define ECHOED ((struct row_expect){.what = ROW_ECHOED})
#define ARP_ANSWER ((struct row_expect){.what = ROW_ARP_ANSWER})
#define TELLS(t, c, m) ((struct row_expect){.what = ROW_TELLS, .type = t, .code = c, .mtu = m})

static const uint8_t BROADCAST[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t GROUP_MAC[] = {0x01, 0x00, 0x5e, 0, 0, 1};
static const uint8_t OTHER_MAC[] = {0x02, 0, 0, 0, 0, 0x77};

/* IPv4 options. */
static const uint8_t ROUTER_ALERT[] = {148, 4, 0, 0};
static const uint8_t NOPS[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const uint8_t LSRR[] = {131, 7, 4, 100, 64, 0, 10, 0};
static const uint8_t SSRR[] = {1, 137, 7, 4, 100, 64, 0, 10};
#define OPTIONS(bytes, frame) with_options(frame, bytes, sizeof(bytes))

/* Functions, so that SPEC can change what they return. */
static inline struct packet_spec
with_tags(struct packet_spec s, uint8_t n, struct packet_tag first, struct packet_tag second)
{
	s.n_tags = n;
	s.tags[0] = first;
	s.tags[1] = second;
	return s;
}
#define VLAN(vid, frame) with_tags(frame, 1, TAG(0x8100, vid), TAG(0, 0))
#define QINQ(tpid, outer, inner, frame) with_tags(frame, 2, TAG(tpid, outer), TAG(0x8100, inner))

static inline struct packet_spec
with_mac(struct packet_spec s, const uint8_t mac[6])
{
	memcpy(s.dst_mac, mac, 6);
	return s;
}
#define TO_MAC(mac, frame) with_mac(frame, mac)

static inline struct packet_spec
with_options(struct packet_spec s, const uint8_t *opts, uint8_t len)
{
	s.opts = opts;
	s.opts_len = len;
	return s;
}

/* ARP bodies stay where they are until the process ends. */
static inline struct packet_spec
arp_frame(uint16_t op, uint32_t sender, uint32_t target)
{
	static uint8_t bodies[64][28];
	static uint32_t n;
	uint8_t *body = bodies[n++ % 64];
	struct packet_spec s = packet_arp();

	memcpy(body, s.payload, 28);
	body[7] = (uint8_t)op;
	for (int i = 0; i < 4; i++) {
		body[14 + i] = (uint8_t)(sender >> (24 - 8 * i));
		body[24 + i] = (uint8_t)(target >> (24 - 8 * i));
	}
	s.payload = body;
	s.src = sender;
	return s;
}
#define ARP(op, sender, target) arp_frame(op, sender, target)
#define REQUEST 1
#define REPLY 2
