/* SPDX-License-Identifier: BSD-3-Clause */
/* Tenants' names and events in a segment; see logstore_impl.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event_text.h"
#include "logstore_impl.h"

static uint32_t
bucket(const char *tenant)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *tenant != '\0'; tenant++)
		h = (h ^ (uint8_t)*tenant) * 16777619u;
	return (h ^ h >> 16) % CGN_LOGSTORE_NAME_BUCKETS;
}

static uint32_t
find(const struct cgn_logstore *store, const char *tenant, uint32_t vrf)
{
	uint32_t i = store->buckets[bucket(tenant)];

	/* vrf 0: who does not know it. */
	while (i != 0 &&
		((vrf != 0 && store->names[i].vrf != vrf) ||
			strcmp(store->names[i].tenant, tenant) != 0))
		i = store->names[i].next;
	return i;
}

static uint32_t
add(struct cgn_logstore *store, const char *tenant, uint32_t vrf)
{
	uint32_t *head = &store->buckets[bucket(tenant)];
	struct cgn_logstore_name *name;

	if (store->n_names == CGN_LOGSTORE_MAX_NAMES)
		return 0;
	if ((store->n_names & (store->n_names + 1)) == 0) { /* 1, 3, 7, …: the room is used */
		name = realloc(store->names, 2 * (store->n_names + 1) * sizeof(*name));
		if (name == NULL)
			return 0;
		store->names = name;
	}
	name = &store->names[++store->n_names];
	*name = (struct cgn_logstore_name){.vrf = vrf, .next = *head};
	memcpy(name->tenant, tenant, strnlen(tenant, CGN_NAME_LEN - 1));
	*head = store->n_names;
	return store->n_names;
}

uint16_t
cgn_logstore_name(struct cgn_logstore *store, const char *tenant, uint32_t vrf)
{
	uint32_t i;

	if (tenant[0] == '\0')
		return 0;
	i = find(store, tenant, vrf);
	return (uint16_t)(i != 0 ? i : add(store, tenant, vrf));
}

int
cgn_logstore_put_name(struct cgn_logstore *store, uint16_t number)
{
	struct cgn_logstore_name *name = &store->names[number];
	/* Its number, the VRF, the name. */
	uint8_t bytes[2 + 4 + CGN_NAME_LEN] = {(uint8_t)number, (uint8_t)(number >> 8),
		(uint8_t)name->vrf, (uint8_t)(name->vrf >> 8), (uint8_t)(name->vrf >> 16),
		(uint8_t)(name->vrf >> 24)};
	const uint8_t first = CGN_SLOT_TEXT_LEN, rest = sizeof(bytes) - CGN_SLOT_TEXT_LEN;
	uint8_t *slot;

	memcpy(bytes + 6, name->tenant, CGN_NAME_LEN);
	for (uint8_t piece = 0; piece < 2; piece++) {
		slot = cgn_logstore_slot(store);
		if (slot == NULL)
			return -EIO;
		cgn_slot_encode_text(store->header.id, CGN_SLOT_NAME, piece,
			piece == 0 ? first : rest, bytes + piece * CGN_SLOT_TEXT_LEN, slot);
	}
	name->segment = store->header.id;
	return 0;
}

int
cgn_logstore_put_event(struct cgn_logstore *store, const struct cgn_event *event)
{
	uint8_t bytes[CGN_EVENT_TEXT_MAX], *slot;
	size_t len = cgn_event_text_encode(event, bytes);

	for (size_t at = 0; at < len; at += CGN_SLOT_TEXT_LEN) {
		size_t n = len - at < CGN_SLOT_TEXT_LEN ? len - at : CGN_SLOT_TEXT_LEN;

		slot = cgn_logstore_slot(store);
		if (slot == NULL)
			return -EIO;
		/* Flags: 1 the first piece, 2 the last one. */
		cgn_slot_encode_text(store->header.id, CGN_SLOT_TEXT,
			(uint8_t)((at == 0 ? 1 : 0) | (at + n == len ? 2 : 0)), (uint8_t)n,
			bytes + at, slot);
	}
	return 0;
}

static const char *
text_of(const struct cgn_event *event, enum cgn_event_field field)
{
	for (uint8_t i = 0; i < event->n_values; i++)
		if (event->values[i].field == field)
			return event->values[i].text;
	return "";
}

/* The ports below ports.first are told first, and in the first of a tenant's records alone. */
static bool
begins_anew(const struct cgn_event *event)
{
	const char *reserved = text_of(event, CGN_EVENT_FIELD_DET_R);

	return reserved[0] == '\0' || (reserved[0] == '0' && strchr("-,", reserved[1]) != NULL);
}

int
cgn_logstore_keep_det(struct cgn_logstore *store, const struct cgn_event *event)
{
	const char *tenant = text_of(event, CGN_EVENT_FIELD_TENANT);
	struct cgn_event *more;
	uint32_t n = 0;

	if (begins_anew(event)) {
		for (uint32_t i = 0; i < store->n_dets; i++)
			if (strcmp(text_of(&store->dets[i], CGN_EVENT_FIELD_TENANT), tenant) != 0)
				store->dets[n++] = store->dets[i];
		store->n_dets = n;
	}
	more = realloc(store->dets, (store->n_dets + 1) * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	store->dets = more;
	store->dets[store->n_dets++] = *event;
	return 0;
}
