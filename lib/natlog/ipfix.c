/* SPDX-License-Identifier: BSD-3-Clause */
/* The encoder of IPFIX messages; see ipfix.h. Called by the log thread. */
#include "ipfix.h"

#include <assert.h>
#include <string.h>

enum {
	VERSION = 10,
	SET_HEADER_LEN = 4,
	TEMPLATE_SET = 2,
	OPTIONS_TEMPLATE_SET = 3,
	VARIABLE = 65535,
	VARIABLE_MAX = 254, /* one byte of length; 255 says that more follow (RFC 7011 7) */
	/* Elements that no field of natlog.def stands for. */
	OBSERVATION_TIME_MS = 323,
	NAT_EVENT = 230,
	EXPORTING_PROCESS = 144,
	NOT_SENT_FLOWS = 167,
	LOST_RECORD_LEN = 4 + 8 + 8,
	/* Time, event, two of 4 bytes and a name, and all that fields can be: a record is never
	 * longer. */
	RECORD_MAX = 128,
};

static uint8_t *
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *
put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static uint8_t *
put64(uint8_t *at, uint64_t value)
{
	return put32(put32(at, (uint32_t)(value >> 32)), (uint32_t)value);
}

void
cgn_ipfix_begin(struct cgn_ipfix_message *msg)
{
	msg->len = CGN_IPFIX_HEADER_LEN;
	msg->set_at = msg->set_id = msg->n_records = 0;
}

/* The length of the set so far. */
static void
end_set(struct cgn_ipfix_message *msg)
{
	if (msg->set_at != 0)
		put16(msg->bytes + msg->set_at + 2, (uint32_t)(msg->len - msg->set_at));
}

/* Room for len bytes in a set of that id; NULL when there is none. */
static uint8_t *
room_in(struct cgn_ipfix_message *msg, uint32_t set_id, uint32_t len)
{
	bool is_new = msg->set_at == 0 || msg->set_id != set_id;

	if (msg->len + (is_new ? SET_HEADER_LEN : 0) + len > CGN_IPFIX_MAX)
		return NULL;
	if (is_new) {
		end_set(msg);
		msg->set_at = msg->len;
		msg->set_id = (uint16_t)set_id;
		put16(msg->bytes + msg->len, set_id);
		msg->len = (uint16_t)(msg->len + SET_HEADER_LEN);
	}
	return msg->bytes + msg->len;
}

static void
take_to(struct cgn_ipfix_message *msg, const uint8_t *end)
{
	msg->len = (uint16_t)(end - msg->bytes);
	end_set(msg);
}

static uint8_t *
put_element(uint8_t *at, uint32_t element, uint32_t bytes)
{
	return put16(put16(at, element), bytes);
}

static uint32_t
template_of(enum cgn_natlog_id id)
{
	return CGN_IPFIX_FIRST_TEMPLATE + 1 + (uint32_t)id;
}

static uint8_t *
put_template(uint8_t *at, enum cgn_natlog_id id)
{
	uint8_t *count = at + 2;
	uint32_t n = 2;

	at = put16(at, template_of(id)) + 2;
	at = put_element(at, OBSERVATION_TIME_MS, 8);
	at = put_element(at, NAT_EVENT, 1);
	for (int f = 0; f < CGN_N_NATLOG_FIELDS; f++) {
		const struct cgn_natlog_field_info *field = &cgn_natlog_fields[f];

		if (!cgn_natlog_has(id, (enum cgn_natlog_field)f) || field->element == 0)
			continue;
		at = put_element(at, field->element, field->bytes);
		n++;
	}
	put16(count, n);
	return at;
}

/* Scope: the exporting process. */
static uint8_t *
put_lost_template(uint8_t *at)
{
	at = put16(at, CGN_IPFIX_FIRST_TEMPLATE);
	at = put16(at, 3); /* fields, of these … */
	at = put16(at, 1); /* … of the scope */
	at = put_element(at, EXPORTING_PROCESS, 4);
	at = put_element(at, OBSERVATION_TIME_MS, 8);
	return put_element(at, NOT_SENT_FLOWS, 8);
}

