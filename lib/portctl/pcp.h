/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCP (RFC 6887): header, order of checks, errors, ANNOUNCE; MAP and PEER are in pcp_mapping.c.
 * portctl.c calls it, on the control thread, with requests of at least two bytes whose R bit is 0.
 */
#pragma once

#include <stdint.h>

struct cgn_portctl_call;
struct cgn_portctl_reply;

enum { CGN_PCP_VERSION = 2, CGN_PCP_RESPONSE = 0x80 };

/* Sizes without options, RFC 6887 sections 7.1, 11.1 and 12.1. */
enum { CGN_PCP_HEADER_LEN = 24, CGN_PCP_MAP_LEN = 60, CGN_PCP_PEER_LEN = 80 };

/* Offsets in requests and answers, RFC 6887 sections 7 and 11.1. */
enum {
	CGN_PCP_OFF_LIFETIME = 4,
	CGN_PCP_OFF_CLIENT = 8, /* requests: 16 bytes */
	CGN_PCP_OFF_EPOCH = 8,  /* answers */
	CGN_PCP_OFF_LOW96 =
		12, /* answers: 12 reserved bytes; requests: end of the client address */
	CGN_PCP_OFF_NONCE = 24,
	CGN_PCP_OFF_PROTOCOL = 36,
	CGN_PCP_OFF_INSIDE_PORT = 40,
	CGN_PCP_OFF_PORT = 42,
	CGN_PCP_OFF_ADDR = 44,
	/* PEER only. */
	CGN_PCP_OFF_PEER_PORT = 60,
	CGN_PCP_OFF_PEER_ADDR = 64,
};

enum cgn_pcp_opcode { CGN_PCP_ANNOUNCE, CGN_PCP_MAP, CGN_PCP_PEER };

/* RFC 6887 section 7.4. */
enum cgn_pcp_result {
	CGN_PCP_SUCCESS,
	CGN_PCP_UNSUPP_VERSION,
	CGN_PCP_NOT_AUTHORIZED,
	CGN_PCP_MALFORMED_REQUEST,
	CGN_PCP_UNSUPP_OPCODE,
	CGN_PCP_UNSUPP_OPTION,
	CGN_PCP_MALFORMED_OPTION,
	CGN_PCP_NETWORK_FAILURE,
	CGN_PCP_NO_RESOURCES,
	CGN_PCP_UNSUPP_PROTOCOL,
	CGN_PCP_USER_EX_QUOTA,
	CGN_PCP_CANNOT_PROVIDE,
	CGN_PCP_ADDRESS_MISMATCH,
	CGN_PCP_TOO_MANY_PEERS,
};

/* How long an error lasts, seconds: RFC 6887 section 7.4. */
enum { CGN_PCP_LONG_ERROR_S = 1800, CGN_PCP_SHORT_ERROR_S = 30 };

/* What stands against a request; result 0: nothing. reason is static text. */
struct cgn_pcp_fault {
	enum cgn_pcp_result result;
	const char *reason;
};

/* A request of version 2. Returns the number of replies. */
uint32_t cgn_pcp_handle(const struct cgn_portctl_call *call);

/* A request of a version nobody serves. */
uint32_t cgn_pcp_refuse_version(const struct cgn_portctl_call *call);

/*
 * Answers with the request itself, padded to 4 and cut at 1100 (RFC 6887 section 8.2). lifetime_s
 * 0: the usual one of the result. Returns the number of replies, 1.
 */
uint32_t cgn_pcp_refuse(
	const struct cgn_portctl_call *call, struct cgn_pcp_fault fault, uint32_t lifetime_s);

/* The header of a successful answer, 24 bytes. */
void cgn_pcp_header_write(
	uint8_t *out, enum cgn_pcp_opcode opcode, uint32_t lifetime_s, uint32_t epoch);
