/* SPDX-License-Identifier: BSD-3-Clause */
/* What one file says of an outside port; called by logtrace.c. */
#pragma once

#include "events.h"
#include "logtrace.h"
#include "segment.h"

enum { CGN_LOADED_MAX = 1 << 18 }; /* slots of one port and one file: 8 MiB */

struct cgn_loaded_name {
	uint16_t number;
	char tenant[CGN_NAME_LEN];
};

/* Zeroed before the first use; load may be called again. */
struct cgn_loaded {
	struct cgn_segment_header header;
	struct cgn_slot *slots; /* snapshot first, then in order: of the port, and START, STOP, GAP,
				   SYNCED */
	uint32_t n, room;
	struct cgn_loaded_name *names;
	uint32_t n_names, names_room;
	struct cgn_event *dets; /* parameters of computed ranges, in order */
	uint32_t n_dets, dets_room;
	uint64_t last_utc; /* of any record */
	uint64_t n_damaged;
};

int cgn_loaded_read(struct cgn_loaded *l, int dir_fd, const struct cgn_segment *segment,
	const struct cgn_logtrace_question *q);
void cgn_loaded_free(struct cgn_loaded *l);

/* "" when it is not known. */
const char *cgn_loaded_tenant(const struct cgn_loaded *l, uint16_t number);
