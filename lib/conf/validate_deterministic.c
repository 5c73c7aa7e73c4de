/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of ports.reserved and ports.deterministic. Called by validate.c on the main thread. */
#include "validate.h"

#include "deterministic.h"

static bool
is_free(const uint64_t *map, uint32_t first, uint32_t last)
{
	for (uint32_t port = first; port <= last; port++)
		if (!(map[port / 64] >> port % 64 & 1))
			return true;
	return false;
}

static void
check_reserved(struct cgn_validation *v, const struct cgn_conf_tenant *t)
{
	uint64_t map[65536 / 64];

	if (t->ports.n_reserved == 0)
		return;
	cgn_reserved_map(t, map);
	for (uint32_t i = 0; i < t->n_statics; i++) {
		const struct cgn_conf_static *entry = &t->statics[i];

		if (cgn_rule_may(v, &entry->outside_port) &&
			cgn_port_is_reserved(t, entry->outside_port))
			cgn_rule_break(v, CGN_RULE_RESERVED_STATIC, &entry->outside_port,
				"%u is one of ports.reserved; take it out there, or write another",
				entry->outside_port);
	}
	if (cgn_rule_may(v, &t->ports.first) && cgn_rule_may(v, &t->ports.last) &&
		t->ports.first < t->ports.last && !is_free(map, t->ports.first, t->ports.last))
		cgn_rule_break(v, CGN_RULE_RESERVED_ALL, &t->ports.reserved[0].range,
			"no port from %u to %u is left; reserve less", t->ports.first,
			t->ports.last);
}

/* Ranges that one address can have at most. */
static uint32_t
most_ranges(const struct cgn_conf_tenant *t)
{
	uint32_t steps = (t->ports.last + 1u - t->ports.first) / CGN_DET_STEP;

	return steps > t->ports.deterministic.dynamic ? steps - t->ports.deterministic.dynamic : 0;
}

static void
report_room(struct cgn_validation *v, const struct cgn_conf_tenant *t, const struct cgn_det *det)
{
	const void *field = cgn_rule_may(v, &t->ports.deterministic.ratio) &&
			t->ports.deterministic.ratio != 0
		? (const void *)&t->ports.deterministic.ratio
		: (const void *)&t->ports.deterministic.algorithm;
	unsigned long long n = det->subscribers.n, n_addrs = det->addresses.n;
	uint32_t most = most_ranges(t);

	if (most == 0)
		cgn_rule_break(v, CGN_RULE_DETERMINISTIC_ROOM, field,
			"dynamic %u leaves no range of the ports %u to %u; lower it",
			t->ports.deterministic.dynamic, t->ports.first, t->ports.last);
	else if (det->range_ports == 0)
		cgn_rule_break(v, CGN_RULE_DETERMINISTIC_ROOM, field,
			"%llu subscribers on %llu addresses are %u for each, and with dynamic %u "
			"the ports %u to %u make at most %u ranges of 64; add addresses to pool up "
			"to %llu, lower dynamic, or serve fewer subscribers",
			n, n_addrs, det->ratio, t->ports.deterministic.dynamic, t->ports.first,
			t->ports.last, most, (n + most - 1) / most);
	else
		cgn_rule_break(v, CGN_RULE_DETERMINISTIC_ROOM, field,
			"%u subscribers on each of %llu addresses are %llu, and there are %llu; "
			"write %llu or more, or add addresses to pool up to %llu",
			det->ratio, n_addrs, n_addrs * det->ratio, n,
			n_addrs > 0 ? (n + n_addrs - 1) / n_addrs : n,
			(n + det->ratio - 1) / det->ratio);
}

