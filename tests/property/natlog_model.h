/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log replayed from its start: what a reader believes that there is, knowing nothing but the
 * records. Compared with the box by property tests.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "box.h"
#include "natlog.h"

struct natlog_item {
	struct cgn_natlog_record r; /* that made it; id 0 (START): the place is free */
	bool is_doubtful;           /* there was a gap since */
};

struct natlog_model {
	struct natlog_item *items; /* open addressing */
	uint32_t n_items;
	uint64_t number; /* of the last record */
	uint64_t n_lost; /* of this run of the daemon */
	uint64_t n_records, n_gaps, n_again, n_restored, n_synced;
	uint64_t n_of[CGN_N_NATLOGS];
	bool has_begun, is_after_gap;
};

void natlog_model_init(struct natlog_model *model);
void natlog_model_fini(struct natlog_model *model);

/* The next record. False, with the reason on standard error, when it contradicts those before. */
bool natlog_model_apply(struct natlog_model *model, const struct cgn_natlog_record *r);

/* Takes all there is from control's ring. */
bool natlog_model_drain(struct natlog_model *model, struct cgn_natlog_feed *feed);

/* Blocks, mappings and explicit mappings are those of the box. False with the reason likewise. */
bool natlog_model_equals(const struct natlog_model *model, const struct cgn_box *box);
