/* SPDX-License-Identifier: BSD-3-Clause */
/* See logtrace_replay.h. */
#include "logtrace_replay.h"

#include <stdio.h>
#include <string.h>

#include "holding.h"
#include "natlog.h"

void
cgn_replay_note(struct cgn_logtrace_answer *answer, enum cgn_logtrace_note_kind kind, uint64_t n,
	uint64_t from, uint64_t until)
{
	const struct cgn_logtrace_note note = {kind, n, from, until};

	for (uint32_t i = 0; i < answer->n_notes; i++)
		if (answer->notes[i].kind == kind && answer->notes[i].from == from)
			return;
	if (answer->n_notes < CGN_LOGTRACE_NOTES)
		answer->notes[answer->n_notes++] = note;
	else
		answer->notes[CGN_LOGTRACE_NOTES - 1].kind = CGN_LOGTRACE_TOO_MANY;
}

/* Does the span from … until, both in it, have any of the time that is asked for? */
static bool
touches(const struct cgn_replay *r, uint64_t from, uint64_t until)
{
	return from < r->q->utc_ms + r->q->span_ms && until >= r->q->utc_ms;
}

/* until is not in it any more, but for what began at the same moment. */
static bool
is_match(const struct cgn_replay *r, const struct cgn_replay_open *o, uint64_t until)
{
	return o->is_matched ||
		(touches(r, o->test_from, until) &&
			(until > r->q->utc_ms || until == o->test_from));
}

/* --- Begin and end of holders --- */

static void
answer_add(struct cgn_replay *r, const struct cgn_replay_open *o, uint64_t until, bool is_unsure)
{
	struct cgn_logtrace_answer *a = r->answer;
	const bool is_block = cgn_holding_kind(&o->slot) == CGN_SLOT_BLOCK_LEASED;
	/* The length of a prefix (logstore.c); a snapshot does not say who told of the block. */
	const bool is_prefix = is_block && o->slot.inside_port != 0;
	struct cgn_logtrace_holder h = {.kind = cgn_holding_kind(&o->slot),
		.proto = o->slot.proto,
		.origin = o->slot.origin,
		.inside_len = is_prefix && o->slot.inside_port < 32 ? (uint8_t)o->slot.inside_port
								    : 32,
		.inside = o->slot.inside,
		.outside = o->slot.outside,
		.inside_port = is_block ? 0 : o->slot.inside_port,
		.first = o->slot.first,
		.last = o->slot.last,
		.from = o->from,
		.until = until,
		.is_from_unsure = o->is_from_unsure,
		.is_until_unsure = is_unsure,
		.is_restored = o->is_restored};

	memcpy(h.tenant, o->tenant, sizeof(h.tenant));
	if (a->n_holders < CGN_LOGTRACE_HOLDERS)
		a->holders[a->n_holders++] = h;
	else
		cgn_replay_note(a, CGN_LOGTRACE_TOO_MANY, 0, 0, 0);
}

static void
close_at(struct cgn_replay *r, uint32_t i, uint64_t until, bool is_unsure)
{
	const struct cgn_replay_open *o = &r->open[i];

	if (is_match(r, o, until))
		answer_add(r, o, until, is_unsure);
	r->open[i] = r->open[--r->n_open];
}

static void
close_all(struct cgn_replay *r, uint64_t until, bool is_unsure)
{
	while (r->n_open > 0)
		close_at(r, r->n_open - 1, until, is_unsure);
}

/* The one at the same place: a block that begins there, or the port itself; n_open: none. */
static uint32_t
find(const struct cgn_replay *r, const struct cgn_slot *s)
{
	uint32_t i = 0;

	while (i < r->n_open &&
		(r->open[i].slot.first != s->first ||
			cgn_holding_kind(&r->open[i].slot) != cgn_holding_kind(s)))
		i++;
	return i;
}

static void
open_at(struct cgn_replay *r, const struct cgn_loaded *l, const struct cgn_slot *s, uint64_t from)
{
	struct cgn_replay_open *o;

	if (r->n_open == CGN_REPLAY_OPEN)
		close_at(r, 0, from, true);
	o = &r->open[r->n_open++];
	*o = (struct cgn_replay_open){.slot = *s,
		.from = from,
		.test_from = from,
		.segment = l->header.id,
		.round = r->round,
		.is_from_unsure = (s->flags & (CGN_NATLOG_AGAIN | CGN_SLOT_UNSURE)) != 0,
		.is_restored = (s->flags & CGN_NATLOG_RESTORED) != 0};
	snprintf(o->tenant, sizeof(o->tenant), "%s", cgn_loaded_tenant(l, s->name));
}

