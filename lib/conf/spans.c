/* SPDX-License-Identifier: BSD-3-Clause */
/* A sweep over sorted ranges. Called by validate_addresses.c on the main thread. */
#include "spans.h"

#include <stdlib.h>
#include <string.h>

void
cgn_spans_fini(struct cgn_spans *spans)
{
	free(spans->spans);
	memset(spans, 0, sizeof(*spans));
}

void
cgn_spans_clear(struct cgn_spans *spans)
{
	spans->n_spans = 0;
}

void
cgn_spans_add(
	struct cgn_spans *spans, struct cgn_prefix prefix, enum cgn_side side, const void *field)
{
	if (spans->n_spans == spans->n_alloc) {
		uint32_t n = spans->n_alloc ? spans->n_alloc * 2 : 64;
		struct cgn_span *bigger = realloc(spans->spans, n * sizeof(*bigger));

		if (bigger == NULL) {
			spans->out_of_memory = true;
			return;
		}
		spans->spans = bigger;
		spans->n_alloc = n;
	}
	spans->spans[spans->n_spans++] = (struct cgn_span){.first = cgn_prefix_first(prefix),
		.last = cgn_prefix_last(prefix),
		.side = side,
		.field = field};
}

static int
compare_spans(const void *a, const void *b)
{
	const struct cgn_span *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->last != y->last)
		return x->last > y->last ? -1 : 1;
	return (uintptr_t)x->field < (uintptr_t)y->field ? -1 : x->field != y->field;
}

static void
sort(struct cgn_spans *spans)
{
	if (spans->n_spans > 1)
		qsort(spans->spans, spans->n_spans, sizeof(*spans->spans), compare_spans);
}

void
cgn_spans_find_within(struct cgn_spans *spans, cgn_overlap_fn fn, void *arg)
{
	struct cgn_span *widest =
		spans->spans; /* of those that have begun, the one that ends last */

	sort(spans);
	for (uint32_t i = 1; i < spans->n_spans; i++) {
		struct cgn_span *s = &spans->spans[i];

		if (widest->last >= s->first)
			fn(arg, s, widest);
		if (s->last > widest->last)
			widest = s;
	}
}

static void
report_once(struct cgn_span *subject, const struct cgn_span *other, cgn_overlap_fn fn, void *arg)
{
	if (!subject->is_reported)
		fn(arg, subject, other);
	subject->is_reported = true;
}

void
cgn_spans_find_between(struct cgn_spans *spans, cgn_overlap_fn fn, void *arg)
{
	struct cgn_span *widest[2] = {NULL, NULL};

	sort(spans);
	for (uint32_t i = 0; i < spans->n_spans; i++) {
		struct cgn_span *s = &spans->spans[i];
		struct cgn_span *w =
			widest[s->side == CGN_SIDE_SUBJECT ? CGN_SIDE_OTHER : CGN_SIDE_SUBJECT];

		if (w != NULL && w->last >= s->first && s->side == CGN_SIDE_SUBJECT)
			report_once(s, w, fn, arg);
		else if (w != NULL && w->last >= s->first)
			report_once(w, s, fn, arg);
		w = widest[s->side];
		if (w == NULL || s->last > w->last)
			widest[s->side] = s;
	}
}
