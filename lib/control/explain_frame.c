/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet that explain.c asks about, as a frame, and whom it names. Called by it on the control
 * thread. */
#include <netinet/in.h>
#include <string.h>

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "explain.h"
#include "parse.h"

static void
write_l4(uint8_t *p, const struct cgn_explain *e)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)p;
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)p;
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)p;

	if (e->proto == CGN_UDP) {
		udp->src_port = rte_cpu_to_be_16(e->sport);
		udp->dst_port = rte_cpu_to_be_16(e->dport);
		udp->dgram_len = rte_cpu_to_be_16(
			(uint16_t)(e->ip_len - sizeof(struct rte_ipv4_hdr)));
	} else if (e->proto == CGN_TCP) {
		tcp->src_port = rte_cpu_to_be_16(e->sport);
		tcp->dst_port = rte_cpu_to_be_16(e->dport);
		tcp->data_off = sizeof(*tcp) / 4 << 4;
		tcp->tcp_flags = e->tcp_flags;
	} else if (e->proto == CGN_ICMP) {
		icmp->icmp_type = e->icmp_type;
		icmp->icmp_ident = rte_cpu_to_be_16(e->sport);
	} else if (e->ip_proto == IPPROTO_GRE && e->dport != 0)
		cgn_pptp_gre_write(p, rte_cpu_to_be_16(e->dport));
}

struct rte_mbuf *
cgn_explain_frame(const struct cgn_control *c, const struct cgn_explain *e)
{
	static const struct rte_ether_addr host = {{0x02, 0, 0, 0, 0, 1}};
	static const uint8_t protos[CGN_N_PROTOS] = {
		[CGN_TCP] = IPPROTO_TCP, [CGN_UDP] = IPPROTO_UDP, [CGN_ICMP] = IPPROTO_ICMP};
	uint16_t l2 = cgn_l2_len(&e->tags);
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->mempool);
	struct rte_ipv4_hdr *ip;
	uint8_t *frame;

	if (m == NULL)
		return NULL;
	frame = (uint8_t *)rte_pktmbuf_append(m, CGN_PARSE_MAX_HEADERS);
	memset(frame, 0, CGN_PARSE_MAX_HEADERS);
	cgn_l2_write(frame, &c->dp->devs[e->port].mac, &host, &e->tags, RTE_ETHER_TYPE_IPV4);
	ip = (struct rte_ipv4_hdr *)(frame + l2);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16(e->ip_len);
	ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = e->ttl;
	ip->next_proto_id = e->proto == CGN_OTHER ? e->ip_proto : protos[e->proto];
	ip->src_addr = rte_cpu_to_be_32(e->src);
	ip->dst_addr = rte_cpu_to_be_32(e->dst);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	write_l4((uint8_t *)(ip + 1), e);
	if (m->pkt_len < (uint32_t)l2 + e->ip_len)
		m->pkt_len = (uint32_t)l2 + e->ip_len;
	return m;
}

void
cgn_explain_describe(const struct cgn_control *c, struct cgn_explain *e)
{
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_pkt pkt = {
		.n_tags = e->tags.n, .outer = e->tags.outer, .inner = e->tags.inner};
	uint16_t number = cgn_directory_iface(dir, e->port, &pkt);
	const struct cgn_range *range;
	const struct cgn_iface *iface;

	e->tenant = CGN_TENANT_BOX;
	e->inside = e->assigned_iface = CGN_NONE;
	if (number == CGN_IFACE_NONE)
		return;
	e->reached |= CGN_EXPLAIN_IFACE;
	e->iface = number;
	iface = &dir->ifaces[number];
	e->tenant = iface->tenant;
	if (iface->role == CGN_ROLE_OUTSIDE) {
		range = cgn_range_map_find(&dir->outside_dst, e->dst);
	} else {
		uint32_t inside = cgn_directory_inside_find(dir, iface->tenant, e->src);

		if (inside != CGN_NONE)
			e->assigned_iface = cgn_directory_run_at(dir, inside)->iface;
		if (e->assigned_iface != number)
			return;
		e->inside = inside;
		cgn_session_id_copy(c, inside, e->id);
		e->reached |= CGN_EXPLAIN_SOURCE;
		range = cgn_directory_inside_dst(dir, iface->tenant, e->dst);
	}
	e->reached |= CGN_EXPLAIN_DEST;
	e->has_route = range != NULL;
	if (range != NULL)
		e->dst_value = range->value;
}
