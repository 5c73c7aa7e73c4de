/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last stages of a packet that explain.c follows, and what control would do about a peer that
 * its mapping has not sent to yet. Control thread.
 */
#include "explain.h"
#include "verdict.h"

#include <string.h>

static void
run(struct cgn_worker *w)
{
	w->burst.miss.n = 0;
	cgn_in2out(w);
	cgn_out2in(w);
	cgn_hairpin(w);
}

/* Control's answer; the copy has the contact then. */
static enum cgn_fate
foresee(struct cgn_control *c, const struct cgn_worker *w, struct cgn_contacts *copy,
	struct cgn_explain *e)
{
	const uint32_t i = w->burst.found[0];
	const struct cgn_mapping *m = cgn_table_at(w->dp->table, i);
	const struct cgn_pkt *pkt = cgn_pkt_of(w->burst.mbufs[0]);

	e->reached |= CGN_EXPLAIN_CONTACT;
	copy->foreseen = cgn_contact_key(
		i, m->filter & CGN_FILTER_CONTACTS, m->proto, pkt->dst, pkt->dport);
	return cgn_contact_foresee(c, m, i, pkt);
}

/* The worker asks for the contact of a mapping that is there, within its rates; false: it is no
 * such packet, or it is dropped. */
static bool
asks(struct cgn_worker *w)
{
	if (w->burst.miss.n == 0)
		return false;
	cgn_punt_misses(w);
	if (w->new_flows.n == 0)
		return false;
	w->new_flows.n = 0;
	return true;
}

enum cgn_fate
cgn_explain_stages(struct cgn_control *c, struct cgn_worker *w, struct cgn_contacts *copy,
	struct cgn_explain *e)
{
	bool is_new = (e->reached & CGN_EXPLAIN_PORTS) != 0; /* with its contact, in one */
	enum cgn_fate fate;

	memcpy(copy, &c->contacts, sizeof(*copy));
	copy->is_copy = true;
	w->dp->contacts = copy;
	if (!is_new) {
		run(w);
		if (!asks(w))
			return CGN_FATE_NONE;
	}
	fate = foresee(c, w, copy, e);
	if (fate == CGN_FATE_NONE)
		run(w);
	return fate;
}
