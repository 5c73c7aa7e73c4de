/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the records so far leave: port blocks and explicit mappings that somebody has, and since
 * when. A segment begins with a copy of it. Mappings that traffic made are not part of it: they
 * are many and short. Owner: the log thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "slot.h"

struct cgn_live_entry {
	struct cgn_slot slot; /* BLOCK_LEASED (DET_TAKEN too) or EXPLICIT_MADE */
	uint64_t since;       /* ms since 1970 */
	uint32_t told;        /* in this round of telling */
	bool is_unsure;       /* it may be older */
};

struct cgn_live {
	struct cgn_live_entry *entries; /* a hash with linear probing; kind 0: empty */
	uint32_t n, mask;
	uint32_t round; /* one more with each gap */
};

int cgn_live_init(struct cgn_live *live); /* 0 or -ENOMEM */
void cgn_live_fini(struct cgn_live *live);

/* What the record, of that time, makes of it. 0, or -ENOMEM: it is not part of it. */
int cgn_live_apply(struct cgn_live *live, const struct cgn_slot *s, uint64_t utc_ms);

/* The next that there is from *i on, which goes up; NULL at the end. */
const struct cgn_live_entry *cgn_live_next(const struct cgn_live *live, uint32_t *i);
