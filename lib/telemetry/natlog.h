/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of the log (natlog.def): who had which outside address and port, and when. Control writes
 * them (control/natlog_feed.h), the log thread makes IPFIX, syslog and the store of them (natlog/).
 * A record is complete in itself: it names its tenant, so that tenants with the same addresses are
 * never confused, and no table is needed to read it. Destinations are no part of it (RFC 6888
 * REQ-12, LOG-09). Pure; any thread.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "events.h"

enum cgn_natlog_field {
#define NATLOG_FIELD(id, name, element, bytes, sentence) CGN_NATLOG_FIELD_##id,
#include "natlog.def"
	CGN_N_NATLOG_FIELDS
};
static_assert(CGN_N_NATLOG_FIELDS <= 32, "sets of fields are 32 bits");

struct cgn_natlog_field_info {
	const char *name, *sentence;
	uint16_t element, bytes; /* of IPFIX; 0: it has no element */
};
extern const struct cgn_natlog_field_info cgn_natlog_fields[CGN_N_NATLOG_FIELDS];

enum cgn_natlog_id {
#define NATLOG(id, name, number, event, subtype, severity, fields, sentence) CGN_NATLOG_##id,
#include "natlog.def"
	CGN_N_NATLOGS
};

struct cgn_natlog_info {
	const char *name; /* [a-z_]+ */
	const char *sentence;
	uint32_t fields;   /* bit by enum cgn_natlog_field */
	uint8_t number;    /* in the store */
	uint8_t nat_event; /* RFC 8158; 0: none */
	uint8_t subtype;   /* of a quota or threshold */
	uint8_t severity;  /* enum cgn_event_severity */
};
extern const struct cgn_natlog_info cgn_natlogs[CGN_N_NATLOGS];

enum {
	/* Told before, in this run of the daemon: part of what follows a gap. */
	CGN_NATLOG_AGAIN = 1,
	/* The mapping was taken over from the run before: from the journal (control/state.h). */
	CGN_NATLOG_RESTORED = 2,
	/* The same mapping has a record of its own too (log.mappings): one of the two is enough
	 * where a mapping must not be told twice (RFC 8158 section 4.6.1, LOG-04). */
	CGN_NATLOG_DOUBLE = 4,
};

/* Addresses and ports in host order. What the kind does not have (natlog.def) is 0. */
struct cgn_natlog_record {
	uint64_t number; /* 1, 2, … since the start of the daemon; lost ones have numbers too */
	uint64_t utc_ms; /* since 1970 */
	uint64_t value;  /* limit, or how many */
	uint32_t inside_addr, outside_addr;
	uint16_t inside_port, outside_port; /* outside_port: of a block its first */
	uint16_t last_port;                 /* of a block */
	uint8_t id;                         /* enum cgn_natlog_id */
	uint8_t proto;                      /* IP protocol number */
	uint8_t origin;                     /* enum cgn_explicit_origin */
	uint8_t flags;                      /* CGN_NATLOG_AGAIN, … */
	uint16_t reserved;
	uint32_t vrf;
	char tenant[CGN_NAME_LEN];
};
static_assert(sizeof(struct cgn_natlog_record) == 80, "rings are made for this size, no holes");

/* What a ring carries. An EVENT is followed by CGN_NATLOG_EVENT_SLOTS - 1 slots with its event. */
enum {
	CGN_NATLOG_EVENT_SLOTS = 1 +
		(sizeof(struct cgn_event) + sizeof(struct cgn_natlog_record) - 1) /
			sizeof(struct cgn_natlog_record),
};

static inline bool
cgn_natlog_has(enum cgn_natlog_id id, enum cgn_natlog_field field)
{
	return cgn_natlogs[id].fields >> field & 1;
}
