/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * icmp_error: errors that others send about packets of subscribers or to them (RFC 5508 section 4).
 * The packet that an error quotes names the mapping; outer header and quote are translated by it.
 * No error makes, renews or ends a mapping, and none is answered by another.
 *
 * From outside any router may speak (RFC 4787 REQ-12), about a packet that the subscriber's outside
 * address has sent, to a peer whom the mapping's filter lets in: an error about somebody else's
 * packet is refused like that peer's own (ADV-23). From inside whoever is reached by the same next
 * hop as the subscriber that the packet went to: itself, or the routers before it (RFC 5508 REQ-5),
 * but no neighbour on the link (RFC 6269). To a pool address: both, one after the other (REQ-7).
 */
#include <rte_ip.h>

#include "contact_check.h"
#include "dependent_find.h"
#include "forward.h"
#include "icmp_quote.h"
#include "icmp_reply.h"
#include "other_proto.h"

/* One error on its way; the quote is kept up to date. */
struct error {
	struct rte_mbuf *m;
	struct cgn_pkt *pkt;
	struct cgn_icmp_quote quote;
};

static bool
is_translated(uint8_t icmp_type)
{
	/* Source quench is obsolete (RFC 6633 section 5), a redirect is for the link it was made
	 * on. */
	return icmp_type == CGN_ICMP_UNREACH || icmp_type == CGN_ICMP_TIME_EXCEEDED ||
		icmp_type == CGN_ICMP_PARAMETER;
}

/* Of the whole message, over all buffers; padding and extensions of the quote belong to it. */
static bool
csum_is_right(const struct error *e)
{
	uint32_t off = e->pkt->l4_off, end = (uint32_t)e->pkt->l3_off + e->pkt->ip_len;
	uint16_t sum;

	return rte_raw_cksum_mbuf(e->m, off, end - off, &sum) == 0 && sum == 0xffff;
}

/*
 * What a subscriber sends outside are requests, what comes in are answers. Both ways go hairpins,
 * and queries of an address that belongs to one subscriber.
 */
static bool
is_known_query(const struct cgn_worker *w, const struct error *e, const struct cgn_mapping *m)
{
	if (m->proto != CGN_ICMP || e->pkt->hairpin ||
		cgn_pool_owner(w->dp->pool, m->pool) != CGN_NONE)
		return true;
	return e->quote.icmp_type == (e->pkt->dir == CGN_IN2OUT ? 0 : 8);
}

static enum cgn_fate
read_error(struct error *e)
{
	if (!is_translated(e->pkt->icmp_type))
		return CGN_FATE_ICMP_OTHER;
	if (e->pkt->ttl <= 1)
		return CGN_FATE_TTL_EXPIRED;
	if (e->m->nb_segs > 1 && e->m->data_len < CGN_ICMP_QUOTE_HEADERS)
		rte_pktmbuf_linearize(e->m);
	if (e->m->nb_segs > 1 && e->m->data_len < CGN_ICMP_QUOTE_HEADERS)
		return CGN_FATE_ICMP_BAD_QUOTE;
	if (!csum_is_right(e))
		return CGN_FATE_ICMP_BAD_CSUM;
	cgn_icmp_quote_parse(
		rte_pktmbuf_mtod(e->m, const uint8_t *), e->m->data_len, e->pkt, &e->quote);
	switch ((enum cgn_icmp_quote_kind)e->quote.kind) {
	case CGN_QUOTE_FLOW:
		return CGN_FATE_NONE;
	case CGN_QUOTE_BAD_CSUM:
		return CGN_FATE_ICMP_BAD_CSUM;
	case CGN_QUOTE_FRAGMENT:
		return CGN_FATE_ICMP_QUOTE_FRAGMENT;
	default:
		return CGN_FATE_ICMP_BAD_QUOTE;
	}
}

/* A hairpin is rewritten twice, and received once. */
static void
rewrite(struct cgn_worker *w, struct error *e, const struct cgn_mapping *m, enum cgn_dir dir)
{
	struct cgn_rewrite rw = cgn_forward_rewrite(m, dir);

	if (unlikely(w->tapping != 0) && dir == (enum cgn_dir)e->pkt->dir)
		cgn_tap_received(w, e->m);
	cgn_icmp_quote_rewrite(rte_pktmbuf_mtod(e->m, uint8_t *), e->pkt, &e->quote, dir, &rw);
}