static void
begin(struct cgn_replay *r, const struct cgn_loaded *l, const struct cgn_slot *s, uint64_t utc)
{
	uint32_t i = find(r, s);

	if (i < r->n_open && cgn_is_same_holder(&r->open[i].slot, s)) {
		r->open[i].round = r->round;
		r->open[i].slot.origin = s->origin;
		return;
	}
	if (i < r->n_open) /* its end was lost */
		close_at(r, i, utc, true);
	open_at(r, l, s, utc);
}

/* Part of the snapshot: the same one goes on, with the same beginning. */
static void
see(struct cgn_replay *r, const struct cgn_loaded *l, const struct cgn_slot *s)
{
	uint32_t i = find(r, s);

	if (i < r->n_open && cgn_is_same_holder(&r->open[i].slot, s) &&
		r->open[i].from == s->tail) {
		r->open[i].segment = l->header.id;
		return;
	}
	if (i < r->n_open)
		close_at(r, i, l->header.base_utc, true);
	open_at(r, l, s, s->tail);
	if (s->flags & CGN_SLOT_UNTOLD)
		r->open[r->n_open - 1].round--;
}

/* A gap that began in a file before. */
static void
see_gap(struct cgn_replay *r, const struct cgn_slot *s)
{
	if (r->gap.is_on)
		return;
	r->gap.is_on = true;
	r->gap.n = cgn_slot_mark_a(s);
	r->gap.from = cgn_slot_mark_b(s);
	r->gap.utc = s->tail;
}

/* --- What happened to the log --- */

static void
all_end(struct cgn_replay *r, const struct cgn_slot *s, uint64_t utc)
{
	const bool is_start = s->kind == CGN_SLOT_START;

	close_all(r, utc, is_start);
	if (r->has_begun && is_start && touches(r, r->last_utc, utc))
		cgn_replay_note(r->answer,
			r->is_stopped ? CGN_LOGTRACE_STOPPED : CGN_LOGTRACE_CRASHED, 0, r->last_utc,
			utc);
	r->is_stopped = !is_start;
	r->stopped_utc = utc;
	r->gap.is_on = false;
}

static void
end_gap(struct cgn_replay *r, uint64_t utc)
{
	if (r->gap.is_on && touches(r, r->gap.from, utc))
		cgn_replay_note(r->answer, CGN_LOGTRACE_GAP, r->gap.n, r->gap.from, utc);
	r->gap.is_on = false;
}

static void
begin_gap(struct cgn_replay *r, const struct cgn_slot *s, uint64_t utc)
{
	const uint64_t from = cgn_slot_mark_b(s);

	if (s->flags & CGN_SLOT_LOCAL) {
		if (touches(r, from, utc))
			cgn_replay_note(r->answer, CGN_LOGTRACE_GAP, cgn_slot_mark_a(s), from, utc);
		return;
	}
	end_gap(r, utc);
	r->round++;
	r->gap.is_on = true;
	r->gap.n = cgn_slot_mark_a(s);
	r->gap.from = from;
	r->gap.utc = utc;
}

/* What was not told again ended where records were lost. */
static void
synced(struct cgn_replay *r, uint64_t utc)
{
	const uint64_t lost_until = r->gap.is_on ? r->gap.utc : utc;
	uint32_t i = 0;

	while (i < r->n_open)
		if (r->open[i].round != r->round)
			close_at(r, i, lost_until, true);
		else
			i++;
	end_gap(r, utc);
}

static void
apply(struct cgn_replay *r, const struct cgn_loaded *l, const struct cgn_slot *s)
{
	const uint64_t utc = cgn_slot_utc(s, l->header.base_utc);
	uint32_t i;

	switch (cgn_holding_act(s)) {
	case CGN_HOLDING_BEGINS:
		begin(r, l, s, utc);
		break;
	case CGN_HOLDING_ENDS:
		i = find(r, s);
		if (i < r->n_open)
			close_at(r, i, utc, false);
		break;
	case CGN_HOLDING_ALL_END:
		all_end(r, s, utc);
		break;
	case CGN_HOLDING_SYNCED:
		synced(r, utc);
		break;
	default:
		if (s->kind == CGN_SLOT_GAP)
			begin_gap(r, s, utc);
		break;
	}
	r->last_utc = utc > r->last_utc ? utc : r->last_utc;
}

