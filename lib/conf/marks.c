/* SPDX-License-Identifier: BSD-3-Clause */
/* Positions of values, sorted by the address of the field. Called by decode.c and validate*.c. */
#include "marks.h"

#include <stdlib.h>
#include <string.h>

void
cgn_marks_fini(struct cgn_marks *marks)
{
	free(marks->marks);
	memset(marks, 0, sizeof(*marks));
}

void
cgn_marks_add(struct cgn_marks *marks, const struct cgn_mark *mark)
{
	if (marks->n_marks == marks->n_alloc) {
		uint32_t n = marks->n_alloc ? marks->n_alloc * 2 : 256;
		struct cgn_mark *bigger = realloc(marks->marks, n * sizeof(*bigger));

		if (bigger == NULL) {
			marks->out_of_memory = true;
			return;
		}
		marks->marks = bigger;
		marks->n_alloc = n;
	}
	marks->marks[marks->n_marks++] = *mark;
}

static int
compare_marks(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct cgn_mark *)a)->field;
	uintptr_t y = (uintptr_t)((const struct cgn_mark *)b)->field;

	return x < y ? -1 : x > y;
}

void
cgn_marks_seal(struct cgn_marks *marks)
{
	if (marks->n_marks > 1)
		qsort(marks->marks, marks->n_marks, sizeof(*marks->marks), compare_marks);
	marks->n_sealed = marks->n_marks;
}

const struct cgn_mark *
cgn_marks_find(const struct cgn_marks *marks, const void *field)
{
	struct cgn_mark wanted = {.field = field};

	if (marks->n_sealed == 0)
		return NULL;
	return bsearch(&wanted, marks->marks, marks->n_sealed, sizeof(wanted), compare_marks);
}

const char *
cgn_mark_path_str(const struct cgn_mark *mark, char *buf)
{
	if (mark->is_item)
		return cgn_key_item_str(mark->key, mark->index, buf);
	return cgn_key_path_str(mark->key, mark->index, buf);
}
