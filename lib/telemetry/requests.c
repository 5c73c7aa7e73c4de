/* SPDX-License-Identifier: BSD-3-Clause */
/* Labels of the request counters; for control/ (numbers) and manage/ (names). Any thread. */
#include "requests.h"

#include <assert.h>

struct result {
	const char *name, *sentence;
	enum cgn_severity severity;
};

/* The longer of the two protocols' lists. */
enum { MAX_OPCODES = CGN_N_PCP_OPCODES, MAX_RESULTS = CGN_N_PCP_RESULTS };

static const char *const opcodes[CGN_N_REQUEST_PROTOCOLS][MAX_OPCODES] = {
#define OPCODE(protocol, id, number, n, text) [CGN_REQUEST_##protocol][number] = n,
#include "requests.def"
};

static const struct result results[CGN_N_REQUEST_PROTOCOLS][MAX_RESULTS] = {
#define RESULT(protocol, id, number, n, sev, text)                                                 \
	[CGN_REQUEST_##protocol][number] = {.name = n, .severity = CGN_SEV_##sev, .sentence = text},
#include "requests.def"
};

/* Of each protocol; the counters of the first stand before those of the second. */
static const struct {
	const char *name;
	uint8_t n_opcodes, n_results;
} protocols[CGN_N_REQUEST_PROTOCOLS] = {
	[CGN_REQUEST_NATPMP] = {"NAT-PMP", CGN_N_NATPMP_OPCODES, CGN_N_NATPMP_RESULTS},
	[CGN_REQUEST_PCP] = {"PCP", CGN_N_PCP_OPCODES, CGN_N_PCP_RESULTS},
};

static_assert((int)CGN_N_NATPMP_OPCODES <= (int)MAX_OPCODES &&
		(int)CGN_N_NATPMP_RESULTS <= (int)MAX_RESULTS,
	"both protocols fit the tables");

enum { FIRST_OF_PCP = CGN_N_NATPMP_OPCODES * CGN_N_NATPMP_RESULTS };

uint32_t
cgn_request_counter(uint8_t version, uint8_t opcode, uint8_t result, bool silent)
{
	enum cgn_request_protocol p = version == 0 ? CGN_REQUEST_NATPMP : CGN_REQUEST_PCP;
	uint32_t last_opcode = protocols[p].n_opcodes - 1u, n_results = protocols[p].n_results;
	uint32_t o = opcode < last_opcode ? opcode : last_opcode;
	uint32_t r = silent ? n_results - 1 : result;

	assert(silent || r < n_results - 1);
	return (p == CGN_REQUEST_PCP ? FIRST_OF_PCP : 0) + o * n_results + r;
}

struct cgn_request_kind
cgn_request_kind(uint32_t counter)
{
	enum cgn_request_protocol p = counter < FIRST_OF_PCP ? CGN_REQUEST_NATPMP : CGN_REQUEST_PCP;
	uint32_t at = counter - (p == CGN_REQUEST_PCP ? FIRST_OF_PCP : 0);
	const struct result *result = &results[p][at % protocols[p].n_results];

	return (struct cgn_request_kind){.protocol = protocols[p].name,
		.opcode = opcodes[p][at / protocols[p].n_results],
		.result = result->name,
		.severity = result->severity,
		.sentence = result->sentence};
}
