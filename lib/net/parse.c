/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser; called by datapath/classify.c on workers, by tests and by the fuzzer. */
#include "parse.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "csum.h"

enum {
	ETHERTYPE_QINQ_OLD = 0x9100, /* pre-standard outer tag, still sent by access gear */
	OPT_EOL = 0,
	OPT_NOP = 1,
	OPT_LSRR = 131,
	OPT_SSRR = 137,
};

static uint16_t
read_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool
is_tag(uint16_t ethertype)
{
	return ethertype == RTE_ETHER_TYPE_VLAN || ethertype == RTE_ETHER_TYPE_QINQ ||
		ethertype == ETHERTYPE_QINQ_OLD;
}

/* Walks the tags to the EtherType behind them; false with pkt->kind set if that fails. */
static bool
parse_eth(const uint8_t *data, uint32_t len, struct cgn_pkt *pkt, uint16_t *ethertype)
{
	uint32_t off = RTE_ETHER_HDR_LEN;
	uint16_t type;

	pkt->kind = CGN_PKT_BAD_ETH;
	if (len < off)
		return false;
	type = read_be16(data + 12);
	while (is_tag(type)) {
		if (len < off + RTE_VLAN_HLEN)
			return false;
		if (pkt->n_tags == 2) {
			pkt->kind = CGN_PKT_BAD_TAGS;
			return false;
		}
		*(pkt->n_tags == 0 ? &pkt->outer : &pkt->inner) = read_be16(data + off) & 0xfff;
		pkt->n_tags++;
		type = read_be16(data + off + 2);
		off += RTE_VLAN_HLEN;
	}
	pkt->l3_off = (uint16_t)off;
	*ethertype = type;
	return true;
}

