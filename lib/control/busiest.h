/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which subscribers ask for the most new flows of late, among millions, in 8 KiB: a subscriber has
 * one slot, by its number, and who stands in a slot is decided by majority (Boyer and Moore): a
 * flow of the one who stands there is a vote for it, any other's one against. Who asks for more
 * than all others of its slot together is always found; the votes are few, so that who falls silent
 * is soon gone. What it really did is counted with the subscriber. Control thread; one look at one
 * slot for each new flow, admitted or refused.
 */
#pragma once

#include <stdint.h>

#include "err.h"

enum { CGN_BUSIEST_SLOTS = 1024, CGN_BUSIEST_VOTES = 32 };

/* Zeroed: nobody. */
struct cgn_busiest {
	struct {
		uint32_t inside, votes; /* no votes: nobody */
	} slots[CGN_BUSIEST_SLOTS];
};

/* Neighbours by number are neighbours here, and those of one prefix do not meet. */
static inline uint32_t
cgn_busiest_slot(uint32_t inside)
{
	return (inside ^ inside >> 10 ^ inside >> 20) % CGN_BUSIEST_SLOTS;
}

static inline void
cgn_busiest_note(struct cgn_busiest *b, uint32_t inside)
{
	const uint32_t slot = cgn_busiest_slot(inside);

	if (b->slots[slot].votes == 0)
		b->slots[slot].inside = inside;
	if (b->slots[slot].inside != inside)
		b->slots[slot].votes--;
	else if (b->slots[slot].votes < CGN_BUSIEST_VOTES)
		b->slots[slot].votes++;
}

/* The one in a slot, or CGN_NONE. */
static inline uint32_t
cgn_busiest_at(const struct cgn_busiest *b, uint32_t slot)
{
	return b->slots[slot].votes > 0 ? b->slots[slot].inside : CGN_NONE;
}
