/* SPDX-License-Identifier: BSD-3-Clause */
/* Slots and headers to bytes and back; see slot.h. */
#include "slot.h"

#include <endian.h>
#include <string.h>

#include "crc32c.h"
#include "natlog.h"

static const char magic[8] = {'C', 'G', 'N', 'L', 'O', 'G', '1', '\n'};

enum { CRC_AT = CGN_SEGMENT_HEADER_LEN - 4 };

static void
put16(uint8_t *out, uint16_t v)
{
	v = htole16(v);
	memcpy(out, &v, sizeof(v));
}

static void
put32(uint8_t *out, uint32_t v)
{
	v = htole32(v);
	memcpy(out, &v, sizeof(v));
}

static void
put64(uint8_t *out, uint64_t v)
{
	v = htole64(v);
	memcpy(out, &v, sizeof(v));
}

static uint16_t
get16(const uint8_t *in)
{
	uint16_t v;

	memcpy(&v, in, sizeof(v));
	return le16toh(v);
}

static uint32_t
get32(const uint8_t *in)
{
	uint32_t v;

	memcpy(&v, in, sizeof(v));
	return le32toh(v);
}

static uint64_t
get64(const uint8_t *in)
{
	uint64_t v;

	memcpy(&v, in, sizeof(v));
	return le64toh(v);
}

/* With the segment's number, so that a slot of another file is none of this one. */
static uint32_t
sum(uint64_t segment, const uint8_t *slot)
{
	uint8_t id[8];

	put64(id, segment);
	return cgn_crc32c(cgn_crc32c(0, id, sizeof(id)), slot + 4, CGN_SLOT_LEN - 4);
}

void
cgn_slot_encode(uint64_t segment, const struct cgn_slot *s, uint8_t out[CGN_SLOT_LEN])
{
	out[4] = s->kind;
	out[5] = s->flags;
	out[6] = s->proto;
	out[7] = s->origin;
	put32(out + 8, s->inside);
	put32(out + 12, s->outside);
	put16(out + 16, s->inside_port);
	put16(out + 18, s->first);
	put16(out + 20, s->last);
	put16(out + 22, s->name);
	put64(out + 24, s->tail);
	put32(out, sum(segment, out));
}

void
cgn_slot_seal(uint64_t segment, uint8_t slot[CGN_SLOT_LEN])
{
	put32(slot, sum(segment, slot));
}

bool
cgn_slot_decode(uint64_t segment, const uint8_t in[CGN_SLOT_LEN], struct cgn_slot *s)
{
	if (get32(in) != sum(segment, in))
		return false;
	*s = (struct cgn_slot){.kind = in[4],
		.flags = in[5],
		.proto = in[6],
		.origin = in[7],
		.inside = get32(in + 8),
		.outside = get32(in + 12),
		.inside_port = get16(in + 16),
		.first = get16(in + 18),
		.last = get16(in + 20),
		.name = get16(in + 22),
		.tail = get64(in + 24)};
	return true;
}

void
cgn_slot_encode_text(uint64_t segment, uint8_t kind, uint8_t flags, uint8_t len,
	const uint8_t *text, uint8_t out[CGN_SLOT_LEN])
{
	memset(out, 0, CGN_SLOT_LEN);
	out[4] = kind;
	out[5] = flags;
	out[6] = len;
	memcpy(out + 8, text, len);
	put32(out, sum(segment, out));
}

uint8_t
cgn_slot_text(const uint8_t in[CGN_SLOT_LEN], uint8_t text[CGN_SLOT_TEXT_LEN])
{
	uint8_t len = in[6] < CGN_SLOT_TEXT_LEN ? in[6] : CGN_SLOT_TEXT_LEN;

	memcpy(text, in + 8, len);
	return len;
}

void
cgn_segment_header_encode(const struct cgn_segment_header *h, uint8_t out[CGN_SEGMENT_HEADER_LEN])
{
	memset(out, 0, CGN_SEGMENT_HEADER_LEN);
	memcpy(out, magic, sizeof(magic));
	put64(out + 8, h->id);
	put64(out + 16, h->base_utc);
	put64(out + 24, h->base_number);
	put64(out + 32, h->run_utc);
	put64(out + 40, h->prev_utc);
	put64(out + 48, h->last_utc);
	put32(out + 56, h->n_slots);
	put32(out + 60, h->n_marks);
	put32(out + 64, h->max_ports);
	put32(out + 68, h->flags);
	put32(out + CRC_AT, cgn_crc32c(0, out, CRC_AT));
}

bool
cgn_segment_header_decode(const uint8_t in[CGN_SEGMENT_HEADER_LEN], struct cgn_segment_header *h)
{
	if (memcmp(in, magic, sizeof(magic)) != 0 ||
		get32(in + CRC_AT) != cgn_crc32c(0, in, CRC_AT))
		return false;
	*h = (struct cgn_segment_header){.id = get64(in + 8),
		.base_utc = get64(in + 16),
		.base_number = get64(in + 24),
		.run_utc = get64(in + 32),
		.prev_utc = get64(in + 40),
		.last_utc = get64(in + 48),
		.n_slots = get32(in + 56),
		.n_marks = get32(in + 60),
		.max_ports = get32(in + 64),
		.flags = get32(in + 68)};
	return h->n_marks <= h->n_slots && h->max_ports <= UINT16_MAX + 1;
}

#define N(id) (UINT32_C(1) << CGN_NATLOG_FIELD_##id)

bool
cgn_slot_has_outside(const struct cgn_slot *s)
{
	static const uint32_t fields_of[256] = {
#define NATLOG(id, name, number, event, subtype, severity, fields, sentence) [number] = (fields),
#include "natlog.def"
		[CGN_SLOT_DET_TAKEN] = N(OUTSIDE),
		[CGN_SLOT_DET_RETURNED] = N(OUTSIDE),
	};

	return fields_of[s->kind] & N(OUTSIDE);
}
