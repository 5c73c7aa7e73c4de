/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT-PMP (RFC 6886) and PCP (RFC 6887, 7753): request bytes and who sent them → answer bytes. No
 * sockets, no clock, no tables: time is an argument and state is reached through ops. What reaches
 * this layer has passed the seed rules already: it came in on an attachment, from the address
 * assigned to the subscriber, to the attachment's own service address, unfragmented, with a good
 * UDP checksum or none, within the subscriber's request rate.
 *
 * Thread: control. Addresses and ports in these structs are HOST order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "pkt.h"

enum {
	CGN_PORTCTL_MAX = 1100, /* largest PCP message, RFC 6887 section 7 */
	CGN_PCP_NONCE_LEN = 12,
	CGN_PORTCTL_MAX_FILTERS = 8,
};

/* Who asked, as the data path has verified it. */
struct cgn_portctl_client {
	uint32_t tenant;
	uint32_t inside;  /* inside index of the source address */
	uint32_t addr;    /* source address */
	uint16_t port;    /* source port; never 0 */
	uint32_t service; /* service address that was asked, for the answer's source */
	bool third_party; /* a configured NOC address that may use THIRD_PARTY */
};

/* Per-tenant switches and numbers; from configuration. */
struct cgn_portctl_policy {
	bool natpmp, pcp;                      /* protocols served */
	bool map, peer;                        /* PCP opcodes served */
	bool prefer_failure, filter, port_set; /* options served */
	bool unbound; /* the attachment's subscribers can use each other's addresses: no mappings */
	bool replace_nonce; /* the same verified subscriber may replace a lost nonce */
	uint32_t natpmp_max_lifetime_s, pcp_min_lifetime_s, pcp_max_lifetime_s;
};

/* One remote-peer filter of a PCP mapping (RFC 6887 section 13.3). */
struct cgn_portctl_filter {
	uint32_t addr;
	uint8_t prefix_len; /* 0..32 */
	uint16_t port;      /* 0: any */
};

/*
 * Stands for a suggested address that is no IPv4 address: as a suggestion it is a hint that cannot
 * be followed, with prefer_failure or PEER it can never be met. No pool holds 255.255.255.255.
 */
#define CGN_ADDR_IMPOSSIBLE UINT32_MAX

enum cgn_explicit_origin {
	CGN_EXPLICIT_NATPMP,
	CGN_EXPLICIT_PCP_MAP,
	CGN_EXPLICIT_PCP_PEER,
	CGN_EXPLICIT_OPERATOR, /* never asked through the protocols */
};

/* What is asked of the one set of rules for explicit mappings. */
struct cgn_explicit_ask {
	enum cgn_explicit_origin origin;
	uint32_t tenant, inside; /* whose mapping: the client, or the third party */
	enum cgn_proto proto;    /* CGN_TCP or CGN_UDP */
	uint16_t inside_port;    /* not 0 */
	uint32_t suggested_addr; /* 0: none; CGN_ADDR_IMPOSSIBLE: not an IPv4 address */
	uint16_t suggested_port; /* 0: none */
	uint32_t lifetime_s;     /* as clamped by policy; 0: delete (PEER: leave as it is) */
	uint8_t nonce[CGN_PCP_NONCE_LEN]; /* PCP */
	bool prefer_failure;
	bool replace_nonce;
	bool filters_cleared; /* a FILTER of prefix length 0 came before the filters below */
	uint8_t n_filters;
	struct cgn_portctl_filter filters[CGN_PORTCTL_MAX_FILTERS];
	uint16_t n_ports;   /* 1, or the size of a PORT_SET; never past inside port 65535 */
	bool parity;        /* PORT_SET's P bit */
	uint32_t peer_addr; /* PEER */
	uint16_t peer_port;
	/* Where a Mapping Update goes (RFC 6887 section 14.2): to who asked. */
	uint32_t client_addr;
	uint16_t client_port;
	bool third_party; /* asked with THIRD_PARTY: client_addr is not the inside address */
};

