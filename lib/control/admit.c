/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Admission: the subscriber whose assigned address the packet carries (classify has checked it
 * against the attachment) must be within its quota, and its tenant within its own.
 */
#include "control.h"

enum cgn_fate
cgn_admit(struct cgn_control *c, const struct cgn_flow *flow)
{
	return cgn_quota_admit(&c->dp->dir->tenants[flow->tenant], &c->tenants[flow->tenant],
		&c->subscribers[flow->inside].use, flow->proto, c->now);
}
