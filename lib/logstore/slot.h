/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of the local log (decision 0028): what stands in one, byte by byte. A segment is a
 * header of 96 bytes and slots of 32, little-endian, each with a checksum of its own (CRC-32C over
 * the segment's number and the rest of the slot). Pure; any thread.
 *
 *   header: "CGNLOG1\n" | id 8 | base_utc 8 | base_number 8 | run_utc 8 | prev_utc 8 | last_utc 8 |
 *           n_slots 4 | n_marks 4 | max_ports 4 | flags 4 | 20 zeros | crc 4
 *   slot:   crc 4 | kind 1 | flags 1 | proto 1 | origin 1 | inside 4 | outside 4 |
 *           inside_port 2 | first 2 | last 2 | name 2 | tail 8
 *
 * A segment begins with names, a snapshot of what there is, and SNAPSHOT_END; then the records as
 * they came. Once it is closed it is sorted: what has no outside address first (marks), as it came;
 * then by outside address, first port, and as it came. So a port's history is found by halving.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CGN_SLOT_LEN = 32, CGN_SEGMENT_HEADER_LEN = 96, CGN_SLOT_TEXT_LEN = 24 };

enum cgn_slot_kind {
#define NATLOG(id, name, number, event, subtype, severity, fields, sentence) CGN_SLOT_##id = number,
#include "natlog.def"
	CGN_SLOT_NAME = 200,         /* of a tenant; two slots */
	CGN_SLOT_TEXT = 201,         /* a piece of an event (event_text.h) */
	CGN_SLOT_SNAPSHOT_END = 202, /* a mark */
	CGN_SLOT_DAMAGED = 203,      /* a mark: a: slots that could not be read */
	CGN_SLOT_DET_TAKEN = 210,    /* block beyond a computed range (events.def, block_taken) */
	CGN_SLOT_DET_RETURNED = 211,
};

enum {
	/* Beside CGN_NATLOG_AGAIN, RESTORED, DOUBLE. */
	CGN_SLOT_UNTOLD = 0x10, /* of a snapshot: not told again yet since the GAP */
	CGN_SLOT_UNSURE = 0x20, /* of a snapshot: it is held since then at the latest */
	CGN_SLOT_LOCAL = 0x40,  /* of GAP: lost on the way to this store alone */
	CGN_SLOT_SNAPSHOT = 0x80,
};

/* Host order. */
struct cgn_slot {
	uint8_t kind, flags, proto, origin;
	uint32_t inside, outside;
	uint16_t inside_port, first, last; /* ports; of a mapping first = last */
	uint16_t name;                     /* of the tenant, in this segment; 0: none */
	uint64_t tail; /* of a snapshot: since when, ms since 1970; else see cgn_slot_tail */
};

enum {
	CGN_SEGMENT_SORTED = 1,
	CGN_SEGMENT_MAPPINGS_BEFORE = 2, /* a file before it, of the same run, has MAPPING_MADE */
};

struct cgn_segment_header {
	uint64_t id;
	uint64_t base_utc;    /* ms; when it begins */
	uint64_t base_number; /* of the record before its first */
	uint64_t run_utc;     /* when the daemon that wrote it began to */
	uint64_t prev_utc;    /* of the record before, above base_utc: the clock was set back */
	/* Of a sorted one, else 0. */
	uint64_t last_utc;
	uint32_t n_slots, n_marks;
	uint32_t max_ports; /* of the longest block */
	uint32_t flags;
};

void cgn_slot_encode(uint64_t segment, const struct cgn_slot *s, uint8_t out[CGN_SLOT_LEN]);

/* False: damaged, or of another segment. */
bool cgn_slot_decode(uint64_t segment, const uint8_t in[CGN_SLOT_LEN], struct cgn_slot *s);

/* Makes the checksum right, for tests. */
void cgn_slot_seal(uint64_t segment, uint8_t slot[CGN_SLOT_LEN]);

/* The same of a slot that carries bytes: NAME, TEXT. Its flags are free; len ≤ CGN_SLOT_TEXT_LEN.
 */
void cgn_slot_encode_text(uint64_t segment, uint8_t kind, uint8_t flags, uint8_t len,
	const uint8_t *text, uint8_t out[CGN_SLOT_LEN]);
/* Of one that decode has found good. Returns the length. */
uint8_t cgn_slot_text(const uint8_t in[CGN_SLOT_LEN], uint8_t text[CGN_SLOT_TEXT_LEN]);

void cgn_segment_header_encode(
	const struct cgn_segment_header *h, uint8_t out[CGN_SEGMENT_HEADER_LEN]);
bool cgn_segment_header_decode(
	const uint8_t in[CGN_SEGMENT_HEADER_LEN], struct cgn_segment_header *h);

/* Does it say who has an outside address? What does not is a mark. */
bool cgn_slot_has_outside(const struct cgn_slot *s);

/* --- Records: tail is ms since base_utc, and above it the number less base_number --- */

static inline uint64_t
cgn_slot_tail(uint32_t ms, uint32_t number)
{
	return (uint64_t)number << 32 | ms;
}

static inline uint64_t
cgn_slot_utc(const struct cgn_slot *s, uint64_t base_utc)
{
	return base_utc + (uint32_t)s->tail;
}

/* The order of slots in a segment; 0: of its beginning. */
static inline uint32_t
cgn_slot_order(const struct cgn_slot *s)
{
	return s->flags & CGN_SLOT_SNAPSHOT ? 0 : (uint32_t)(s->tail >> 32);
}

/* --- Marks: two numbers. GAP: records lost, and the time of the last one before. In a snapshot it
 * is one that is not over yet, and tail is its time. --- */

static inline void
cgn_slot_set_mark(struct cgn_slot *s, uint64_t a, uint64_t b)
{
	s->inside = (uint32_t)a;
	s->outside = (uint32_t)(a >> 32);
	s->inside_port = (uint16_t)b;
	s->first = (uint16_t)(b >> 16);
	s->last = (uint16_t)(b >> 32);
	s->name = (uint16_t)(b >> 48);
}

static inline uint64_t
cgn_slot_mark_a(const struct cgn_slot *s)
{
	return (uint64_t)s->outside << 32 | s->inside;
}

static inline uint64_t
cgn_slot_mark_b(const struct cgn_slot *s)
{
	return (uint64_t)s->name << 48 | (uint64_t)s->last << 32 | (uint64_t)s->first << 16 |
		s->inside_port;
}
