/* SPDX-License-Identifier: BSD-3-Clause */
/* Idle limits; called by control/publish.c and control/expire.c. */
#include "lifetime.h"

#include "tcp_track.h"

uint32_t
cgn_lifetime_idle_s(const struct cgn_conf_timeouts *timeouts, const struct cgn_mapping *m)
{
	uint32_t tcp;

	if (m->proto == CGN_OTHER)
		return timeouts->other;
	switch ((enum cgn_proto)m->proto) {
	case CGN_UDP:
		return timeouts->udp;
	case CGN_ICMP:
		return timeouts->icmp;
	default:
		break;
	}
	tcp = atomic_load_explicit(&m->tcp, memory_order_relaxed);
	switch (tcp & CGN_TCP_STATE_MASK) {
	case CGN_TCP_OPENING:
		return (tcp & CGN_TCP_AFTER) && timeouts->tcp_closing > timeouts->tcp_opening
			? timeouts->tcp_closing
			: timeouts->tcp_opening;
	case CGN_TCP_CLOSING:
		return timeouts->tcp_closing;
	default:
		return timeouts->tcp_established;
	}
}

uint32_t
cgn_lifetime_end_s(const struct cgn_conf_timeouts *timeouts, const struct cgn_mapping *m)
{
	return atomic_load_explicit(&m->last_use_s, memory_order_relaxed) +
		cgn_lifetime_idle_s(timeouts, m);
}

uint32_t
cgn_lifetime_check_s(
	const struct cgn_conf_timeouts *timeouts, const struct cgn_mapping *m, uint32_t now_s)
{
	uint32_t end = cgn_lifetime_end_s(timeouts, m);
	uint32_t shortest = timeouts->tcp_closing < timeouts->tcp_opening ? timeouts->tcp_closing
									  : timeouts->tcp_opening;

	/* An established connection can close, and a closed one reopen, at any time. */
	if (m->proto == CGN_TCP && (int32_t)(end - now_s) > (int32_t)shortest)
		return now_s + shortest;
	return end;
}
