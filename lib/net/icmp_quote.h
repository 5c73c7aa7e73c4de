/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors of others on their way through the NAT (RFC 5508 section 4): the packet that an error
 * quotes, and the translation of both at once. The quote is cut anywhere behind the eighth byte of
 * its transport header (RFC 792), so little of it can be relied on; what lies behind that, padding
 * and RFC 4884 extensions with their length field included, passes as it is.
 * Pure byte work; any thread.
 */
#pragma once

#include "pkt.h"
#include "rewrite.h"

/* Bytes of headers that must be contiguous for every error that can be translated: the outer ones,
 * ICMP's, the quoted IPv4 header with all options, and TCP up to its checksum. */
enum { CGN_ICMP_QUOTE_HEADERS = 14 + 8 + 60 + 8 + 60 + 18 };

enum cgn_icmp_quote_kind {
	CGN_QUOTE_FLOW,     /* TCP, UDP or an ICMP query, with both ports or the identifier */
	CGN_QUOTE_BAD,      /* cut before its eighth transport byte, or no IPv4 header */
	CGN_QUOTE_BAD_CSUM, /* its header checksum is wrong (RFC 5508 REQ-3 a) */
	CGN_QUOTE_FRAGMENT, /* a later fragment: it shows no port */
	CGN_QUOTE_OTHER,    /* no flow: another protocol, an ICMP error, another ICMP message */
};

/* The quoted packet, addresses and ports in wire order. Offsets from the start of the frame. */
struct cgn_icmp_quote {
	/* enum cgn_icmp_quote_kind; the rest holds for FLOW only, of OTHER l3_off, src and dst. */
	uint8_t kind;
	uint8_t proto;     /* enum cgn_proto */
	uint8_t icmp_type; /* of a quoted query: 8 or 0 */
	uint16_t l3_off, l4_off;
	uint16_t l4_csum_off; /* 0: not quoted, or UDP without one */
	rte_be32_t src, dst;
	rte_be16_t sport, dport; /* ICMP: both hold the identifier */
};

/*
 * frame: what pkt describes, kind ICMP_ERROR; len: contiguous bytes at frame. The quoted transport
 * checksum is not verified (RFC 5508 REQ-3 c), that of the ICMP message is the caller's business.
 */
void cgn_icmp_quote_parse(
	const uint8_t *frame, uint32_t len, const struct cgn_pkt *pkt, struct cgn_icmp_quote *q);

/*
 * Translates the error by the mapping of the quoted packet, and brings *q up to date. in2out: outer
 * source and quoted destination become rw's outside end; out2in: outer destination and quoted
 * source become its inside end (the deltas are not used). Every checksum is updated by difference,
 * those of the quote too. TTLs stay. q: kind FLOW, of this frame.
 */
void cgn_icmp_quote_rewrite(uint8_t *frame, const struct cgn_pkt *pkt, struct cgn_icmp_quote *q,
	enum cgn_dir dir, const struct cgn_rewrite *rw);
