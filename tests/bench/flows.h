/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flows of a bench: opened one packet each by way of control, as traffic opens them, and frames
 * of them in both directions. Addresses and ports are HOST order.
 */
#pragma once

#include <stdint.h>

#include "bed.h"
#include "packet_build.h"

enum { FLOWS_PEER = 0xc0000201, FLOWS_PEER_PORT = 53, FRAME_MAX = 1514 };

struct flow {
	uint32_t inside, outside;
	uint16_t inside_port, outside_port; /* outside: 0 until it is open */
	uint8_t proto;                      /* enum cgn_proto */
	uint16_t tenant;
};

struct flows {
	struct flow *at; /* [n] */
	uint32_t n, n_subscribers, n_tenants;
};

/* Flows of this many mappings, spread over subscribers; flow i is of subscriber i mod
 * n_subscribers. None is open. shares: percent of TCP, UDP and ICMP. */
struct flows *flows_create(uint32_t n, const uint8_t shares[CGN_N_PROTOS]);
/* The same, of so many subscribers of so many tenants; flow i is of tenant i mod n_tenants. */
struct flows *flows_spread(
	uint32_t n, uint32_t n_subscribers, uint32_t n_tenants, const uint8_t shares[CGN_N_PROTOS]);
void flows_destroy(struct flows *flows);

/* Subscribers that so many flows are spread over. */
uint32_t flows_subscribers(uint32_t n);

/* A frame to which addresses and ports are still to be set. */
struct frame {
	uint16_t len, l3_off;
	uint8_t proto; /* enum cgn_proto */
	uint8_t dir;   /* enum cgn_dir */
	uint8_t bytes[FRAME_MAX];
};

struct frame_spec {
	uint8_t proto, dir;
	uint16_t len; /* on the wire without its checksum, 60 and up */
	uint8_t tcp_flags;
	uint8_t weight; /* how often, against the others of its protocol; 0: 1 */
	bool no_df;
};

/* With the MAC addresses and tags of the bed. */
void frame_make(struct frame *frame, const struct bed *bed, const struct frame_spec *spec);

/* The flow's frame into an empty buffer; with right checksums. Notes the flow's number there. */
void frame_put(
	const struct frame *frame, const struct flows *flows, uint32_t flow, struct rte_mbuf *m);

/* Makes an untagged packet of frame_put a fragment, the first or the last of the two of its
 * datagram. */
void frame_fragment(struct rte_mbuf *m, uint16_t id, bool first);

/* Flow of a buffer that frame_put has filled. */
static inline uint32_t
frame_flow(const struct rte_mbuf *m)
{
	return m->hash.usr;
}

/* ARP that the box sends now and then; nobody's flow. */
static inline bool
frame_is_arp(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *) + 12;

	while (p[0] == 0x81) /* tags */
		p += 4;
	return p[0] == 8 && p[1] == 6;
}

/* Ends the process unless the frame, sent by the box in direction dir, is that of its flow. */
void frame_check(const struct rte_mbuf *m, const struct flows *flows, enum cgn_dir dir);

/* A turn of control in flows_open_timed: its work is its result. NULL: cgn_control_poll. */
typedef uint32_t flows_turn(void *arg, struct bed *bed);

/*
 * Opens flows first … first+n-1: each through worker, control and worker again, TCP with its whole
 * handshake. Ends the process when one is refused.
 */
void flows_open(struct bed *bed, struct flows *flows, uint32_t first, uint32_t n);

/* Adds its CPU time to *(uint64_t *)arg: what others do on the machine does not count. */
flows_turn flows_turn_cpu;

/* The first packets only, with control's turns timed: what it takes to publish mappings. */
void flows_open_timed(struct bed *bed, struct flows *flows, uint32_t first, uint32_t n,
	flows_turn *turn, void *arg);
