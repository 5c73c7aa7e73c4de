/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors of others; called by datapath/icmp_error.c on workers, by tests and by the fuzzer. */
#include "icmp_quote.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

enum {
	ICMP_HDR_LEN = 8,
	ICMP_CSUM_OFF = 2,
	ICMP_ID_OFF = 4,
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO = 8,
	MIN_L4 = 8, /* what every error quotes of the transport header (RFC 792) */
	TCP_CSUM_OFF = 16,
	UDP_CSUM_OFF = 6,
	IP_CSUM_OFF = 10,
	IP_SRC_OFF = 12,
	IP_DST_OFF = 16,
	OFFSET_MASK = 0x1fff,
};

static uint16_t
read_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint16_t
load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* l4_len: bytes of the quoted transport header and payload that are here, MIN_L4 or more. */
static enum cgn_icmp_quote_kind
parse_l4(const uint8_t *frame, uint8_t ip_proto, uint32_t l4_len, struct cgn_icmp_quote *q)
{
	const uint8_t *l4 = frame + q->l4_off;

	q->sport = load16(l4);
	q->dport = load16(l4 + 2);
	switch (ip_proto) {
	case IPPROTO_TCP:
		q->proto = CGN_TCP;
		if (l4_len >= TCP_CSUM_OFF + 2)
			q->l4_csum_off = (uint16_t)(q->l4_off + TCP_CSUM_OFF);
		return CGN_QUOTE_FLOW;
	case IPPROTO_UDP:
		q->proto = CGN_UDP;
		if (load16(l4 + UDP_CSUM_OFF) != 0)
			q->l4_csum_off = (uint16_t)(q->l4_off + UDP_CSUM_OFF);
		return CGN_QUOTE_FLOW;
	case IPPROTO_ICMP:
		q->proto = CGN_ICMP;
		q->icmp_type = l4[0];
		q->l4_csum_off = (uint16_t)(q->l4_off + ICMP_CSUM_OFF);
		q->sport = q->dport = load16(l4 + ICMP_ID_OFF);
		return l4[0] == ICMP_ECHO || l4[0] == ICMP_ECHO_REPLY ? CGN_QUOTE_FLOW
								      : CGN_QUOTE_OTHER;
	default:
		return CGN_QUOTE_OTHER;
	}
}

/* len: bytes of the ICMP message's payload that are here. */
static enum cgn_icmp_quote_kind
parse_ip4(const uint8_t *frame, uint32_t len, struct cgn_icmp_quote *q)
{
	const uint8_t *ip = frame + q->l3_off;
	uint32_t hdr_len, ip_len;

	if (len < sizeof(struct rte_ipv4_hdr) || ip[0] >> 4 != 4)
		return CGN_QUOTE_BAD;
	hdr_len = (uint32_t)(ip[0] & 15) * 4;
	ip_len = read_be16(ip + 2);
	if (hdr_len < sizeof(struct rte_ipv4_hdr) || hdr_len > len || ip_len < hdr_len)
		return CGN_QUOTE_BAD;
	if (cgn_csum_fold(cgn_csum_words(ip, hdr_len)) != 0xffff)
		return CGN_QUOTE_BAD_CSUM;
	if ((read_be16(ip + 6) & OFFSET_MASK) != 0)
		return CGN_QUOTE_FRAGMENT;
	if (len > ip_len)
		len = ip_len; /* what follows is padding and extensions (RFC 4884 section 5.1) */
	if (len - hdr_len < MIN_L4)
		return CGN_QUOTE_BAD;
	q->l4_off = (uint16_t)(q->l3_off + hdr_len);
	memcpy(&q->src, ip + IP_SRC_OFF, 4);
	memcpy(&q->dst, ip + IP_DST_OFF, 4);
	return parse_l4(frame, ip[9], len - hdr_len, q);
}

void
cgn_icmp_quote_parse(
	const uint8_t *frame, uint32_t len, const struct cgn_pkt *pkt, struct cgn_icmp_quote *q)
{
	uint32_t end = (uint32_t)pkt->l3_off + pkt->ip_len, start = pkt->l4_off + ICMP_HDR_LEN;

	if (end > len)
		end = len;
	*q = (struct cgn_icmp_quote){.l3_off = (uint16_t)start};
	q->kind = (uint8_t)(end < start ? CGN_QUOTE_BAD : parse_ip4(frame, end - start, q));
}

/* Stores v at p and returns what that adds to the sum of all words there. */
static uint64_t
store16(uint8_t *p, uint16_t v)
{
	uint64_t delta = cgn_csum_delta16(load16(p), v);

	memcpy(p, &v, sizeof(v));
	return delta;
}

static uint64_t
store32(uint8_t *p, uint32_t v)
{
	uint32_t was;
	uint64_t delta;

	memcpy(&was, p, sizeof(was));
	delta = cgn_csum_delta32(was, v);
	memcpy(p, &v, sizeof(v));
	return delta;
}

static uint16_t
updated_l4_csum(const uint8_t *frame, const struct cgn_icmp_quote *q, uint64_t addr, uint64_t port)
{
	uint16_t csum = load16(frame + q->l4_csum_off);

	switch ((enum cgn_proto)q->proto) {
	case CGN_UDP:
		return cgn_csum_update_udp(csum, addr + port);
	case CGN_ICMP:
		return cgn_csum_update_icmp(csum, port,
			q->icmp_type == ICMP_ECHO_REPLY &&
				load16(frame + q->l4_off + ICMP_ID_OFF) == 0);
	default:
		return cgn_csum_update(csum, addr + port);
	}
}

/* Returns what the changes add to the sum of the quote's words. */
static uint64_t
rewrite_quote(uint8_t *frame, struct cgn_icmp_quote *q, bool source, const struct cgn_rewrite *rw)
{
	uint8_t *ip = frame + q->l3_off, *port = frame + q->l4_off + (source ? 0 : 2);
	uint64_t addr_delta = store32(ip + (source ? IP_SRC_OFF : IP_DST_OFF), rw->addr);
	uint64_t port_delta, sum = addr_delta;

	sum += store16(ip + IP_CSUM_OFF, cgn_csum_update(load16(ip + IP_CSUM_OFF), addr_delta));
	if (q->proto == CGN_ICMP)
		port = frame + q->l4_off + ICMP_ID_OFF;
	port_delta = store16(port, rw->port);
	sum += port_delta;
	if (q->l4_csum_off != 0)
		sum += store16(
			frame + q->l4_csum_off, updated_l4_csum(frame, q, addr_delta, port_delta));
	*(source ? &q->src : &q->dst) = rw->addr;
	*(source ? &q->sport : &q->dport) = rw->port;
	if (q->proto == CGN_ICMP)
		q->sport = q->dport = rw->port;
	return sum;
}

void
cgn_icmp_quote_rewrite(uint8_t *frame, const struct cgn_pkt *pkt, struct cgn_icmp_quote *q,
	enum cgn_dir dir, const struct cgn_rewrite *rw)
{
	uint8_t *ip = frame + pkt->l3_off, *icmp_csum = frame + pkt->l4_off + ICMP_CSUM_OFF;
	uint64_t delta = store32(ip + (dir == CGN_IN2OUT ? IP_SRC_OFF : IP_DST_OFF), rw->addr);

	store16(ip + IP_CSUM_OFF, cgn_csum_update(load16(ip + IP_CSUM_OFF), delta));
	delta = rewrite_quote(frame, q, dir == CGN_OUT2IN, rw);
	store16(icmp_csum, cgn_csum_update(load16(icmp_csum), delta));
}
