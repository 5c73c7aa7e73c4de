/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From datagrams to changes of sessions and back to answers. Called by app/cgnatd/radius.c on the
 * RADIUS thread; radius_tell.c counts and logs.
 */
#include "radius.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "radius_tell.h"

static_assert((int)CGN_RADIUS_BATCH <= (int)CGN_SESSION_BATCH, "a batch goes to control at once");

/* A datagram from its arrival to its answer. */
struct cgn_radius_work {
	struct cgn_radius_client *client; /* NULL: nobody's */
	const struct cgn_radius_tenant *tenant;
	struct cgn_radius_request req;
	struct cgn_radius_origin origin;
	enum cgn_accounting_result result;
	bool is_new;                     /* noted in seen by this datagram */
	uint32_t change;                 /* of changes, or CGN_NONE */
	struct cgn_radius_record before; /* what its record was */
};

struct cgn_radius *
cgn_radius_create(struct cgn_radius_settings *settings, cgn_radius_apply_fn apply, void *ctx)
{
	struct cgn_radius *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->works = calloc(CGN_RADIUS_BATCH, sizeof(*r->works));
	r->changes = calloc(CGN_SESSION_BATCH, sizeof(*r->changes));
	if (r->works == NULL || r->changes == NULL || cgn_radius_seen_init(&r->seen) < 0) {
		free(r->works);
		free(r->changes);
		free(r);
		errno = ENOMEM;
		return NULL;
	}
	pthread_mutex_init(&r->lock, NULL);
	r->settings = settings;
	r->apply = apply;
	r->apply_ctx = ctx;
	return r;
}

void
cgn_radius_destroy(struct cgn_radius *r)
{
	if (r == NULL)
		return;
	cgn_radius_settings_destroy(r->settings);
	cgn_radius_records_fini(&r->records);
	cgn_radius_seen_fini(&r->seen);
	pthread_mutex_destroy(&r->lock);
	free(r->works);
	free(r->changes);
	free(r);
}

/* The client in other settings that this one is: the same prefix, tenant, address and port. */
static const struct cgn_radius_client *
find_same(const struct cgn_radius_settings *in, const struct cgn_radius_settings *of,
	const struct cgn_radius_client *client)
{
	const struct cgn_radius_listen *at = &of->listens[client->listen];
	const struct cgn_radius_client *same;
	uint32_t i = 0;

	while (i < in->n_listens &&
		(in->listens[i].addr != at->addr || in->listens[i].port != at->port))
		i++;
	same = cgn_radius_settings_find(in, i, client->prefix.addr);
	return same != NULL && same->prefix.addr == client->prefix.addr &&
			same->prefix.len == client->prefix.len &&
			in->tenants[same->tenant].number == of->tenants[client->tenant].number
		? same
		: NULL;
}

void
cgn_radius_adopt(struct cgn_radius *r, struct cgn_radius_settings *settings)
{
	struct cgn_radius_settings *old = r->settings;

	pthread_mutex_lock(&r->lock);
	for (uint32_t i = 0; i < settings->n_clients; i++) {
		struct cgn_radius_client *to = &settings->clients[i];
		const struct cgn_radius_client *from = find_same(old, settings, to);

		if (from == NULL)
			continue;
		memcpy(to->counts, from->counts, sizeof(to->counts));
		memcpy(to->told, from->told, sizeof(to->told));
		memcpy(to->told_at, from->told_at, sizeof(to->told_at));
		to->told_class_at = from->told_class_at;
	}
	r->settings = settings;
	pthread_mutex_unlock(&r->lock);
	cgn_radius_settings_destroy(old);
}

/* Keeps the count of sessions with what has become of a record. */
static void
count_session(struct cgn_radius *r, bool before, bool after)
{
	if (before != after)
		cgn_counter_add(&r->n_sessions, after ? 1 : UINT64_MAX);
}

static void
set_record(struct cgn_radius *r, struct cgn_radius_record *record,
	const struct cgn_radius_record *value)
{
	bool is_other = record->owner.key != value->owner.key;

	count_session(r, record->owner.key != 0, value->owner.key != 0);
	*record = *value;
	if (is_other)
		cgn_radius_records_own(&r->records, record);
}

