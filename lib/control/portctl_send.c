/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds and sends the server's datagrams; answers (portctl_input.c) and announcements. */
#include "portctl_send.h"

#include <string.h>

#include "arp.h"
#include "csum.h"

/* Link-local multicast and answers alike stay on the link or take few hops. */
enum { TTL_OWN = 64, FLAG_DF = 0x4000 };

uint16_t
cgn_portctl_udp_csum(const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp)
{
	uint64_t sum = cgn_csum_words(&ip->src_addr, 8) + RTE_BE16(IPPROTO_UDP) + udp->dgram_len;

	return (uint16_t)~cgn_csum_fold(
		sum + cgn_csum_words(udp, rte_be_to_cpu_16(udp->dgram_len)));
}

/* Fills the headers in front of len bytes of payload. */
static void
write_headers(uint8_t *p, uint32_t src, const struct cgn_portctl_dest *to, uint16_t len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)p;
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + sizeof(*udp) + len)),
		.fragment_offset = RTE_BE16(FLAG_DF),
		.time_to_live = TTL_OWN,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = rte_cpu_to_be_32(src),
		.dst_addr = rte_cpu_to_be_32(to->addr),
	};
	ip->hdr_checksum = cgn_csum(ip, sizeof(*ip));
	*udp = (struct rte_udp_hdr){
		.src_port = RTE_BE16(CGN_PORT_PMP_SERVER),
		.dst_port = rte_cpu_to_be_16(to->port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + len)),
	};
	udp->dgram_cksum = cgn_portctl_udp_csum(ip, udp);
	if (udp->dgram_cksum == 0)
		udp->dgram_cksum = 0xffff;
}

void
cgn_portctl_send(struct cgn_control *c, const struct cgn_portctl_dest *to,
	const struct cgn_portctl_reply *message)
{
	const struct cgn_iface *iface = &c->dp->dir->ifaces[to->iface];
	uint16_t l2 = cgn_l2_len(&iface->tags);
	uint16_t head = (uint16_t)(l2 + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr));
	struct rte_mbuf *m = cgn_originate(c, CGN_ORIG_PORTCTL, iface->port);
	uint8_t *p;

	if (m == NULL)
		return;
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(head + message->len)); /* fits any buffer */
	memcpy(p + head, message->bytes, message->len);
	cgn_l2_write(p, &to->mac, &c->dp->devs[iface->port].mac, &iface->tags, RTE_ETHER_TYPE_IPV4);
	write_headers(p + l2, iface->onlink.addr, to, message->len);
	cgn_pkt_of(m)->iface = to->iface;
	cgn_pkt_of(m)->tenant = iface->tenant; /* for captures; what is originated has no fate */
	cgn_pkt_of(m)->inside = cgn_directory_inside_find(c->dp->dir, iface->tenant, to->addr);
	cgn_pkt_of(m)->ip_proto = IPPROTO_UDP;
	cgn_pkt_of(m)->worker = to->worker;
	cgn_reinject(c, m, CGN_ACT_SEND_RAW);
}
