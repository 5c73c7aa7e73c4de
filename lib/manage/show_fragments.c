/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What workers have of datagrams in fragments: members of the rows of workers, tenants, subscribers
 * and outside addresses (show_cores.c, show_tenants.c, show_pools.c). Telemetry threads.
 */
#include "show.h"

static void
add(struct cgn_reply *r, uint64_t held, uint64_t datagrams)
{
	cgn_reply_u64(r, "fragments_held", held);
	cgn_reply_u64(r, "datagrams", datagrams);
}

void
cgn_show_fragments_at(struct cgn_show *show, const struct cgn_worker *w)
{
	const struct cgn_fragments *t = &w->fragments;
	struct cgn_reply *r = show->reply;

	add(r, cgn_counter_read(&t->n_held), __atomic_load_n(&t->n, __ATOMIC_RELAXED));
	cgn_reply_u64(r, "fragments_peak", __atomic_load_n(&t->held_peak, __ATOMIC_RELAXED));
	cgn_reply_u64(r, "fragments_max", t->hold);
	cgn_reply_u64(r, "datagrams_peak", __atomic_load_n(&t->n_peak, __ATOMIC_RELAXED));
	cgn_reply_u64(r, "datagrams_max", t->capacity);
}

void
cgn_show_fragments_of_tenant(struct cgn_show *show, uint32_t tenant)
{
	uint64_t held = 0, datagrams = 0;

	for (uint16_t i = 0; i < show->box->dp.n_workers; i++) {
		const struct cgn_fragment_tenant *of =
			&show->box->workers[i].fragments.tenants[tenant];

		held += __atomic_load_n(&of->n_held, __ATOMIC_RELAXED);
		datagrams += __atomic_load_n(&of->n, __ATOMIC_RELAXED);
	}
	add(show->reply, held, datagrams);
}

void
cgn_show_fragments_of(struct cgn_show *show, enum cgn_dir dir, uint32_t use)
{
	uint64_t held = 0, datagrams = 0;

	for (uint16_t i = 0; i < show->box->dp.n_workers; i++) {
		const struct cgn_fragment_use *of = &show->box->workers[i].fragments.uses[dir][use];

		held += __atomic_load_n(&of->n_held, __ATOMIC_RELAXED);
		datagrams += __atomic_load_n(&of->n, __ATOMIC_RELAXED);
	}
	add(show->reply, held, datagrams);
}
