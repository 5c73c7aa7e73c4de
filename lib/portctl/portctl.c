/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of the two protocols a request speaks: its first byte says so (RFC 6886 section 1.1, RFC
 * 6887 appendix A). Control calls it for every request that passed the seed rules; control thread.
 */
#include "portctl.h"

#include <netinet/in.h>

#include "call.h"
#include "pcp.h"
#include "pmp.h"
#include "wire.h"

static uint32_t
dispatch(const struct cgn_portctl_call *call)
{
	const struct cgn_portctl_policy *policy = call->policy;
	uint8_t version = call->payload[0];

	if (version == CGN_PMP_VERSION && policy->natpmp)
		return cgn_pmp_handle(call);
	if (version == CGN_PCP_VERSION && policy->pcp)
		return cgn_pcp_handle(call);
	/*
	 * A version nobody serves is refused in the newest form that is served, so that the client
	 * can fall back at once (RFC 6886 section 3.5, RFC 6887 section 9).
	 */
	if (policy->pcp)
		return cgn_pcp_refuse_version(call);
	if (policy->natpmp)
		return cgn_pmp_refuse_version(call);
	return cgn_call_ignore(call, "NAT-PMP and PCP are off");
}

/* What the request is about, whether it is granted or not. */
static void
describe(const struct cgn_portctl_call *call)
{
	struct cgn_portctl_outcome *o = call->outcome;
	const uint8_t *p = call->payload;

	if (p[0] == CGN_PMP_VERSION && call->len >= CGN_PMP_MAP_LEN &&
		(p[1] == CGN_PMP_MAP_UDP || p[1] == CGN_PMP_MAP_TCP)) {
		o->ip_proto = p[1] == CGN_PMP_MAP_UDP ? IPPROTO_UDP : IPPROTO_TCP;
		o->inside_port = cgn_get_be16(p + CGN_PMP_OFF_INSIDE_PORT);
		o->suggested_port = cgn_get_be16(p + CGN_PMP_OFF_SUGGESTED_PORT);
	}
	if (p[0] == CGN_PCP_VERSION && call->len >= CGN_PCP_MAP_LEN &&
		(p[1] == CGN_PCP_MAP || p[1] == CGN_PCP_PEER)) {
		o->ip_proto = p[CGN_PCP_OFF_PROTOCOL];
		o->inside_port = cgn_get_be16(p + CGN_PCP_OFF_INSIDE_PORT);
		o->suggested_port = cgn_get_be16(p + CGN_PCP_OFF_PORT);
		if (cgn_pcp_addr_is_ip4(p + CGN_PCP_OFF_ADDR))
			o->suggested_addr = cgn_pcp_addr_get_ip4(p + CGN_PCP_OFF_ADDR);
	}
}

uint32_t
cgn_portctl_handle(const struct cgn_portctl_ops *ops, void *ctx,
	const struct cgn_portctl_policy *policy, const struct cgn_portctl_client *client,
	const uint8_t *payload, uint32_t len, struct cgn_portctl_reply *replies,
	struct cgn_portctl_outcome *outcome)
{
	const struct cgn_portctl_call call = {.ops = ops,
		.ctx = ctx,
		.policy = policy,
		.client = client,
		.payload = payload,
		.len = len,
		.replies = replies,
		.outcome = outcome};

	*outcome = (struct cgn_portctl_outcome){
		.protocol = len > 0 ? payload[0] : 0, .opcode = len > 1 ? payload[1] & 0x7f : 0};
	if (len < 2)
		return cgn_call_ignore(&call, "shorter than a version and an opcode");
	describe(&call);
	/* In both protocols the top bit marks an answer: answering it would let two servers talk
	 * to each other for ever (RFC 6886 section 3.5, RFC 6887 section 8.2). */
	if (payload[1] & 0x80)
		return cgn_call_ignore(&call, "an answer, not a request");
	if (client->port == 0)
		return cgn_call_ignore(&call, "source port 0 cannot be answered");
	return dispatch(&call);
}
