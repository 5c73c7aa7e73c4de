/* SPDX-License-Identifier: BSD-3-Clause */
/* SYNs that are answered late; see unsolicited.h. Called by punt_drain.c and loop.c. */
#include "unsolicited.h"

#include <errno.h>
#include <string.h>

#include "control.h"
#include "mem.h"

enum { WAIT_S = 6 /* RFC 5382 REQ-4 */, SLICE = 32 };

int
cgn_unsolicited_init(struct cgn_unsolicited_syns *s, int socket)
{
	s->ring = cgn_mem_zalloc("syns", CGN_UNSOLICITED_SYNS, sizeof(*s->ring), socket);
	s->of_tenant = cgn_mem_zalloc(
		"syns_tenants", CGN_MAX_TENANTS, sizeof(*s->of_tenant), socket);
	return s->ring != NULL && s->of_tenant != NULL ? 0 : -ENOMEM;
}

void
cgn_unsolicited_fini(struct cgn_unsolicited_syns *s)
{
	cgn_mem_free(s->ring);
	cgn_mem_free(s->of_tenant);
}

void
cgn_unsolicited_note(struct cgn_control *c, struct rte_mbuf *m)
{
	struct cgn_unsolicited_syns *s = &c->syns;
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	struct cgn_unsolicited_syn *syn = &s->ring[(s->first + s->n) % CGN_UNSOLICITED_SYNS];

	if (s->n < CGN_UNSOLICITED_SYNS && s->of_tenant[pkt->tenant] < CGN_UNSOLICITED_SYNS / 2) {
		s->n++;
		s->of_tenant[pkt->tenant]++;
		syn->due = c->now + WAIT_S * CGN_NS_PER_S;
		syn->pkt = *pkt;
		syn->len = RTE_MIN((uint32_t)m->data_len, (uint32_t)CGN_UNSOLICITED_HEAD);
		memcpy(syn->head, rte_pktmbuf_mtod(m, const uint8_t *), syn->len);
	}
	cgn_control_drop(c, m, (enum cgn_fate)pkt->fate);
}

/* Is everything that it names as it was? Reloads may have come since. */
static bool
is_current(const struct cgn_control *c, const struct cgn_pkt *pkt)
{
	const struct cgn_directory *dir = c->dp->dir;

	return cgn_is_current(c, pkt) && dir->ifaces[pkt->iface].role == CGN_ROLE_OUTSIDE &&
		dir->ifaces[pkt->iface].port == pkt->in_port &&
		cgn_directory_pool_live(dir, pkt->neigh) &&
		dir->pool_addrs[pkt->neigh] == rte_be_to_cpu_32(pkt->dst) &&
		dir->pool_tenants[pkt->neigh] == pkt->tenant &&
		dir->tenants[pkt->tenant].conf->nat.unsolicited_syn == CGN_UNSOLICITED_UNREACHABLE;
}

/* Would it get in by now? */
static bool
is_let_in(const struct cgn_control *c, const struct cgn_pkt *pkt)
{
	const struct cgn_port at = {.pool = pkt->neigh, .port = rte_be_to_cpu_16(pkt->dport)};
	const struct cgn_remote remote = {.addr = pkt->src, .port = pkt->sport};
	uint32_t i = cgn_outside_find(c, &at, CGN_TCP, &remote);
	struct cgn_contact_key key;
	uint32_t filter;

	if (i == CGN_MAPPING_NONE)
		return false;
	filter = atomic_load_explicit(&cgn_table_at(c->table, i)->filter, memory_order_relaxed);
	if (filter == 0)
		return true;
	if (!(filter & CGN_FILTER_CONTACTS))
		return cgn_filter_matches(&c->filters.sets[filter], pkt->src, pkt->sport);
	key = cgn_contact_key(i, filter, CGN_TCP, pkt->src, pkt->sport);
	return cgn_contact_find(&c->contacts, &key) != 0;
}

uint32_t
cgn_unsolicited_turn(struct cgn_control *c)
{
	struct cgn_unsolicited_syns *s = &c->syns;
	uint32_t n = 0;

	for (; n < SLICE && s->n > 0 && s->ring[s->first].due <= c->now; n++) {
		const struct cgn_unsolicited_syn *syn = &s->ring[s->first];

		s->first = (s->first + 1) % CGN_UNSOLICITED_SYNS;
		s->n--;
		s->of_tenant[syn->pkt.tenant]--;
		if (is_current(c, &syn->pkt) && !is_let_in(c, &syn->pkt))
			cgn_refuse_later(c, syn->head, syn->len, &syn->pkt);
	}
	return n;
}
