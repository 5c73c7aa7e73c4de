/* SPDX-License-Identifier: BSD-3-Clause */
/* What a slot does to who has which ports; the writer (live.h) and the reader (logtrace_replay.c)
 * must see the same. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "slot.h"

enum cgn_holding_act {
	CGN_HOLDING_NOTHING,
	CGN_HOLDING_BEGINS, /* or is told again */
	CGN_HOLDING_ENDS,
	CGN_HOLDING_ALL_END, /* START, STOP */
	CGN_HOLDING_GAP,     /* all are told again from now on */
	CGN_HOLDING_SYNCED,  /* all have been */
};

enum cgn_holding_act cgn_holding_act(const struct cgn_slot *s);

/* The kind with which the holding begins: BLOCK_LEASED (DET_TAKEN too), MAPPING_MADE,
 * EXPLICIT_MADE. */
uint8_t cgn_holding_kind(const struct cgn_slot *s);

/* Of slots of one segment or one writer, where the numbers of names are the same. */
bool cgn_is_same_holder(const struct cgn_slot *a, const struct cgn_slot *b);
