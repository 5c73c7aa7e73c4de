/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP from the box; echo on workers (classify), errors on the control thread. */
#include "icmp_reply.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "csum.h"

enum { ICMP_ECHO_REPLY = 0, ICMP_ECHO = 8, ICMP_HDR_LEN = 8, TTL_OWN = 64, FLAG_DF = 0x4000 };

void
cgn_icmp_echo_reply(uint8_t *frame, const struct cgn_pkt *pkt)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + pkt->l3_off);
	uint8_t *icmp = frame + pkt->l4_off;
	uint16_t old_word, new_word, csum;
	rte_be32_t addr = ip->src_addr;

	/* Swapping the addresses does not change the sum. */
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = addr;
	memcpy(&old_word, &ip->time_to_live, 2);
	ip->time_to_live = TTL_OWN;
	memcpy(&new_word, &ip->time_to_live, 2);
	ip->hdr_checksum = cgn_csum_update(ip->hdr_checksum, cgn_csum_delta16(old_word, new_word));

	memcpy(&old_word, icmp, 2);
	icmp[0] = ICMP_ECHO_REPLY;
	memcpy(&new_word, icmp, 2);
	memcpy(&csum, icmp + 2, 2);
	csum = cgn_csum_update_icmp(csum, cgn_csum_delta16(old_word, new_word), pkt->sport == 0);
	memcpy(icmp + 2, &csum, 2);
}

static bool
is_single_host(rte_be32_t addr)
{
	uint32_t a = rte_be_to_cpu_32(addr);

	return a >> 24 != 0 && a >> 24 != 127 && a < UINT32_C(0xe0000000);
}

bool
cgn_icmp_error_allowed(const uint8_t *frame, const struct cgn_pkt *pkt)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + pkt->l3_off);

	if ((frame[0] & 1) != 0 || !is_single_host(pkt->src) || !is_single_host(pkt->dst))
		return false;
	if ((rte_be_to_cpu_16(ip->fragment_offset) & 0x1fff) != 0)
		return false;
	return pkt->ip_proto != IPPROTO_ICMP || pkt->icmp_type == ICMP_ECHO;
}

uint32_t
cgn_icmp_error_write(uint8_t *out, const uint8_t *frame, uint32_t frame_len,
	const struct cgn_pkt *pkt, const struct cgn_icmp_error *err)
{
	const uint8_t *orig = frame + pkt->l3_off;
	uint32_t quote = frame_len - pkt->l3_off;
	uint32_t head = sizeof(struct rte_ipv4_hdr) + ICMP_HDR_LEN;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)out;
	uint8_t *icmp = out + sizeof(*ip);
	uint16_t csum;

	if (quote > pkt->ip_len)
		quote = pkt->ip_len; /* leave Ethernet padding out */
	if (quote > CGN_ICMP_ERROR_MAX - head)
		quote = CGN_ICMP_ERROR_MAX - head;
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.type_of_service = orig[1] & 0xfc, /* DSCP of the original: RFC 5508 REQ-10d */
		.total_length = rte_cpu_to_be_16((uint16_t)(head + quote)),
		.fragment_offset = RTE_BE16(
			FLAG_DF), /* atomic: its identification may be zero (RFC 6864) */
		.time_to_live = TTL_OWN,
		.next_proto_id = IPPROTO_ICMP,
		.src_addr = err->src,
		.dst_addr = pkt->src,
	};
	ip->hdr_checksum = cgn_csum(ip, sizeof(*ip));
	memset(icmp, 0, ICMP_HDR_LEN);
	icmp[0] = err->type;
	icmp[1] = err->code;
	icmp[6] = (uint8_t)(err->mtu >> 8);
	icmp[7] = (uint8_t)err->mtu;
	memcpy(icmp + ICMP_HDR_LEN, orig, quote);
	csum = cgn_csum(icmp, ICMP_HDR_LEN + quote);
	memcpy(icmp + 2, &csum, 2);
	return head + quote;
}
