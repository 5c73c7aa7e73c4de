/* SPDX-License-Identifier: BSD-3-Clause */
/* The lane of fragments; see fragment.h. Called by classify, forward.h and worker.c on workers. */
#include "fragment.h"

#include <netinet/in.h>
#include <string.h>

#include "csum.h"
#include "forward.h"
#include "icmp_reply.h"
#include "policy.h"

enum {
	MAX_DATAGRAM = 65535, /* RFC 791 section 3.1: total length */
	EXPIRE_A_TURN = 32,   /* datagrams; what comes beyond 64 times that a second evicts */
	EVICT_TO_HOLD = 4,    /* datagrams, for one packet to be held */
};

static struct rte_ipv4_hdr *
ip_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, cgn_pkt_of(m)->l3_off);
}

/* Of a packet that is as it came in. */
static struct cgn_fragment_key
key_of(struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	bool out2in = pkt->dir == CGN_OUT2IN;

	return (struct cgn_fragment_key){.host = out2in ? rte_be_to_cpu_32(pkt->dst) : pkt->inside,
		.peer = out2in ? pkt->src : pkt->dst,
		.id = ip_of(m)->packet_id,
		.ip_proto = pkt->ip_proto,
		.dir = pkt->dir};
}

static uint32_t
find(const struct cgn_worker *w, struct rte_mbuf *m)
{
	const struct cgn_fragment_key key = key_of(m);

	return cgn_fragments_find(&w->fragments, &w->dp->fragment_secret, &key);
}

static void
drop_held(struct cgn_worker *w, uint32_t i, enum cgn_fate fate)
{
	struct rte_mbuf *m;

	while ((m = cgn_fragments_take(&w->fragments, i)) != NULL)
		cgn_drop(w, m, fate);
}

static void
forget(struct cgn_worker *w, uint32_t i, enum cgn_fate fate)
{
	drop_held(w, i, fate);
	cgn_fragments_del(&w->fragments, &w->dp->fragment_secret, i);
}

static void
refuse(struct cgn_worker *w, uint32_t i, enum cgn_fate fate)
{
	struct cgn_datagram *d = &w->fragments.datagrams[i];

	d->state = CGN_DATAGRAM_REFUSED;
	d->fate = (uint8_t)fate;
	drop_held(w, i, fate);
}

/* Whose share a packet takes: an outside address's (pool index), or the subscriber's (holder). */
static uint32_t
use_of(const struct cgn_worker *w, const struct cgn_pkt *pkt)
{
	return pkt->dir == CGN_OUT2IN ? pkt->neigh : cgn_directory_holder(w->dir, pkt->inside);
}

static uint32_t
limit_of(const struct cgn_worker *w, const struct cgn_pkt *pkt, uint32_t use)
{
	uint8_t number;

	if (pkt->dir == CGN_OUT2IN)
		return w->dir->conf->fragments.address;
	number = atomic_load_explicit(&w->dp->session_classes[use], memory_order_relaxed);
	return cgn_directory_class_at(w->dir, pkt->tenant, number, use)->quota.fragments;
}

/*
 * A new datagram, or 0 when its host has as many as it may. A tenant may have as many as are left
 * (as on the way to control, punt_share.h): a flood takes half of the table, there is always room
 * for others, and it is the flood's own oldest ones that make room for its new ones.
 */
static uint32_t
add(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_fragments *t = &w->fragments;
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_fragment_key key = key_of(m);
	const struct cgn_fragment_tenant *tenant = &t->tenants[pkt->tenant];
	uint32_t use = use_of(w, pkt);

	if (t->uses[pkt->dir][use].n >= limit_of(w, pkt, use))
		return 0;
	if (tenant->n >= t->capacity - t->n)
		forget(w, tenant->n > 0 ? tenant->list.oldest : t->by_age.oldest,
			CGN_FATE_FRAGMENT_HOLD_FULL);
	return cgn_fragments_add(t, &w->dp->fragment_secret, &key, pkt->tenant, use, w->burst.now);
}

static bool
has_room_to_hold(const struct cgn_fragments *t, const struct cgn_fragment_tenant *tenant)
{
	return tenant->n_held < t->hold - t->n_held;
}

