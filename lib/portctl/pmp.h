/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT-PMP (RFC 6886): requests to answers. portctl.c calls it, on the control thread, with requests
 * of at least two bytes whose opcode is below 128.
 */
#pragma once

#include <stdint.h>

struct cgn_portctl_call;

enum { CGN_PMP_VERSION = 0 };

/* Sizes, RFC 6886 sections 3.2, 3.3 and 3.5. */
enum {
	CGN_PMP_ADDR_REPLY_LEN = 12,
	CGN_PMP_MAP_LEN = 12,
	CGN_PMP_MAP_REPLY_LEN = 16,
	CGN_PMP_ERROR_LEN = 8,
};

/* Offsets in a map request, RFC 6886 section 3.3. */
enum { CGN_PMP_OFF_INSIDE_PORT = 4, CGN_PMP_OFF_SUGGESTED_PORT = 6 };

enum cgn_pmp_opcode { CGN_PMP_ADDR, CGN_PMP_MAP_UDP, CGN_PMP_MAP_TCP };

/* RFC 6886 section 3.5. */
enum cgn_pmp_result {
	CGN_PMP_OK,
	CGN_PMP_UNSUPP_VERSION,
	CGN_PMP_REFUSED,
	CGN_PMP_NETWORK_FAILURE,
	CGN_PMP_OUT_OF_RESOURCES,
	CGN_PMP_UNSUPP_OPCODE,
};

/* A request of version 0. Returns the number of replies: 0 or 1. */
uint32_t cgn_pmp_handle(const struct cgn_portctl_call *call);

/* A request of another version while PCP is off. */
uint32_t cgn_pmp_refuse_version(const struct cgn_portctl_call *call);

/* Answer to opcode 0, also the announcement. addr 0: there is none (result 3). 12 bytes. */
void cgn_pmp_addr_write(uint8_t *out, uint32_t epoch, uint32_t addr);
