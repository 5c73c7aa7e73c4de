/* SPDX-License-Identifier: BSD-3-Clause */
/* One condition on a row: --filter 'COLUMN OP VALUE'. Pure but for error messages. */
#pragma once

#include <stdbool.h>

#include "cell.h"
#include "command_table.h"

enum cgn_filter_op {
	CGN_FILTER_EQ,
	CGN_FILTER_NE,
	CGN_FILTER_LT,
	CGN_FILTER_LE,
	CGN_FILTER_GT,
	CGN_FILTER_GE,
	CGN_FILTER_HAS, /* contains, whatever the case of letters */
};

struct cgn_filter {
	const char *column;
	enum cgn_filter_op op;
	const char *value; /* in the text that was parsed */
	bool is_number;
	long double number; /* with its unit: k, M, G, T; exact for all that 64 bits hold */
	bool is_address;    /* A.B.C.D, with /LENGTH or with :PORT */
	struct cgn_prefix prefix;
	int32_t port; /* -1: any */
};

/* Reads text, which must stay. False with the reason printed. */
bool cgn_filter_parse(struct cgn_filter *f, const struct cgn_command *cmd, const char *text);

/*
 * Numbers are compared with numbers; an address is equal to a prefix that it is in; other texts as
 * they are, < and > with the numbers in them. What is not there is "-".
 */
bool cgn_filter_match(const struct cgn_filter *f, const json_t *row);