/* Its datagram is noted already; older ones of the tenant make room if they can. */
static void
hold(struct cgn_worker *w, uint32_t i, struct rte_mbuf *m)
{
	struct cgn_fragments *t = &w->fragments;
	const struct cgn_datagram *d = &t->datagrams[i];
	const struct cgn_fragment_tenant *tenant = &t->tenants[d->tenant];

	if (t->uses[d->key.dir][d->use].n_held >= limit_of(w, cgn_pkt_of(m), d->use)) {
		cgn_drop(w, m, CGN_FATE_FRAGMENT_SHARE);
		return;
	}
	for (int n = 0; n < EVICT_TO_HOLD && !has_room_to_hold(t, tenant); n++) {
		if (tenant->list.oldest == i)
			break;
		forget(w, tenant->list.oldest, CGN_FATE_FRAGMENT_HOLD_FULL);
	}
	if (has_room_to_hold(t, tenant))
		cgn_fragments_hold(t, i, m);
	else
		cgn_drop(w, m, CGN_FATE_FRAGMENT_HOLD_FULL);
}

struct shape {
	uint32_t off, len; /* octets of the datagram's payload */
	bool is_last;
};

static struct shape
shape_of(struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint32_t field = rte_be_to_cpu_16(ip_of(m)->fragment_offset);

	return (struct shape){.off = (field & RTE_IPV4_HDR_OFFSET_MASK) * 8,
		.len = pkt->ip_len - (uint32_t)(pkt->l4_off - pkt->l3_off),
		.is_last = (field & RTE_IPV4_HDR_MF_FLAG) == 0};
}

/* Why the fragment alone is not taken, whatever else there is of its datagram; or FATE_NONE. */
static enum cgn_fate
judge(const struct cgn_pkt *pkt, const struct shape *s)
{
	uint32_t hdr = (uint32_t)(pkt->l4_off - pkt->l3_off);

	if (s->len == 0 || (!s->is_last && s->len % 8 != 0) || hdr + s->off + s->len > MAX_DATAGRAM)
		return CGN_FATE_FRAGMENT_BAD;
	if (pkt->ip_proto != IPPROTO_TCP && pkt->ip_proto != IPPROTO_UDP &&
		pkt->ip_proto != IPPROTO_ICMP)
		return CGN_FATE_OTHER_PROTO;
	if (pkt->fragment == CGN_FRAGMENT_TINY ||
		(pkt->ip_proto == IPPROTO_TCP && s->off == 8)) /* RFC 1858 section 3.2.2 */
		return CGN_FATE_FRAGMENT_TINY;
	if (pkt->fragment == CGN_FRAGMENT_LATER)
		return pkt->ttl <= 1 ? CGN_FATE_TTL_EXPIRED : CGN_FATE_NONE;
	if (pkt->ip_proto != IPPROTO_ICMP || pkt->icmp_type == 0 || pkt->icmp_type == 8)
		return CGN_FATE_NONE;
	/* An error's checksum must be right before what it says is believed (RFC 5508 REQ-3). */
	return pkt->icmp_type == CGN_ICMP_UNREACH || pkt->icmp_type == CGN_ICMP_TIME_EXCEEDED ||
			pkt->icmp_type == CGN_ICMP_PARAMETER
		? CGN_FATE_FRAGMENT
		: CGN_FATE_ICMP_OTHER;
}

/*
 * As the first fragment was changed, but for the transport header, which only that one has. False:
 * it has been dropped.
 */
static bool
translate(struct cgn_worker *w, const struct cgn_datagram *d, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_iface *iface = cgn_forward_iface(w, d->neigh);
	struct rte_ipv4_hdr *ip = ip_of(m);
	uint64_t delta;

	pkt->inside = d->inside;
	/* Nobody is told about a later fragment (RFC 1812 section 4.3.2.7). */
	if (iface != NULL && pkt->ip_len > iface->mtu && !cgn_forward_may_cut(m, pkt)) {
		cgn_drop(w, m, CGN_FATE_TOO_BIG);
		return false;
	}
	if (unlikely(w->tapping != 0))
		cgn_tap_received(w, m);
	delta = cgn_csum_delta32(ip->src_addr, d->src) + cgn_csum_delta32(ip->dst_addr, d->dst) +
		cgn_csum_delta16(ip->packet_id, d->id);
	ip->src_addr = d->src;
	ip->dst_addr = d->dst;
	ip->packet_id = d->id;
	ip->hdr_checksum = cgn_csum_update(ip->hdr_checksum, delta);
	cgn_rewrite_ttl(rte_pktmbuf_mtod(m, uint8_t *), pkt);
	pkt->neigh = d->neigh;
	pkt->to_tenant = d->to_tenant;
	pkt->to_inside = d->to_inside;
	pkt->fate = d->fate;
	if (unlikely(w->dir->policies & CGN_POLICY_MARK))
		cgn_policy_mark(w, m);
	return true;
}