/* The quoted packet came to a subscriber of this attachment, from where the error goes. */
static enum cgn_fate
in2out(struct cgn_worker *w, struct error *e)
{
	const struct cgn_directory *dir = w->dir;
	const struct cgn_iface *iface = &dir->ifaces[e->pkt->iface];
	uint32_t dst = rte_be_to_cpu_32(e->quote.dst), found;
	const struct cgn_range *to = cgn_range_map_find(&iface->subscribers, dst);
	struct cgn_map_key key = {.port = e->quote.dport, .proto = e->quote.proto};
	const struct cgn_ends ends = {
		e->quote.dst, e->quote.src, e->quote.dport, e->quote.sport, e->quote.proto};
	const struct cgn_mapping *m;

	if (to == NULL || e->quote.src != e->pkt->dst)
		return CGN_FATE_ICMP_FOREIGN;
	key.inside = to->value + (dst - to->origin);
	if (key.inside != e->pkt->inside &&
		cgn_directory_inside_neigh(dir, key.inside) !=
			cgn_directory_inside_neigh(dir, e->pkt->inside))
		return CGN_FATE_ICMP_FOREIGN;
	cgn_table_find_bulk(w->dp->table, &key, 1, &found);
	if (found == CGN_MAPPING_NONE)
		found = cgn_dependent_at_inside(w, key.inside, &ends);
	if (found == CGN_MAPPING_NONE)
		return CGN_FATE_ICMP_NO_MAPPING;
	m = cgn_table_at(w->dp->table, found);
	if (!is_known_query(w, e, m))
		return CGN_FATE_ICMP_NO_MAPPING;
	rewrite(w, e, m, CGN_IN2OUT);
	return CGN_FATE_NONE;
}

/* The quoted packet was sent by the outside address that the error is for. */
static enum cgn_fate
out2in(struct cgn_worker *w, struct error *e)
{
	const struct cgn_icmp_quote *q = &e->quote;
	const struct cgn_mapping *m;
	enum cgn_fate refused;

	if (q->src != e->pkt->dst)
		return CGN_FATE_ICMP_FOREIGN;
	m = cgn_forward_find_outside(w, (enum cgn_proto)q->proto, q->src, q->sport);
	if (m == NULL)
		m = cgn_dependent_at_outside(
			w, &(struct cgn_ends){q->src, q->dst, q->sport, q->dport, q->proto});
	if (m == NULL || !is_known_query(w, e, m))
		return CGN_FATE_ICMP_NO_MAPPING;
	refused = cgn_peer_refused(w, m, q->dst, q->dport, false);
	if (refused != CGN_FATE_NONE)
		return refused;
	e->pkt->to_tenant = m->tenant;
	e->pkt->to_inside = m->inside;
	if (!e->pkt->hairpin)
		e->pkt->inside = m->inside;
	rewrite(w, e, m, CGN_OUT2IN);
	e->pkt->neigh = m->neigh;
	return CGN_FATE_NONE;
}

/* Returns a fate of what is forwarded, or why it is not. */
static enum cgn_fate
translate(struct cgn_worker *w, struct error *e)
{
	enum cgn_fate fate = read_error(e);
	const struct cgn_iface *iface;
	bool is_other = fate == CGN_FATE_ICMP_BAD_QUOTE && e->quote.kind == CGN_QUOTE_OTHER;

	if (is_other)
		fate = cgn_other_error(w, e->m, &e->quote);
	if (!is_other && fate == CGN_FATE_NONE && e->pkt->dir == CGN_IN2OUT)
		fate = in2out(w, e);
	if (!is_other && fate == CGN_FATE_NONE && (e->pkt->dir == CGN_OUT2IN || e->pkt->hairpin))
		fate = out2in(w, e);
	if (fate != CGN_FATE_NONE)
		return fate;
	iface = cgn_forward_iface(w, e->pkt->neigh);
	if (iface != NULL && e->pkt->ip_len > iface->mtu && !cgn_forward_may_cut(e->m, e->pkt))
		return CGN_FATE_TOO_BIG;
	cgn_rewrite_ttl(rte_pktmbuf_mtod(e->m, uint8_t *), e->pkt);
	if (e->pkt->hairpin)
		return CGN_FATE_HAIRPIN;
	return e->pkt->dir == CGN_IN2OUT ? CGN_FATE_IN2OUT : CGN_FATE_OUT2IN;
}

void
cgn_icmp_errors(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;

	for (uint32_t i = 0; i < b->icmp_error.n; i++) {
		uint8_t at = b->icmp_error.at[i];
		struct error e = {.m = b->mbufs[at], .pkt = cgn_pkt_of(b->mbufs[at])};
		enum cgn_fate fate = translate(w, &e);

		if (cgn_fate_is_forward(fate)) {
			e.pkt->fate = (uint8_t)fate;
			cgn_forward_finish(w, e.m);
			cgn_lane_add(&b->tx, at);
		} else
			cgn_drop(w, e.m, fate);
	}
}
