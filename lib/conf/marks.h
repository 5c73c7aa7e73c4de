/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where each value of a configuration stands in its file and what its key is, found by the address
 * of the field. The decoder writes the marks, the rules read them for their messages, and the
 * loader throws them away: the configuration itself holds values only. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "schema.h"

struct cgn_mark {
	const void *field;
	const struct cgn_key *key;
	struct cgn_conf_pos pos; /* of the value; of the enclosing mapping if the default counts */
	uint32_t index[CGN_KEY_MAX_LISTS];
	bool is_item;  /* stands for an item of the list key; field is its pos */
	bool is_valid; /* false: reported as wrong or missing, rules leave it alone */
};

struct cgn_marks {
	struct cgn_mark *marks;
	uint32_t n_marks, n_alloc;
	uint32_t n_sealed; /* of them, sorted; the others are not found yet */
	bool out_of_memory;
};

void cgn_marks_fini(struct cgn_marks *marks);
void cgn_marks_add(struct cgn_marks *marks, const struct cgn_mark *mark);

/* Makes look-ups of all marks so far possible; may be done again after more of them. */
void cgn_marks_seal(struct cgn_marks *marks);

/* The sealed mark of a field, or NULL if its enclosing mapping was wrong. */
const struct cgn_mark *cgn_marks_find(const struct cgn_marks *marks, const void *field);

/* The path as the operator knows it, "attachments[1].address", into buf (CGN_KEY_PATH_LEN). */
const char *cgn_mark_path_str(const struct cgn_mark *mark, char *buf);
