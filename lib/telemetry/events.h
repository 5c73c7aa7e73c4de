/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: what somebody did to the box, and what control noticed that an operator wants to know
 * afterwards (events.def). A record has typed fields, so that each output writes them as it does.
 * Pure; any thread. Who keeps them: control/event_log.h.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cgn_event_field {
#define EVENT_FIELD(id, name, type, unit, sentence) CGN_EVENT_FIELD_##id,
#include "events.def"
	CGN_N_EVENT_FIELDS
};
static_assert(CGN_N_EVENT_FIELDS <= 64, "sets of fields are 64 bits");

enum cgn_event_type {
	CGN_EVENT_TYPE_TEXT,
	CGN_EVENT_TYPE_NUMBER,
	CGN_EVENT_TYPE_ADDRESS,
	CGN_EVENT_TYPE_ENDPOINT,
};

struct cgn_event_field_info {
	const char *name, *unit, *sentence;
	enum cgn_event_type type;
};
extern const struct cgn_event_field_info cgn_event_fields[CGN_N_EVENT_FIELDS];

enum cgn_event_id {
#define EVENT(id, name, kind, severity, fields, sentence) CGN_EVENT_##id,
#include "events.def"
	CGN_N_EVENTS
};

enum cgn_event_kind { CGN_EVENT_ACT, CGN_EVENT_CHANGE, CGN_EVENT_PORTS, CGN_N_EVENT_KINDS };
enum cgn_event_severity { CGN_EVENT_NOTICE, CGN_EVENT_WARNING };

struct cgn_event_info {
	const char *name; /* [a-z_]+ */
	enum cgn_event_kind kind;
	enum cgn_event_severity severity;
	uint64_t fields; /* bit by enum cgn_event_field */
	const char *sentence;
};
extern const struct cgn_event_info cgn_events[CGN_N_EVENTS];

enum {
	CGN_EVENT_MAX_VALUES = 9,
	CGN_EVENT_TEXT_LEN = 104, /* of a value, with the final zero; longer ones are cut */
	CGN_EVENT_CLAIM_LEN = 32, /* likewise, of who somebody says to be */
	CGN_EVENT_STRLEN = 1100,
};

struct cgn_event_value {
	uint8_t field; /* enum cgn_event_field */
	union {
		uint64_t number;
		struct {
			uint32_t addr; /* host order */
			uint16_t port;
		};
		char text[CGN_EVENT_TEXT_LEN];
	};
};

/*
 * Who asked. What the kernel says of the other end of a connection, or of a signal's sender, is
 * known; what a client says of itself is claimed, and kept apart (decision 0015).
 */
enum cgn_event_via { CGN_EVENT_BY_CONTROL, CGN_EVENT_BY_TELEMETRY, CGN_EVENT_BY_SIGNAL };

struct cgn_event_who {
	enum cgn_event_via via;
	bool knows_uid, knows_pid;
	uint32_t uid, pid;
	char claimed[CGN_EVENT_CLAIM_LEN]; /* or "" */
};

struct cgn_event {
	uint64_t number; /* 1, 2, …, given when it is recorded */
	uint64_t utc_ms; /* since 1970; when it was made */
	enum cgn_event_id id;
	bool is_refused; /* an act that has changed nothing, or not all that was asked */
	struct cgn_event_who who;
	uint8_t n_values;
	struct cgn_event_value values[CGN_EVENT_MAX_VALUES];
};

/* An event of now, by nobody. */
void cgn_event_init(struct cgn_event *ev, enum cgn_event_id id);

/* Sets a field of that type, anew if it has one. What the event does not declare is a mistake. */
void cgn_event_set_text(struct cgn_event *ev, enum cgn_event_field field, const char *text);
void cgn_event_set_number(struct cgn_event *ev, enum cgn_event_field field, uint64_t number);
void cgn_event_set_addr(struct cgn_event *ev, enum cgn_event_field field, uint32_t addr);
void cgn_event_set_end(
	struct cgn_event *ev, enum cgn_event_field field, uint32_t addr, uint16_t port);

static inline bool
cgn_event_has(enum cgn_event_id id, enum cgn_event_field field)
{
	return cgn_events[id].fields >> field & 1;
}

/* An act was refused, for a reason. */
void cgn_event_refuse(struct cgn_event *ev, const char *why);

/* "tenant=a proto=tcp …": the fields that are set, in their order. */
const char *cgn_event_values_str(const struct cgn_event *ev, char buf[CGN_EVENT_STRLEN]);

/* "uid=0 pid=17", "uid=unknown", "control". */
enum { CGN_EVENT_WHO_STRLEN = 48 };
const char *cgn_event_who_str(const struct cgn_event_who *who, char buf[CGN_EVENT_WHO_STRLEN]);
const char *cgn_event_via_str(enum cgn_event_via via);

/* One line of the log, area "operator" for acts and "event" for changes. */
void cgn_event_log(const struct cgn_event *ev);