/* What control has made of a change becomes the result of its work. */
static void
take_result(struct cgn_radius *r, struct cgn_radius_work *work)
{
	static const enum cgn_accounting_result results[CGN_N_SESSION_RESULTS] = {
		[CGN_SESSION_PENDING] = CGN_ACCOUNTING_NOT_RECORDED,
		[CGN_SESSION_ADDED] = CGN_ACCOUNTING_ADDED,
		[CGN_SESSION_REFRESHED] = CGN_ACCOUNTING_REFRESHED,
		[CGN_SESSION_CLASSED] = CGN_ACCOUNTING_REFRESHED,
		[CGN_SESSION_MOVED] = CGN_ACCOUNTING_MOVED,
		[CGN_SESSION_REMOVED] = CGN_ACCOUNTING_ENDED,
		[CGN_SESSION_NONE] = CGN_ACCOUNTING_NOT_OWNER,
		[CGN_SESSION_NO_TENANT] = CGN_ACCOUNTING_NOT_RECORDED,
		[CGN_SESSION_NO_ADDRESS] = CGN_ACCOUNTING_NOT_OURS,
		[CGN_SESSION_NO_CLASS] = CGN_ACCOUNTING_REFUSED,
		[CGN_SESSION_BAD_ID] = CGN_ACCOUNTING_REFUSED,
		[CGN_SESSION_FULL] = CGN_ACCOUNTING_REFUSED,
	};
	enum cgn_accounting_result result = results[r->changes[work->change].result];
	struct cgn_radius_record *record = cgn_radius_records_find(
		&r->records, work->before.tenant, work->before.addr);

	if (result == CGN_ACCOUNTING_NOT_RECORDED)
		set_record(r, record, &work->before); /* the NAS will say it again */
	else if (result == CGN_ACCOUNTING_NOT_OURS || result == CGN_ACCOUNTING_REFUSED)
		set_record(r, record,
			&(struct cgn_radius_record){
				.tenant = record->tenant, .addr = record->addr});
	/* What the record knows is more than what control says: who was there, what is stale. */
	if (work->result == CGN_ACCOUNTING_STALE &&
		(result == CGN_ACCOUNTING_ENDED || result == CGN_ACCOUNTING_NOT_OWNER))
		return;
	if (work->result == CGN_ACCOUNTING_TAKEN_OVER && result == CGN_ACCOUNTING_ADDED)
		return;
	work->result = result;
}

/* Gives control what has gathered; from works, the latest first so that records go back in order.
 */
static void
flush(struct cgn_radius *r, uint32_t n_works)
{
	if (r->n_changes == 0)
		return;
	r->apply(r->apply_ctx, r->changes, r->n_changes); /* what it left undone says so itself */
	for (uint32_t i = n_works; i-- > 0;) {
		if (r->works[i].change == CGN_NONE)
			continue;
		take_result(r, &r->works[i]);
		r->works[i].change = CGN_NONE;
	}
	r->n_changes = 0;
}

static struct cgn_session_change *
put_change(struct cgn_radius *r, enum cgn_session_kind kind, uint32_t tenant, uint32_t addr,
	const char *id)
{
	struct cgn_session_change *change = &r->changes[r->n_changes++];

	*change = (struct cgn_session_change){
		.kind = (uint8_t)kind, .tenant = tenant, .addr = addr};
	memcpy(change->id, id, sizeof(change->id));
	return change;
}

static struct cgn_radius_stamp
stamp_of(const struct cgn_radius *r, const struct cgn_radius_request *req)
{
	uint64_t delay_ms = req->delay_s * UINT64_C(1000);

	return (struct cgn_radius_stamp){
		.at_ms = r->utc_ms > delay_ms ? r->utc_ms - delay_ms : 0,
		.nas_s = req->event_s,
		.nas = req->nas,
	};
}

