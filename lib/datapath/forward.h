/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What in2out, out2in, hairpin and icmp_error share: finding a mapping by its outside end, the MTU
 * check before a packet is changed, the translation. Worker threads.
 */
#pragma once

#include <rte_ip.h>
#include <rte_tcp.h>

#include "fragment.h"
#include "policy.h"
#include "tcp_mss.h"
#include "tcp_track.h"
#include "verdict.h"

/*
 * The mapping at an outside address and port, or NULL. For the rare lanes, which have no place for
 * pool indices in the burst.
 *
 * The pool's index may be a moment older than the entry: port and granule can have changed hands
 * between the loads (pool.h). An entry that is not exactly this one is no mapping.
 */
static inline struct cgn_mapping *
cgn_forward_find_outside(
	const struct cgn_worker *w, enum cgn_proto proto, rte_be32_t addr, rte_be16_t port)
{
	uint32_t host = rte_be_to_cpu_32(addr), found;
	const struct cgn_range *to = cgn_range_map_find(&w->dir->outside_dst, host);
	struct cgn_mapping *m;

	if (to == NULL || cgn_dst_class_of(to->value) != CGN_DST_POOL)
		return NULL;
	found = cgn_pool_find(w->dp->pool, cgn_dst_number(to->value) + (host - to->origin), proto,
		rte_be_to_cpu_16(port));
	if (found == CGN_MAPPING_NONE)
		return NULL;
	m = cgn_table_at(w->dp->table, found);
	return m->outside_addr == addr && m->outside_port == port && m->proto == proto ? m : NULL;
}

/*
 * Interface of a neighbour; NULL when the directory of this turn does not have it: the mapping is
 * older or newer than that, by a reload.
 */
static inline const struct cgn_iface *
cgn_forward_iface(const struct cgn_worker *w, uint32_t neigh)
{
	uint32_t i = w->dp->neigh->entries[neigh].iface;

	return cgn_directory_iface_live(w->dir, i) ? &w->dir->ifaces[i] : NULL;
}

/* Has nobody the address of the holder? Whose session it is goes with the packet. */
static inline bool
cgn_is_unserved(const struct cgn_worker *w, struct cgn_pkt *pkt, uint32_t holder)
{
	pkt->session = atomic_load_explicit(&w->dp->owners[holder], memory_order_relaxed);
	return (pkt->session & CGN_UNSERVED) != 0;
}

/* The next hop of the packet before: packets of a burst often share it. Begins with .neigh =
 * CGN_NONE. */
struct cgn_hop {
	uint32_t neigh;
	uint32_t mtu; /* of its link; UINT32_MAX when its interface is gone: cgn_tx ends it */
};

static inline uint32_t
cgn_forward_mtu(const struct cgn_worker *w, uint32_t neigh, struct cgn_hop *hop)
{
	const struct cgn_iface *iface;

	if (likely(neigh == hop->neigh))
		return hop->mtu;
	iface = cgn_forward_iface(w, neigh);
	hop->neigh = neigh;
	hop->mtu = iface != NULL ? iface->mtu : UINT32_MAX;
	return hop->mtu;
}

/* May the packet be cut? */
static inline bool
cgn_forward_may_cut(struct rte_mbuf *m, const struct cgn_pkt *pkt)
{
	return (*rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l3_off + 6) & 0x40) == 0;
}

/* True when the packet fits the link of its next hop, or tx.c may cut it; else it has been punted
 * or dropped. */
static inline bool
cgn_forward_fits(struct cgn_worker *w, struct rte_mbuf *m, const struct cgn_pkt *pkt)
{
	const struct cgn_iface *iface = cgn_forward_iface(w, pkt->neigh);

	if (iface == NULL || pkt->ip_len <= iface->mtu) /* NULL: cgn_tx ends it */
		return true;
	if (cgn_forward_may_cut(m, pkt))
		return true;
	cgn_punt_local(w, m, CGN_ACT_TOO_BIG, CGN_FATE_TOO_BIG);
	return false;
}

/*
 * What the mapping learns from a TCP segment, before it is changed; one of the inside renews
 * last_use_s. A RST answers something: it must not keep the mapping alive (RFC 7857 section 7.1).
 * With inbound_refresh a packet from outside may be the first of the second.
 */
