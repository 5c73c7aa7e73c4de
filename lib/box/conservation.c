/* SPDX-License-Identifier: BSD-3-Clause */
/* The law received = Σ fates + held, summed over all writers. Any thread. */
#include "box.h"

static void
add_block(struct cgn_conservation *sum, const struct cgn_counters *c)
{
	sum->received += cgn_counter_read(&c->received);
	for (int f = 0; f < CGN_N_FATES; f++)
		sum->fates += cgn_counters_fate_sum(c, (enum cgn_fate)f);
}

struct cgn_conservation
cgn_box_conservation(const struct cgn_box *box)
{
	struct cgn_conservation sum = {0};
	uint64_t own;

	for (uint16_t i = 0; i < box->dp.n_workers; i++) {
		const struct cgn_worker *w = box->dp.workers[i];

		add_block(&sum, &w->counters);
		sum.held += rte_ring_count(w->new_flows.ring) + rte_ring_count(w->local.ring) +
			rte_ring_count(w->back) + rte_ring_count(w->handover) +
			cgn_counter_read(&w->fragments.n_held);
	}
	add_block(&sum, &box->control->counters);
	sum.held += __atomic_load_n(&box->control->queue.n, __ATOMIC_RELAXED);
	sum.held += __atomic_load_n(&box->control->neigh->n_held, __ATOMIC_RELAXED);
	/* The box's own were never received. Control may be between the two counts. */
	own = cgn_counter_read(&box->control->tcp_ending.held);
	sum.held -= own < sum.held ? own : sum.held;
	return sum;
}

uint64_t
cgn_box_fate(const struct cgn_box *box, uint32_t tenant, enum cgn_fate fate)
{
	uint64_t at = (uint64_t)tenant * CGN_N_FATES + fate;
	uint64_t sum = cgn_counter_read(&box->control->counters.fates[at]);

	for (uint16_t i = 0; i < box->dp.n_workers; i++)
		sum += cgn_counter_read(&box->workers[i].counters.fates[at]);
	return sum;
}

uint64_t
cgn_box_fate_sum(const struct cgn_box *box, enum cgn_fate fate)
{
	uint64_t sum = cgn_counters_fate_sum(&box->control->counters, fate);

	for (uint16_t i = 0; i < box->dp.n_workers; i++)
		sum += cgn_counters_fate_sum(&box->workers[i].counters, fate);
	return sum;
}
