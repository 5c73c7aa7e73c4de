/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions and the journal: who has an address is known after a restart too, so that the next owner
 * finds nothing of the one before (PMP-31), and the same one all that he had. Control thread.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_ring.h>

#include "control.h"

enum { ENDS_KEPT_FREE = 64 }; /* places in the ring that ends of lost sessions leave to others */

struct cgn_journal_record
cgn_state_session_record(const struct cgn_control *c, uint32_t session)
{
	const struct cgn_session_key *key = cgn_session_key_at(c, session);
	const struct cgn_session *s = &c->sessions.records[session];
	const struct cgn_tenant *tenant = &c->dp->dir->tenants[key->tenant];
	uint32_t number = c->subscribers[s->inside].use.class_number;
	struct cgn_journal_record r = {
		.type = CGN_JOURNAL_SESSION, .inside_addr = s->addr, .at_utc_s = s->began_utc_s};

	snprintf(r.tenant, sizeof(r.tenant), "%s",
		cgn_directory_tenant_name(c->dp->dir, key->tenant));
	snprintf(r.id, sizeof(r.id), "%s", key->id);
	if (number != 0 && number < tenant->n_classes && tenant->classes[number].name != NULL)
		snprintf(r.class_name, sizeof(r.class_name), "%s", tenant->classes[number].name);
	return r;
}

void
cgn_state_session(struct cgn_control *c, uint32_t session)
{
	struct cgn_journal_record r;

	if (c->state.ring == NULL)
		return;
	r = cgn_state_session_record(c, session);
	cgn_state_write(c, &r);
}

static void
make_end(struct cgn_journal_record *r)
{
	r->type = CGN_JOURNAL_SESSION_END;
	memset(r->filters, 0, sizeof(r->filters));
	memset(r->class_name, 0, sizeof(r->class_name));
}

void
cgn_state_session_end(struct cgn_control *c, uint32_t session)
{
	const struct cgn_session_key *key = cgn_session_key_at(c, session);
	struct cgn_journal_record r;

	/* What the journal has of a tenant that is gone ends at the next start. */
	if (c->state.ring == NULL || !cgn_directory_tenant_live(c->dp->dir, key->tenant))
		return;
	r = cgn_state_session_record(c, session);
	r.at_utc_s = (uint64_t)time(NULL);
	make_end(&r);
	cgn_state_write(c, &r);
}

bool
cgn_state_restore_session(struct cgn_control *c, const struct cgn_journal_record *r)
{
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t tenant = cgn_directory_tenant_find(dir, r->tenant), number, session = 0;
	uint32_t inside = tenant != CGN_NONE
		? cgn_directory_inside_find(dir, tenant, r->inside_addr)
		: CGN_NONE;
	struct cgn_journal_record end = *r;

	inside = inside != CGN_NONE ? cgn_directory_holder(dir, inside) : CGN_NONE;
	if (inside != CGN_NONE && c->subscribers[inside].use.session == 0 &&
		cgn_session_id_is_good(r->id) && cgn_session_find(c, tenant, r->id) == 0) {
		number = cgn_tenant_class_find(&dir->tenants[tenant], r->class_name);
		session = cgn_session_begin(
			c, tenant, inside, r->id, number != CGN_NONE ? (uint8_t)number : 0);
	}
	if (session != 0) {
		c->sessions.records[session].began_utc_s = (uint32_t)r->at_utc_s;
		return true;
	}
	/* When the ring is full it stays in the journal, and ends at a later start. */
	make_end(&end);
	if (c->state.ring != NULL && rte_ring_free_count(c->state.ring) > ENDS_KEPT_FREE)
		cgn_state_put(&c->state, &end);
	return false;
}

bool
cgn_state_is_of_owner(const struct cgn_control *c, uint32_t inside, uint64_t at_utc_s, bool is_late)
{
	uint32_t holder = cgn_directory_holder(c->dp->dir, inside), session;

	if (!cgn_directory_wants_session(c->dp->dir, inside))
		return true;
	session = c->subscribers[holder].use.session;
	if (session == 0)
		return false;
	return at_utc_s > c->sessions.records[session].began_utc_s ||
		(is_late && at_utc_s == c->sessions.records[session].began_utc_s);
}