static inline void
cgn_forward_track(struct cgn_worker *w, struct cgn_mapping *m, const uint8_t *frame,
	const struct cgn_pkt *pkt, enum cgn_dir dir)
{
	bool due = !cgn_tcp_is_calm(m, pkt->tcp_flags);

	if (dir == CGN_IN2OUT && !(pkt->tcp_flags & RTE_TCP_RST_FLAG))
		due |= cgn_mapping_touch(m, w->burst.now_s) ||
			(m->inbound_refresh && !cgn_tcp_is_told(m, pkt, frame));
	if (cgn_tcp_sessions_note(w->dp->tcp_sessions, m, pkt, frame, dir, w->burst.now_s) && due &&
		cgn_tcp_track(w->dp->table, m, pkt, frame, dir))
		cgn_mapping_touch(m, w->burst.now_s);
}

/* A SYN is made to announce no more than its tenant's nat.mss_max; before the translation. */
static inline void
cgn_forward_clamp(const struct cgn_worker *w, uint16_t tenant, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint32_t max;

	if (likely(!(pkt->tcp_flags & RTE_TCP_SYN_FLAG)) ||
		!cgn_directory_tenant_live(w->dir, tenant))
		return; /* not live: the mapping is older or newer than this turn's directory */
	max = w->dir->tenants[tenant].conf->nat.mss_max;
	if (max != 0)
		cgn_tcp_mss_clamp(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, pkt, (uint16_t)max);
}

/*
 * A translated packet, its fate set. Unless it is atomic (RFC 6864 section 4) it gets an identifier
 * that no other one from its new source has, and the rest of a datagram in fragments may follow.
 */
static inline void
cgn_forward_finish(struct cgn_worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(
		m, const struct rte_ipv4_hdr *, cgn_pkt_of(m)->l3_off);

	if (unlikely(w->dir->policies & CGN_POLICY_MARK))
		cgn_policy_mark(w, m);
	if ((ip->fragment_offset & RTE_BE16(0x7fff)) != RTE_BE16(RTE_IPV4_HDR_DF_FLAG))
		cgn_fragment_finish(w, m);
}

/*
 * Is nothing asked of the packets of this burst but their translation? Nobody records, and no
 * tenant's are marked.
 */
static inline bool
cgn_forward_is_plain(const struct cgn_worker *w)
{
	return w->tapping == 0 && !(w->dir->policies & CGN_POLICY_MARK);
}

/*
 * The usual packet of a plain burst: UDP, or a calm segment that nothing is to be learnt of, whose
 * mapping asks for nothing but the translation; atomic, and it fits its next hop, neigh, if that is
 * the one of the packet before. False says only that each test is to be made. Filters, last_use_s
 * and inbound_refresh are the caller's.
 */
static inline __attribute__((always_inline)) bool
cgn_forward_is_usual(const struct cgn_mapping *m, const struct cgn_pkt *pkt, const uint8_t *frame,
	const struct cgn_hop *hop, uint32_t neigh)
{
	rte_be16_t df;

	memcpy(&df, frame + pkt->l3_off + offsetof(struct rte_ipv4_hdr, fragment_offset),
		sizeof(df));
	if (neigh != hop->neigh || pkt->ip_len > hop->mtu || m->alg ||
		(df & RTE_BE16(0x7fff)) != RTE_BE16(RTE_IPV4_HDR_DF_FLAG))
		return false;
	if (pkt->proto == CGN_UDP)
		return true;
	return pkt->proto == CGN_TCP && cgn_tcp_is_calm(m, pkt->tcp_flags) &&
		atomic_load_explicit(&m->sessions, memory_order_relaxed) == 0;
}

static inline struct cgn_rewrite
cgn_forward_rewrite(const struct cgn_mapping *m, enum cgn_dir dir)
{
	return (struct cgn_rewrite){
		.addr = dir == CGN_IN2OUT ? m->outside_addr : m->inside_addr,
		.port = dir == CGN_IN2OUT ? m->outside_port : m->inside_port,
		.l3_delta = m->l3_delta,
		.l4_delta = m->l4_delta,
	};
}

/* Translates a usual packet. */
static inline __attribute__((always_inline)) void
cgn_forward_usual(
	const struct cgn_mapping *m, const struct cgn_pkt *pkt, uint8_t *frame, enum cgn_dir dir)
{
	const struct cgn_rewrite rw = cgn_forward_rewrite(m, dir);

	cgn_rewrite_ports(frame + pkt->l4_off, pkt, dir, rw.port,
		dir == CGN_IN2OUT ? rw.l4_delta : (uint16_t)~rw.l4_delta);
	cgn_rewrite_ip(frame + pkt->l3_off, dir, &rw, true);
}