/* opts: the bytes between the fixed header and the payload. */
static bool
has_source_route(const uint8_t *opts, uint32_t len)
{
	uint32_t i = 0;

	while (i < len && opts[i] != OPT_EOL) {
		if (opts[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (opts[i] == OPT_LSRR || opts[i] == OPT_SSRR)
			return true;
		if (i + 1 >= len || opts[i + 1] < 2)
			return false; /* options end in nonsense: nothing after it can be acted on
				       */
		i += opts[i + 1];
	}
	return false;
}

static void
read_ports(const uint8_t *l4, struct cgn_pkt *pkt)
{
	memcpy(&pkt->sport, l4, 2);
	memcpy(&pkt->dport, l4 + 2, 2);
	pkt->has_ports = 1;
}

/* l4_len: bytes of IP payload that are contiguous here. */
static enum cgn_pkt_kind
parse_icmp(const uint8_t *l4, uint32_t l4_len, struct cgn_pkt *pkt)
{
	if (l4_len < 8)
		return CGN_PKT_BAD_L4;
	pkt->icmp_type = l4[0];
	pkt->proto = CGN_ICMP;
	switch (l4[0]) {
	case 0: /* echo reply */
	case 8: /* echo */
		memcpy(&pkt->sport, l4 + 4, 2);
		pkt->dport = pkt->sport;
		return CGN_PKT_FLOW;
	case 3:
	case 4:
	case 5:
	case 11:
	case 12:
		return CGN_PKT_ICMP_ERROR;
	default:
		return CGN_PKT_ICMP_OTHER;
	}
}

/* ip_payload_len: of the datagram; UINT32_MAX when that is not known, in a first fragment. */
static enum cgn_pkt_kind
parse_l4(const uint8_t *l4, uint32_t l4_len, uint32_t ip_payload_len, struct cgn_pkt *pkt)
{
	uint32_t n;

	switch (pkt->ip_proto) {
	case IPPROTO_TCP:
		if (l4_len < sizeof(struct rte_tcp_hdr))
			return CGN_PKT_BAD_L4;
		n = (uint32_t)(l4[12] >> 4) * 4;
		if (n < sizeof(struct rte_tcp_hdr) || n > ip_payload_len)
			return CGN_PKT_BAD_L4;
		pkt->proto = CGN_TCP;
		pkt->tcp_flags = l4[13];
		return CGN_PKT_FLOW;
	case IPPROTO_UDP:
		if (l4_len < sizeof(struct rte_udp_hdr))
			return CGN_PKT_BAD_L4;
		n = read_be16(l4 + 4);
		if (n < sizeof(struct rte_udp_hdr) || n > ip_payload_len)
			return CGN_PKT_BAD_L4;
		pkt->proto = CGN_UDP;
		return CGN_PKT_FLOW;
	case IPPROTO_ICMP:
		return parse_icmp(l4, l4_len, pkt);
	default:
		return CGN_PKT_OTHER_PROTO;
	}
}

/* payload_len: contiguous bytes of the fragment's payload. TCP's options are all in the first
 * fragment too, or it is tiny. */
static void
parse_fragment(const uint8_t *l4, uint32_t payload_len, uint32_t frag, struct cgn_pkt *pkt)
{
	uint32_t limit = pkt->ip_proto == IPPROTO_TCP ? payload_len : UINT32_MAX;

	if ((frag & 0x1fff) != 0)
		pkt->fragment = CGN_FRAGMENT_LATER;
	else if (parse_l4(l4, payload_len, limit, pkt) == CGN_PKT_BAD_L4)
		pkt->fragment = CGN_FRAGMENT_TINY;
	else
		pkt->fragment = CGN_FRAGMENT_FIRST;
}

/* ip: the header; len: contiguous bytes from it; l3_len: bytes of the frame from it. */
static enum cgn_pkt_kind
parse_ip4(const uint8_t *ip, uint32_t len, uint32_t l3_len, bool csum_good, struct cgn_pkt *pkt)
{
	uint32_t hdr_len, frag, l4_len;

	if (len < sizeof(struct rte_ipv4_hdr) || ip[0] >> 4 != 4)
		return CGN_PKT_BAD_IP;
	hdr_len = (uint32_t)(ip[0] & 15) * 4;
	if (hdr_len < sizeof(struct rte_ipv4_hdr) || hdr_len > len)
		return CGN_PKT_BAD_IP;
	pkt->ip_len = read_be16(ip + 2);
	pkt->l4_off = (uint16_t)(pkt->l3_off + hdr_len);
	pkt->ttl = ip[8];
	pkt->ip_proto = ip[9];
	memcpy(&pkt->src, ip + 12, 4);
	memcpy(&pkt->dst, ip + 16, 4);

	frag = read_be16(ip + 6) & 0x3fff; /* MF and offset */
	l4_len = len - hdr_len;
	/* Ports first, before any complaint: seed rule 1 holds for malformed packets too. */
	if ((pkt->ip_proto == IPPROTO_UDP || pkt->ip_proto == IPPROTO_TCP) &&
		(frag & 0x1fff) == 0 && l4_len >= 4)
		read_ports(ip + hdr_len, pkt);
	if (pkt->ip_len < hdr_len || pkt->ip_len > l3_len)
		return CGN_PKT_BAD_IP_LEN;
	if (!csum_good && cgn_csum_fold(cgn_csum_words(ip, hdr_len)) != 0xffff)
		return CGN_PKT_BAD_IP_CSUM;
	if (hdr_len > sizeof(struct rte_ipv4_hdr) &&
		has_source_route(
			ip + sizeof(struct rte_ipv4_hdr), hdr_len - sizeof(struct rte_ipv4_hdr)))
		return CGN_PKT_SOURCE_ROUTE;
	if (l4_len > pkt->ip_len - hdr_len)
		l4_len = pkt->ip_len - hdr_len; /* what follows is Ethernet padding */
	if (frag != 0) {
		if (pkt->ip_len - hdr_len < 4) { /* read from the padding: not this datagram's */
			pkt->has_ports = 0;
			pkt->sport = pkt->dport = 0;
		}
		parse_fragment(ip + hdr_len, l4_len, frag, pkt);
		return CGN_PKT_FRAGMENT;
	}
	return parse_l4(ip + hdr_len, l4_len, pkt->ip_len - hdr_len, pkt);
}

void
cgn_parse_any(const uint8_t *data, uint32_t len, uint32_t frame_len, bool ip_csum_good,
	struct cgn_pkt *pkt)
{
	uint16_t type;

	memset(pkt, 0, sizeof(*pkt));
	if (!parse_eth(data, len, pkt, &type))
		return;
	if (type == RTE_ETHER_TYPE_ARP)
		pkt->kind = CGN_PKT_ARP;
	else if (type != RTE_ETHER_TYPE_IPV4)
		pkt->kind = CGN_PKT_NOT_IP4;
	else
		pkt->kind = (uint8_t)parse_ip4(data + pkt->l3_off, len - pkt->l3_off,
			frame_len - pkt->l3_off, ip_csum_good, pkt);
}
