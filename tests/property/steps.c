/* SPDX-License-Identifier: BSD-3-Clause */
/* Random operations; see steps.h. */
#include "steps.h"

#include <stdio.h>

#include "control.h"

void
step_time(struct cgn_sim *sim, struct cgn_rand *prng)
{
	uint32_t kind = cgn_rand_below(prng, 1000);

	sim->now += CGN_NS_PER_MS * (kind == 0 ? 200000 : kind < 20 ? 2000 : 20);
	if (cgn_rand_below(prng, 2) == 0)
		cgn_sim_poll_workers(sim);
	cgn_sim_poll_control(sim);
}

void
step_remove(struct cgn_control *c, struct cgn_rand *prng)
{
	uint32_t m = 1 + cgn_rand_below(prng, c->table->capacity);

	if (c->table->sides[m].wheel.prev != 0)
		cgn_unlink(c, m);
}

void
step_session(struct cgn_session_change *change, struct cgn_rand *prng, uint16_t tenant,
	uint32_t addr, uint32_t to)
{
	*change = (struct cgn_session_change){
		.kind = (uint8_t)cgn_rand_below(prng, 3), .tenant = tenant, .addr = addr, .to = to};
	if (change->kind == CGN_SESSION_ADD || cgn_rand_below(prng, 2) == 0)
		snprintf(change->id, sizeof(change->id), "s%u", cgn_rand_below(prng, 15));
}
