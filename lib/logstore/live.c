/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of what there is; see live.h. */
#include "live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "holding.h"
#include "natlog.h"

enum { MIN_ENTRIES = 1024 };

int
cgn_live_init(struct cgn_live *live)
{
	*live = (struct cgn_live){.mask = MIN_ENTRIES - 1, .round = 1};
	live->entries = calloc(MIN_ENTRIES, sizeof(*live->entries));
	return live->entries != NULL ? 0 : -ENOMEM;
}

void
cgn_live_fini(struct cgn_live *live)
{
	free(live->entries);
	memset(live, 0, sizeof(*live));
}

static bool
is_explicit(const struct cgn_slot *s)
{
	return s->kind == CGN_SLOT_EXPLICIT_MADE;
}

static bool
is_same_place(const struct cgn_slot *a, const struct cgn_slot *b)
{
	return a->outside == b->outside && a->first == b->first &&
		is_explicit(a) == is_explicit(b) && (!is_explicit(a) || a->proto == b->proto);
}

static uint32_t
hash(const struct cgn_live *live, const struct cgn_slot *s)
{
	uint64_t key = (uint64_t)s->outside << 24 | (uint64_t)s->first << 8 |
		(is_explicit(s) ? s->proto : 0);

	/* Fibonacci hashing; the addresses are ours, nobody picks them to collide. */
	return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & live->mask;
}

/* Where it is, or the empty place where it would be. */
static uint32_t
find(const struct cgn_live *live, const struct cgn_slot *s)
{
	uint32_t i = hash(live, s);

	while (live->entries[i].slot.kind != 0 && !is_same_place(&live->entries[i].slot, s))
		i = (i + 1) & live->mask;
	return i;
}

static int
grow(struct cgn_live *live)
{
	struct cgn_live bigger = {.mask = live->mask * 2 + 1, .round = live->round, .n = live->n};
	const struct cgn_live_entry *e;
	uint32_t i = 0;

	bigger.entries = calloc((size_t)bigger.mask + 1, sizeof(*bigger.entries));
	if (bigger.entries == NULL)
		return -ENOMEM;
	while ((e = cgn_live_next(live, &i)) != NULL)
		bigger.entries[find(&bigger, &e->slot)] = *e;
	free(live->entries);
	*live = bigger;
	return 0;
}

/* What comes behind moves up into the hole, unless it is where it belongs. */
static void
del_at(struct cgn_live *live, uint32_t hole)
{
	for (uint32_t i = (hole + 1) & live->mask; live->entries[i].slot.kind != 0;
		i = (i + 1) & live->mask) {
		uint32_t home = hash(live, &live->entries[i].slot);

		if (((i - home) & live->mask) >= ((i - hole) & live->mask)) {
			live->entries[hole] = live->entries[i];
			hole = i;
		}
	}
	live->entries[hole].slot.kind = 0;
	live->n--;
}

static int
add(struct cgn_live *live, const struct cgn_slot *s, uint64_t utc_ms)
{
	struct cgn_live_entry *e = &live->entries[find(live, s)];

	if (e->slot.kind == 0 && (live->n + 1) * 2 > live->mask) {
		if (grow(live) < 0)
			return -ENOMEM;
		e = &live->entries[find(live, s)];
	}
	if (e->slot.kind != 0 && cgn_is_same_holder(&e->slot, s)) {
		e->slot.origin = s->origin;
		e->told = live->round;
		return 0;
	}
	live->n += e->slot.kind == 0;
	*e = (struct cgn_live_entry){.slot = *s,
		.since = utc_ms,
		.told = live->round,
		.is_unsure = (s->flags & CGN_NATLOG_AGAIN) != 0};
	e->slot.flags &= CGN_NATLOG_RESTORED;
	return 0;
}

static void
del(struct cgn_live *live, const struct cgn_slot *s)
{
	uint32_t i = find(live, s);

	if (live->entries[i].slot.kind != 0)
		del_at(live, i);
}

/* Those that were not told again have ended. */
static void
del_untold(struct cgn_live *live)
{
	uint32_t i = 0;

	while (i <= live->mask) {
		const struct cgn_live_entry *e = &live->entries[i];

		if (e->slot.kind != 0 && e->told != live->round)
			del_at(live, i); /* another may be here now */
		else
			i++;
	}
}

int
cgn_live_apply(struct cgn_live *live, const struct cgn_slot *s, uint64_t utc_ms)
{
	struct cgn_slot made = *s;

	switch (cgn_holding_act(s)) {
	case CGN_HOLDING_BEGINS:
		made.kind = cgn_holding_kind(s);
		return made.kind != CGN_SLOT_MAPPING_MADE ? add(live, &made, utc_ms) : 0;
	case CGN_HOLDING_ENDS:
		made.kind = cgn_holding_kind(s);
		del(live, &made);
		return 0;
	case CGN_HOLDING_ALL_END:
		memset(live->entries, 0, ((size_t)live->mask + 1) * sizeof(*live->entries));
		live->n = 0;
		return 0;
	case CGN_HOLDING_GAP:
		live->round++;
		return 0;
	case CGN_HOLDING_SYNCED:
		del_untold(live);
		return 0;
	default:
		return 0;
	}
}

const struct cgn_live_entry *
cgn_live_next(const struct cgn_live *live, uint32_t *i)
{
	while (*i <= live->mask) {
		const struct cgn_live_entry *e = &live->entries[(*i)++];

		if (e->slot.kind != 0)
			return e;
	}
	return NULL;
}
