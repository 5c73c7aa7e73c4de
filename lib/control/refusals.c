/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two doubly linked lists through one array: all refusals from the newest to the oldest, and those
 * of each subscriber likewise. Called by portctl_input.c; see refusals.h.
 */
#include "refusals.h"

#include <errno.h>
#include <string.h>

#include "mem.h"
#include "subscriber.h"

int
cgn_refusals_init(struct cgn_refusals *r, int socket)
{
	memset(r, 0, sizeof(*r));
	r->records = cgn_mem_zalloc("refusals", CGN_REFUSALS + 1, sizeof(*r->records), socket);
	return r->records != NULL ? 0 : -ENOMEM;
}

void
cgn_refusals_fini(struct cgn_refusals *r)
{
	cgn_mem_free(r->records);
	memset(r, 0, sizeof(*r));
}

static bool
is_same(const struct cgn_refused *a, const struct cgn_refused *b)
{
	return a->inside == b->inside && a->version == b->version && a->opcode == b->opcode &&
		a->result == b->result && a->silent == b->silent && a->ip_proto == b->ip_proto &&
		a->inside_port == b->inside_port && a->suggested_port == b->suggested_port &&
		a->suggested_addr == b->suggested_addr && a->why.text == b->why.text &&
		a->why.limit == b->why.limit;
}

static void
unlink_record(struct cgn_refusals *r, struct cgn_subscriber *subscribers, uint32_t k)
{
	const struct cgn_refusal *e = &r->records[k];

	*(e->newer != 0 ? &r->records[e->newer].older : &r->newest) = e->older;
	*(e->older != 0 ? &r->records[e->older].newer : &r->oldest) = e->newer;
	if (e->same_newer != 0)
		r->records[e->same_newer].same_older = e->same_older;
	else if (e->what.holder != CGN_NONE)
		subscribers[e->what.holder].newest_refusal = (uint16_t)e->same_older;
	if (e->same_older != 0)
		r->records[e->same_older].same_newer = e->same_newer;
}

static void
link_newest(struct cgn_refusals *r, struct cgn_subscriber *subscribers, uint32_t k)
{
	struct cgn_refusal *e = &r->records[k];
	uint16_t *head = &subscribers[e->what.holder].newest_refusal;

	e->newer = e->same_newer = 0;
	e->older = r->newest;
	e->same_older = *head;
	if (e->older != 0)
		r->records[e->older].newer = k;
	else
		r->oldest = k;
	if (e->same_older != 0)
		r->records[e->same_older].same_newer = k;
	r->newest = k;
	*head = (uint16_t)k;
	e->seq = ++r->seq;
}

/*
 * The subscriber's record of the same refusal, else the one to overwrite: its own oldest when it
 * has its share, a fresh one while there are any, the oldest of all. *known: it is the same.
 */
static uint32_t
choose(const struct cgn_refusals *r, uint32_t head, const struct cgn_refused *what, bool *known)
{
	uint32_t n = 0, last = 0;

	for (uint32_t k = head; k != 0; k = r->records[k].same_older, n++) {
		if (is_same(&r->records[k].what, what)) {
			*known = true;
			return k;
		}
		last = k;
	}
	*known = false;
	if (n >= CGN_REFUSALS_EACH)
		return last;
	return r->n_used < CGN_REFUSALS ? r->n_used + 1 : r->oldest;
}

void
cgn_refusals_disown(struct cgn_refusals *r, struct cgn_subscriber *subscribers, uint32_t holder)
{
	uint32_t k = subscribers[holder].newest_refusal;

	while (k != 0) {
		struct cgn_refusal *e = &r->records[k];

		k = e->same_older;
		e->what.holder = e->what.inside = CGN_NONE;
		e->same_newer = e->same_older = 0;
	}
	subscribers[holder].newest_refusal = 0;
}

void
cgn_refusals_note(struct cgn_refusals *r, struct cgn_subscriber *subscribers,
	const struct cgn_refused *what, uint64_t utc_s)
{
	bool known;
	uint32_t k = choose(r, subscribers[what->holder].newest_refusal, what, &known);
	struct cgn_refusal *e = &r->records[k];

	if (k <= r->n_used)
		unlink_record(r, subscribers, k);
	else
		r->n_used++;
	if (!known)
		*e = (struct cgn_refusal){.first_utc_s = utc_s};
	e->what = *what;
	e->last_utc_s = utc_s;
	e->n++;
	link_newest(r, subscribers, k);
}
