/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPFIX messages (RFC 7011) of records of the log, with the information elements of RFC 8158. The
 * templates follow from natlog.def: one for each kind that has a natEvent. Pure; one thread at a
 * time has a message.
 *
 * A message holds records of one export; export time and sequence number are written at the very
 * last (cgn_ipfix_seal), since they are those of its sending.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "natlog.h"

enum {
	CGN_IPFIX_HEADER_LEN = 16, /* RFC 7011 3.1 */
	/* Fits links of 1500 bytes with room for a tunnel: fragments would lose more than their
	 * share (RFC 7011 10.3.3). */
	CGN_IPFIX_MAX = 1400,
	/* Numbers below are taken (RFC 7011 3.4.1); a kind's template is this and its place in
	 * natlog.def, reliability statistics have the first. */
	CGN_IPFIX_FIRST_TEMPLATE = 256,
};

struct cgn_ipfix_message {
	uint16_t len, set_at; /* set_at: of the set that is being filled; 0: none */
	uint16_t set_id;
	uint16_t n_records; /* data records, which sequence numbers count */
	uint8_t bytes[CGN_IPFIX_MAX];
};

/* An empty message: no set, not to be sent. */
void cgn_ipfix_begin(struct cgn_ipfix_message *msg);

/* Adds all templates, in an empty message. */
void cgn_ipfix_add_templates(struct cgn_ipfix_message *msg);

/*
 * Adds a record; false when it does not fit any more. A kind without a natEvent is none of IPFIX,
 * nor is an explicit mapping whose mapping is told too (CGN_NATLOG_DOUBLE): true, nothing is added.
 */
bool cgn_ipfix_add(struct cgn_ipfix_message *msg, const struct cgn_natlog_record *r);

/*
 * Adds what was not sent since start (RFC 7011 4.3: Exporting Process Reliability Statistics):
 * process says which run of the exporter it is. False when it does not fit.
 */
bool cgn_ipfix_add_lost(
	struct cgn_ipfix_message *msg, uint32_t process, uint64_t utc_ms, uint64_t n_lost);

/* Writes the header. sequence: data records sent before it on the same transport session. */
void cgn_ipfix_seal(
	struct cgn_ipfix_message *msg, uint32_t export_utc_s, uint32_t sequence, uint32_t domain);