enum cgn_explicit_result {
	CGN_EXPLICIT_OK,
	/* Another nonce or origin; answers[0].lifetime_s: what is left of the mapping. */
	CGN_EXPLICIT_NOT_OWNER,
	CGN_EXPLICIT_STATIC,     /* the operator's mapping cannot be deleted */
	CGN_EXPLICIT_IMPLICIT,   /* delete: only a traffic-made mapping is there */
	CGN_EXPLICIT_NO_ADDRESS, /* the tenant has no outside address */
	CGN_EXPLICIT_NO_PORTS,   /* nothing left to allocate */
	CGN_EXPLICIT_QUOTA,      /* the subscriber's own limit */
	/* prefer_failure or PEER: not the suggested one; answers[0].lifetime_s: for how long that
	 * will stay so, 0 when unknown (30 s are told). */
	CGN_EXPLICIT_CANNOT_PROVIDE,
	CGN_EXPLICIT_TOO_MANY_FILTERS,
	CGN_EXPLICIT_SOME_LEFT, /* delete-all: not all could be removed */
};

struct cgn_explicit_answer {
	uint32_t addr;        /* outside address */
	uint16_t port;        /* outside port, the first of a set */
	uint16_t inside_port; /* the first inside port of the set this answer is about */
	uint16_t n_ports;
	uint32_t lifetime_s; /* granted, or left; UINT32_MAX: the operator's mapping */
};

enum { CGN_EXPLICIT_MAX_ANSWERS = 16 }; /* a PORT_SET request may refresh several (PSET-09) */

/* State behind the protocols; implemented by control, and by a model in tests. */
struct cgn_portctl_ops {
	/* Seconds since the tenant's mapping state began; one clock for both protocols. */
	uint32_t (*epoch)(void *ctx, uint32_t tenant);
	/* The subscriber's paired outside address; pairs it if need be. 0: there is none. */
	uint32_t (*outside_addr)(void *ctx, uint32_t tenant, uint32_t inside);
	/*
	 * Makes, renews or (lifetime 0) deletes. answers has room for CGN_EXPLICIT_MAX_ANSWERS and
	 * is zeroed; *n_answers is at least 1 on OK. Deleting what does not exist is OK with
	 * lifetime 0. Whatever is not OK has changed nothing (RFC 6887 section 7.3).
	 */
	enum cgn_explicit_result (*ask)(void *ctx, const struct cgn_explicit_ask *ask,
		struct cgn_explicit_answer *answers, uint32_t *n_answers);
	/* NAT-PMP delete-all of one protocol: OK or SOME_LEFT. */
	enum cgn_explicit_result (*delete_all)(
		void *ctx, uint32_t tenant, uint32_t inside, enum cgn_proto proto);
	/* Inside index of a third party's address, or CGN_NONE. */
	uint32_t (*find_inside)(void *ctx, uint32_t tenant, uint32_t addr);
	/* May PEER point there: would the data path forward to it? */
	bool (*peer_allowed)(void *ctx, uint32_t tenant, uint32_t addr);
};

/* One answer datagram; a request may have several (PORT_SET). */
struct cgn_portctl_reply {
	uint16_t len;
	uint8_t bytes[CGN_PORTCTL_MAX];
};

/* How a request ended, for counters and for `show`. */
struct cgn_portctl_outcome {
	uint8_t protocol; /* format of the answer: 0 NAT-PMP, 2 PCP; silent: the request's first
			     byte */
	uint8_t opcode;
	uint8_t result;     /* result code sent */
	uint8_t silent;     /* nothing was sent */
	const char *reason; /* static text: why it was refused or ignored; NULL on success */
	/* Of MAP and PEER, as asked; IP protocol 0: it has none, or was cut short. */
	uint8_t ip_proto;
	uint16_t inside_port, suggested_port;
	uint32_t suggested_addr; /* 0: none, or no IPv4 address */
};

/*
 * Handles the UDP payload of one request. replies has room for CGN_EXPLICIT_MAX_ANSWERS; returns
 * how many are to be sent to client->addr:port from client->service:5351, in order. 0: silence.
 */
uint32_t cgn_portctl_handle(const struct cgn_portctl_ops *ops, void *ctx,
	const struct cgn_portctl_policy *policy, const struct cgn_portctl_client *client,
	const uint8_t *payload, uint32_t len, struct cgn_portctl_reply *replies,
	struct cgn_portctl_outcome *outcome);
