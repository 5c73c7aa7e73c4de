/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classify: parse each packet, drop what is malformed or not for this box, and give the rest to
 * the half for its realm. The realm is the port's role, never an address (seed rule 1).
 */
#include "classify.h"

#include <string.h>

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

/* What is the same for all packets of a burst. */
struct intake {
	const struct cgn_port_tags *port;
	uint64_t mac;       /* of the port, as mac_of yields */
	uint64_t csum_mask; /* of ol_flags; 0: the device does not verify */
	bool is_outside;
	bool spots_natpmp; /* outside, and nobody captures: without a description */
	bool takes_untagged;
	struct cgn_pkt pkt; /* the half from the stages, of a packet without tags */
};

/* The destination address of a frame, of at least eight bytes, as a number. */
static uint64_t
mac_of(const void *frame)
{
	uint64_t word;

	memcpy(&word, frame, sizeof(word));
	return word & RTE_BE64(UINT64_C(0xffffffffffff0000));
}

static void
intake_init(struct intake *in, const struct cgn_worker *w)
{
	const struct cgn_dev *dev = &w->dp->devs[w->burst.port];
	const struct cgn_port_tags *port = &w->dir->ports[w->burst.port];
	uint8_t frame[sizeof(uint64_t)] = {0};

	memcpy(frame, &dev->mac, sizeof(dev->mac));
	*in = (struct intake){.port = port,
		.mac = mac_of(frame),
		.csum_mask = dev->rx_ip_csum ? RTE_MBUF_F_RX_IP_CKSUM_MASK : 0,
		.is_outside = port->role == CGN_ROLE_OUTSIDE,
		.spots_natpmp = port->role == CGN_ROLE_OUTSIDE && w->tapping == 0 && !w->describes,
		.takes_untagged = port->untagged != CGN_IFACE_NONE,
		.pkt = {.in_port = (uint8_t)w->burst.port,
			.worker = (uint8_t)w->id,
			.tenant = CGN_TENANT_BOX,
			.inside = CGN_NONE,
			.fate = CGN_FATE_NONE}};
	if (!in->takes_untagged)
		return;
	in->pkt.iface = port->untagged;
	in->pkt.tenant = w->dir->ifaces[port->untagged].tenant;
}

static inline void
begin(struct cgn_pkt *pkt, const struct intake *in)
{
	memcpy((uint8_t *)pkt + CGN_PKT_STAGES, (const uint8_t *)&in->pkt + CGN_PKT_STAGES,
		sizeof(*pkt) - CGN_PKT_STAGES);
}

static inline bool
csum_is_good(const struct rte_mbuf *m, const struct intake *in)
{
	return (m->ol_flags & in->csum_mask) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

/* A packet of any shape. */
static void
parse(struct rte_mbuf *m, const struct intake *in)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);

	/* Headers split over buffers: make them contiguous; what stays split is refused as cut. */
	if (m->nb_segs > 1 && m->data_len < CGN_PARSE_MAX_HEADERS)
		rte_pktmbuf_linearize(m);
	cgn_parse_any(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, m->pkt_len,
		csum_is_good(m, in), pkt);
	begin(pkt, in);
	pkt->tenant = CGN_TENANT_BOX;
}

static bool
is_group_mac(struct rte_mbuf *m)
{
	return (*rte_pktmbuf_mtod(m, const uint8_t *) & 1) != 0;
}

/* Not sent to the port's address, or ARP: only some ARP goes on from here, to control. */
static void
classify_link(struct cgn_worker *w, struct rte_mbuf *m, bool is_ours)
{
	if (!is_ours && !is_group_mac(m))
		cgn_drop(w, m, CGN_FATE_NOT_OUR_MAC);
	else if (cgn_pkt_of(m)->kind == CGN_PKT_ARP)
		cgn_punt_local(w, m, CGN_ACT_ARP, CGN_FATE_LOCAL_RATE);
	else
		cgn_drop(w, m, CGN_FATE_LINK_BROADCAST); /* RFC 1122 section 3.3.6 */
}

