/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP resets; called by control/tcp_end.c. */
#include "tcp_reset.h"

#include <netinet/in.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "csum.h"

enum { TTL = 64, IP_FLAG_DF = 0x4000 };

void
cgn_tcp_reset_write(uint8_t *p, const struct cgn_tcp_reset *reset)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)p;
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);
	uint64_t sum;

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.total_length = RTE_BE16(CGN_TCP_RESET_LEN),
		.fragment_offset = RTE_BE16(IP_FLAG_DF),
		.time_to_live = TTL,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = reset->src,
		.dst_addr = reset->dst,
	};
	ip->hdr_checksum = cgn_csum(ip, sizeof(*ip));
	*tcp = (struct rte_tcp_hdr){
		.src_port = reset->sport,
		.dst_port = reset->dport,
		.sent_seq = rte_cpu_to_be_32(reset->seq),
		.recv_ack = rte_cpu_to_be_32(reset->ack),
		.data_off = sizeof(*tcp) / 4 << 4,
		.tcp_flags = RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG,
	};
	sum = cgn_csum_words(&ip->src_addr, 8) + RTE_BE16(IPPROTO_TCP) + RTE_BE16(sizeof(*tcp));
	tcp->cksum = (uint16_t)~cgn_csum_fold(sum + cgn_csum_words(tcp, sizeof(*tcp)));
}
