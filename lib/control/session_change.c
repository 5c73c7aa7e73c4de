/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes of sessions: what other threads ask for (cgn_session_apply), and what control does about
 * it (cgn_session_batch_run); see session.h.
 */
#include <errno.h>
#include <string.h>

#include "control.h"

enum {
	END_BUDGET = 512, /* mappings that one batch ends at once, about 1 us each */
	WHOLE_MS = 60000,
};

const char *const cgn_session_result_names[CGN_N_SESSION_RESULTS] = {
	[CGN_SESSION_PENDING] = "pending",
	[CGN_SESSION_ADDED] = "added",
	[CGN_SESSION_REFRESHED] = "refreshed",
	[CGN_SESSION_CLASSED] = "class changed",
	[CGN_SESSION_MOVED] = "moved",
	[CGN_SESSION_REMOVED] = "removed",
	[CGN_SESSION_NONE] = "no such session",
	[CGN_SESSION_NO_TENANT] = "no such tenant",
	[CGN_SESSION_NO_ADDRESS] = "no such address",
	[CGN_SESSION_NO_CLASS] = "no such class",
	[CGN_SESSION_BAD_ID] = "bad id",
	[CGN_SESSION_FULL] = "table.sessions is full",
};

bool
cgn_session_id_is_good(const char *id)
{
	static_assert((int)CGN_SESSION_ID_LEN == (int)CGN_SUBSCRIBER_ID_LEN, "one kind of ids");
	return cgn_subscriber_id_is_good(id);
}

/* One change, as control works on it. */
struct work {
	struct cgn_control *c;
	struct cgn_session_change *change;
	uint32_t *budget;
};

/* The number under which the holder of an address is kept, or CGN_NONE. */
static uint32_t
find_holder(const struct work *w, uint32_t addr)
{
	uint32_t inside = cgn_directory_inside_find(w->c->dp->dir, w->change->tenant, addr);

	return inside != CGN_NONE ? cgn_holder_of(w->c, inside) : CGN_NONE;
}

/* Ends a session; false: not all of it yet. */
static bool
end(struct work *w, uint32_t session)
{
	uint32_t before = *w->budget;
	bool is_over = cgn_session_end(w->c, session, w->budget);

	w->change->ended += before - *w->budget;
	return is_over;
}

/* The session of whom a change names begins at an address, from which whoever has it must go. */
static enum cgn_session_result
settle(struct work *w, uint32_t inside)
{
	struct cgn_session_change *change = w->change;
	uint32_t there = w->c->subscribers[inside].use.session;

	if (there != 0 && !end(w, there))
		return CGN_SESSION_PENDING;
	there = cgn_session_begin(
		w->c, change->tenant, inside, change->id, change->so_far.class_number);
	if (there == 0)
		return CGN_SESSION_FULL;
	cgn_state_session(w->c, there);
	return change->so_far.moves ? CGN_SESSION_MOVED : CGN_SESSION_ADDED;
}

/* An ADD of who is there already. */
static enum cgn_session_result
refresh(struct work *w, uint32_t session)
{
	uint32_t inside = w->c->sessions.records[session].inside;

	if (w->c->subscribers[inside].use.class_number == w->change->so_far.class_number)
		return CGN_SESSION_REFRESHED;
	cgn_session_class_set(w->c, inside, w->change->so_far.class_number);
	cgn_state_session(w->c, session);
	return CGN_SESSION_CLASSED;
}

static enum cgn_session_result
add(struct work *w)
{
	const struct cgn_directory *dir = w->c->dp->dir;
	struct cgn_session_change *change = w->change;
	uint32_t inside = find_holder(w, change->addr), session;
	uint32_t number = cgn_tenant_class_find(&dir->tenants[change->tenant], change->class_name);

	if (!cgn_session_id_is_good(change->id))
		return CGN_SESSION_BAD_ID;
	if (inside == CGN_NONE)
		return CGN_SESSION_NO_ADDRESS;
	if (number == CGN_NONE)
		return CGN_SESSION_NO_CLASS;
	change->so_far.class_number = (uint8_t)number;
	session = cgn_session_find(w->c, change->tenant, change->id);
	if (session != 0 && w->c->sessions.records[session].is_ending)
		return CGN_SESSION_PENDING;
	if (session != 0 && w->c->sessions.records[session].inside == inside)
		return refresh(w, session);
	/* Refused before anything has ended for it. */
	if (session == 0 && w->c->subscribers[inside].use.session == 0 &&
		w->c->sessions.n_used >= w->c->sessions.capacity)
		return CGN_SESSION_FULL;
	if (session != 0) {
		change->so_far.moves = true;
		if (!end(w, session))
			return CGN_SESSION_PENDING;
	}
	return settle(w, inside);
}

