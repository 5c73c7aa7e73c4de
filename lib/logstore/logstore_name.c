/* SPDX-License-Identifier: BSD-3-Clause */
/* Tenants' names and events in a segment; see logstore_impl.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event_text.h"
#include "logstore_impl.h"

static uint32_t
hash(const char *tenant)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *tenant != '\0'; tenant++)
		h = (h ^ (uint8_t)*tenant) * 16777619u;
	return h ^ h >> 16;
}

static uint32_t
bucket(const char *tenant)
{
	return hash(tenant) % CGN_LOGSTORE_NAME_BUCKETS;
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

/* --- Parameters of computed ranges --- */

static const char *
tenant_of(const struct cgn_event *event)
{
	return cgn_event_value_of(event, CGN_EVENT_FIELD_TENANT)->text;
}

static void
drop(struct cgn_logstore *store, const char *tenant, uint32_t tenant_hash)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < store->n_dets; i++) {
		const struct cgn_logstore_det *det = &store->dets[i];

		if (det->hash == tenant_hash && strcmp(tenant_of(det->event), tenant) == 0)
			free(det->event);
		else
			store->dets[n++] = *det;
	}
	store->n_dets = n;
}

int
cgn_logstore_keep_det(struct cgn_logstore *store, const struct cgn_event *event)
{
	const char *tenant = tenant_of(event);
	struct cgn_logstore_det *more, det = {.hash = hash(tenant)};

	if (cgn_event_begins_det(event))
		drop(store, tenant, det.hash);
	if (cgn_event_is_det_off(event))
		return 0; /* nobody is what a file says that has nothing of it */
	more = realloc(store->dets, (store->n_dets + 1) * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	store->dets = more;
	det.event = malloc(sizeof(*det.event));
	if (det.event == NULL)
		return -ENOMEM;
	*det.event = *event;
	store->dets[store->n_dets++] = det;
	return 0;
}

void
cgn_logstore_free_dets(struct cgn_logstore *store)
{
	for (uint32_t i = 0; i < store->n_dets; i++)
		free(store->dets[i].event);
	free(store->dets);
}
