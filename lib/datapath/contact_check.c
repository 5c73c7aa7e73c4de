/* SPDX-License-Identifier: BSD-3-Clause */
/* The slow halves of contact_check.h: for mappings with a filter or with contacts. */
#include "contact_check.h"

#include <rte_tcp.h>

static uint32_t
find(const struct cgn_worker *w, const struct cgn_mapping *m, uint32_t filter, rte_be32_t addr,
	rte_be16_t port)
{
	const struct cgn_contact_key key = cgn_contact_key(
		(uint32_t)(m - w->dp->table->entries), filter, m->proto, addr, port);

	return cgn_contact_find(w->dp->contacts, &key);
}

enum cgn_fate
cgn_peer_refused_slow(const struct cgn_worker *w, const struct cgn_mapping *m, rte_be32_t addr,
	rte_be16_t port, bool refresh)
{
	uint32_t filter = atomic_load_explicit(&m->filter, memory_order_acquire), contact;

	if (filter == 0)
		return CGN_FATE_NONE;
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
cgn_contact_is_known(const struct cgn_worker *w, const struct cgn_mapping *m, uint32_t filter,
	const struct cgn_pkt *pkt)
{
	uint32_t contact = find(w, m, filter, pkt->dst, pkt->dport);

	if (contact == 0)
		return false;
	/* A RST keeps nothing alive (RFC 7857 section 7.1). */
	if (pkt->proto != CGN_TCP || !(pkt->tcp_flags & RTE_TCP_RST_FLAG))
		cgn_contact_touch(w->dp->contacts, contact, w->burst.now_s);
	return true;
}
