/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Admission: the subscriber whose assigned address the packet carries (classify has checked it
 * against the attachment) must be within its quota, and its tenant within its own.
 */
#include "control.h"

enum cgn_fate
cgn_admit(struct cgn_control *c, const struct cgn_pkt *pkt)
{
	const struct cgn_tenant *tenant = &c->dp->dir->tenants[pkt->tenant];

	return cgn_quota_admit(tenant, &c->tenants[pkt->tenant], &c->subscribers[pkt->inside].use,
		(enum cgn_proto)pkt->proto, c->now);
}