static void
check_statics(struct cgn_validation *v, const struct cgn_conf_tenant *t, const struct cgn_det *det)
{
	for (uint32_t i = 0; i < t->n_statics; i++) {
		const struct cgn_conf_static *entry = &t->statics[i];
		struct cgn_det_answer range;
		char addr[CGN_IP4_STRLEN];

		if (!cgn_rule_may(v, &entry->inside) || !cgn_rule_may(v, &entry->outside) ||
			!cgn_rule_may(v, &entry->outside_port))
			continue;
		cgn_det_forward(det, entry->inside, &range);
		if (range.kind == CGN_DET_FOREIGN ||
			(range.outside == entry->outside && entry->outside_port >= range.first &&
				entry->outside_port <= range.last))
			continue;
		cgn_rule_break(v, CGN_RULE_DETERMINISTIC_STATIC, &entry->outside_port,
			"is not in the range of its subscriber; write an outside address and port "
			"of %s, %u to %u",
			cgn_ip4_str(range.outside, addr), range.first, range.last);
	}
}

static void
check_ranges(struct cgn_validation *v, const struct cgn_conf_tenant *t, const struct cgn_det *det)
{
	uint64_t map[65536 / 64];

	if (t->ports.n_reserved == 0)
		return;
	cgn_reserved_map(t, map);
	for (uint32_t s = 0; s < det->ratio; s++) {
		uint32_t first = t->ports.first + s * det->range_ports;
		uint32_t last = first + det->range_ports - 1;

		if (!is_free(map, first, last)) {
			cgn_rule_break(v, CGN_RULE_RESERVED_ALL, &t->ports.reserved[0].range,
				"nothing is left of the ranges %u to %u; reserve less, or move "
				"ports.first or ports.last",
				first, last);
			return;
		}
	}
}

/* What the computation takes; what is wrong with it is said already. */
static bool
is_known(const struct cgn_validation *v, const struct cgn_conf_tenant *t)
{
	bool is = cgn_rule_may(v, &t->ports.deterministic.algorithm) &&
		cgn_rule_may(v, &t->ports.deterministic.ratio) &&
		cgn_rule_may(v, &t->ports.deterministic.dynamic) &&
		cgn_rule_may(v, &t->ports.first) && cgn_rule_may(v, &t->ports.last) &&
		t->ports.first < t->ports.last && t->ports.first % CGN_DET_STEP == 0 &&
		(t->ports.last + 1) % CGN_DET_STEP == 0 && t->n_pools > 0;

	for (uint32_t p = 0; is && p < t->n_pools; p++)
		is = cgn_rule_may(v, &t->pools[p].prefix);
	for (uint32_t a = 0; a < t->n_attachments; a++)
		for (uint32_t s = 0; is && s < t->attachments[a].n_subscribers; s++) {
			const struct cgn_conf_subscribers *sub = &t->attachments[a].subscribers[s];

			is = cgn_rule_may(v, &sub->prefix) &&
				cgn_rule_may(v, &sub->subscriber_mask) &&
				sub->subscriber_mask >= sub->prefix.len;
		}
	return is;
}

void
cgn_validate_deterministic(struct cgn_validation *v, const struct cgn_conf_tenant *t)
{
	struct cgn_det *det;

	check_reserved(v, t);
	if (t->ports.deterministic.algorithm == CGN_DET_OFF || !is_known(v, t))
		return;
	if (t->ports.keep_range)
		cgn_rule_break(v, CGN_RULE_DETERMINISTIC_RANGE, &t->ports.keep_range,
			"is on beside ports.deterministic; switch one of them off");
	if (t->ports.deterministic.dynamic == 0 && t->n_drains > 0)
		cgn_rule_break(v, CGN_RULE_DETERMINISTIC_DRAIN, &t->drains[0].prefix,
			"its subscribers have their range there and nothing else; write 1 or more "
			"for ports.deterministic.dynamic");
	det = cgn_det_create(t);
	if (det == NULL)
		return; /* the daemon will want more memory than this, and say so */
	if (!cgn_det_fits(det)) {
		report_room(v, t, det);
	} else {
		check_statics(v, t, det);
		check_ranges(v, t, det);
	}
	cgn_det_destroy(det);
}
