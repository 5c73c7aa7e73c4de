/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of PCP requests: THIRD_PARTY, PREFER_FAILURE, FILTER (RFC 6887 section 13) and PORT_SET
 * (RFC 7753). Read by pcp.c, written by pcp_mapping.c and announce.c; control thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pcp.h"
#include "portctl.h"

struct cgn_portctl_call;

/* Codes, and the length of their data. Up to 127 a server must understand or refuse them. */
enum cgn_pcp_option {
	CGN_PCP_THIRD_PARTY = 1,
	CGN_PCP_PREFER_FAILURE = 2,
	CGN_PCP_FILTER = 3,
	CGN_PCP_FIRST_OPTIONAL = 128,
	CGN_PCP_PORT_SET = 130,
};
enum {
	CGN_PCP_OPTION_HEADER_LEN = 4,
	CGN_PCP_THIRD_PARTY_LEN = 16,
	CGN_PCP_PREFER_FAILURE_LEN = 0,
	CGN_PCP_FILTER_LEN = 20,
	CGN_PCP_PORT_SET_LEN = 5,
};

/* What the options of one request ask for. */
struct cgn_pcp_options {
	uint32_t off; /* where they start in the request */
	bool has_third_party;
	uint32_t third_party; /* address */
	bool prefer_failure;
	bool filters_cleared;
	uint8_t n_filters;
	struct cgn_portctl_filter filters[CGN_PORTCTL_MAX_FILTERS];
	bool has_port_set;
	uint16_t set_size; /* as asked; 0 only in a delete */
	bool parity;
};

/*
 * Reads the options from offset off to the end of the request: first the whole area is walked, then
 * every option is judged, in the order of the packet. Leaves *options half filled on a fault.
 */
struct cgn_pcp_fault cgn_pcp_options_parse(
	const struct cgn_portctl_call *call, uint32_t off, struct cgn_pcp_options *options);

/*
 * Appends to a reply the options of the request that were acted on, in its order. set: the ports
 * granted; PORT_SET is left out when that is one port (RFC 7753 section 4.2).
 */
void cgn_pcp_options_echo(const struct cgn_portctl_call *call,
	const struct cgn_pcp_options *options, const struct cgn_explicit_answer *set,
	struct cgn_portctl_reply *reply);

/* Append one option to a reply; the caller knows that it fits. */
void cgn_pcp_third_party_append(struct cgn_portctl_reply *reply, uint32_t addr);
void cgn_pcp_filter_append(
	struct cgn_portctl_reply *reply, const struct cgn_portctl_filter *filter);
void cgn_pcp_port_set_append(
	struct cgn_portctl_reply *reply, const struct cgn_explicit_answer *set, bool parity);
