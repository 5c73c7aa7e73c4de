/* SPDX-License-Identifier: BSD-3-Clause */
/* What control writes for the journal; see state.h. */
#include "state.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "control.h"
#include "explicit_rules.h"

enum {
	RING_SIZE = 8192,
	RESYNC_SLICE = 64,
	RECORD_SIZE = RTE_ALIGN(sizeof(struct cgn_journal_record), 4)
};

/* A record padded to what rings carry. */
union slot {
	struct cgn_journal_record record;
	uint8_t bytes[RECORD_SIZE];
};

int
cgn_state_init(struct cgn_state *s, const char *name, int socket)
{
	char full[RTE_RING_NAMESIZE];

	snprintf(full, sizeof(full), "%.12s_state", name);
	s->ring = rte_ring_create_elem(
		full, sizeof(union slot), RING_SIZE, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return s->ring != NULL ? 0 : -ENOMEM;
}

void
cgn_state_fini(struct cgn_state *s)
{
	rte_ring_free(s->ring);
	memset(s, 0, sizeof(*s));
}

bool
cgn_state_put(struct cgn_state *s, const struct cgn_journal_record *r)
{
	union slot slot = {.record = *r};

	if (rte_ring_sp_enqueue_elem(s->ring, &slot, sizeof(slot)) != 0)
		return false;
	s->written++;
	return true;
}

static uint64_t
utc_now(void)
{
	return (uint64_t)time(NULL); /* the vDSO: no system call */
}

/* What is not written now will be, with everything else. */
void
cgn_state_write(struct cgn_control *c, const struct cgn_journal_record *r)
{
	if (cgn_state_put(&c->state, r))
		return; /* during a resync too: its cursor may have passed the record */
	c->state.resync = true;
	c->state.cursor = 0;
}

static struct cgn_journal_record
record_of(const struct cgn_control *c, enum cgn_journal_type type, const struct cgn_mapping *m)
{
	struct cgn_journal_record r = {.type = (uint8_t)type,
		.proto = m->proto == CGN_TCP ? IPPROTO_TCP : IPPROTO_UDP,
		.inside_addr = rte_be_to_cpu_32(m->inside_addr),
		.inside_port = rte_be_to_cpu_16(m->inside_port),
		.outside_addr = rte_be_to_cpu_32(m->outside_addr),
		.outside_port = rte_be_to_cpu_16(m->outside_port),
		.set_size = 1,
		.at_utc_s = utc_now()};

	snprintf(r.tenant, sizeof(r.tenant), "%s", cgn_conf_of(c, m->tenant)->name);
	return r;
}

static void
add_filters(const struct cgn_control *c, const struct cgn_mapping *m, struct cgn_journal_record *r)
{
	uint32_t set = cgn_filter_of(m);

	for (uint32_t f = 0; set != 0 && f < c->filters.sets[set].n; f++) {
		const struct cgn_filter_rule *rule = &c->filters.sets[set].rules[f];

		r->filters[r->n_filters++] = (struct cgn_journal_filter){
			.addr = rte_be_to_cpu_32(rule->addr),
			.prefix_len = (uint8_t)__builtin_popcount(rule->mask),
			.port = rte_be_to_cpu_16(rule->port)};
	}
}

/* What PEER was granted first, with its nonce; those for other peers are not kept. */
static void
add_peer(const struct cgn_explicit *e, struct cgn_journal_record *r)
{
	memcpy(r->nonce, e->peer.nonce, sizeof(r->nonce));
	r->n_filters = 1;
	r->filters[0] = (struct cgn_journal_filter){
		.addr = e->peer.addr, .prefix_len = 32, .port = e->peer.port};
}

static struct cgn_journal_record
set_record(const struct cgn_control *c, const struct cgn_mapping *m, const struct cgn_explicit *e)
{
	struct cgn_journal_record r = record_of(c, CGN_JOURNAL_SET, m);

	r.origin = e->origin;
	r.flags = e->adopted;
	r.client_addr = e->client_addr;
	r.client_port = e->client_port;
	r.set_first = e->set_first;
	r.set_size = e->set_size;
	memcpy(r.nonce, e->nonce, sizeof(r.nonce));
	r.ends_utc_s = e->origin == CGN_EXPLICIT_OPERATOR ? UINT64_MAX
							  : r.at_utc_s + cgn_explicit_left(c, e);
	if (e->origin == CGN_EXPLICIT_PCP_PEER && e->peer.addr != 0)
		add_peer(e, &r);
	else
		add_filters(c, m, &r);
	return r;
}

void
cgn_state_set(struct cgn_control *c, const struct cgn_mapping *m, const struct cgn_explicit *e)
{
	struct cgn_journal_record r;

	cgn_natlog_explicit(c, m, e, 0);
	if (c->state.ring == NULL)
		return;
	r = set_record(c, m, e);
	cgn_state_write(c, &r);
}

void
cgn_state_del(struct cgn_control *c, const struct cgn_mapping *m, uint32_t rest_s)
{
	struct cgn_journal_record r;

	if (c->state.ring == NULL)
		return;
	r = record_of(c, CGN_JOURNAL_DEL, m);
	r.ends_utc_s = r.at_utc_s + rest_s;
	cgn_state_write(c, &r);
}

void
cgn_state_forget(struct cgn_control *c, const struct cgn_journal_record *set)
{
	struct cgn_journal_record r = *set;

	if (c->state.ring == NULL)
		return;
	r.type = CGN_JOURNAL_DEL;
	r.n_filters = 0;
	r.at_utc_s = r.ends_utc_s = utc_now();
	cgn_state_write(c, &r);
}

static struct cgn_journal_record
epoch_record(const struct cgn_control *c, uint32_t tenant)
{
	struct cgn_journal_record r = {.type = CGN_JOURNAL_EPOCH,
		.at_utc_s = utc_now() - cgn_epoch_at(&c->epochs[tenant], c->now)};

	snprintf(r.tenant, sizeof(r.tenant), "%s", cgn_directory_tenant_name(c->dp->dir, tenant));
	return r;
}

void
cgn_state_epoch(struct cgn_control *c, uint32_t tenant)
{
	struct cgn_journal_record r;

	if (c->state.ring == NULL)
		return;
	r = epoch_record(c, tenant);
	cgn_state_write(c, &r);
}

void
cgn_state_restart(struct cgn_control *c, uint32_t tenant)
{
	cgn_state_epoch(c, tenant);
	c->state.resync = c->state.ring != NULL;
	c->state.cursor = 0;
}

/* Makes the record of the explicit mapping at place r; false when there is none to write. */
static bool
explicit_record(const struct cgn_control *c, uint32_t r, struct cgn_journal_record *record)
{
	uint32_t i = c->explicits.records[r].mapping;
	const struct cgn_mapping *m;

	if (r == 0 || i > c->table->capacity)
		return false; /* of a free record this is the next free one */
	m = cgn_table_at(c->table, i);
	if (m->explicit_ref != r || c->explicits.records[r].configured)
		return false;
	*record = set_record(c, m, &c->explicits.records[r]);
	return true;
}

/* The same of a session. */
static bool
session_record(const struct cgn_control *c, uint32_t session, struct cgn_journal_record *record)
{
	const struct cgn_session *s = &c->sessions.records[session];

	if (session == 0 || s->inside == CGN_NONE || s->is_ending)
		return false;
	*record = cgn_state_session_record(c, session);
	return true;
}

/* The same of place i: the tenants' epochs come first, then all sessions, then all mappings. */
static bool
resync_record(const struct cgn_control *c, uint32_t i, struct cgn_journal_record *record)
{
	const uint32_t n_tenants = c->dp->dir->n_tenants, n_sessions = c->sessions.n_records;

	if (i >= n_tenants + n_sessions)
		return explicit_record(c, i - n_tenants - n_sessions, record);
	if (i >= n_tenants)
		return session_record(c, i - n_tenants, record);
	if (!cgn_directory_tenant_live(c->dp->dir, i))
		return false;
	*record = epoch_record(c, i);
	record->flags = CGN_JOURNAL_ANEW;
	return true;
}

void
cgn_state_resync(struct cgn_control *c)
{
	const uint32_t end = c->dp->dir->n_tenants + c->sessions.n_records + c->explicits.capacity +
		1;
	struct cgn_journal_record record;

	if (!c->state.resync)
		return;
	for (int n = 0; n < RESYNC_SLICE && c->state.cursor < end; n++, c->state.cursor++)
		if (resync_record(c, c->state.cursor, &record) &&
			!cgn_state_put(&c->state, &record))
			return; /* the exporter is behind; go on here in a later turn */
	if (c->state.cursor < end)
		return;
	c->state.resync = false;
	c->state.resyncs++;
}

uint32_t
cgn_state_take(struct cgn_state *s, struct cgn_journal_record *records, uint32_t n)
{
	union slot slot;
	uint32_t k = 0;

	while (k < n && rte_ring_sc_dequeue_elem(s->ring, &slot, sizeof(slot)) == 0)
		records[k++] = slot.record;
	return k;
}