/* 4 bytes and 4 for each element; all of them fit a message, as the test of the templates says. */
void
cgn_ipfix_add_templates(struct cgn_ipfix_message *msg)
{
	uint8_t *at = room_in(msg, TEMPLATE_SET, 0);

	assert(at != NULL);
	for (int id = 0; id < CGN_N_NATLOGS; id++)
		if (cgn_natlogs[id].nat_event != 0)
			at = put_template(at, (enum cgn_natlog_id)id);
	take_to(msg, at);
	at = room_in(msg, OPTIONS_TEMPLATE_SET, 0);
	assert(at != NULL);
	take_to(msg, put_lost_template(at));
	assert(msg->len <= CGN_IPFIX_MAX);
}

/* The numbers of a record, by field. */
static uint32_t
value_of(const struct cgn_natlog_record *r, enum cgn_natlog_field field)
{
	switch (field) {
	case CGN_NATLOG_FIELD_VRF:
	case CGN_NATLOG_FIELD_POOL:
		return r->vrf;
	case CGN_NATLOG_FIELD_INSIDE:
		return r->inside_addr;
	case CGN_NATLOG_FIELD_OUTSIDE:
		return r->outside_addr;
	case CGN_NATLOG_FIELD_INSIDE_PORT:
		return r->inside_port;
	case CGN_NATLOG_FIELD_OUTSIDE_PORT:
	case CGN_NATLOG_FIELD_FIRST:
		return r->outside_port;
	case CGN_NATLOG_FIELD_LAST:
		return r->last_port;
	case CGN_NATLOG_FIELD_PROTO:
		return r->proto;
	case CGN_NATLOG_FIELD_QUOTA:
	case CGN_NATLOG_FIELD_THRESHOLD:
		return cgn_natlogs[r->id].subtype;
	default:
		return r->value > UINT32_MAX ? UINT32_MAX : (uint32_t)r->value;
	}
}

static uint8_t *
put_text(uint8_t *at, const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	*at++ = (uint8_t)len;
	memcpy(at, text, len);
	return at + len;
}
static_assert((int)CGN_NAME_LEN <= (int)VARIABLE_MAX, "a name's length is one byte");

static uint8_t *
put_field(uint8_t *at, const struct cgn_natlog_record *r, enum cgn_natlog_field field)
{
	switch (cgn_natlog_fields[field].bytes) {
	case VARIABLE:
		return put_text(at, r->tenant, sizeof(r->tenant));
	case 4:
		return put32(at, value_of(r, field));
	case 2:
		return put16(at, value_of(r, field));
	default:
		*at = (uint8_t)value_of(r, field);
		return at + 1;
	}
}

/* Into RECORD_MAX bytes; returns its end. */
static uint8_t *
put_record(uint8_t *at, const struct cgn_natlog_record *r)
{
	at = put64(at, r->utc_ms);
	*at++ = cgn_natlogs[r->id].nat_event;
	for (int f = 0; f < CGN_N_NATLOG_FIELDS; f++)
		if (cgn_natlog_has((enum cgn_natlog_id)r->id, (enum cgn_natlog_field)f) &&
			cgn_natlog_fields[f].element != 0)
			at = put_field(at, r, (enum cgn_natlog_field)f);
	return at;
}

bool
cgn_ipfix_add(struct cgn_ipfix_message *msg, const struct cgn_natlog_record *r)
{
	uint8_t record[RECORD_MAX], *at;
	uint32_t len;

	if (cgn_natlogs[r->id].nat_event == 0 || r->flags & CGN_NATLOG_DOUBLE)
		return true;
	len = (uint32_t)(put_record(record, r) - record);
	at = room_in(msg, template_of((enum cgn_natlog_id)r->id), len);
	if (at == NULL)
		return false;
	memcpy(at, record, len);
	take_to(msg, at + len);
	msg->n_records++;
	return true;
}

bool
cgn_ipfix_add_lost(
	struct cgn_ipfix_message *msg, uint32_t process, uint64_t utc_ms, uint64_t n_lost)
{
	uint8_t *at = room_in(msg, CGN_IPFIX_FIRST_TEMPLATE, LOST_RECORD_LEN);

	if (at == NULL)
		return false;
	take_to(msg, put64(put64(put32(at, process), utc_ms), n_lost));
	msg->n_records++;
	return true;
}

void
cgn_ipfix_seal(
	struct cgn_ipfix_message *msg, uint32_t export_utc_s, uint32_t sequence, uint32_t domain)
{
	uint8_t *at = put16(put16(msg->bytes, VERSION), msg->len);

	put32(put32(put32(at, export_utc_s), sequence), domain);
}
