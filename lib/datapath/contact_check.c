/* SPDX-License-Identifier: BSD-3-Clause */
/* The slow halves of contact_check.h: for mappings with a filter or with contacts. */
#include "contact_check.h"

#include <rte_prefetch.h>
#include <rte_tcp.h>

static inline struct cgn_contact_key
key_of(const struct cgn_worker *w, const struct cgn_mapping *m, uint32_t filter, rte_be32_t addr,
	rte_be16_t port)
{
	return cgn_contact_key((uint32_t)(m - w->dp->table->entries), filter, m->proto, addr, port);
}

static uint32_t
find(const struct cgn_worker *w, const struct cgn_mapping *m, uint32_t filter, rte_be32_t addr,
	rte_be16_t port)
{
	const struct cgn_contact_key key = key_of(w, m, filter, addr, port);

	return cgn_contact_find(w->dp->contacts, &key);
}

enum cgn_fate
cgn_peer_refused_slow(struct cgn_worker *w, const struct cgn_mapping *m, rte_be32_t addr,
	rte_be16_t port, bool refresh)
{
	uint32_t filter = atomic_load_explicit(&m->filter, memory_order_acquire), contact;

	if (filter == 0)
		return CGN_FATE_NONE;
	w->burst.asks_peers = true;
	if (!(filter & CGN_FILTER_CONTACTS))
		return cgn_filter_matches(&w->dp->filters->sets[filter], addr, port)
			? CGN_FATE_NONE
			: CGN_FATE_FILTERED;
	contact = find(w, m, filter, addr, port);
	if (contact == 0)
		return CGN_FATE_NO_CONTACT;
	if (refresh && m->inbound_refresh)
		cgn_contact_touch(w->dp->contacts, contact, w->burst.now_s);
	return CGN_FATE_NONE;
}

bool
cgn_contact_is_known(struct cgn_worker *w, const struct cgn_mapping *m, uint32_t filter,
	const struct cgn_pkt *pkt)
{
	uint32_t contact = find(w, m, filter, pkt->dst, pkt->dport);

	w->burst.asks_peers = true;
	if (contact == 0)
		return false;
	/* A RST keeps nothing alive (RFC 7857 section 7.1). */
	if (pkt->proto != CGN_TCP || !(pkt->tcp_flags & RTE_TCP_RST_FLAG))
		cgn_contact_touch(w->dp->contacts, contact, w->burst.now_s);
	return true;
}

/* A set is longer than a line, and need not begin one. */
static void
prefetch_set(const struct cgn_filter_set *set)
{
	rte_prefetch0(set);
	rte_prefetch0(&set->rules[1]);
}

/* Filter sets, and buckets of contacts; then the records of the contacts. */
static void
prefetch_lane(const struct cgn_worker *w, const struct cgn_lane *lane, enum cgn_dir dir)
{
	uint32_t hashes[CGN_BURST], n = 0;

	for (uint32_t i = 0; i < lane->n; i++) {
		const struct cgn_pkt *pkt = cgn_pkt_of(w->burst.mbufs[lane->at[i]]);
		const struct cgn_mapping *m = cgn_table_at(
			w->dp->table, w->burst.found[lane->at[i]]);
		uint32_t filter = atomic_load_explicit(&m->filter, memory_order_relaxed);
		struct cgn_contact_key key;

		if ((filter & CGN_FILTER_CONTACTS) != 0) {
			key = dir == CGN_IN2OUT ? key_of(w, m, filter, pkt->dst, pkt->dport)
						: key_of(w, m, filter, pkt->src, pkt->sport);
			hashes[n++] = cgn_contact_prefetch(w->dp->contacts, &key);
		} else if (filter != 0 && dir == CGN_OUT2IN) {
			prefetch_set(&w->dp->filters->sets[filter]);
		}
	}
	for (uint32_t i = 0; i < n; i++)
		cgn_contact_prefetch_record(w->dp->contacts, hashes[i]);
}

void
cgn_peers_prefetch_slow(struct cgn_worker *w)
{
	w->burst.asks_peers = false;
	prefetch_lane(w, &w->burst.hit_in2out, CGN_IN2OUT);
	prefetch_lane(w, &w->burst.hit_out2in, CGN_OUT2IN);
}
