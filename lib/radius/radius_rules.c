/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows from an accounting event; the rules are in radius_record.h. */
#include <stdio.h>

#include "radius_record.h"

/* The same access server, as far as both say: it may leave out one of its two names at times. */
static bool
is_same_nas(const struct cgn_radius_nas *a, const struct cgn_radius_nas *b)
{
	bool addr = a->addr != 0 && b->addr != 0, id = a->id != 0 && b->id != 0;

	return (addr || id) && (!addr || a->addr == b->addr) && (!id || a->id == b->id);
}

static bool
have_one_clock(const struct cgn_radius_stamp *a, const struct cgn_radius_stamp *b)
{
	return a->nas_s != 0 && b->nas_s != 0 && is_same_nas(&a->nas, &b->nas);
}

/* Surely before; at the same second of the server's clock neither is before the other. */
static bool
is_before(const struct cgn_radius_stamp *a, const struct cgn_radius_stamp *b)
{
	if (have_one_clock(a, b))
		return a->nas_s < b->nas_s && a->at_ms < b->at_ms + CGN_RADIUS_LATE_MS;
	return a->at_ms + CGN_RADIUS_SLACK_MS < b->at_ms;
}

/* The event is of a session that was stopped, and nothing says that it is another of this name. */
static bool
is_over(const struct cgn_radius_record *record, const struct cgn_radius_said *said)
{
	const struct cgn_radius_said *ended = &record->ended;

	return ended->key == said->key &&
		said->stamp.at_ms < ended->stamp.at_ms + CGN_RADIUS_ENDED_MS &&
		!(have_one_clock(&ended->stamp, &said->stamp) &&
			is_before(&ended->stamp, &said->stamp));
}

static void
set_id(char *to, const char *id)
{
	snprintf(to, CGN_SESSION_ID_LEN, "%s", id);
}

static struct cgn_radius_verdict
verdict(enum cgn_radius_act act, enum cgn_accounting_result result, const char *id)
{
	struct cgn_radius_verdict v = {.act = act, .result = result};

	set_id(v.id, id);
	return v;
}

/* A session that began after the owner's is over already: so is the owner's. */
static struct cgn_radius_verdict
decide_over(struct cgn_radius_record *record, const struct cgn_radius_said *said)
{
	if (record->owner.key == 0 || !is_before(&record->owner.stamp, &said->stamp))
		return verdict(CGN_RADIUS_NOTHING, CGN_ACCOUNTING_STALE, "");
	record->owner.key = 0;
	return verdict(CGN_RADIUS_REMOVE, CGN_ACCOUNTING_STALE, record->id);
}

static struct cgn_radius_verdict
decide_up(struct cgn_radius_record *record, const struct cgn_radius_event *event)
{
	struct cgn_radius_said *owner = &record->owner;
	const struct cgn_radius_said *said = &event->said;
	bool is_other = owner->key != 0 && owner->key != said->key;

	if (owner->key != said->key && is_over(record, said))
		return decide_over(record, said);
	if (is_other && is_before(&said->stamp, &owner->stamp))
		return verdict(CGN_RADIUS_NOTHING, CGN_ACCOUNTING_STALE, "");
	if (is_other && event->kind == CGN_ACCOUNTING_INTERIM &&
		!is_before(&owner->stamp, &said->stamp))
		return verdict(CGN_RADIUS_NOTHING, CGN_ACCOUNTING_STALE, "");
	if (is_other || owner->key == 0 || !is_before(&said->stamp, &owner->stamp))
		*owner = *said; /* else what is known of the session is later */
	set_id(record->id, event->id);
	return verdict(CGN_RADIUS_ADD, is_other ? CGN_ACCOUNTING_TAKEN_OVER : CGN_ACCOUNTING_ADDED,
		event->id);
}

static struct cgn_radius_verdict
decide_stop(struct cgn_radius_record *record, const struct cgn_radius_event *event)
{
	struct cgn_radius_said *owner = &record->owner;
	struct cgn_radius_verdict v = verdict(CGN_RADIUS_REMOVE, CGN_ACCOUNTING_ENDED, event->id);

	record->ended = event->said;
	if (owner->key != 0 && owner->key != event->said.key)
		return verdict(CGN_RADIUS_NOTHING, CGN_ACCOUNTING_NOT_OWNER, "");
	if (owner->key != 0)
		set_id(v.id, record->id);
	owner->key = 0;
	if (v.id[0] == '\0') /* after a restart of the box, and the Stop names nobody */
		return verdict(CGN_RADIUS_NOTHING, CGN_ACCOUNTING_NOT_OWNER, "");
	return v;
}

struct cgn_radius_verdict
cgn_radius_decide(struct cgn_radius_record *record, const struct cgn_radius_event *event)
{
	return event->kind == CGN_ACCOUNTING_STOP ? decide_stop(record, event)
						  : decide_up(record, event);
}

bool
cgn_radius_is_swept(const struct cgn_radius_record *record, const struct cgn_radius_stamp *stamp)
{
	/* By our clock alone: a server that has just started may not know the time yet. */
	return record->owner.key != 0 && is_same_nas(&record->owner.stamp.nas, &stamp->nas) &&
		stamp->at_ms + CGN_RADIUS_SLACK_MS >= record->owner.stamp.at_ms;
}

bool
cgn_radius_sweep(struct cgn_radius_record *record, const struct cgn_radius_stamp *stamp)
{
	bool is_swept = cgn_radius_is_swept(record, stamp);

	if (is_swept)
		record->owner.key = 0;
	if (is_same_nas(&record->ended.stamp.nas, &stamp->nas))
		record->ended.key = 0;
	return is_swept;
}
