/* SPDX-License-Identifier: BSD-3-Clause */
/* The tenants' epoch counters. Control calls it for every answer and at reset; control thread. */
#include "epoch.h"

static uint32_t
add_capped(uint32_t a, uint64_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + (uint32_t)b;
}

void
cgn_epoch_reset(struct cgn_epoch *epoch, cgn_ns_t now)
{
	epoch->began_ns = now;
	epoch->start_s = 0;
}

void
cgn_epoch_continue(struct cgn_epoch *epoch, cgn_ns_t now, uint32_t saved_s, uint32_t away_s)
{
	epoch->began_ns = now;
	epoch->start_s = add_capped(saved_s, away_s);
}

uint32_t
cgn_epoch_at(const struct cgn_epoch *epoch, cgn_ns_t now)
{
	/* A time before the start is one read earlier in the same turn of the loop. */
	if (now < epoch->began_ns)
		return epoch->start_s;
	return add_capped(epoch->start_s, (now - epoch->began_ns) / CGN_NS_PER_S);
}
