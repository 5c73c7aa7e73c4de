/* SPDX-License-Identifier: BSD-3-Clause */
/* Events (telemetry/events.h) as bytes for the local log, by names, so that another version reads
 * them: what it does not know it leaves out. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events.h"

/* 9 values of at most 104 bytes with a field's name, and what is around them. */
enum { CGN_EVENT_TEXT_MAX = 1536 };

size_t cgn_event_text_encode(const struct cgn_event *ev, uint8_t out[CGN_EVENT_TEXT_MAX]);

/* False: no event of ours. */
bool cgn_event_text_decode(const uint8_t *in, size_t len, struct cgn_event *ev);

/* Its value of the field, all zero when it has none. */
const struct cgn_event_value *cgn_event_value_of(
	const struct cgn_event *ev, enum cgn_event_field field);

/* DETERMINISTIC: does it replace what was told of its tenant, or go on with the list? */
bool cgn_event_is_det_off(const struct cgn_event *ev);
bool cgn_event_begins_det(const struct cgn_event *ev);
