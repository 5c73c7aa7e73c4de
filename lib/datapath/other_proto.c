/* SPDX-License-Identifier: BSD-3-Clause */
/* The lane of protocols without ports; see other_proto.h. Called by worker.c and icmp_error.c. */
#include "other_proto.h"

#include <netinet/in.h>
#include <string.h>

#include "forward.h"
#include "pptp.h"

static bool
is_named(const struct cgn_worker *w, uint16_t tenant, uint8_t ip_proto)
{
	return cgn_directory_tenant_live(w->dir, tenant) &&
		cgn_tenant_names(&w->dir->tenants[tenant], ip_proto);
}

/*
 * As with ports (forward.h), an entry that is not exactly this one is none: a reload may give a
 * pool index to another address while a worker has looked it up.
 */
static struct cgn_mapping *
verify(const struct cgn_worker *w, uint32_t found, enum cgn_dir dir, rte_be32_t addr,
	rte_be32_t remote)
{
	struct cgn_mapping *m;

	if (found == CGN_MAPPING_NONE)
		return NULL;
	m = cgn_table_at(w->dp->table, found);
	return m->proto == CGN_OTHER && m->remote == remote &&
			(dir == CGN_IN2OUT ? m->inside_addr : m->outside_addr) == addr
		? m
		: NULL;
}

/* The mapping of a pair, or NULL. end: inside index or pool index of addr. */
static struct cgn_mapping *
find(const struct cgn_worker *w, enum cgn_dir dir, uint32_t end, rte_be32_t addr, rte_be32_t remote,
	uint8_t ip_proto)
{
	struct cgn_mapping *m = verify(
		w, cgn_others_find(w->dp->others, dir, end, remote, ip_proto), dir, addr, remote);

	return m != NULL && !m->call && m->ip_proto == ip_proto ? m : NULL;
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
	if (m->call && !in2out)
		memcpy(frame + pkt->l4_off + CGN_PPTP_GRE_CALL, &m->inside_port,
			sizeof(m->inside_port));
	cgn_rewrite_ttl(frame, pkt);
	pkt->fate = in2out ? CGN_FATE_IN2OUT : CGN_FATE_OUT2IN;
	if (unlikely(w->dir->policies & CGN_POLICY_MARK))
		cgn_policy_mark(w, mbuf);
	cgn_lane_add(&w->burst.tx, at);
}

/* Is it of a tenant's PPTP? Fragments show no call, or would part from those that do. */
static bool
names_call(const struct cgn_worker *w, struct rte_mbuf *mbuf, rte_be16_t *call)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(mbuf);
	uint32_t end = RTE_MIN((uint32_t)pkt->l3_off + pkt->ip_len, (uint32_t)mbuf->data_len);

	return pkt->ip_proto == IPPROTO_GRE && pkt->fragment == CGN_FRAGMENT_NONE &&
		cgn_directory_tenant_live(w->dir, pkt->tenant) &&
		w->dir->tenants[pkt->tenant].conf->alg.pptp && end > pkt->l4_off &&
		cgn_pptp_gre(rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, pkt->l4_off),
			end - pkt->l4_off, call);
}

uint32_t
cgn_other_find(const struct cgn_worker *w, struct rte_mbuf *mbuf, bool *call)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(mbuf);
	enum cgn_dir dir = (enum cgn_dir)pkt->dir;
	uint32_t end = dir == CGN_IN2OUT ? pkt->inside : pkt->neigh, found;
	rte_be32_t remote = dir == CGN_IN2OUT ? pkt->dst : pkt->src;
	rte_be16_t id;

	*call = false;
	if (names_call(w, mbuf, &id)) {
		found = cgn_others_find_call(w->dp->others, dir, end, remote, id);
		*call = found != CGN_MAPPING_NONE;
		if (*call)
			return found;
	}
	return is_named(w, pkt->tenant, pkt->ip_proto)
		? cgn_others_find(w->dp->others, dir, end, remote, pkt->ip_proto)
		: CGN_MAPPING_NONE;
}

static struct cgn_mapping *
find_for(const struct cgn_worker *w, struct rte_mbuf *mbuf)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(mbuf);
	bool in2out = pkt->dir == CGN_IN2OUT, call;
	uint32_t found = cgn_other_find(w, mbuf, &call);
	struct cgn_mapping *m = verify(w, found, (enum cgn_dir)pkt->dir,
		in2out ? pkt->src : pkt->dst, in2out ? pkt->dst : pkt->src);

	return m != NULL && m->call == call && m->ip_proto == pkt->ip_proto ? m : NULL;
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
		m = pkt->hairpin ? NULL : find_for(w, b->mbufs[at]);
		if (pkt->hairpin || (m == NULL && !is_named(w, pkt->tenant, pkt->ip_proto))) {
			cgn_drop(w, b->mbufs[at], CGN_FATE_OTHER_PROTO);
			continue;
		}
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
