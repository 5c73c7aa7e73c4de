/* SPDX-License-Identifier: BSD-3-Clause */
/* Clearing by the operator; see cgn_clear_slice. Called through requests (manage/); control thread.
 */
#include "explicit_rules.h"

enum { LOOK_SLICE = 4096, UNLINK_SLICE = 256 }; /* 10 ns and about 1 µs each */

static bool
is_wanted(struct cgn_control *c, const struct cgn_clear *clear, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_explicit *e;

	if (m->tenant != clear->tenant ||
		(clear->inside != CGN_NONE &&
			cgn_holder_of(c, m->inside) != cgn_holder_of(c, clear->inside)) ||
		!cgn_is_published(c, i))
		return false;
	e = cgn_explicit_of(c, m);
	return e == NULL || e->origin != CGN_EXPLICIT_OPERATOR;
}

/* Clients have to make anew what they asked for (RFC 6886 section 3.7, RFC 6887 section 8.5). */
static void
tell_clients(struct cgn_control *c, uint32_t tenant)
{
	cgn_epoch_reset(&c->epochs[tenant], c->now);
	cgn_state_restart(c, tenant);
	cgn_portctl_announce_start(c, tenant);
	cgn_event_epoch(c, tenant, "the operator has cleared its mappings");
}

void
cgn_clear_slice(struct cgn_control *c, struct cgn_clear *clear)
{
	uint32_t n = 0, unlinked = 0;

	/* A port begins to rest now: not while the clock of those that rest is behind. */
	if (c->pool->rest_now_s != c->now_s)
		return;
	if (!cgn_directory_tenant_live(c->dp->dir, clear->tenant)) {
		clear->is_over = true;
		return;
	}
	for (; n < LOOK_SLICE && unlinked < UNLINK_SLICE && clear->cursor < c->table->last; n++) {
		uint32_t i = ++clear->cursor;

		if (!is_wanted(c, clear, i))
			continue;
		clear->n_explicit += cgn_table_at(c->table, i)->explicit_ref != 0;
		cgn_unlink(c, i);
		unlinked++;
	}
	clear->n += unlinked;
	if (clear->cursor < c->table->last)
		return;
	if (clear->inside == CGN_NONE || clear->n_explicit > 0)
		tell_clients(c, clear->tenant);
	clear->is_over = true;
}