/* The access server has no sessions: all that came by it end. False when control did not do it. */
static bool
sweep(struct cgn_radius *r, const struct cgn_radius_work *work)
{
	const struct cgn_radius_stamp stamp = stamp_of(r, &work->req);
	uint32_t first = 0, i = 0;

	while (i < r->records.n) {
		for (first = i, r->n_changes = 0;
			i < r->records.n && r->n_changes < CGN_SESSION_BATCH; i++) {
			const struct cgn_radius_record *record = &r->records.records[i];

			if (record->tenant == work->tenant->number &&
				cgn_radius_is_swept(record, &stamp))
				put_change(r, CGN_SESSION_REMOVE, record->tenant, record->addr,
					record->id);
		}
		if (r->n_changes > 0 && r->apply(r->apply_ctx, r->changes, r->n_changes) < 0) {
			r->n_changes = 0;
			return false; /* all of it comes again */
		}
		for (; first < i; first++)
			if (r->records.records[first].tenant == work->tenant->number &&
				cgn_radius_sweep(&r->records.records[first], &stamp))
				count_session(r, true, false);
	}
	r->n_changes = 0;
	return true;
}

/* The text that names the subscriber. */
static bool
read_id(const struct cgn_radius_work *work, char *id)
{
	const struct cgn_radius_request *req = &work->req;
	const struct cgn_radius_text *texts[] = {
		[CGN_RADIUS_BY_USER_NAME] = &req->user_name,
		[CGN_RADIUS_BY_CLASS] = &req->class_value,
		[CGN_RADIUS_BY_CALLING_STATION] = &req->calling_station,
		[CGN_RADIUS_BY_ACCT_SESSION_ID] = &req->session,
	};

	return cgn_radius_text_str(texts[work->tenant->subscriber], id, CGN_SESSION_ID_LEN);
}

/* The class that it names, or "": the session is worth more than its class. */
static void
read_class(const struct cgn_radius *r, const struct cgn_radius_work *work, char *name)
{
	const struct cgn_radius_tenant *tenant = work->tenant;

	if (tenant->class_from == CGN_RADIUS_CLASS_NONE ||
		!cgn_radius_text_str(tenant->class_from == CGN_RADIUS_CLASS_FILTER_ID
				? &work->req.filter_id
				: &work->req.class_value,
			name, CGN_NAME_LEN))
		return;
	if (cgn_radius_tenant_has_class(tenant, name))
		return;
	cgn_radius_tell_class(r, work->client, name);
	name[0] = '\0';
}

/* Start, Interim-Update or Stop of an address. */
static void
change_session(struct cgn_radius *r, struct cgn_radius_work *work)
{
	struct cgn_radius_event event = {.kind = work->req.kind,
		.said = {.key = cgn_radius_session_key(&work->req),
			.stamp = stamp_of(r, &work->req)}};
	uint32_t tenant = work->tenant->number, addr = work->req.framed_addr;
	struct cgn_session_change *change;
	struct cgn_radius_verdict verdict;
	struct cgn_radius_record *record;

	if (!read_id(work, event.id) && event.kind != CGN_ACCOUNTING_STOP) {
		work->result = CGN_ACCOUNTING_INCOMPLETE;
		return;
	}
	record = cgn_radius_records_add(&r->records, tenant, addr, r->utc_ms);
	if (record == NULL) {
		work->result = CGN_ACCOUNTING_NOT_RECORDED;
		return;
	}
	work->before = *record;
	verdict = cgn_radius_decide(record, &event);
	count_session(r, work->before.owner.key != 0, record->owner.key != 0);
	if (record->owner.key != work->before.owner.key)
		cgn_radius_records_own(&r->records, record);
	work->result = verdict.result;
	if (verdict.act == CGN_RADIUS_NOTHING)
		return;
	work->change = r->n_changes;
	change = put_change(r, verdict.act == CGN_RADIUS_ADD ? CGN_SESSION_ADD : CGN_SESSION_REMOVE,
		tenant, addr, verdict.id);
	if (verdict.act == CGN_RADIUS_ADD)
		read_class(r, work, change->class_name);
}

/* The address that a Stop is about when it does not say so; 0: not known. */
static uint32_t
addr_of_session(const struct cgn_radius *r, const struct cgn_radius_work *work)
{
	const struct cgn_radius_record *record = work->req.kind == CGN_ACCOUNTING_STOP
		? cgn_radius_records_find_owner(
			  &r->records, work->tenant->number, cgn_radius_session_key(&work->req))
		: NULL;

	return record != NULL ? record->addr : 0;
}

