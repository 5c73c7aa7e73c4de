/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MAP and PEER: from the request's fields to one question to the rules for explicit mappings, and
 * from their answer to bytes. Nothing is asked before everything else about the request is known to
 * be good, so an error of this layer changes nothing (RFC 6887 section 7.3). pcp.c calls it on the
 * control thread.
 */
#include "pcp_mapping.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "call.h"
#include "err.h"
#include "pcp.h"
#include "pcp_options.h"
#include "wire.h"

static const struct cgn_pcp_fault no_fault = {CGN_PCP_SUCCESS, NULL};

/* RFC 6887 section 15: the operator's bounds; 0 keeps its meaning. */
static uint32_t
clamp_lifetime(const struct cgn_portctl_policy *policy, uint32_t lifetime_s)
{
	if (lifetime_s == 0)
		return 0;
	if (lifetime_s < policy->pcp_min_lifetime_s)
		lifetime_s = policy->pcp_min_lifetime_s;
	if (lifetime_s > policy->pcp_max_lifetime_s)
		lifetime_s = policy->pcp_max_lifetime_s;
	return lifetime_s > 0 ? lifetime_s : 1;
}

static bool
is_map_delete(const struct cgn_portctl_call *call)
{
	return call->payload[1] == CGN_PCP_MAP &&
		cgn_get_be32(call->payload + CGN_PCP_OFF_LIFETIME) == 0;
}