/* --- Files --- */

/* What it was before it, and what is after, are different times of the same name. */
static void
set_back(struct cgn_replay *r, const struct cgn_segment_header *h)
{
	for (uint32_t i = 0; i < r->n_open; i++) {
		struct cgn_replay_open *o = &r->open[i];

		o->is_matched |= is_match(r, o, h->prev_utc + 1);
		o->test_from = h->base_utc;
	}
	if (touches(r, h->base_utc, h->prev_utc))
		cgn_replay_note(r->answer, CGN_LOGTRACE_SET_BACK, 0, h->base_utc, h->prev_utc);
	r->last_utc = h->base_utc;
}

static bool
is_mapping(const struct cgn_replay_open *o)
{
	return o->slot.kind == CGN_SLOT_MAPPING_MADE;
}

/* Those who are not in the snapshot have ended while records were lost. */
static void
close_unseen(struct cgn_replay *r, const struct cgn_segment_header *h)
{
	uint32_t i = 0;

	while (i < r->n_open)
		if (!is_mapping(&r->open[i]) && r->open[i].segment != h->id)
			close_at(r, i, h->base_utc, true);
		else
			i++;
}

void
cgn_replay_file(struct cgn_replay *r, const struct cgn_loaded *l)
{
	const struct cgn_segment_header *h = &l->header;
	const bool is_same_run = r->has_begun && r->run_utc == h->run_utc;
	uint32_t i = 0;

	if (r->has_begun && h->prev_utc > h->base_utc)
		set_back(r, h);
	if (r->has_begun && !is_same_run && (l->n == 0 || l->slots[0].kind != CGN_SLOT_START))
		close_all(r, h->base_utc, true); /* its START is lost */
	if (touches(r, h->base_utc, l->last_utc) && l->n_damaged > 0)
		cgn_replay_note(
			r->answer, CGN_LOGTRACE_DAMAGED, l->n_damaged, h->base_utc, l->last_utc);
	for (; i < l->n && l->slots[i].flags & CGN_SLOT_SNAPSHOT; i++) {
		if (l->slots[i].kind == CGN_SLOT_GAP)
			see_gap(r, &l->slots[i]);
		else
			see(r, l, &l->slots[i]);
	}
	if (is_same_run)
		close_unseen(r, h);
	for (; i < l->n; i++)
		apply(r, l, &l->slots[i]);
	r->has_begun = true;
	r->run_utc = h->run_utc;
	r->last_utc = l->last_utc > r->last_utc ? l->last_utc : r->last_utc;
	r->answer->n_files++;
}

void
cgn_replay_end(struct cgn_replay *r)
{
	end_gap(r, UINT64_MAX);
	while (r->n_open > 0) {
		struct cgn_replay_open *o = &r->open[r->n_open - 1];

		if (o->is_matched || touches(r, o->test_from, UINT64_MAX))
			answer_add(r, o, 0, false);
		r->n_open--;
	}
	if (r->is_stopped && touches(r, r->stopped_utc, UINT64_MAX))
		cgn_replay_note(r->answer, CGN_LOGTRACE_STOPPED, 0, r->stopped_utc, 0);
}

bool
cgn_replay_has_open(const struct cgn_replay *r, bool mapping)
{
	for (uint32_t i = 0; i < r->n_open; i++)
		if ((!mapping || is_mapping(&r->open[i])) &&
			(r->open[i].is_matched || touches(r, r->open[i].test_from, UINT64_MAX)))
			return true;
	return false;
}

bool
cgn_replay_is_in(const struct cgn_replay *r, const struct cgn_loaded *l)
{
	if (l->header.run_utc != r->run_utc)
		return false;
	for (uint32_t i = 0; i < r->n_open; i++) {
		const struct cgn_replay_open *o = &r->open[i];
		uint32_t k = 0;

		while (k < l->n && l->slots[k].flags & CGN_SLOT_SNAPSHOT &&
			(l->slots[k].first != o->slot.first || l->slots[k].tail != o->from ||
				!cgn_is_same_holder(&l->slots[k], &o->slot)))
			k++;
		if (k == l->n || !(l->slots[k].flags & CGN_SLOT_SNAPSHOT))
			return false;
	}
	return true;
}