/* A packet of any shape, parsed: true if it is IPv4 and for this port, and so for a realm's half.
 */
static bool
is_for_us(struct cgn_worker *w, struct rte_mbuf *m, const struct intake *in)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint16_t number;
	bool is_ours;

	if (fate_of_kind[pkt->kind] != 0) {
		cgn_drop(w, m, (enum cgn_fate)fate_of_kind[pkt->kind]);
		return false;
	}
	number = cgn_directory_iface(w->dir, pkt->in_port, pkt);
	if (number == CGN_IFACE_NONE) {
		cgn_drop(w, m, CGN_FATE_UNKNOWN_TAGS);
		return false;
	}
	pkt->iface = number;
	pkt->tenant = w->dir->ifaces[number].tenant;
	is_ours = mac_of(rte_pktmbuf_mtod(m, const void *)) == in->mac;
	if (is_ours && pkt->kind != CGN_PKT_ARP)
		return true;
	classify_link(w, m, is_ours);
	return false;
}

/* Where the packets of a burst go that do not end in take_in. */
struct intake_lanes {
	struct cgn_lane natpmp, ours;
	uint32_t n_refused; /* NAT-PMP that is plain */
	struct rte_mbuf *refused[CGN_BURST];
};

/* A packet that is not plain, or not for us. True if it is for a realm's half. What is NAT-PMP from
 * outside is nothing else: that is asked before all. */
static __rte_noinline bool
take_in_other(struct cgn_worker *w, uint8_t at, const struct intake *in, bool plain,
	struct intake_lanes *lanes)
{
	struct rte_mbuf *m = w->burst.mbufs[at];

	if (!plain)
		parse(m, in);
	if (in->is_outside && cgn_is_natpmp(cgn_pkt_of(m))) {
		cgn_lane_add(&lanes->natpmp, at);
		return false;
	}
	return is_for_us(w, m, in);
}

/*
 * Each packet into one of the lanes, or to its end. How full the lanes are that most go to is kept
 * beside them: a number in memory would be waited for by each. is_outside: a constant.
 */
static inline __attribute__((always_inline)) void
take_in(struct cgn_worker *w, const struct intake *in, bool is_outside, struct intake_lanes *lanes)
{
	const uint32_t n = w->burst.n;
	uint32_t n_ours = 0, n_refused = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = w->burst.mbufs[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		struct cgn_pkt *pkt = cgn_pkt_of(m);
		bool plain;

		if (is_outside && in->spots_natpmp &&
			unlikely(cgn_parse_is_plain_natpmp(frame, m->data_len))) {
			lanes->refused[n_refused++] = m;
			continue;
		}
		plain = in->takes_untagged &&
			cgn_parse_plain(frame, m->data_len, m->pkt_len, csum_is_good(m, in), pkt);
		if (likely(plain))
			begin(pkt, in);
		lanes->ours.at[n_ours] = (uint8_t)i;
		if (likely(plain && mac_of(frame) == in->mac &&
			    !(is_outside && unlikely(cgn_is_natpmp(pkt)))))
			n_ours++;
		else
			n_ours += take_in_other(w, (uint8_t)i, in, plain, lanes);
	}
	lanes->ours.n = n_ours;
	lanes->n_refused = n_refused;
}

void
cgn_classify(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;
	struct intake_lanes lanes;
	struct intake in;

	intake_init(&in, w);
	lanes.natpmp.n = 0;
	cgn_burst_clear_lanes(b);
	if (in.is_outside)
		take_in(w, &in, true, &lanes);
	else
		take_in(w, &in, false, &lanes);
	if (lanes.n_refused > 0)
		cgn_classify_wan_natpmp_plain(w, lanes.refused, lanes.n_refused);
	if (lanes.natpmp.n > 0)
		cgn_classify_wan_natpmp(w, &lanes.natpmp);
	if (in.is_outside)
		cgn_classify_outside(w, &lanes.ours);
	else
		cgn_classify_inside(w, &lanes.ours);
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