static void
act(struct cgn_radius *r, struct cgn_radius_work *work, uint32_t n_before)
{
	switch (work->req.kind) {
	case CGN_ACCOUNTING_ON:
	case CGN_ACCOUNTING_OFF:
		flush(r, n_before); /* in the order of arrival */
		work->result = sweep(r, work) ? CGN_ACCOUNTING_SWEPT : CGN_ACCOUNTING_NOT_RECORDED;
		return;
	case CGN_ACCOUNTING_START:
	case CGN_ACCOUNTING_STOP:
	case CGN_ACCOUNTING_INTERIM:
		if (work->req.framed_addr == 0)
			work->req.framed_addr = addr_of_session(r, work);
		if (work->req.framed_addr == 0)
			work->result = CGN_ACCOUNTING_NO_ADDRESS;
		else
			change_session(r, work);
		return;
	default:
		work->result = CGN_ACCOUNTING_NO_CONCERN;
	}
}

/* Believed, and not seen before? Then there is something to do. */
static bool
accept_request(
	struct cgn_radius *r, struct cgn_radius_work *work, const struct cgn_radius_datagram *d)
{
	struct cgn_radius_seen_entry *entry;

	*work = (struct cgn_radius_work){
		.result = CGN_ACCOUNTING_UNKNOWN_CLIENT, .change = CGN_NONE};
	work->req.kind = CGN_ACCOUNTING_UNREAD;
	work->client = cgn_radius_settings_find(r->settings, d->listen, d->src);
	if (work->client == NULL)
		return false;
	work->tenant = &r->settings->tenants[work->client->tenant];
	work->result = cgn_radius_read(d->bytes, d->len, &work->tenant->secret, &work->req);
	if (work->result != CGN_ACCOUNTING_NO_CONCERN)
		return false;
	work->origin = (struct cgn_radius_origin){.src = d->src,
		.src_port = d->src_port,
		.id = d->bytes[1],
		.listen_addr = r->settings->listens[d->listen].addr,
		.listen_port = r->settings->listens[d->listen].port};
	memcpy(work->origin.authenticator, cgn_radius_authenticator(d->bytes),
		sizeof(work->origin.authenticator));
	entry = cgn_radius_seen_find(&r->seen, &work->origin, r->now);
	if (entry != NULL) {
		work->result = entry->is_answered ? CGN_ACCOUNTING_REPEATED
						  : CGN_ACCOUNTING_IN_HAND;
		return false;
	}
	cgn_radius_seen_add(&r->seen, &work->origin, r->now);
	work->is_new = true;
	return true;
}

static void
finish(struct cgn_radius *r, struct cgn_radius_work *work, struct cgn_radius_datagram *d)
{
	bool is_answered = cgn_accounting_results[work->result].is_answered;

	if (work->is_new)
		cgn_radius_seen_end(&r->seen, &work->origin, r->now, is_answered);
	d->answer_len = is_answered
		? (uint16_t)cgn_radius_answer(&work->req, &work->tenant->secret, d->answer)
		: 0;
	if (work->client == NULL)
		cgn_radius_tell_unknown(r, d);
	else
		cgn_radius_tell(r, work->client, d, work->req.kind, work->result);
}

void
cgn_radius_serve(struct cgn_radius *r, struct cgn_radius_datagram *datagrams, uint32_t n,
	cgn_ns_t now, uint64_t utc_ms)
{
	r->now = now;
	r->utc_ms = utc_ms;
	r->n_changes = 0;
	for (uint32_t i = 0; i < n; i++)
		if (accept_request(r, &r->works[i], &datagrams[i]))
			act(r, &r->works[i], i);
	flush(r, n);
	for (uint32_t i = 0; i < n; i++)
		finish(r, &r->works[i], &datagrams[i]);
}

void
cgn_radius_spent(struct cgn_radius *r, uint32_t n, cgn_ns_t spent)
{
	uint64_t us = spent / CGN_NS_PER_US, longest = cgn_counter_read(&r->longest_us);

	cgn_counter_add(&r->n_served, n);
	cgn_counter_add(&r->served_us, n * us);
	cgn_counter_add(&r->longest_us, us > longest ? us - longest : 0);
}