/* A later fragment, noted as new, of a datagram that is not refused. */
static void
follow(struct cgn_worker *w, uint32_t i, uint8_t at)
{
	struct rte_mbuf *m = w->burst.mbufs[at];
	const struct cgn_datagram *d = &w->fragments.datagrams[i];

	if (d->state == CGN_DATAGRAM_WAITS) {
		hold(w, i, m);
		return;
	}
	if (translate(w, d, m))
		cgn_lane_add(&w->burst.tx, at);
	if (cgn_datagram_is_whole(d) && !d->is_released)
		forget(w, i, CGN_FATE_NONE); /* holds nothing */
}

/* Not new: the fragment ends, with all others if two do not agree. */
static void
end_known(struct cgn_worker *w, uint32_t i, struct rte_mbuf *m, enum cgn_fragment_novelty novelty)
{
	if (novelty == CGN_FRAGMENT_AGAIN) {
		cgn_drop(w, m, CGN_FATE_FRAGMENT_DUPLICATE);
		return;
	}
	refuse(w, i, CGN_FATE_FRAGMENT_OVERLAP);
	cgn_drop(w, m, CGN_FATE_FRAGMENT_OVERLAP);
}

bool
cgn_fragment_enter(struct cgn_worker *w, uint8_t at)
{
	struct rte_mbuf *m = w->burst.mbufs[at];
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct shape s = shape_of(m);
	enum cgn_fate fate = judge(pkt, &s);
	enum cgn_fragment_novelty novelty;
	uint32_t i;

	if (fate != CGN_FATE_NONE) {
		if (fate == CGN_FATE_OTHER_PROTO) { /* has no ports: each finds its own way */
			cgn_lane_add(&w->burst.other, at);
			return false;
		}
		if (pkt->fragment != CGN_FRAGMENT_LATER)
			cgn_fragment_refuse(w, m, fate);
		cgn_drop(w, m, fate);
		return false;
	}
	i = find(w, m);
	if (i == 0)
		i = add(w, m);
	if (i == 0) {
		cgn_drop(w, m, CGN_FATE_FRAGMENT_SHARE);
		return false;
	}
	if (w->fragments.datagrams[i].state == CGN_DATAGRAM_REFUSED) {
		cgn_drop(w, m, (enum cgn_fate)w->fragments.datagrams[i].fate);
		return false;
	}
	novelty = cgn_fragments_note(&w->fragments, i, s.off, s.len, s.is_last);
	if (novelty != CGN_FRAGMENT_NEW) {
		end_known(w, i, m, novelty);
		return false;
	}
	if (pkt->fragment == CGN_FRAGMENT_FIRST) {
		pkt->kind = CGN_PKT_FLOW;
		return true;
	}
	follow(w, i, at);
	return false;
}

void
cgn_fragment_refuse(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_fate fate)
{
	uint32_t i;

	if (cgn_pkt_of(m)->kind != CGN_PKT_FRAGMENT)
		return;
	i = find(w, m);
	if (i == 0)
		i = add(w, m);
	if (i != 0)
		refuse(w, i, fate);
}

void
cgn_fragment_end_rest(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_fate fate)
{
	uint32_t i = find(w, m);

	if (i != 0)
		refuse(w, i, fate);
}

/* The first fragment is on its way: what it looks like holds for the others. */
static void
lead(struct cgn_worker *w, uint32_t i, struct rte_mbuf *m)
{
	struct cgn_fragments *t = &w->fragments;
	struct cgn_datagram *d = &t->datagrams[i];
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct rte_ipv4_hdr *ip = ip_of(m);

	if (d->state != CGN_DATAGRAM_WAITS)
		return;
	/* It may come back from control after a reload has taken its next hop away. Then it ends in
	 * tx, and the number may be another one's before the rest comes. */
	if (!cgn_directory_neigh_live(w->dir, pkt->neigh)) {
		refuse(w, i, CGN_FATE_RECONFIGURED);
		return;
	}
	d->state = CGN_DATAGRAM_GOES;
	d->fate = pkt->fate;
	d->src = ip->src_addr;
	d->dst = ip->dst_addr;
	d->id = ip->packet_id;
	d->inside = pkt->inside;
	d->to_inside = pkt->to_inside;
	d->to_tenant = pkt->to_tenant;
	d->neigh = pkt->neigh;
	if (d->n_held > 0) {
		d->is_released = true;
		d->next_released = t->released;
		t->released = i;
	} else if (cgn_datagram_is_whole(d))
		forget(w, i, CGN_FATE_NONE);
}

