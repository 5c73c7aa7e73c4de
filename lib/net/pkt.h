/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known about one packet: filled by cgn_parse from its bytes, completed by the stages of
 * lib/datapath, carried in the private area of its mbuf across rings. One cache line. Owned by
 * whoever owns the mbuf.
 */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

/* The three spaces of outside ports (RFC 7857 section 5: mappings are per protocol). For ICMP
 * queries the identifier stands for the port. */
enum cgn_proto { CGN_TCP, CGN_UDP, CGN_ICMP, CGN_N_PROTOS };

/* A mapping by addresses alone (nat/others.h) and its packets; no space of ports, and no
 * enum cgn_proto for arrays of those. */
enum { CGN_OTHER = CGN_N_PROTOS };

/* NAT-PMP and PCP: server (5351) and client announcements (5350), RFC 6886 section 3.1. */
enum { CGN_PORT_PMP_CLIENT = 5350, CGN_PORT_PMP_SERVER = 5351 };

enum cgn_pkt_kind {
	CGN_PKT_FLOW,       /* TCP, UDP or ICMP echo with its whole transport header */
	CGN_PKT_ICMP_ERROR, /* types 3, 4, 5, 11, 12; not looked into yet (icmp_quote.h) */
	CGN_PKT_ICMP_OTHER,
	CGN_PKT_FRAGMENT,    /* any fragment, see enum cgn_pkt_fragment */
	CGN_PKT_OTHER_PROTO, /* neither TCP, UDP nor ICMP */
	CGN_PKT_ARP,
	/* Not understood; the packet can only be dropped. */
	CGN_PKT_BAD_ETH,    /* shorter than its headers */
	CGN_PKT_BAD_TAGS,   /* more than two tags */
	CGN_PKT_NOT_IP4,    /* another EtherType */
	CGN_PKT_BAD_IP,     /* version, header length */
	CGN_PKT_BAD_IP_LEN, /* total length beyond the frame or below the header */
	CGN_PKT_BAD_IP_CSUM,
	CGN_PKT_SOURCE_ROUTE, /* LSRR or SSRR option: refused (RFC 5508 section 7.3) */
	CGN_PKT_BAD_L4,       /* transport header cut, UDP length or TCP data offset impossible */
	CGN_N_PKT_KINDS
};

/* What a fragment shows of its datagram. Those of the kinds below are of kind FRAGMENT. */
enum cgn_pkt_fragment {
	CGN_FRAGMENT_NONE,
	CGN_FRAGMENT_FIRST, /* offset 0, whole transport header; fragment.c makes it a FLOW */
	CGN_FRAGMENT_TINY,  /* offset 0, without it (RFC 1858 section 3) */
	CGN_FRAGMENT_LATER,
};

enum cgn_pkt_action {
	CGN_ACT_NONE,
	CGN_ACT_NEW_FLOW,    /* worker → control: no mapping yet */
	CGN_ACT_ARP,         /* worker → control */
	CGN_ACT_NO_NEIGH,    /* worker → control: translated, next hop unresolved */
	CGN_ACT_TTL,         /* worker → control: TTL ran out, tell the sender */
	CGN_ACT_ALG,         /* worker → control: of a connection whose text is read (alg.h) */
	CGN_ACT_PORTCTL,     /* worker → control: NAT-PMP or PCP to the service address */
	CGN_ACT_TOO_BIG,     /* worker → control: needs fragmenting, tell the sender */
	CGN_ACT_UNSOLICITED, /* worker → control: a SYN that ends with pkt->fate; tell it later */
	CGN_ACT_RESUME,      /* control → worker: look up again, the mapping is there */
	CGN_ACT_END,         /* control → worker: first fragment refused; lane: its fate */
	CGN_ACT_SEND,        /* control → worker: complete but for the Ethernet header */
	CGN_ACT_SEND_RAW,    /* control → worker: complete frame for out_port */
};

struct cgn_pkt {
	/* From the bytes. */
	uint8_t kind;            /* enum cgn_pkt_kind */
	uint8_t proto;           /* enum cgn_proto; FLOW, FRAGMENT_FIRST, ICMP of any kind */
	uint8_t tcp_flags;       /* as in the header; TCP FLOW and FRAGMENT_FIRST only */
	uint8_t n_tags;          /* 0, 1, 2 */
	uint16_t outer, inner;   /* VIDs; n_tags 1: outer only */
	uint16_t l3_off, l4_off; /* from the start of the frame */
	uint16_t ip_len;         /* total length, host order */
	uint8_t ttl, ip_proto;
	uint8_t has_ports; /* sport and dport were readable, whatever the kind */
	uint8_t icmp_type;
	uint8_t fragment;        /* enum cgn_pkt_fragment */
	rte_be16_t sport, dport; /* ICMP echo: both hold the identifier */
	rte_be32_t src, dst;
	/* From the stages. */
	uint8_t in_port;    /* index of the port it came in by */
	uint8_t session;    /* whose session it was when it went to control (dataplane.h) */
	uint16_t tenant;    /* tenant number; the number of tenants stands for the box */
	uint8_t action;     /* enum cgn_pkt_action */
	uint8_t dir;        /* enum cgn_dir */
	uint8_t resumed;    /* has been at control already */
	uint8_t worker;     /* worker that took it in, or will send it */
	uint32_t iface;     /* interface number it came in by */
	uint32_t inside;    /* directory index of the inside address */
	uint32_t to_inside; /* directory index of the receiver; hairpin only */
	uint32_t neigh;     /* neighbour index of the next hop */
	uint16_t out_port;  /* index of the port it leaves by */
	uint8_t fate;       /* enum cgn_fate to count when it has been sent; NONE: not decided */
	uint8_t originated; /* enum cgn_originated + 1 when the box made it; 0: it was received */
	uint16_t to_tenant; /* of the receiver; hairpin only */
	uint8_t hairpin;    /* from inside to a pool address */
	uint8_t lane;       /* of its subscriber on the way to control (punt_share.h) */
};
static_assert(sizeof(struct cgn_pkt) == 64, "cgn_pkt is one cache line");

/* Where the half begins that is "From the stages". */
enum { CGN_PKT_STAGES = offsetof(struct cgn_pkt, in_port) };
static_assert(CGN_PKT_STAGES == 32, "two halves");

enum cgn_dir { CGN_IN2OUT, CGN_OUT2IN };
