/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header of PCP and what is decided from it (RFC 6887 sections 7, 8.2 and 14.1). The order of
 * the checks is the RFC's; a request with two faults is answered for the earlier one. Called by
 * portctl.c, pcp_mapping.c and announce.c on the control thread.
 */
#include "pcp.h"

#include <string.h>

#include "call.h"
#include "pcp_mapping.h"
#include "pcp_options.h"
#include "wire.h"

static const uint32_t error_lifetimes_s[] = {
	[CGN_PCP_SUCCESS] = 0,
	[CGN_PCP_UNSUPP_VERSION] = CGN_PCP_LONG_ERROR_S,
	[CGN_PCP_NOT_AUTHORIZED] = CGN_PCP_LONG_ERROR_S,
	[CGN_PCP_MALFORMED_REQUEST] = CGN_PCP_LONG_ERROR_S,
	[CGN_PCP_UNSUPP_OPCODE] = CGN_PCP_LONG_ERROR_S,
	[CGN_PCP_UNSUPP_OPTION] = CGN_PCP_LONG_ERROR_S,
	[CGN_PCP_MALFORMED_OPTION] = CGN_PCP_LONG_ERROR_S,
	[CGN_PCP_NETWORK_FAILURE] = CGN_PCP_SHORT_ERROR_S,
	[CGN_PCP_NO_RESOURCES] = CGN_PCP_SHORT_ERROR_S,
	[CGN_PCP_UNSUPP_PROTOCOL] = CGN_PCP_LONG_ERROR_S,
	[CGN_PCP_USER_EX_QUOTA] = CGN_PCP_SHORT_ERROR_S,
	[CGN_PCP_CANNOT_PROVIDE] = CGN_PCP_SHORT_ERROR_S,
	[CGN_PCP_ADDRESS_MISMATCH] = CGN_PCP_LONG_ERROR_S,
	[CGN_PCP_TOO_MANY_PEERS] = CGN_PCP_LONG_ERROR_S,
};

/* Could the request not be parsed? Then its client address goes back in place of zeros. */
static bool
is_parse_failure(enum cgn_pcp_result result)
{
	return result == CGN_PCP_UNSUPP_VERSION || result == CGN_PCP_MALFORMED_REQUEST ||
		result == CGN_PCP_MALFORMED_OPTION;
}

static uint32_t
error_len(uint32_t request_len)
{
	if (request_len >= CGN_PORTCTL_MAX)
		return CGN_PORTCTL_MAX;
	if (request_len <= CGN_PCP_HEADER_LEN)
		return CGN_PCP_HEADER_LEN;
	return (request_len + 3) & ~UINT32_C(3);
}

void
cgn_pcp_header_write(uint8_t *out, enum cgn_pcp_opcode opcode, uint32_t lifetime_s, uint32_t epoch)
{
	memset(out, 0, CGN_PCP_HEADER_LEN);
	out[0] = CGN_PCP_VERSION;
	out[1] = (uint8_t)(CGN_PCP_RESPONSE | opcode);
	cgn_put_be32(out + CGN_PCP_OFF_LIFETIME, lifetime_s);
	cgn_put_be32(out + CGN_PCP_OFF_EPOCH, epoch);
}

uint32_t
cgn_pcp_refuse(const struct cgn_portctl_call *call, struct cgn_pcp_fault fault, uint32_t lifetime_s)
{
	struct cgn_portctl_reply *reply = &call->replies[0];
	uint32_t copied = call->len < CGN_PORTCTL_MAX ? call->len : CGN_PORTCTL_MAX;
	uint8_t *out = reply->bytes;

	reply->len = (uint16_t)error_len(call->len);
	memset(out, 0, reply->len);
	memcpy(out, call->payload, copied);
	out[0] = CGN_PCP_VERSION;
	out[1] |= CGN_PCP_RESPONSE;
	out[2] = 0;
	out[3] = (uint8_t)fault.result;
	cgn_put_be32(out + CGN_PCP_OFF_LIFETIME,
		lifetime_s != 0 ? lifetime_s : error_lifetimes_s[fault.result]);
	cgn_put_be32(out + CGN_PCP_OFF_EPOCH, cgn_call_epoch(call));
	if (!is_parse_failure(fault.result))
		memset(out + CGN_PCP_OFF_LOW96, 0, CGN_PCP_HEADER_LEN - CGN_PCP_OFF_LOW96);
	call->outcome->protocol = CGN_PCP_VERSION;
	call->outcome->result = (uint8_t)fault.result;
	call->outcome->reason = fault.reason;
	return 1;
}

