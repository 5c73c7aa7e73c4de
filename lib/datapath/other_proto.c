/* SPDX-License-Identifier: BSD-3-Clause */
/* The lane of protocols without ports; see other_proto.h. Called by worker.c and icmp_error.c. */
#include "other_proto.h"

#include <string.h>

#include "forward.h"

static bool
is_named(const struct cgn_worker *w, uint16_t tenant, uint8_t ip_proto)
{
	return cgn_directory_tenant_live(w->dir, tenant) &&
		cgn_tenant_names(&w->dir->tenants[tenant], ip_proto);
}

/*
 * The mapping of a pair, or NULL. As with ports (forward.h), an entry that is not exactly this one
 * is none: a reload may give a pool index to another address while a worker has looked it up.
 */
static struct cgn_mapping *
find(const struct cgn_worker *w, enum cgn_dir dir, uint32_t end, rte_be32_t addr, rte_be32_t remote,
	uint8_t ip_proto)
{
	uint32_t found = cgn_others_find(w->dp->others, dir, end, remote, ip_proto);
	struct cgn_mapping *m;

	if (found == CGN_MAPPING_NONE)
		return NULL;
	m = cgn_table_at(w->dp->table, found);
	return m->proto == CGN_OTHER && m->ip_proto == ip_proto && m->remote == remote &&
			(dir == CGN_IN2OUT ? m->inside_addr : m->outside_addr) == addr
		? m
		: NULL;
}

/* The other address of the mapping into the header at ip, as source or as destination. */
static void
write_addr(uint8_t *frame, uint32_t l3_off, bool is_source, rte_be32_t addr)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + l3_off);
	rte_be32_t was = is_source ? ip->src_addr : ip->dst_addr;

	ip->hdr_checksum = cgn_csum_update(ip->hdr_checksum, cgn_csum_delta32(was, addr));
	if (is_source)
		ip->src_addr = addr;
	else
		ip->dst_addr = addr;
}

static void
translate(struct cgn_worker *w, uint8_t at, struct cgn_mapping *m)
{
	struct rte_mbuf *mbuf = w->burst.mbufs[at];
	struct cgn_pkt *pkt = cgn_pkt_of(mbuf);
	bool in2out = pkt->dir == CGN_IN2OUT;
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);

	if (!in2out) {
		pkt->inside = m->inside;
		pkt->neigh = m->neigh;
	}
	if (!cgn_forward_fits(w, mbuf, pkt))
		return;
	if (in2out || m->inbound_refresh)
		cgn_mapping_touch(m, w->burst.now_s);
	if (unlikely(w->tapping != 0))
		cgn_tap_received(w, mbuf);
	write_addr(frame, pkt->l3_off, in2out, in2out ? m->outside_addr : m->inside_addr);
	cgn_rewrite_ttl(frame, pkt);
	pkt->fate = in2out ? CGN_FATE_IN2OUT : CGN_FATE_OUT2IN;
	if (unlikely(w->dir->policies & CGN_POLICY_MARK))
		cgn_policy_mark(w, mbuf);
	cgn_lane_add(&w->burst.tx, at);
}

static struct cgn_mapping *
find_for(const struct cgn_worker *w, const struct cgn_pkt *pkt)
{
	return pkt->dir == CGN_IN2OUT
		? find(w, CGN_IN2OUT, pkt->inside, pkt->src, pkt->dst, pkt->ip_proto)
		: find(w, CGN_OUT2IN, pkt->neigh, pkt->dst, pkt->src, pkt->ip_proto);
}

void
cgn_other_protos(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;

	for (uint32_t i = 0; i < b->other.n; i++) {
		uint8_t at = b->other.at[i];
		struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[at]);
		struct cgn_mapping *m;

		pkt->proto = CGN_OTHER;
		if (pkt->hairpin || !is_named(w, pkt->tenant, pkt->ip_proto)) {
			cgn_drop(w, b->mbufs[at], CGN_FATE_OTHER_PROTO);
			continue;
		}
		m = find_for(w, pkt);
		/* From outside a packet is the first only for who has the address for itself. */
		if (m == NULL && pkt->dir == CGN_OUT2IN)
			pkt->inside = cgn_pool_owner(w->dp->pool, pkt->neigh);
		if (m == NULL && pkt->inside == CGN_NONE)
			cgn_drop(w, b->mbufs[at], CGN_FATE_NO_MAPPING);
		else if (pkt->ttl <= 1)
			cgn_punt_local(w, b->mbufs[at], CGN_ACT_TTL, CGN_FATE_TTL_EXPIRED);
		else if (m == NULL)
			cgn_lane_add(&b->miss, at);
		else
			translate(w, at, m);
	}
}

/* About a packet of a subscriber, which its outside address has sent. */
static enum cgn_fate
error_out2in(struct cgn_worker *w, struct rte_mbuf *mbuf, const struct cgn_icmp_quote *q,
	uint8_t ip_proto)
{
	struct cgn_pkt *pkt = cgn_pkt_of(mbuf);
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	const struct cgn_mapping *m;

	if (q->src != pkt->dst)
		return CGN_FATE_ICMP_FOREIGN;
	m = find(w, CGN_OUT2IN, pkt->neigh, q->src, q->dst, ip_proto);
	if (m == NULL)
		return CGN_FATE_ICMP_NO_MAPPING;
	if (unlikely(w->tapping != 0))
		cgn_tap_received(w, mbuf);
	pkt->inside = m->inside;
	pkt->neigh = m->neigh;
	write_addr(frame, pkt->l3_off, false, m->inside_addr);
	write_addr(frame, q->l3_off, true, m->inside_addr);
	return CGN_FATE_NONE;
}

/* About a packet to the subscriber who sends the error, or to one behind the same router. */
static enum cgn_fate
error_in2out(struct cgn_worker *w, struct rte_mbuf *mbuf, const struct cgn_icmp_quote *q,
	uint8_t ip_proto)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(mbuf);
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	uint32_t dst = rte_be_to_cpu_32(q->dst), inside;
	const struct cgn_range *to = cgn_range_map_find(
		&w->dir->ifaces[pkt->iface].subscribers, dst);
	const struct cgn_mapping *m;

	if (to == NULL || q->src != pkt->dst)
		return CGN_FATE_ICMP_FOREIGN;
	inside = to->value + (dst - to->origin);
	if (inside != pkt->inside &&
		cgn_directory_inside_neigh(w->dir, inside) !=
			cgn_directory_inside_neigh(w->dir, pkt->inside))
		return CGN_FATE_ICMP_FOREIGN;
	m = find(w, CGN_IN2OUT, inside, q->dst, q->src, ip_proto);
	if (m == NULL)
		return CGN_FATE_ICMP_NO_MAPPING;
	if (unlikely(w->tapping != 0))
		cgn_tap_received(w, mbuf);
	write_addr(frame, pkt->l3_off, true, m->outside_addr);
	write_addr(frame, q->l3_off, false, m->outside_addr);
	return CGN_FATE_NONE;
}

/* What changes in the quote is an address and the checksum over it: the sum of the message stays.
 */
enum cgn_fate
cgn_other_error(struct cgn_worker *w, struct rte_mbuf *m, const struct cgn_icmp_quote *q)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint8_t ip_proto =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, q->l3_off)->next_proto_id;

	if (pkt->hairpin || !is_named(w, pkt->tenant, ip_proto))
		return CGN_FATE_ICMP_BAD_QUOTE;
	return pkt->dir == CGN_IN2OUT ? error_in2out(w, m, q, ip_proto)
				      : error_out2in(w, m, q, ip_proto);
}
