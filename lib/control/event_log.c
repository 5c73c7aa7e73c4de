/* SPDX-License-Identifier: BSD-3-Clause */
/* The rings of events; see event_log.h. */
#include "event_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "log.h"
#include "rate.h"

enum { LOG_PER_S = 2, LOG_BURST = 50 };

int
cgn_event_log_init(struct cgn_event_log *log, uint32_t kept)
{
	memset(log, 0, sizeof(*log));
	log->kept = kept;
	for (int k = 0; k < CGN_N_EVENT_KINDS; k++) {
		log->rings[k].records = calloc(kept, sizeof(*log->rings[k].records));
		if (log->rings[k].records == NULL)
			return -ENOMEM;
	}
	return 0;
}

void
cgn_event_log_fini(struct cgn_event_log *log)
{
	for (int k = 0; k < CGN_N_EVENT_KINDS; k++)
		free(log->rings[k].records);
	memset(log, 0, sizeof(*log));
}

void
cgn_event_note(struct cgn_event_log *log, const struct cgn_event *ev)
{
	struct cgn_event_ring *ring = &log->rings[cgn_events[ev->id].kind];

	ring->records[ring->next] = *ev;
	ring->records[ring->next].number = ++log->number;
	cgn_natlog_event(log->feed, &ring->records[ring->next]);
	ring->next = (ring->next + 1) % log->kept;
	ring->n_used += ring->n_used < log->kept;
}

/* Is there room for one more of this turn? */
static bool
take_turn(struct cgn_event_log *log, uint64_t now)
{
	if (log->turn != now) {
		uint32_t n = log->n_turn;

		log->turn = now;
		log->n_turn = 0;
		if (n > CGN_EVENTS_A_TURN) {
			struct cgn_event ev;

			cgn_event_init(&ev, CGN_EVENT_LEFT_OUT);
			cgn_event_set_number(&ev, CGN_EVENT_FIELD_N, n - CGN_EVENTS_A_TURN);
			cgn_event_note(log, &ev);
		}
	}
	return log->n_turn++ < CGN_EVENTS_A_TURN;
}

void
cgn_event_change(struct cgn_control *c, const struct cgn_event *ev)
{
	const struct cgn_rate rate = cgn_rate_make(LOG_PER_S, LOG_BURST);
	struct cgn_event_log *log = &c->events;

	if (!take_turn(log, c->now))
		return;
	cgn_event_note(log, ev);
	if (!cgn_rate_take(&rate, &log->log_full_at, c->now)) {
		log->n_unlogged++;
		return;
	}
	if (log->n_unlogged > 0)
		cgn_notice("event", "%u lines left out: see cgnatctl events", log->n_unlogged);
	log->n_unlogged = 0;
	cgn_event_log(ev);
}

void
cgn_event_record(struct cgn_control *c, const struct cgn_event *ev)
{
	cgn_event_note(&c->events, ev);
	cgn_event_log(ev);
}

/* age 0 is the newest; age is below n_used. */
static const struct cgn_event *
at_age(const struct cgn_event_log *log, const struct cgn_event_ring *ring, uint32_t age)
{
	return &ring->records[(ring->next + log->kept - 1 - age) % log->kept];
}

/* Numbers fall with age. */
static const struct cgn_event *
find_in(const struct cgn_event_log *log, const struct cgn_event_ring *ring, uint64_t at)
{
	uint32_t young = 0, old = ring->n_used;

	while (young < old) {
		uint32_t middle = young + (old - young) / 2;

		if (at_age(log, ring, middle)->number > at)
			young = middle + 1;
		else
			old = middle;
	}
	return young < ring->n_used ? at_age(log, ring, young) : NULL;
}

const struct cgn_event *
cgn_event_find(const struct cgn_event_log *log, uint64_t at)
{
	const struct cgn_event *best = NULL;

	for (int k = 0; k < CGN_N_EVENT_KINDS; k++) {
		const struct cgn_event *ev = find_in(log, &log->rings[k], at);

		if (ev != NULL && (best == NULL || ev->number > best->number))
			best = ev;
	}
	return best;
}

void
cgn_event_tenant(struct cgn_control *c, enum cgn_event_id id, const char *name)
{
	struct cgn_event ev;

	cgn_event_init(&ev, id);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT, name);
	cgn_event_change(c, &ev);
}

void
cgn_event_epoch(struct cgn_control *c, uint32_t tenant, const char *why)
{
	struct cgn_event ev;

	cgn_event_init(&ev, CGN_EVENT_EPOCH_RESET);
	cgn_event_set_text(
		&ev, CGN_EVENT_FIELD_TENANT, cgn_directory_tenant_name(c->dp->dir, tenant));
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_WHY, why);
	cgn_event_change(c, &ev);
}

void
cgn_event_address(struct cgn_control *c, enum cgn_event_id id, const char *tenant, uint32_t addr)
{
	struct cgn_event ev;

	cgn_event_init(&ev, id);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT, tenant);
	cgn_event_set_addr(&ev, CGN_EVENT_FIELD_POOL, addr);
	cgn_event_change(c, &ev);
}
