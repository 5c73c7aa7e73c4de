/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy: what a tenant wants done to the IPv4 headers of what it forwards: DSCP and options. The
 * directory says whether any tenant wants anything at all, so that nothing else costs but a bit.
 * Worker threads.
 */
#pragma once

#include "worker.h"

enum { CGN_IP_HEADER = 20 };

/* A translated packet, its fate set; before it may be cut. Checksums by difference. */
void cgn_policy_mark(struct cgn_worker *w, struct rte_mbuf *m);

/* Does the packet's tenant, set, take no options? */
static inline bool
cgn_policy_refuses(const struct cgn_worker *w, const struct cgn_pkt *pkt)
{
	return unlikely(w->dir->policies & CGN_POLICY_DROP) &&
		pkt->l4_off - pkt->l3_off > CGN_IP_HEADER &&
		cgn_directory_tenant_live(w->dir, pkt->tenant) &&
		w->dir->tenants[pkt->tenant].conf->nat.ip_options == CGN_IP_OPTIONS_DROP;
}
