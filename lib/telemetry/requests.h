/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of NAT-PMP and PCP requests (requests.def): one for each protocol, opcode and result.
 * Constant tables and pure functions; the counters themselves are control's, a row for each tenant.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fates.h"

enum cgn_request_protocol { CGN_REQUEST_NATPMP, CGN_REQUEST_PCP, CGN_N_REQUEST_PROTOCOLS };

enum {
#define OPCODE(protocol, id, number, name, sentence) CGN_REQUEST_##protocol##_OPCODE_##id = number,
#define RESULT(protocol, id, number, name, severity, sentence)                                     \
	CGN_REQUEST_##protocol##_RESULT_##id = number,
#include "requests.def"
};

enum {
	CGN_N_NATPMP_OPCODES = CGN_REQUEST_NATPMP_OPCODE_OTHER + 1,
	CGN_N_PCP_OPCODES = CGN_REQUEST_PCP_OPCODE_OTHER + 1,
	CGN_N_NATPMP_RESULTS = CGN_REQUEST_NATPMP_RESULT_IGNORED + 1,
	CGN_N_PCP_RESULTS = CGN_REQUEST_PCP_RESULT_IGNORED + 1,
	CGN_N_REQUEST_COUNTERS = CGN_N_NATPMP_OPCODES * CGN_N_NATPMP_RESULTS +
		CGN_N_PCP_OPCODES * CGN_N_PCP_RESULTS,
};

/* What a counter counts. */
struct cgn_request_kind {
	const char *protocol; /* "NAT-PMP" or "PCP" */
	const char *opcode, *result;
	enum cgn_severity severity;
	const char *sentence; /* about the result */
};

/*
 * Number of a counter, below CGN_N_REQUEST_COUNTERS. version: first byte of the answer, or of a
 * request without one: 0 is NAT-PMP, all others PCP. silent: it was not answered, result is not
 * read.
 */
uint32_t cgn_request_counter(uint8_t version, uint8_t opcode, uint8_t result, bool silent);

struct cgn_request_kind cgn_request_kind(uint32_t counter);