/* The session that MOVE or REMOVE is about, or 0. */
static uint32_t
find(const struct work *w)
{
	const struct cgn_session_change *change = w->change;
	uint32_t inside = CGN_NONE, session = 0;

	if (change->addr != 0) {
		inside = find_holder(w, change->addr);
		if (inside == CGN_NONE)
			return 0;
		session = w->c->subscribers[inside].use.session;
	}
	if (change->id[0] == '\0')
		return session;
	if (inside == CGN_NONE)
		return cgn_session_find(w->c, change->tenant, change->id);
	return session != 0 && strcmp(cgn_session_id(w->c, session), change->id) == 0 ? session : 0;
}

static enum cgn_session_result
move(struct work *w)
{
	struct cgn_session_change *change = w->change;
	uint32_t to = find_holder(w, change->to), session;

	if (to == CGN_NONE)
		return CGN_SESSION_NO_ADDRESS;
	session = find(w);
	if (session != 0 && w->c->sessions.records[session].is_ending)
		return CGN_SESSION_PENDING;
	if (session == 0) /* by now, or from the first */
		return change->so_far.moves ? settle(w, to) : CGN_SESSION_NONE;
	if (w->c->sessions.records[session].inside == to)
		return CGN_SESSION_REFRESHED;
	/* Who it is, for when it has ended there. */
	memcpy(change->id, cgn_session_id(w->c, session), sizeof(change->id));
	change->so_far.class_number =
		w->c->subscribers[w->c->sessions.records[session].inside].use.class_number;
	change->so_far.moves = true;
	return end(w, session) ? settle(w, to) : CGN_SESSION_PENDING;
}

/* What is ending already is waited for: then it is over when the answer comes. */
static enum cgn_session_result
take_away(struct work *w)
{
	uint32_t session = find(w);

	if (session == 0)
		return w->change->so_far.moves ? CGN_SESSION_REMOVED : CGN_SESSION_NONE;
	/* Whose it is, for the answer, and lest somebody who comes meanwhile goes too. */
	memcpy(w->change->id, cgn_session_id(w->c, session), sizeof(w->change->id));
	w->change->so_far.moves = true;
	return end(w, session) ? CGN_SESSION_REMOVED : CGN_SESSION_PENDING;
}

static enum cgn_session_result
run(struct work *w)
{
	struct cgn_session_change *change = w->change;

	change->id[sizeof(change->id) - 1] = '\0';
	change->class_name[sizeof(change->class_name) - 1] = '\0';
	if (!cgn_directory_tenant_live(w->c->dp->dir, change->tenant))
		return CGN_SESSION_NO_TENANT;
	if (change->kind == CGN_SESSION_ADD)
		return add(w);
	return change->kind == CGN_SESSION_MOVE ? move(w) : take_away(w);
}

void
cgn_session_batch_run(struct cgn_control *c, void *arg)
{
	struct cgn_session_batch *batch = arg;
	uint32_t budget = END_BUDGET;

	for (batch->n_done = 0; batch->n_done < batch->n && budget > 0; batch->n_done++) {
		struct cgn_session_change *change = &batch->changes[batch->n_done];
		struct work w = {.c = c, .change = change, .budget = &budget};

		change->result = (uint8_t)run(&w);
		if (change->result == CGN_SESSION_PENDING)
			break;
	}
}

int
cgn_session_apply(struct cgn_request_box *requests, struct cgn_session_change *changes, uint32_t n)
{
	const cgn_ns_t until = cgn_clock_now() + WHOLE_MS * CGN_NS_PER_MS;
	struct cgn_session_batch batch;
	uint32_t done = 0;

	for (uint32_t i = 0; i < n; i++)
		changes[i].result = CGN_SESSION_PENDING;
	while (done < n) {
		int rc;

		batch.n = RTE_MIN(n - done, (uint32_t)CGN_SESSION_BATCH);
		memcpy(batch.changes, changes + done, batch.n * sizeof(*changes));
		rc = cgn_request_call(requests, cgn_session_batch_run, &batch, sizeof(batch));
		if (rc < 0)
			return rc;
		/* With what is known of the one that goes on. */
		memcpy(changes + done, batch.changes, batch.n * sizeof(*changes));
		done += batch.n_done;
		if (done < n && cgn_clock_now() > until)
			return -ETIMEDOUT;
	}
	return 0;
}
