/* SPDX-License-Identifier: BSD-3-Clause */
/* Static entries under a new directory, and who is told about it; see directory_switch.h. */
#include "explicit_rules.h"
#include "switch_plan.h"
#include "switch_sweep.h"

/* What is there stays; what had no place before may have one by now. */
static void
set(struct cgn_control *c, uint32_t t, uint32_t entry)
{
	if (cgn_static_is_set(c, t, &c->dp->dir->tenants[t].conf->statics[entry]))
		return;
	if (cgn_static_configure(c, t, entry))
		c->change.count.statics_added++;
	else
		c->change.count.statics_failed++;
}

/* The cursor runs over what is withdrawn, then over the tenants that have entries. */
uint32_t
cgn_switch_statics(struct cgn_control *c, uint32_t max)
{
	const struct cgn_switch_plan *plan = c->plan;
	struct cgn_switch *s = &c->change;
	uint32_t n = 0;

	for (; n < max && s->cursor < plan->n_withdrawn; n++, s->cursor++)
		if (cgn_static_withdraw(
			    c, plan->withdrawn[s->cursor].tenant, plan->withdrawn[s->cursor].entry))
			s->count.statics_gone++;
	while (n < max && s->cursor - plan->n_withdrawn < plan->forwards.n) {
		uint32_t t = plan->forwards.numbers[s->cursor - plan->n_withdrawn];

		set(c, t, s->entry++);
		n++;
		if (s->entry < plan->fresh->tenants[t].conf->n_statics)
			continue;
		s->entry = 0;
		s->cursor++;
	}
	return n;
}

static void
announce(struct cgn_control *c, uint32_t t)
{
	if (cgn_directory_tenant_live(c->dp->dir, t))
		cgn_portctl_announce_start(c, t);
}

void
cgn_switch_announce(struct cgn_control *c)
{
	const struct cgn_switch_plan *plan = c->plan;
	uint64_t *lost = c->change.lost;

	cgn_arp_announce_start(c);
	for (uint32_t k = 0; k < plan->tenants.n; k++)
		announce(c, plan->tenants.numbers[k]);
	for (uint32_t w = 0; w < RTE_DIM(c->change.lost); w++)
		for (uint64_t left = lost[w]; left != 0; left &= left - 1)
			announce(c, w * 64 + (uint32_t)__builtin_ctzll(left));
}