void
cgn_fragment_finish(struct cgn_worker *w, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	struct rte_ipv4_hdr *ip = ip_of(m);
	uint32_t i = pkt->fragment == CGN_FRAGMENT_FIRST ? find(w, m) : 0;
	rte_be16_t id;

	/* From outside the sender's identifiers stay: each of its destinations behind the box has
	 * a part of what it sent to one address. */
	if (pkt->fate != CGN_FATE_OUT2IN) {
		id = cgn_ip_id_next(
			&w->ip_ids, &w->dp->fragment_secret, ip->src_addr, pkt->dst, pkt->ip_proto);
		ip->hdr_checksum = cgn_csum_update(
			ip->hdr_checksum, cgn_csum_delta16(ip->packet_id, id));
		ip->packet_id = id;
	}
	if (i != 0)
		lead(w, i, m);
}

void
cgn_fragment_release(struct cgn_worker *w)
{
	struct cgn_fragments *t = &w->fragments;

	while (t->released != 0) {
		uint32_t i = t->released;
		struct cgn_datagram *d = &t->datagrams[i];
		struct rte_mbuf *m;

		t->released = d->next_released;
		d->is_released = false;
		while ((m = cgn_fragments_take(t, i)) != NULL)
			if (translate(w, d, m))
				cgn_tx_one(w, m);
		if (cgn_datagram_is_whole(d))
			forget(w, i, CGN_FATE_NONE);
	}
}

/* Has a reload taken away what the held packet was told by the directory before? */
static bool
is_current_packet(const struct cgn_directory *dir, const struct cgn_datagram *d, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);

	if (!cgn_directory_iface_live(dir, pkt->iface))
		return false;
	if (d->key.dir == CGN_OUT2IN)
		return cgn_directory_pool_live(dir, d->use) &&
			dir->pool_tenants[d->use] == d->tenant;
	return pkt->hairpin || cgn_directory_neigh_live(dir, pkt->neigh);
}

static bool
is_current(struct cgn_worker *w, const struct cgn_datagram *d)
{
	const struct cgn_directory *dir = w->dir;

	if (!cgn_directory_tenant_live(dir, d->tenant) ||
		(d->key.dir == CGN_IN2OUT && !cgn_directory_inside_live(dir, d->key.host)))
		return false;
	if (d->state == CGN_DATAGRAM_GOES)
		return cgn_directory_neigh_live(dir, d->neigh) &&
			cgn_directory_inside_live(dir, d->inside) &&
			(d->fate != CGN_FATE_HAIRPIN ||
				cgn_directory_tenant_live(dir, d->to_tenant));
	return d->n_held == 0 || is_current_packet(dir, d, w->fragments.held[d->first_held].m);
}

static void
end_reconfigured(struct cgn_worker *w)
{
	const struct cgn_fragments *t = &w->fragments;
	uint32_t newer;

	for (uint32_t i = t->by_age.oldest; i != 0; i = newer) {
		newer = t->datagrams[i].links[CGN_FRAGMENT_BY_AGE].newer;
		if (!is_current(w, &t->datagrams[i]))
			forget(w, i, CGN_FATE_RECONFIGURED);
	}
}

void
cgn_fragment_turn(struct cgn_worker *w, bool is_switched)
{
	const struct cgn_fragments *t = &w->fragments;
	cgn_ns_t timeout = w->dir->conf->fragments.timeout * CGN_NS_PER_S;

	if (is_switched)
		end_reconfigured(w);
	for (int n = 0; n < EXPIRE_A_TURN && t->by_age.oldest != 0; n++) {
		if (w->burst.now - t->datagrams[t->by_age.oldest].made < timeout)
			break;
		forget(w, t->by_age.oldest, CGN_FATE_FRAGMENT_TIMEOUT);
	}
}

void
cgn_fragment_drain(struct cgn_worker *w)
{
	while (w->fragments.n > 0)
		forget(w, w->fragments.by_age.oldest, CGN_FATE_STOPPED);
}
