/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reclaim: unlinked entries are collected in one list; when the list before it has been given back,
 * the list is closed with an RCU token and waits until each worker has been through a quiescent
 * point since. One grace period for thousands of entries, and control never waits for it.
 */
#include "control.h"

enum { RECLAIM_SLICE = 512 };

static void
close_list(struct cgn_control *c)
{
	c->waiting = c->open;
	c->waiting.token = rte_rcu_qsbr_start(c->dp->rcu);
	c->open = (struct cgn_limbo){.first = CGN_MAPPING_NONE};
	c->grace_since = c->now;
	c->grace_over = false;
}

uint32_t
cgn_reclaim(struct cgn_control *c)
{
	uint32_t n = 0;

	if (c->waiting.n == 0) {
		if (c->open.n > 0)
			close_list(c);
		return 0;
	}
	if (!c->grace_over) {
		if (rte_rcu_qsbr_check(c->dp->rcu, c->waiting.token, false) == 0)
			return 0;
		if (c->now - c->grace_since > c->grace_wait_ns_max)
			c->grace_wait_ns_max = c->now - c->grace_since;
		c->grace_over = true;
	}
	for (; n < RECLAIM_SLICE && c->waiting.first_filter != 0; n++) {
		uint32_t set = c->waiting.first_filter;

		c->waiting.first_filter = c->filters.sets[set].next;
		c->waiting.n--;
		cgn_filter_free(&c->filters, set);
	}
	for (; n < RECLAIM_SLICE && c->waiting.first_sessions != 0; n++) {
		uint32_t r = c->waiting.first_sessions;

		c->waiting.first_sessions = c->tcp_sessions.ctl[r].next;
		c->waiting.n--;
		cgn_tcp_sessions_free(&c->tcp_sessions, r);
	}
	for (; n < RECLAIM_SLICE && c->waiting.first_contact != 0; n++) {
		uint32_t r = c->waiting.first_contact;

		c->waiting.first_contact = c->contacts.records[r].next;
		c->waiting.n--;
		cgn_contact_reclaim(&c->contacts, r);
	}
	for (; n < RECLAIM_SLICE && c->waiting.n > 0; n++) {
		uint32_t i = c->waiting.first;
		struct cgn_mapping *m = cgn_table_at(c->table, i);

		c->waiting.first = c->table->sides[i].wheel.next;
		c->waiting.n--;
		if (m->dependent)
			cgn_share_reclaim(c, i);
		else if (m->proto == CGN_OTHER) {
			cgn_others_reclaim(&c->others, m);
			cgn_table_free(c->table, i);
		} else
			cgn_table_reclaim(c->table, i);
	}
	return n;
}
