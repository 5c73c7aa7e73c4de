/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The turn of the control core: packets first, then time, then requests. Each part does a bounded
 * slice, so that no part can keep the others waiting for more than a few hundred microseconds.
 */
#include "control.h"

enum { NEIGH_SLICE = 64 };

uint32_t
cgn_control_poll(struct cgn_control *c, cgn_ns_t now)
{
	uint32_t work = 0;

	c->now = now;
	c->now_s = cgn_ns_to_s(now);
	if (!c->has_begun) {
		cgn_switch_drain(c);
		c->has_begun = true;
	}
	work += cgn_punt_drain(c);
	work += cgn_expire(c);
	work += cgn_contacts_expire(c);
	work += cgn_tcp_end_slice(c);
	work += cgn_reclaim(c);
	work += cgn_unsolicited_turn(c);
	cgn_neigh_tick(c->neigh, c->now_s, NEIGH_SLICE);
	cgn_arp_announce(c);
	cgn_portctl_announce(c);
	work += cgn_portctl_updates(c);
	work += cgn_switch_turn(c);
	work += cgn_drains_turn(c);
	work += cgn_sessions_turn(c);
	cgn_state_resync(c);
	cgn_state_leases(c);
	cgn_natlog_turn(c);
	cgn_alarms_turn(c);
	work += cgn_det_log_turn(c);
	work += cgn_request_serve(c, &c->requests);
	cgn_reinject_flush(c);
	return work;
}
