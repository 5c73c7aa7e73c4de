/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Expiry: the wheel names mappings to look at; those that were used meanwhile go back into it, the
 * idle ones are unlinked. Ports whose rest is over become free. Slices keep a turn short when
 * millions end in one second; what is left over is done in the next turns.
 */
#include "control.h"
#include "explicit_rules.h"
#include "lifetime.h"

enum { EXPIRE_SLICE = 256, REST_SLICE = 512 };

/*
 * The end of a NAT-PMP lifetime is a delete, whatever the traffic (RFC 6886 section 3.4). PCP
 * leaves what traffic has earned (RFC 6887 section 15).
 */
static bool
ends_with_its_record(const struct cgn_explicit *e)
{
	return e != NULL && e->origin == CGN_EXPLICIT_NATPMP && !e->adopted;
}

uint32_t
cgn_expire(struct cgn_control *c)
{
	uint32_t n = cgn_pool_rest_advance(c->pool, c->now_s, REST_SLICE);

	/* A port begins to rest now: not while the clock of those that rest is behind. */
	if (c->pool->rest_now_s != c->now_s)
		return n;
	for (uint32_t k = 0; k < EXPIRE_SLICE; k++, n++) {
		uint32_t i = cgn_wheel_next_due(&c->wheel, c->now_s);
		const struct cgn_conf_timeouts *timeouts;
		const struct cgn_explicit *e;
		struct cgn_mapping *m;

		if (i == UINT32_MAX)
			break;
		m = cgn_table_at(c->table, i);
		timeouts = &cgn_conf_of(c, m->tenant)->timeouts;
		e = cgn_explicit_of(c, m);
		if (e != NULL && cgn_explicit_left(c, e) > 0) {
			/* A granted lifetime holds whatever the traffic (PCP-63, PCP-68). */
			cgn_explicit_restart_timer(c, i);
			continue;
		}
		if (cgn_explicit_idle_left(c, m) > 0 && !ends_with_its_record(e)) {
			cgn_explicit_drop(c, m, timeouts->port_rest);
			cgn_wheel_add(&c->wheel, i, cgn_lifetime_check_s(timeouts, m, c->now_s));
		} else {
			cgn_unlink_resting(c, i, cgn_explicit_idle_left(c, m));
			c->expired++;
		}
	}
	return n;
}
