/* SPDX-License-Identifier: BSD-3-Clause */
/* See holding.h. */
#include "holding.h"

#include "natlog.h"

static const struct {
	uint8_t act, kind;
} acts[256] = {
	[CGN_SLOT_START] = {CGN_HOLDING_ALL_END, 0},
	[CGN_SLOT_STOP] = {CGN_HOLDING_ALL_END, 0},
	[CGN_SLOT_GAP] = {CGN_HOLDING_GAP, 0},
	[CGN_SLOT_SYNCED] = {CGN_HOLDING_SYNCED, 0},
	[CGN_SLOT_BLOCK_LEASED] = {CGN_HOLDING_BEGINS, CGN_SLOT_BLOCK_LEASED},
	[CGN_SLOT_BLOCK_RETURNED] = {CGN_HOLDING_ENDS, CGN_SLOT_BLOCK_LEASED},
	[CGN_SLOT_DET_TAKEN] = {CGN_HOLDING_BEGINS, CGN_SLOT_BLOCK_LEASED},
	[CGN_SLOT_DET_RETURNED] = {CGN_HOLDING_ENDS, CGN_SLOT_BLOCK_LEASED},
	[CGN_SLOT_MAPPING_MADE] = {CGN_HOLDING_BEGINS, CGN_SLOT_MAPPING_MADE},
	[CGN_SLOT_MAPPING_ENDED] = {CGN_HOLDING_ENDS, CGN_SLOT_MAPPING_MADE},
	[CGN_SLOT_EXPLICIT_MADE] = {CGN_HOLDING_BEGINS, CGN_SLOT_EXPLICIT_MADE},
	[CGN_SLOT_EXPLICIT_CHANGED] = {CGN_HOLDING_BEGINS, CGN_SLOT_EXPLICIT_MADE},
	[CGN_SLOT_EXPLICIT_ENDED] = {CGN_HOLDING_ENDS, CGN_SLOT_EXPLICIT_MADE},
};

enum cgn_holding_act
cgn_holding_act(const struct cgn_slot *s)
{
	if (s->kind == CGN_SLOT_GAP && s->flags & CGN_SLOT_LOCAL)
		return CGN_HOLDING_NOTHING; /* the writer knew what there was all the time */
	return (enum cgn_holding_act)acts[s->kind].act;
}

uint8_t
cgn_holding_kind(const struct cgn_slot *s)
{
	return acts[s->kind].kind;
}

bool
cgn_is_same_holder(const struct cgn_slot *a, const struct cgn_slot *b)
{
	return a->inside == b->inside && a->inside_port == b->inside_port && a->last == b->last &&
		a->name == b->name;
}
