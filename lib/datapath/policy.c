/* SPDX-License-Identifier: BSD-3-Clause */
/* DSCP and options; called by forward.h and fragment.c on workers, for tenants that want it. */
#include "policy.h"

#include <string.h>

#include <rte_ip.h>

#include "csum.h"

enum { OPT_NOP = 1, ECN = 3 };

static const struct cgn_conf_tenant *
tenant(const struct cgn_worker *w, uint16_t t)
{
	return cgn_directory_tenant_live(w->dir, t) ? w->dir->tenants[t].conf : NULL;
}

/* What a packet is to be marked with, or CGN_LIMIT_UNSET. A hairpin comes in again as from outside
 * (RFC 4787 REQ-9), so its receiver has the last word. */
static uint32_t
dscp_of(const struct cgn_conf_tenant *from, const struct cgn_conf_tenant *to)
{
	if (to != NULL && to->nat.dscp_in != CGN_LIMIT_UNSET)
		return to->nat.dscp_in;
	return from != NULL ? from->nat.dscp_out : CGN_LIMIT_UNSET;
}

/* The sum of the header changes as these 16-bit words do. */
static uint64_t
set_dscp(uint8_t *ip, uint32_t dscp)
{
	uint16_t before, after;

	memcpy(&before, ip, 2);
	ip[1] = (uint8_t)(dscp << 2 | (ip[1] & ECN));
	memcpy(&after, ip, 2);
	return cgn_csum_delta16(before, after);
}

/* Nothing moves: what follows stays where it is. */
static uint64_t
clear_options(uint8_t *opts, uint32_t len)
{
	uint64_t delta = 0;

	for (uint32_t i = 0; i < len; i += 2) {
		uint16_t before, after = OPT_NOP << 8 | OPT_NOP;

		memcpy(&before, opts + i, 2);
		memcpy(opts + i, &after, 2);
		delta += cgn_csum_delta16(before, after);
	}
	return delta;
}

static bool
clears(const struct cgn_conf_tenant *conf)
{
	return conf != NULL && conf->nat.ip_options == CGN_IP_OPTIONS_CLEAR;
}

void
cgn_policy_mark(struct cgn_worker *w, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint8_t *p = rte_pktmbuf_mtod_offset(m, uint8_t *, pkt->l3_off);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)p;
	uint32_t len = (uint32_t)(pkt->l4_off - pkt->l3_off) - CGN_IP_HEADER;
	const struct cgn_conf_tenant *own = tenant(w, pkt->tenant);
	const struct cgn_conf_tenant *from = pkt->fate != CGN_FATE_OUT2IN ? own : NULL;
	const struct cgn_conf_tenant *to = pkt->fate == CGN_FATE_OUT2IN ? own
		: pkt->fate == CGN_FATE_HAIRPIN                         ? tenant(w, pkt->to_tenant)
									: NULL;
	uint32_t dscp = dscp_of(from, to);
	uint64_t delta = 0;

	if (dscp != CGN_LIMIT_UNSET)
		delta += set_dscp(p, dscp);
	if (len > 0 && (clears(from) || clears(to)))
		delta += clear_options(p + CGN_IP_HEADER, len);
	ip->hdr_checksum = cgn_csum_update(ip->hdr_checksum, delta);
}
