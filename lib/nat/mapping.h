/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An endpoint-independent mapping (RFC 4787 section 4.1): inside transport address ↔ outside
 * transport address, for one protocol; or, where it says so, one of a single remote end. One cache
 * line. Index 0 is never used: it means "none".
 */
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "conf.h"
#include "pkt.h"
#include "rewrite.h"
#include "wheel.h"

enum { CGN_MAPPING_NONE = 0 };

/* In place of a filter set in cgn_mapping.filter: whoever it has sent to may answer (contact.h). */
#define CGN_FILTER_ADDRESS UINT32_C(0x40000000)
#define CGN_FILTER_ADDRESS_PORT UINT32_C(0x80000000)
#define CGN_FILTER_CONTACTS (CGN_FILTER_ADDRESS | CGN_FILTER_ADDRESS_PORT)

struct cgn_mapping {
	/* Fixed after publish but for filter; read by workers. Wire order where typed so. */
	rte_be32_t inside_addr, outside_addr;
	/* As struct cgn_map_key: compared at one time (index.h). */
	uint32_t inside; /* inside index of the address */
	rte_be16_t inside_port;
	uint8_t proto;      /* enum cgn_proto, or CGN_OTHER */
	uint8_t beside : 1; /* its inside end had dependent ones when it was made (key.h) */
	uint8_t inbound_refresh : 1; /* out2in packets renew last_use_s too (RFC 4787 REQ-6, MAY) */
	uint8_t alg : 1;        /* may carry a connection whose text is edited (datapath/alg.h) */
	uint8_t one_to_one : 1; /* its owner has the outside address for itself */
	uint8_t call : 1; /* CGN_OTHER: of one call of PPTP; its ports are call ids (others.h) */
	uint8_t dependent : 1; /* of one remote end, on a port that others share (dependent.h) */
	rte_be16_t outside_port;
	union {
		uint16_t l3_delta;      /* in2out, see rewrite.h */
		rte_be16_t remote_call; /* of a call, once cgn_others_connect has set it; control */
	};
	union {
		uint16_t l4_delta;
		uint16_t ip_proto; /* CGN_OTHER */
	};
	uint16_t tenant;
	_Atomic uint32_t neigh;  /* next hop towards the subscriber */
	_Atomic uint32_t filter; /* filter set (filter.h) or CGN_FILTER_ADDRESS…, 0: whoever comes;
				    control changes it */
	/* Written by workers, relaxed, only when the value changes. */
	_Atomic uint32_t last_use_s;
	union {
		_Atomic uint32_t tcp; /* struct of tcp_track.h packed by it */
		rte_be32_t remote;    /* CGN_OTHER; fixed after publish */
	};
	/* Written by control; read by workers for TCP. */
	union {
		_Atomic uint32_t sessions; /* record of tcp_session.h, 0: none is kept */
		int32_t remote_position;   /* CGN_OTHER, while unlinked (others.h) */
	};
	/* Control only. */
	union {
		uint32_t made_s;       /* while live */
		int32_t hash_position; /* CGN_OTHER, while unlinked */
	};
	/* Written by workers, of the tracked TCP connection: the inside's SND.NXT (upper half) and,
	 * if CGN_TCP_KNOWN, RCV.NXT; as of its first segment of the second of last_use_s, or of a
	 * later one (tcp_track.h). */
	_Atomic uint64_t tcp_inside;
	/* Control only. */
	uint32_t explicit_ref; /* record of who asked for it, see control/explicit.h; 0: traffic
				  made it */
	uint32_t pool;         /* pool index */
};
static_assert(sizeof(struct cgn_mapping) == 64, "a mapping is one cache line");
static_assert(offsetof(struct cgn_mapping, last_use_s) == 32, "halves: read mostly, written");

/* What packets do not touch, in an array of its own; one for each entry of the table. */
struct cgn_mapping_side {
	struct cgn_wheel_node wheel; /* timer while live, chain in limbo; control */
	/* By direction: sequence number behind a FIN, while CGN_TCP_ENDS_; workers. */
	_Atomic uint32_t fin[2];
};
static_assert(sizeof(struct cgn_mapping_side) == 16, "four to a cache line");

/* True for the first time in a second. */
static inline bool
cgn_mapping_touch(struct cgn_mapping *m, uint32_t now_s)
{
	if (atomic_load_explicit(&m->last_use_s, memory_order_relaxed) == now_s)
		return false;
	atomic_store_explicit(&m->last_use_s, now_s, memory_order_relaxed);
	return true;
}

/*
 * The space of outside ports that it has a port of: one by addresses alone takes an ICMP
 * identifier, so that it is on the paired address and in a block like any other.
 */
static inline enum cgn_proto
cgn_mapping_space(const struct cgn_mapping *m)
{
	return m->proto == CGN_OTHER ? CGN_ICMP : (enum cgn_proto)m->proto;
}

/* "gre", "esp", "sctp" by the number of the protocol; else "other". */
const char *cgn_other_str(uint8_t ip_proto);

/* The number that is called so, or 0. */
uint8_t cgn_other_parse(const char *s);

/* "tcp", …, or of what it is by addresses alone. */
const char *cgn_mapping_proto_str(const struct cgn_mapping *m);

/* Fills the rewrite deltas from the four addresses and ports, which must be set. */
void cgn_mapping_seal(struct cgn_mapping *m);

/* "tcp 100.64.0.10:5000 -> 203.0.113.17:40000" into buf; returns buf. */
enum { CGN_MAPPING_STRLEN = 72 };
const char *cgn_mapping_str(const struct cgn_mapping *m, char *buf);

/* "tcp", "udp", "icmp"; and back: -1 when it is none of them. */
const char *cgn_proto_str(enum cgn_proto proto);
int cgn_proto_parse(const char *s);
