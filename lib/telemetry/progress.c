/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares counters of turns with what they were; see progress.h. */
#include "progress.h"

#include <assert.h>

static uint64_t
loops_of(const struct cgn_progress *p, uint32_t i)
{
	return __atomic_load_n(&p->at[i].counters->loops, __ATOMIC_RELAXED);
}

void
cgn_progress_add(struct cgn_progress *p, const struct cgn_counters *counters)
{
	assert(p->n < CGN_PROGRESS_MAX);
	p->at[p->n].counters = counters;
	p->at[p->n].loops = loops_of(p, p->n);
	p->n++;
}

bool
cgn_progress_made(struct cgn_progress *p, uint32_t *stuck)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (loops_of(p, i) == p->at[i].loops) {
			*stuck = i;
			return false;
		}
	for (uint32_t i = 0; i < p->n; i++)
		p->at[i].loops = loops_of(p, i);
	return true;
}
