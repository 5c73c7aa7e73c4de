/* SPDX-License-Identifier: BSD-3-Clause */
/* See event_text.h. "name\0", refused 1, via 1, knows 1, uid 4, pid 4, utc 8, "claimed\0", then
 * "field\0" and 8 bytes of a number, 4 of an address, 6 of an endpoint, or "text\0". */
#include "event_text.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

struct out {
	uint8_t *bytes;
	size_t n;
};

struct in {
	const uint8_t *bytes;
	size_t n, at;
	bool is_bad;
};

static void
put(struct out *o, const void *bytes, size_t n)
{
	assert(o->n + n <= CGN_EVENT_TEXT_MAX);
	memcpy(o->bytes + o->n, bytes, n);
	o->n += n;
}

static void
put_number(struct out *o, uint64_t v, size_t n_bytes)
{
	v = htole64(v);
	put(o, &v, n_bytes);
}

static void
put_str(struct out *o, const char *text)
{
	put(o, text, strlen(text) + 1);
}

static uint64_t
get_number(struct in *i, size_t n_bytes)
{
	uint64_t v = 0;

	if (i->n - i->at < n_bytes) {
		i->is_bad = true;
		return 0;
	}
	memcpy(&v, i->bytes + i->at, n_bytes);
	i->at += n_bytes;
	return le64toh(v);
}

/* The text, which lives as long as the bytes; "" when it has no end. */
static const char *
get_str(struct in *i)
{
	const char *text = (const char *)i->bytes + i->at;
	size_t len = strnlen(text, i->n - i->at);

	if (len == i->n - i->at) {
		i->is_bad = true;
		return "";
	}
	i->at += len + 1;
	return text;
}

size_t
cgn_event_text_encode(const struct cgn_event *ev, uint8_t bytes[CGN_EVENT_TEXT_MAX])
{
	struct out o = {.bytes = bytes};

	put_str(&o, cgn_events[ev->id].name);
	put_number(&o, ev->is_refused, 1);
	put_number(&o, ev->who.via, 1);
	put_number(&o, (uint64_t)(ev->who.knows_uid | ev->who.knows_pid << 1), 1);
	put_number(&o, ev->who.uid, 4);
	put_number(&o, ev->who.pid, 4);
	put_number(&o, ev->utc_ms, 8);
	put_str(&o, ev->who.claimed);
	for (uint8_t k = 0; k < ev->n_values; k++) {
		const struct cgn_event_value *v = &ev->values[k];

		put_str(&o, cgn_event_fields[v->field].name);
		switch (cgn_event_fields[v->field].type) {
		case CGN_EVENT_TYPE_NUMBER:
			put_number(&o, v->number, 8);
			break;
		case CGN_EVENT_TYPE_ADDRESS:
			put_number(&o, v->addr, 4);
			break;
		case CGN_EVENT_TYPE_ENDPOINT:
			put_number(&o, v->addr | (uint64_t)v->port << 32, 6);
			break;
		default:
			put_str(&o, v->text);
			break;
		}
	}
	return o.n;
}

static int
find_event(const char *name)
{
	for (int e = 0; e < CGN_N_EVENTS; e++)
		if (strcmp(cgn_events[e].name, name) == 0)
			return e;
	return -1;
}

/* Names of fields are not unique; those of an event are. */
static int
find_field(enum cgn_event_id id, const char *name)
{
	for (int f = 0; f < CGN_N_EVENT_FIELDS; f++)
		if (cgn_event_has(id, (enum cgn_event_field)f) &&
			strcmp(cgn_event_fields[f].name, name) == 0)
			return f;
	return -1;
}

static void
get_value(struct in *i, struct cgn_event *ev, enum cgn_event_field field)
{
	uint64_t number;

	switch (cgn_event_fields[field].type) {
	case CGN_EVENT_TYPE_NUMBER:
		cgn_event_set_number(ev, field, get_number(i, 8));
		break;
	case CGN_EVENT_TYPE_ADDRESS:
		cgn_event_set_addr(ev, field, (uint32_t)get_number(i, 4));
		break;
	case CGN_EVENT_TYPE_ENDPOINT:
		number = get_number(i, 6);
		cgn_event_set_end(ev, field, (uint32_t)number, (uint16_t)(number >> 32));
		break;
	default:
		cgn_event_set_text(ev, field, get_str(i));
		break;
	}
}

bool
cgn_event_text_decode(const uint8_t *bytes, size_t len, struct cgn_event *ev)
{
	struct in i = {.bytes = bytes, .n = len};
	int id = find_event(get_str(&i)), field;
	uint64_t knows;

	if (id < 0)
		return false;
	memset(ev, 0, sizeof(*ev));
	ev->id = (enum cgn_event_id)id;
	ev->is_refused = get_number(&i, 1) != 0;
	ev->who.via = (enum cgn_event_via)(get_number(&i, 1) % (CGN_EVENT_BY_SIGNAL + 1));
	knows = get_number(&i, 1);
	ev->who.knows_uid = knows & 1;
	ev->who.knows_pid = knows >> 1 & 1;
	ev->who.uid = (uint32_t)get_number(&i, 4);
	ev->who.pid = (uint32_t)get_number(&i, 4);
	ev->utc_ms = get_number(&i, 8);
	strncpy(ev->who.claimed, get_str(&i), sizeof(ev->who.claimed) - 1);
	while (!i.is_bad && i.at < i.n) {
		field = find_field(ev->id, get_str(&i));
		if (field < 0 || i.is_bad)
			break; /* of another version; what is behind it cannot be told apart */
		get_value(&i, ev, (enum cgn_event_field)field);
	}
	return !i.is_bad;
}

const struct cgn_event_value *
cgn_event_value_of(const struct cgn_event *ev, enum cgn_event_field field)
{
	static const struct cgn_event_value none = {0};

	for (uint8_t i = 0; i < ev->n_values; i++)
		if (ev->values[i].field == field)
			return &ev->values[i];
	return &none;
}

bool
cgn_event_is_det_off(const struct cgn_event *ev)
{
	return strcmp(cgn_event_value_of(ev, CGN_EVENT_FIELD_DET_A)->text, "off") == 0;
}

/* The ports below ports.first, from 0 on, are told first, and in the first of a tenant's records
 * alone: one without reserved ports may be the rest of a long list. */
bool
cgn_event_begins_det(const struct cgn_event *ev)
{
	return cgn_event_is_det_off(ev) ||
		cgn_event_value_of(ev, CGN_EVENT_FIELD_DET_R)->text[0] == '0';
}
