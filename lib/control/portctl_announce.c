/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Announcements of NAT-PMP and PCP after a start or a loss of state: a train of copies to each
 * attachment, and never to an uplink (RFC 6886 section 3.2.1, RFC 6887 section 14.1, AMB-14).
 */
#include "portctl_send.h"

enum { IFACE_SLICE = 64 }; /* looked at in one turn */

static const struct rte_ether_addr all_hosts_mac = {{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}};

void
cgn_portctl_announce_start(struct cgn_control *c, uint32_t tenant)
{
	const struct cgn_tenant *t = &c->dp->dir->tenants[tenant];

	for (uint32_t a = 0; a < t->conf->n_attachments; a++) {
		struct cgn_announce *train = &c->announces[t->ifaces[a]];

		if (!cgn_announce_is_waiting(train, c->now))
			cgn_announce_start(train, cgn_announce_slot(&c->announce_slot_at, c->now),
				CGN_ANNOUNCE_COPIES);
	}
	c->announcing = true;
}

/* The one subscriber of an attachment, or CGN_NONE when there are more. */
static uint32_t
only_subscriber(const struct cgn_iface *iface)
{
	const struct cgn_range_map *subs = &iface->subscribers;

	return iface->n_subscribers == 1 ? subs->ranges[0].value : CGN_NONE;
}

static void
announce(struct cgn_control *c, uint32_t i)
{
	const struct cgn_iface *iface = &c->dp->dir->ifaces[i];
	struct cgn_portctl_policy policy = cgn_portctl_policy_of(
		&c->dp->dir->tenants[iface->tenant].conf->portctl);
	struct cgn_portctl_dest to = {.iface = i,
		.mac = all_hosts_mac,
		.addr = CGN_ANNOUNCE_GROUP,
		.port = CGN_PORT_PMP_CLIENT};
	uint32_t epoch = cgn_epoch_at(&c->epochs[iface->tenant], c->now);
	uint32_t inside = only_subscriber(iface);

	if (cgn_announce_wants_natpmp(&policy, inside != CGN_NONE ? 1 : 2)) {
		cgn_announce_natpmp_write(&c->replies[0], epoch,
			cgn_explicit_ops.outside_addr(c, iface->tenant, inside));
		cgn_portctl_send(c, &to, &c->replies[0]);
	}
	if (cgn_announce_wants_pcp(&policy)) {
		cgn_announce_pcp_write(&c->replies[0], epoch);
		cgn_portctl_send(c, &to, &c->replies[0]);
	}
}

void
cgn_portctl_announce(struct cgn_control *c)
{
	uint32_t n = c->dp->dir->n_ifaces;

	if (!c->announcing)
		return;
	for (uint32_t k = 0; k < IFACE_SLICE && c->announce_cursor < n; k++, c->announce_cursor++) {
		struct cgn_announce *train = &c->announces[c->announce_cursor];

		if (cgn_announce_take(train, c->now))
			announce(c, c->announce_cursor);
		c->announcing_more |= cgn_announce_next_due(train) != CGN_ANNOUNCE_NEVER;
	}
	if (c->announce_cursor < n)
		return;
	c->announcing = c->announcing_more; /* a whole round without a copy left ends it */
	c->announcing_more = false;
	c->announce_cursor = 0;
}
