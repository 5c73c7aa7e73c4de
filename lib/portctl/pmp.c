/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT-PMP codec and rules (RFC 6886). Byte offsets: 0 version, 1 opcode, 2 result (requests:
 * reserved, ignored), 4 epoch, then the opcode's own. Called by portctl.c and announce.c on the
 * control thread.
 */
#include "pmp.h"

#include <assert.h>
#include <string.h>

#include "call.h"
#include "wire.h"

enum {
	RESPONSE = 0x80,
	REQ_LIFETIME = 8,
	/* Answer to a map request. */
	REP_INSIDE_PORT = 8,
	REP_PORT = 10,
	REP_LIFETIME = 12,
};

/* The part of a map answer that depends on how the request ended; all zero on failure. */
struct grant {
	uint16_t port;
	uint32_t lifetime_s;
};

static void
head_write(uint8_t *out, uint8_t opcode, uint16_t result, uint32_t epoch)
{
	out[0] = CGN_PMP_VERSION;
	out[1] = (uint8_t)(RESPONSE | opcode);
	cgn_put_be16(out + 2, result);
	cgn_put_be32(out + 4, epoch);
}

/* Starts the only reply and records how the request ended. reason: NULL on success. */
static uint8_t *
reply_start(const struct cgn_portctl_call *call, enum cgn_pmp_result result, uint16_t len,
	const char *reason)
{
	struct cgn_portctl_reply *reply = &call->replies[0];

	reply->len = len;
	memset(reply->bytes, 0, len);
	head_write(reply->bytes, call->payload[1], (uint16_t)result, cgn_call_epoch(call));
	call->outcome->protocol = CGN_PMP_VERSION;
	call->outcome->result = (uint8_t)result;
	call->outcome->reason = reason;
	return reply->bytes;
}

void
cgn_pmp_addr_write(uint8_t *out, uint32_t epoch, uint32_t addr)
{
	head_write(out, CGN_PMP_ADDR, addr == 0 ? CGN_PMP_NETWORK_FAILURE : CGN_PMP_OK, epoch);
	cgn_put_be32(out + 8, addr);
}

/*
 * RFC 6886 draws the version error with opcode 0, which another server could take for a request;
 * the top bit is set here as in every other answer.
 */
uint32_t
cgn_pmp_refuse_version(const struct cgn_portctl_call *call)
{
	reply_start(call, CGN_PMP_UNSUPP_VERSION, CGN_PMP_ERROR_LEN, "version not served");
	return 1;
}

static uint32_t
handle_addr(const struct cgn_portctl_call *call)
{
	const struct cgn_portctl_client *client = call->client;
	uint32_t addr = call->ops->outside_addr(call->ctx, client->tenant, client->inside);
	uint8_t *out;

	if (addr == 0)
		out = reply_start(call, CGN_PMP_NETWORK_FAILURE, CGN_PMP_ADDR_REPLY_LEN,
			"no outside address");
	else
		out = reply_start(call, CGN_PMP_OK, CGN_PMP_ADDR_REPLY_LEN, NULL);
	cgn_put_be32(out + 8, addr);
	return 1;
}

static uint32_t
reply_map(const struct cgn_portctl_call *call, enum cgn_pmp_result result, struct grant grant,
	const char *reason)
{
	uint8_t *out = reply_start(call, result, CGN_PMP_MAP_REPLY_LEN, reason);

	memcpy(out + REP_INSIDE_PORT, call->payload + CGN_PMP_OFF_INSIDE_PORT, 2);
	cgn_put_be16(out + REP_PORT, grant.port);
	cgn_put_be32(out + REP_LIFETIME, grant.lifetime_s);
	return 1;
}

static uint32_t
refuse_map(const struct cgn_portctl_call *call, enum cgn_explicit_result result)
{
	const struct grant none = {0};

	switch (result) {
	case CGN_EXPLICIT_NOT_OWNER:
		return reply_map(call, CGN_PMP_REFUSED, none, "the mapping belongs to PCP");
	case CGN_EXPLICIT_STATIC:
		return reply_map(call, CGN_PMP_REFUSED, none, "the mapping is the operator's");
	case CGN_EXPLICIT_NO_ADDRESS:
		return reply_map(call, CGN_PMP_NETWORK_FAILURE, none, "no outside address");
	case CGN_EXPLICIT_QUOTA:
		return reply_map(call, CGN_PMP_OUT_OF_RESOURCES, none, "subscriber quota reached");
	case CGN_EXPLICIT_NO_PORTS:
		return reply_map(call, CGN_PMP_OUT_OF_RESOURCES, none, "no port left");
	case CGN_EXPLICIT_SOME_LEFT:
		return reply_map(call, CGN_PMP_REFUSED, none, "some mappings are not NAT-PMP's");
	case CGN_EXPLICIT_OK:
	case CGN_EXPLICIT_IMPLICIT:
	case CGN_EXPLICIT_CANNOT_PROVIDE:
	case CGN_EXPLICIT_TOO_MANY_FILTERS:
		break;
	}
	/* Answers to questions that NAT-PMP cannot ask. */
	return reply_map(call, CGN_PMP_REFUSED, none, "refused");
}