uint32_t
cgn_pcp_refuse_version(const struct cgn_portctl_call *call)
{
	return cgn_pcp_refuse(
		call, (struct cgn_pcp_fault){CGN_PCP_UNSUPP_VERSION, "version not served"}, 0);
}

/* The least length of a request with this opcode; the header's for an unknown one. */
static uint32_t
least_len(uint8_t opcode)
{
	switch (opcode) {
	case CGN_PCP_MAP:
		return CGN_PCP_MAP_LEN;
	case CGN_PCP_PEER:
		return CGN_PCP_PEER_LEN;
	default:
		return CGN_PCP_HEADER_LEN;
	}
}

static bool
client_matches(const struct cgn_portctl_call *call)
{
	const uint8_t *addr = call->payload + CGN_PCP_OFF_CLIENT;

	return cgn_pcp_addr_is_ip4(addr) && cgn_pcp_addr_get_ip4(addr) == call->client->addr;
}

/* RFC 6887 section 8.2, from the length on; a disabled opcode is refused by policy (7.4, code 2).
 */
static struct cgn_pcp_fault
check_header(const struct cgn_portctl_call *call)
{
	const struct cgn_portctl_policy *policy = call->policy;
	uint8_t opcode = call->payload[1];

	if (call->len > CGN_PORTCTL_MAX)
		return (struct cgn_pcp_fault){CGN_PCP_MALFORMED_REQUEST, "longer than 1100 bytes"};
	if (call->len % 4 != 0)
		return (struct cgn_pcp_fault){
			CGN_PCP_MALFORMED_REQUEST, "length not a multiple of 4"};
	if (call->len < least_len(opcode))
		return (struct cgn_pcp_fault){
			CGN_PCP_MALFORMED_REQUEST, "too short for its opcode"};
	if (!client_matches(call))
		return (struct cgn_pcp_fault){CGN_PCP_ADDRESS_MISMATCH,
			"client address is not the source address: another NAT in between"};
	if (opcode > CGN_PCP_PEER)
		return (struct cgn_pcp_fault){CGN_PCP_UNSUPP_OPCODE, "unknown opcode"};
	if (opcode == CGN_PCP_MAP && !policy->map)
		return (struct cgn_pcp_fault){CGN_PCP_NOT_AUTHORIZED, "MAP is off"};
	if (opcode == CGN_PCP_PEER && !policy->peer)
		return (struct cgn_pcp_fault){CGN_PCP_NOT_AUTHORIZED, "PEER is off"};
	/* Outside the simple threat model of RFC 6887 section 18.1 (AMB-16). */
	if (opcode != CGN_PCP_ANNOUNCE && policy->unbound)
		return (struct cgn_pcp_fault){CGN_PCP_NOT_AUTHORIZED, cgn_call_unbound};
	return (struct cgn_pcp_fault){CGN_PCP_SUCCESS, NULL};
}

/* RFC 6887 section 14.1.2: success, no state; no option is defined for it. */
static uint32_t
reply_announce(const struct cgn_portctl_call *call)
{
	struct cgn_portctl_reply *reply = &call->replies[0];

	reply->len = CGN_PCP_HEADER_LEN;
	cgn_pcp_header_write(reply->bytes, CGN_PCP_ANNOUNCE, 0, cgn_call_epoch(call));
	return 1;
}

uint32_t
cgn_pcp_handle(const struct cgn_portctl_call *call)
{
	uint8_t opcode = call->payload[1];
	struct cgn_pcp_options options;
	struct cgn_pcp_fault fault;

	if (call->len < CGN_PCP_HEADER_LEN)
		return cgn_call_ignore(call, "shorter than a PCP header");
	fault = check_header(call);
	if (fault.result == CGN_PCP_SUCCESS)
		fault = cgn_pcp_options_parse(call, least_len(opcode), &options);
	if (fault.result != CGN_PCP_SUCCESS)
		return cgn_pcp_refuse(call, fault, 0);
	if (opcode == CGN_PCP_ANNOUNCE)
		return reply_announce(call);
	return cgn_pcp_mapping_handle(call, &options);
}
