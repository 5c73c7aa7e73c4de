/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Address ranges that are looked through for overlaps, sorted, so that a box with many thousands of
 * prefixes is checked in well under a second. Used by validate_addresses.c on the main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ipaddr.h"

/* Two sides: overlaps are found within one side, or between the two. */
enum cgn_side { CGN_SIDE_SUBJECT, CGN_SIDE_OTHER };

struct cgn_span {
	uint32_t first, last;
	enum cgn_side side;
	const void *field; /* the key that says it */
	bool is_reported;  /* one message per span is enough */
};

struct cgn_spans {
	struct cgn_span *spans;
	uint32_t n_spans, n_alloc;
	bool out_of_memory;
};

void cgn_spans_fini(struct cgn_spans *spans);
void cgn_spans_clear(struct cgn_spans *spans);
void cgn_spans_add(
	struct cgn_spans *spans, struct cgn_prefix prefix, enum cgn_side side, const void *field);

/* Called for an overlap: between different sides subject is on SUBJECT, else it is the later. */
typedef void (*cgn_overlap_fn)(
	void *arg, const struct cgn_span *subject, const struct cgn_span *other);

/* Sorts and finds overlaps: at least one for each subject that has some, at most one. */
void cgn_spans_find_within(struct cgn_spans *spans, cgn_overlap_fn fn, void *arg);
void cgn_spans_find_between(struct cgn_spans *spans, cgn_overlap_fn fn, void *arg);
