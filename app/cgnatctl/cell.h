/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands in a row under a column, as it is shown and as it is compared. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipaddr.h"

enum { CGN_CELL_LEN = 160 }; /* the daemon's strings have at most 127 bytes */

enum cgn_cell_kind { CGN_CELL_NONE, CGN_CELL_NUMBER, CGN_CELL_ADDRESS, CGN_CELL_TEXT };

struct cgn_cell {
	enum cgn_cell_kind kind;
	int64_t number;   /* NUMBER */
	uint32_t addr;    /* ADDRESS, host order: A.B.C.D, alone, with :PORT or with /LENGTH */
	int32_t port;     /* ADDRESS; -1: none */
	const char *text; /* as it is shown; in the value or in buf */
};

/* "-" for what is not there. buf has CGN_CELL_LEN bytes; what is no printable ASCII becomes "?". */
struct cgn_cell cgn_cell_of(const json_t *value, char *buf);

/* What is no printable ASCII becomes "?", so that no answer can steer a terminal. Returns text. */
char *cgn_text_clean(char *text);

/* Negative, 0 or positive. Numbers and addresses by value, texts with the numbers in them ("9"
 * before "10"); what is not there is first. */
int cgn_cell_cmp(const struct cgn_cell *a, const struct cgn_cell *b);
