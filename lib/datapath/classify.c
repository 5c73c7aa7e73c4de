/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classify: parse each packet, drop what is malformed or not for this box, and give the rest to
 * the half for its realm. The realm is the port's role, never an address (seed rule 1).
 */
#include "classify.h"

#include "icmp_reply.h"
#include "parse.h"
#include "verdict.h"

/* Kinds that can only be dropped, whichever side they came from. */
static const uint8_t fate_of_kind[CGN_N_PKT_KINDS] = {
	[CGN_PKT_BAD_ETH] = CGN_FATE_BAD_ETH,
	[CGN_PKT_BAD_TAGS] = CGN_FATE_BAD_TAGS,
	[CGN_PKT_NOT_IP4] = CGN_FATE_NOT_IP4,
	[CGN_PKT_BAD_IP] = CGN_FATE_BAD_IP,
	[CGN_PKT_BAD_IP_LEN] = CGN_FATE_BAD_IP_LEN,
	[CGN_PKT_BAD_IP_CSUM] = CGN_FATE_BAD_IP_CSUM,
	[CGN_PKT_SOURCE_ROUTE] = CGN_FATE_SOURCE_ROUTE,
	[CGN_PKT_BAD_L4] = CGN_FATE_BAD_L4,
};

static void
parse(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	bool csum_good = w->dp->devs[w->burst.port].rx_ip_csum &&
		(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;

	/* Headers split over buffers: make them contiguous; what stays split is refused as cut. */
	if (m->nb_segs > 1 && m->data_len < CGN_PARSE_MAX_HEADERS)
		rte_pktmbuf_linearize(m);
	cgn_parse(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, m->pkt_len, csum_good, pkt);
	pkt->in_port = w->burst.port;
	pkt->worker = (uint8_t)w->id;
	pkt->tenant = CGN_TENANT_BOX;
	pkt->inside = CGN_NONE;
	pkt->fate = CGN_FATE_NONE;
}

/* True when the frame's destination is this port. */
static bool
is_our_mac(const struct cgn_worker *w, struct rte_mbuf *m, uint16_t port)
{
	return rte_is_same_ether_addr(
		rte_pktmbuf_mtod(m, const struct rte_ether_addr *), &w->dp->devs[port].mac);
}

static bool
is_group_mac(struct rte_mbuf *m)
{
	return (*rte_pktmbuf_mtod(m, const uint8_t *) & 1) != 0;
}

static void
classify_one(struct cgn_worker *w, uint8_t at)
{
	struct rte_mbuf *m = w->burst.mbufs[at];
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_directory *dir = w->dir;
	const struct cgn_iface *iface;
	uint16_t number;

	parse(w, m);
	if (dir->ports[pkt->in_port].role == CGN_ROLE_OUTSIDE && cgn_classify_wan_natpmp(w, m))
		return;
	if (fate_of_kind[pkt->kind] != 0) {
		cgn_drop(w, m, (enum cgn_fate)fate_of_kind[pkt->kind]);
		return;
	}
	number = cgn_directory_iface(dir, pkt->in_port, pkt);
	if (number == CGN_IFACE_NONE) {
		cgn_drop(w, m, CGN_FATE_UNKNOWN_TAGS);
		return;
	}
	iface = &dir->ifaces[number];
	pkt->iface = number;
	pkt->tenant = iface->tenant;
	if (!is_our_mac(w, m, pkt->in_port) && !is_group_mac(m))
		cgn_drop(w, m, CGN_FATE_NOT_OUR_MAC);
	else if (pkt->kind == CGN_PKT_ARP)
		cgn_punt_local(w, m, CGN_ACT_ARP, CGN_FATE_LOCAL_RATE);
	else if (is_group_mac(m))
		cgn_drop(w, m, CGN_FATE_LINK_BROADCAST); /* RFC 1122 section 3.3.6 */
	else if (dir->ports[pkt->in_port].role == CGN_ROLE_INSIDE)
		cgn_classify_inside(w, at, iface);
	else
		cgn_classify_outside(w, at);
}

void
cgn_classify(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;

	cgn_burst_clear_lanes(b);
	for (uint32_t i = 0; i < b->n; i++)
		classify_one(w, (uint8_t)i);
}

void
cgn_answer_echo(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame;

	if (!cgn_rate_take(&w->dir->echo_rate, &w->echo_full_at[cgn_directory_share(w->dir, pkt)],
		    w->burst.now)) {
		cgn_drop(w, m, CGN_FATE_ECHO_RATE);
		return;
	}
	if (unlikely(w->tapping != 0))
		cgn_tap_received(w, m);
	cgn_icmp_echo_reply(frame, pkt);
	eth->dst_addr = eth->src_addr;
	eth->src_addr = w->dp->devs[pkt->in_port].mac;
	pkt->fate = CGN_FATE_ANSWERED_ECHO;
	pkt->out_port = pkt->in_port;
	cgn_tx_buffer(w, m);
}