/* The only protocols that are mapped; also sets *proto. */
static bool
is_mappable(uint8_t protocol, enum cgn_proto *proto)
{
	*proto = protocol == IPPROTO_TCP ? CGN_TCP : CGN_UDP;
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

/* Whose mapping it is: the client's own, or that of the third party it names. */
static struct cgn_pcp_fault
find_subject(const struct cgn_portctl_call *call, const struct cgn_pcp_options *options,
	struct cgn_explicit_ask *ask)
{
	ask->tenant = call->client->tenant;
	ask->inside = call->client->inside;
	if (!options->has_third_party)
		return no_fault;
	ask->third_party = true;
	ask->inside = call->ops->find_inside(call->ctx, ask->tenant, options->third_party);
	if (ask->inside == CGN_NONE)
		return (struct cgn_pcp_fault){
			CGN_PCP_NOT_AUTHORIZED, "THIRD_PARTY is not a subscriber's address"};
	return no_fault;
}

/* All ports or all protocols of a shared address can never be mapped (RFC 6887 section 11.3). */
static struct cgn_pcp_fault
read_map(const struct cgn_portctl_call *call, struct cgn_explicit_ask *ask)
{
	uint8_t protocol = call->payload[CGN_PCP_OFF_PROTOCOL];

	if (protocol == 0 && ask->inside_port != 0)
		return (struct cgn_pcp_fault){
			CGN_PCP_MALFORMED_REQUEST, "all protocols, but one port"};
	if (protocol == 0 && is_map_delete(call))
		return no_fault;
	if (!is_mappable(protocol, &ask->proto))
		return (struct cgn_pcp_fault){CGN_PCP_UNSUPP_PROTOCOL, "neither TCP nor UDP"};
	if (ask->inside_port == 0 && !is_map_delete(call))
		return (struct cgn_pcp_fault){CGN_PCP_UNSUPP_PROTOCOL, "all ports"};
	return no_fault;
}

/* RFC 6887 section 12.1: all three must be there; 12.3: the peer must be one traffic could reach.
 */
static struct cgn_pcp_fault
read_peer(const struct cgn_portctl_call *call, struct cgn_explicit_ask *ask)
{
	const uint8_t *p = call->payload;
	uint8_t protocol = p[CGN_PCP_OFF_PROTOCOL];

	ask->peer_port = cgn_get_be16(p + CGN_PCP_OFF_PEER_PORT);
	if (protocol == 0 || ask->inside_port == 0 || ask->peer_port == 0)
		return (struct cgn_pcp_fault){
			CGN_PCP_MALFORMED_REQUEST, "PEER with protocol or port 0"};
	if (!is_mappable(protocol, &ask->proto))
		return (struct cgn_pcp_fault){CGN_PCP_UNSUPP_PROTOCOL, "neither TCP nor UDP"};
	if (!cgn_pcp_addr_is_ip4(p + CGN_PCP_OFF_PEER_ADDR))
		return (struct cgn_pcp_fault){
			CGN_PCP_MALFORMED_REQUEST, "peer is not an IPv4 address"};
	ask->peer_addr = cgn_pcp_addr_get_ip4(p + CGN_PCP_OFF_PEER_ADDR);
	if (!call->ops->peer_allowed(call->ctx, ask->tenant, ask->peer_addr))
		return (struct cgn_pcp_fault){
			CGN_PCP_MALFORMED_REQUEST, "peer is not reachable from inside"};
	return no_fault;
}

/* No preference is ::ffff:0:0; :: is taken for the same (RFC 6887 section 5). */
static uint32_t
read_suggested_addr(const uint8_t *p)
{
	static const uint8_t unspecified[CGN_PCP_ADDR_LEN];

	if (cgn_pcp_addr_is_ip4(p))
		return cgn_pcp_addr_get_ip4(p);
	return memcmp(p, unspecified, sizeof(unspecified)) == 0 ? 0 : CGN_ADDR_IMPOSSIBLE;
}

static void
read_wishes(const struct cgn_portctl_call *call, const struct cgn_pcp_options *options,
	struct cgn_explicit_ask *ask)
{
	const uint8_t *p = call->payload;
	uint32_t ports_left = UINT32_C(65536) - ask->inside_port;

	ask->lifetime_s = clamp_lifetime(call->policy, cgn_get_be32(p + CGN_PCP_OFF_LIFETIME));
	if (!is_map_delete(call)) {
		ask->suggested_addr = read_suggested_addr(p + CGN_PCP_OFF_ADDR);
		ask->suggested_port = cgn_get_be16(p + CGN_PCP_OFF_PORT);
	}
	memcpy(ask->nonce, p + CGN_PCP_OFF_NONCE, CGN_PCP_NONCE_LEN);
	ask->replace_nonce = call->policy->replace_nonce;
	ask->prefer_failure = options->prefer_failure;
	ask->filters_cleared = options->filters_cleared;
	ask->n_filters = options->n_filters;
	memcpy(ask->filters, options->filters, sizeof(ask->filters));
	ask->n_ports = options->set_size > 0 ? options->set_size : 1;
	if (ask->n_ports > ports_left)
		ask->n_ports = (uint16_t)ports_left;
	ask->parity = options->parity;
	ask->client_addr = call->client->addr;
	ask->client_port = call->client->port;
}

/*
 * The answer carries the assigned address and port; that of a delete, whose mapping is gone, the
 * suggested ones (RFC 6887 section 15.1). Internal Port is the request's, except that one port out
 * of a set has no other field to name it.
 */
static void
reply_write(const struct cgn_portctl_call *call, const struct cgn_pcp_options *options,
	const struct cgn_explicit_answer *answer, struct cgn_portctl_reply *reply)
{
	uint8_t opcode = call->payload[1], *out = reply->bytes;

	reply->len = opcode == CGN_PCP_MAP ? CGN_PCP_MAP_LEN : CGN_PCP_PEER_LEN;
	cgn_pcp_header_write(
		out, (enum cgn_pcp_opcode)opcode, answer->lifetime_s, cgn_call_epoch(call));
	memcpy(out + CGN_PCP_HEADER_LEN, call->payload + CGN_PCP_HEADER_LEN,
		reply->len - CGN_PCP_HEADER_LEN);
	memset(out + CGN_PCP_OFF_PROTOCOL + 1, 0, 3);
	if (opcode == CGN_PCP_PEER)
		memset(out + CGN_PCP_OFF_PEER_PORT + 2, 0, 2);
	if (!is_map_delete(call) || answer->lifetime_s != 0) {
		cgn_put_be16(out + CGN_PCP_OFF_PORT, answer->port);
		cgn_pcp_addr_put_ip4(out + CGN_PCP_OFF_ADDR, answer->addr);
	}
	if (options->has_port_set && answer->n_ports == 1 && !is_map_delete(call))
		cgn_put_be16(out + CGN_PCP_OFF_INSIDE_PORT, answer->inside_port);
	cgn_pcp_options_echo(call, options, answer, reply);
}

/*
 * CANNOT_PROVIDE_EXTERNAL and EXCESSIVE_REMOTE_PEERS answer only requests that can cause them (RFC
 * 6887 section 7.4); for any other they mean that there is nothing to give.
 */
static struct cgn_pcp_fault
fault_of(enum cgn_explicit_result result, const struct cgn_explicit_ask *ask)
{
	const bool may_insist = ask->prefer_failure || ask->origin == CGN_EXPLICIT_PCP_PEER;

	switch (result) {
	case CGN_EXPLICIT_OK:
		return no_fault;
	case CGN_EXPLICIT_NOT_OWNER:
		return (struct cgn_pcp_fault){CGN_PCP_NOT_AUTHORIZED, "not the mapping's nonce"};
	case CGN_EXPLICIT_STATIC:
		return (struct cgn_pcp_fault){
			CGN_PCP_NOT_AUTHORIZED, "the mapping is the operator's"};
	case CGN_EXPLICIT_IMPLICIT:
		return (struct cgn_pcp_fault){
			CGN_PCP_NOT_AUTHORIZED, "the mapping was made by traffic or PEER"};
	case CGN_EXPLICIT_NO_ADDRESS:
		return (struct cgn_pcp_fault){CGN_PCP_NETWORK_FAILURE, "no outside address"};
	case CGN_EXPLICIT_QUOTA:
		return (struct cgn_pcp_fault){CGN_PCP_USER_EX_QUOTA, "subscriber quota reached"};
	case CGN_EXPLICIT_CANNOT_PROVIDE:
		if (may_insist)
			return (struct cgn_pcp_fault){
				CGN_PCP_CANNOT_PROVIDE, "the suggestion cannot be met"};
		break;
	case CGN_EXPLICIT_TOO_MANY_FILTERS:
		if (ask->n_filters > 0)
			return (struct cgn_pcp_fault){
				CGN_PCP_TOO_MANY_PEERS, "too many filters on the mapping"};
		break;
	case CGN_EXPLICIT_NO_PORTS:
	case CGN_EXPLICIT_SOME_LEFT:
		break;
	}
	return (struct cgn_pcp_fault){CGN_PCP_NO_RESOURCES, "no port left"};
}

/* What is left of another's mapping is the error's lifetime; at least 1, since 0 invites a retry.
 */
static uint32_t
fault_lifetime(enum cgn_pcp_result result, enum cgn_explicit_result cause, uint32_t left_s)
{
	if (cause == CGN_EXPLICIT_NOT_OWNER)
		return left_s > 0 ? left_s : 1;
	return result == CGN_PCP_CANNOT_PROVIDE ? left_s : 0;
}

static uint32_t
ask_and_reply(const struct cgn_portctl_call *call, const struct cgn_pcp_options *options,
	const struct cgn_explicit_ask *ask)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS] = {0};
	uint32_t n_answers = 0;
	enum cgn_explicit_result result = call->ops->ask(call->ctx, ask, answers, &n_answers);
	struct cgn_pcp_fault fault = fault_of(result, ask);

	if (fault.result != CGN_PCP_SUCCESS)
		return cgn_pcp_refuse(
			call, fault, fault_lifetime(fault.result, result, answers[0].lifetime_s));
	assert(n_answers >= 1 && n_answers <= CGN_EXPLICIT_MAX_ANSWERS);
	for (uint32_t i = 0; i < n_answers; i++)
		reply_write(call, options, &answers[i], &call->replies[i]);
	return n_answers;
}

uint32_t
cgn_pcp_mapping_handle(const struct cgn_portctl_call *call, const struct cgn_pcp_options *options)
{
	const bool is_map = call->payload[1] == CGN_PCP_MAP;
	struct cgn_explicit_ask ask = {
		.origin = is_map ? CGN_EXPLICIT_PCP_MAP : CGN_EXPLICIT_PCP_PEER,
		.inside_port = cgn_get_be16(call->payload + CGN_PCP_OFF_INSIDE_PORT)};
	struct cgn_pcp_fault fault = find_subject(call, options, &ask);

	if (fault.result == CGN_PCP_SUCCESS)
		fault = is_map ? read_map(call, &ask) : read_peer(call, &ask);
	if (fault.result != CGN_PCP_SUCCESS)
		return cgn_pcp_refuse(call, fault, 0);
	if (ask.inside_port == 0) {
		/* A wildcard delete, and there are no wildcard mappings: deleting what does not
		 * exist succeeds, and no other mapping is touched (RFC 6887 section 15.1). */
		const struct cgn_explicit_answer gone = {0};

		reply_write(call, options, &gone, &call->replies[0]);
		return 1;
	}
	read_wishes(call, options, &ask);
	return ask_and_reply(call, options, &ask);
}
