/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows in the order of some columns: --sort A,-B. Rows are kept as text with the few values that
 * are compared beside it, some hundred bytes each, and with a limit only so many as are wanted, so
 * that the ten greatest of a million cost ten.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell.h"
#include "command_table.h"

enum { CGN_MAX_ORDER = 4 };

struct cgn_order {
	size_t n; /* columns; 0: as the daemon sends them */
	struct {
		const char *column;
		bool down; /* the greatest first */
	} by[CGN_MAX_ORDER];
};

/* Reads "a,-b". False with the reason printed. */
bool cgn_order_parse(struct cgn_order *order, const struct cgn_command *cmd, const char *text);

struct cgn_kept {
	uint64_t seq; /* equal rows stay as they came */
	struct cgn_cell keys[CGN_MAX_ORDER];
	char *text; /* the row as JSON */
};

struct cgn_sorter {
	const struct cgn_order *order;
	uint64_t limit; /* 0: none */
	struct cgn_kept **rows;
	size_t n, room;
	uint64_t n_seen;
};

void cgn_sorter_init(struct cgn_sorter *s, const struct cgn_order *order, uint64_t limit);
void cgn_sorter_fini(struct cgn_sorter *s);

/* 0 or -ENOMEM. */
int cgn_sorter_add(struct cgn_sorter *s, const json_t *row);

/* Puts what was added in order; then row i is the caller's, NULL for want of memory. */
void cgn_sorter_sort(struct cgn_sorter *s);
json_t *cgn_sorter_row(const struct cgn_sorter *s, size_t i);
