/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Punt: the only door to control. New flows and requests go within each subscriber's rate, and
 * within what its tenant and itself may have under way (punt_share.h), so that none of them keeps
 * the others out; ARP and refusals go by a ring of their own, each within the rate of a sender of
 * its interface or of a share (directory.h), so that neither can starve the other, nor one tenant
 * another. A full ring is a fate, not a wait.
 */
#include <string.h>

#include "forward.h"

/* A connection is opened by SYN without ACK, RST or FIN (ADV-21). */
enum { FLAGS_OPEN_MASK = 0x02 | 0x10 | 0x04 | 0x01, FLAG_SYN = 0x02 };

static void
flush_local(struct cgn_worker *w)
{
	struct cgn_punt_buffer *buf = &w->local;
	unsigned int sent;

	if (buf->n == 0)
		return;
	sent = rte_ring_sp_enqueue_burst(buf->ring, (void *const *)buf->mbufs, buf->n, NULL);
	cgn_counter_add(&w->counters.punted, sent);
	for (unsigned int i = sent; i < buf->n; i++)
		cgn_drop(w, buf->mbufs[i], CGN_FATE_LOCAL_RING_FULL);
	buf->n = 0;
}

/* The window bounds what is under way by what the ring holds. */
static void
flush_new_flows(struct cgn_worker *w)
{
	struct cgn_punt_buffer *buf = &w->new_flows;
	unsigned int sent;

	if (buf->n == 0)
		return;
	sent = rte_ring_sp_enqueue_burst(buf->ring, (void *const *)buf->mbufs, buf->n, NULL);
	cgn_counter_add(&w->counters.punted, sent);
	for (unsigned int i = sent; i < buf->n; i++) {
		const struct cgn_pkt *pkt = cgn_pkt_of(buf->mbufs[i]);

		cgn_punt_book(&w->punt_sent, pkt->tenant, pkt->lane, UINT32_MAX); /* takes back */
		cgn_drop(w, buf->mbufs[i], CGN_FATE_PUNT_RING_FULL);
	}
	buf->n = 0;
}

/* What the window has left is the most that a tenant may have of it, and what that leaves is the
 * most that a lane of its subscribers may have. */
static enum cgn_fate
refuse_share(const struct cgn_worker *w, const struct cgn_pkt *pkt)
{
	const struct cgn_punt_tenant *sent = &w->punt_sent.tenants[pkt->tenant];
	const struct cgn_punt_tenant *done = &w->punt_done.tenants[pkt->tenant];
	uint32_t left = w->punt_window - cgn_punt_under_way(&w->punt_sent.all, &w->punt_done.all);
	uint32_t of_tenant = cgn_punt_under_way(&sent->all, &done->all);

	if (left == 0)
		return CGN_FATE_PUNT_RING_FULL;
	if (of_tenant >= left)
		return CGN_FATE_PUNT_TENANT_SHARE;
	if (cgn_punt_under_way(&sent->lanes[pkt->lane], &done->lanes[pkt->lane]) >=
		left - of_tenant)
		return CGN_FATE_PUNT_SUBSCRIBER_SHARE;
	return CGN_FATE_NONE;
}

/* Hands a packet of a subscriber to control, if it has a share left; else it ends. */
static void
to_control(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_pkt_action action, uint32_t holder)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	enum cgn_fate fate;

	pkt->lane = (uint8_t)cgn_punt_lane(holder);
	fate = refuse_share(w, pkt);
	if (fate != CGN_FATE_NONE) {
		cgn_drop(w, m, fate);
		return;
	}
	if (w->new_flows.n == CGN_BURST)
		flush_new_flows(w);
	cgn_punt_book(&w->punt_sent, pkt->tenant, pkt->lane, 1);
	pkt->action = (uint8_t)action;
	w->new_flows.mbufs[w->new_flows.n++] = m;
}

void
cgn_punt_flush(struct cgn_worker *w)
{
	flush_new_flows(w);
	flush_local(w);
}

/*
 * ARP has rates of its own, by the sender's MAC: neither a flood of refused packets nor one station
 * may keep the others from being resolved.
 */
static uint64_t *
local_rate_state(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_pkt_action action)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	const uint8_t *src = rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_ADDR_LEN);
	uint32_t mac;

	if (action != CGN_ACT_ARP)
		return &w->local_full_at[cgn_directory_share(w->dir, pkt)];
	memcpy(&mac, src + 2, sizeof(mac)); /* the half that differs between stations */
	return &w->arp_full_at[(uint64_t)pkt->iface * CGN_ARP_RATES +
		(mac * UINT32_C(0x9e3779b1) >> 16) % CGN_ARP_RATES];
}

static void
to_local_ring(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_pkt_action action)
{
	if (w->local.n == CGN_BURST)
		flush_local(w);
	cgn_pkt_of(m)->action = (uint8_t)action;
	w->local.mbufs[w->local.n++] = m;
}

void
cgn_punt_local(
	struct cgn_worker *w, struct rte_mbuf *m, enum cgn_pkt_action action, enum cgn_fate refused)
{
	cgn_fragment_first_ends(w, m, refused);
	if (cgn_rate_take(&w->dir->local_rate, local_rate_state(w, m, action), w->burst.now))
		to_local_ring(w, m, action);
	else
		cgn_drop(w, m, refused);
}

