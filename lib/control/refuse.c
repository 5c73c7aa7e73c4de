/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Refusal: the packet is dropped and counted, and its sender told by ICMP from the box's address on
 * the sender's side, within the share of who it is for
 * in icmp.errors_per_s (RFC 6888 REQ-11, RFC 5508 REQ-8, RFC 1812 section
 * 4.3.2.8). The packet is as it came in: nothing is translated yet.
 */
#include <string.h>

#include "arp.h"
#include "control.h"
#include "icmp_reply.h"

enum { IP_FLAG_DF = 0x40 };

/* What to say about a fate; type 0 (never an error) means nothing. */
static struct cgn_icmp_error
error_for(const struct cgn_control *c, const uint8_t *frame, const struct cgn_pkt *pkt,
	enum cgn_fate fate)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_icmp_error err = {.src = rte_cpu_to_be_32(dir->ifaces[pkt->iface].onlink.addr)};

	switch (fate) {
	case CGN_FATE_TTL_EXPIRED:
		err.type = CGN_ICMP_TIME_EXCEEDED;
		break;
	case CGN_FATE_TOO_BIG:
		if ((frame[pkt->l3_off + 6] & IP_FLAG_DF) == 0)
			break;
		err.type = CGN_ICMP_UNREACH;
		err.code = CGN_ICMP_UNREACH_FRAG;
		err.mtu = dir->ifaces[c->neigh->entries[pkt->neigh].iface].mtu;
		break;
	case CGN_FATE_NATPMP_OFF: /* RFC 6886 section 3.8 */
		err.type = CGN_ICMP_UNREACH;
		err.code = CGN_ICMP_UNREACH_PORT;
		break;
	default: /* AMB-13: code 1, host unreachable */
		err.type = CGN_ICMP_UNREACH;
		err.code = CGN_ICMP_UNREACH_HOST;
		break;
	}
	return err;
}

/* Back to the station that sent the frame, by the interface it came in by. */
static void
send_error(struct cgn_control *c, const uint8_t *frame, uint32_t frame_len,
	const struct cgn_pkt *pkt, const struct cgn_icmp_error *err)
{
	const struct cgn_iface *iface = &c->dp->dir->ifaces[pkt->iface];
	const struct rte_ether_addr *to =
		(const struct rte_ether_addr *)(frame + RTE_ETHER_ADDR_LEN);
	struct rte_mbuf *m = cgn_originate(c, CGN_ORIG_ICMP_ERROR, iface->port);
	uint16_t l2 = cgn_l2_len(&iface->tags), len;
	uint8_t *p;

	if (m == NULL)
		return;
	p = rte_pktmbuf_mtod(m, uint8_t *);
	cgn_l2_write(p, to, &c->dp->devs[iface->port].mac, &iface->tags, RTE_ETHER_TYPE_IPV4);
	len = (uint16_t)cgn_icmp_error_write(p + l2, frame, frame_len, pkt, err);
	m->data_len = (uint16_t)(l2 + len);
	m->pkt_len = m->data_len;
	cgn_pkt_of(m)->iface = pkt->iface;
	cgn_pkt_of(m)->worker = pkt->worker;
	cgn_reinject(c, m, CGN_ACT_SEND_RAW);
}

void
cgn_refuse_later(
	struct cgn_control *c, const uint8_t *frame, uint32_t frame_len, const struct cgn_pkt *pkt)
{
	const struct cgn_icmp_error err = {
		.src = rte_cpu_to_be_32(c->dp->dir->ifaces[pkt->iface].onlink.addr),
		.type = CGN_ICMP_UNREACH,
		.code = CGN_ICMP_UNREACH_PORT};

	if (cgn_icmp_error_allowed(frame, pkt) &&
		cgn_error_rates_take(&c->error_rates, cgn_directory_share(c->dp->dir, pkt), c->now))
		send_error(c, frame, frame_len, pkt, &err);
}

void
cgn_refuse(struct cgn_control *c, struct rte_mbuf *m, enum cgn_fate fate)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct cgn_icmp_error err = error_for(c, frame, pkt, fate);

	if (err.type != 0 && cgn_icmp_error_allowed(frame, pkt) &&
		cgn_error_rates_take(&c->error_rates, cgn_directory_share(c->dp->dir, pkt), c->now))
		send_error(c, frame, m->data_len, pkt, &err);
	cgn_control_drop(c, m, fate);
}