/* RFC 6886 section 3.4: all of the client's mappings of the opcode's protocol. */
static uint32_t
handle_delete_all(const struct cgn_portctl_call *call, enum cgn_proto proto)
{
	const struct cgn_portctl_client *client = call->client;
	enum cgn_explicit_result result = call->ops->delete_all(
		call->ctx, client->tenant, client->inside, proto);

	if (result != CGN_EXPLICIT_OK)
		return refuse_map(call, result);
	return reply_map(call, CGN_PMP_OK, (struct grant){0}, NULL);
}

/*
 * Nothing asked for is there any more when a delete meets nothing or only a mapping made by
 * traffic: a repeated delete looks like the first (RFC 6886 section 3.4).
 */
static uint32_t
handle_delete(const struct cgn_portctl_call *call, const struct cgn_explicit_ask *ask)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS] = {0};
	uint32_t n_answers = 0;
	enum cgn_explicit_result result = call->ops->ask(call->ctx, ask, answers, &n_answers);

	if (result != CGN_EXPLICIT_OK && result != CGN_EXPLICIT_IMPLICIT)
		return refuse_map(call, result);
	return reply_map(call, CGN_PMP_OK, (struct grant){0}, NULL);
}

/* The lifetime told is never above the one asked for (RFC 6886 section 3.3), nor made 0 by us. */
static uint32_t
handle_create(const struct cgn_portctl_call *call, struct cgn_explicit_ask *ask)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS] = {0};
	uint32_t n_answers = 0, max_s = call->policy->natpmp_max_lifetime_s;
	enum cgn_explicit_result result;
	struct grant grant;

	if (ask->lifetime_s > max_s)
		ask->lifetime_s = max_s > 0 ? max_s : 1;
	result = call->ops->ask(call->ctx, ask, answers, &n_answers);
	if (result != CGN_EXPLICIT_OK)
		return refuse_map(call, result);
	assert(n_answers >= 1);
	grant.port = answers[0].port;
	grant.lifetime_s = answers[0].lifetime_s < ask->lifetime_s ? answers[0].lifetime_s
								   : ask->lifetime_s;
	return reply_map(call, CGN_PMP_OK, grant, NULL);
}

static uint32_t
handle_map(const struct cgn_portctl_call *call)
{
	const struct cgn_portctl_client *client = call->client;
	const uint8_t *p = call->payload;
	struct cgn_explicit_ask ask = {.origin = CGN_EXPLICIT_NATPMP,
		.tenant = client->tenant,
		.inside = client->inside,
		.proto = p[1] == CGN_PMP_MAP_UDP ? CGN_UDP : CGN_TCP,
		.inside_port = cgn_get_be16(p + CGN_PMP_OFF_INSIDE_PORT),
		.lifetime_s = cgn_get_be32(p + REQ_LIFETIME),
		.n_ports = 1,
		.client_addr = client->addr,
		.client_port = client->port};

	/* ADV-09: there is no nonce; whoever forges the source could do this. */
	if (call->policy->unbound)
		return reply_map(call, CGN_PMP_REFUSED, (struct grant){0}, cgn_call_unbound);
	if (ask.inside_port == 0 && ask.lifetime_s == 0)
		return handle_delete_all(call, ask.proto);
	if (ask.inside_port == 0)
		return reply_map(call, CGN_PMP_REFUSED, (struct grant){0}, "inside port 0");
	if (ask.lifetime_s == 0)
		return handle_delete(call, &ask);
	ask.suggested_port = cgn_get_be16(p + CGN_PMP_OFF_SUGGESTED_PORT);
	return handle_create(call, &ask);
}

/* RFC 6886 section 3.5: the request comes back; its first eight bytes are the answer's head. */
static uint32_t
refuse_opcode(const struct cgn_portctl_call *call)
{
	uint32_t len = call->len < CGN_PORTCTL_MAX ? call->len : CGN_PORTCTL_MAX;
	uint32_t reply_len = len < CGN_PMP_ERROR_LEN ? CGN_PMP_ERROR_LEN : len;
	uint8_t *out = reply_start(
		call, CGN_PMP_UNSUPP_OPCODE, (uint16_t)reply_len, "unknown opcode");

	if (len > CGN_PMP_ERROR_LEN)
		memcpy(out + CGN_PMP_ERROR_LEN, call->payload + CGN_PMP_ERROR_LEN,
			len - CGN_PMP_ERROR_LEN);
	return 1;
}

/* The version error as RFC 6886 draws it, from a server that does not set the top bit. */
static bool
is_foreign_version_error(const struct cgn_portctl_call *call)
{
	return call->client->port == CGN_PORT_PMP_SERVER && call->len == CGN_PMP_ERROR_LEN &&
		cgn_get_be16(call->payload + 2) == CGN_PMP_UNSUPP_VERSION;
}

uint32_t
cgn_pmp_handle(const struct cgn_portctl_call *call)
{
	uint8_t opcode = call->payload[1];

	if (opcode > CGN_PMP_MAP_TCP)
		return refuse_opcode(call);
	if (call->len > CGN_PORTCTL_MAX)
		return cgn_call_ignore(call, "longer than 1100 bytes");
	if (opcode == CGN_PMP_ADDR && is_foreign_version_error(call))
		return cgn_call_ignore(call, "another server's version error");
	if (opcode == CGN_PMP_ADDR)
		return handle_addr(call);
	if (call->len < CGN_PMP_MAP_LEN)
		return cgn_call_ignore(call, "map request shorter than 12 bytes");
	return handle_map(call);
}