void
cgn_punt_unsolicited(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_fate fate)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (pkt->proto == CGN_TCP && (pkt->tcp_flags & FLAGS_OPEN_MASK) == FLAG_SYN &&
		pkt->fragment == CGN_FRAGMENT_NONE &&
		cgn_directory_tenant_live(w->dir, pkt->tenant) &&
		w->dir->tenants[pkt->tenant].conf->nat.unsolicited_syn ==
			CGN_UNSOLICITED_UNREACHABLE &&
		cgn_rate_take(&w->dir->local_rate, &w->syn_full_at[pkt->tenant], w->burst.now)) {
		pkt->fate = (uint8_t)fate;
		to_local_ring(w, m, CGN_ACT_UNSOLICITED);
	} else
		cgn_drop(w, m, fate);
}

void
cgn_punt_request(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_rate *rate = &w->dir->tenants[pkt->tenant].request_rate;
	const uint32_t holder = cgn_directory_holder(w->dir, pkt->inside);

	if (cgn_is_unserved(w, pkt, holder))
		cgn_drop(w, m, CGN_FATE_NO_SESSION);
	else if (cgn_rate_take(rate, &w->request_full_at[holder], w->burst.now))
		to_control(w, m, CGN_ACT_PORTCTL, holder);
	else
		cgn_drop(w, m, CGN_FATE_PORTCTL_RATE);
}

void
cgn_punt_alg(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const uint32_t holder = cgn_directory_holder(w->dir, pkt->inside);

	if (cgn_is_unserved(w, pkt, holder))
		cgn_drop(w, m, CGN_FATE_NO_SESSION);
	else if (cgn_rate_take(&w->dir->punt_rate, &w->subscriber_full_at[holder], w->burst.now))
		to_control(w, m, CGN_ACT_ALG, holder);
	else
		cgn_drop(w, m, CGN_FATE_PUNT_SUBSCRIBER_RATE);
}

/*
 * A worker that cannot keep up loses packets at the device, whatever they are. A new flow costs it
 * several times what a packet of an established one does, on its way to control and back, so then
 * each tenant has only a part of a burst for them: what is refused here is cheap, and flows that
 * are there keep their share.
 */
static bool
is_beyond_burst(struct cgn_burst *b, uint32_t tenant)
{
	enum { NEW_FLOWS_BEHIND = 8 };

	return b->is_behind && b->new_flows[tenant % CGN_BURST_SHARES]++ >= NEW_FLOWS_BEHIND;
}

static enum cgn_fate
refuse_miss(struct cgn_worker *w, const struct cgn_pkt *pkt)
{
	if (pkt->resumed)
		return CGN_FATE_RESUME_MISS;
	if (pkt->proto == CGN_ICMP && pkt->icmp_type != 8) /* only queries open one */
		return pkt->dir == CGN_OUT2IN || pkt->hairpin ? CGN_FATE_NO_MAPPING
							      : CGN_FATE_ICMP_OTHER;
	if (pkt->proto == CGN_TCP && (pkt->tcp_flags & FLAGS_OPEN_MASK) != FLAG_SYN &&
		!w->dir->tenants[pkt->tenant].conf->nat.tcp_loose)
		return CGN_FATE_TCP_NOT_SYN;
	return CGN_FATE_NONE;
}

/*
 * Would the packet fit its way out if it had a mapping? One that would not makes none; it has been
 * punted or dropped then. A hairpin to an end that is nobody's has no way out.
 */
static bool
fits(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const uint32_t kept = pkt->neigh; /* of a packet from outside: its pool index */
	const struct cgn_mapping *to;

	if (pkt->dir == CGN_OUT2IN || (pkt->hairpin && pkt->proto == CGN_ICMP))
		pkt->neigh = cgn_directory_inside_neigh(w->dir, pkt->inside);
	else if (pkt->hairpin) {
		to = cgn_forward_find_outside(w, (enum cgn_proto)pkt->proto, pkt->dst, pkt->dport);
		if (to == NULL)
			return true;
		pkt->neigh = to->neigh;
	}
	if (!cgn_forward_fits(w, m, pkt))
		return false;
	pkt->neigh = kept;
	return true;
}

void
cgn_punt_misses(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;

	for (uint32_t i = 0; i < b->miss.n; i++) {
		struct rte_mbuf *m = b->mbufs[b->miss.at[i]];
		struct cgn_pkt *pkt = cgn_pkt_of(m);
		enum cgn_fate fate = refuse_miss(w, pkt);
		const uint32_t holder = cgn_directory_holder(w->dir, pkt->inside);

		if (fate == CGN_FATE_NONE && is_beyond_burst(b, pkt->tenant))
			fate = CGN_FATE_PUNT_TENANT_SHARE;
		if (fate == CGN_FATE_NONE && cgn_is_unserved(w, pkt, holder))
			fate = CGN_FATE_NO_SESSION;
		if (fate == CGN_FATE_NONE && !fits(w, m))
			continue;
		if (fate == CGN_FATE_NONE &&
			!cgn_rate_take(
				&w->dir->punt_rate, &w->subscriber_full_at[holder], w->burst.now))
			fate = CGN_FATE_PUNT_SUBSCRIBER_RATE;
		if (fate != CGN_FATE_NONE)
			cgn_drop(w, m, fate);
		else
			to_control(w, m, CGN_ACT_NEW_FLOW, holder);
	}
}
