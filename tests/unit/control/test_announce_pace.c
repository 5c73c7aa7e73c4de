/* SPDX-License-Identifier: BSD-3-Clause */
/* AMB-14, ADV-24: a start of many tenants is announced to them one after the other. */
#include <criterion/criterion.h>

#include "config_cost.h"

enum { N = 200 };

/* Frames to all hosts that have left since. */
static uint32_t
count_announced(struct cgn_sim *sim)
{
	const uint16_t ports[] = {SIM_ACCESS, SIM_TRUNK};
	struct cgn_sim_frame f;
	uint32_t n = 0;

	for (size_t i = 0; i < 2; i++)
		while (cgn_sim_receive(sim, ports[i], &f))
			n += f.bytes[0] == 0x01 && f.bytes[1] == 0x00 && f.bytes[2] == 0x5e;
	return n;
}

Test(announce_pace, tenants_are_told_one_a_millisecond)
{
	struct many_tenants p = {.n = N, .room = N, .first = 1, .box = config_cost_box};
	struct cgn_sim *sim = config_cost_sim(&p);
	uint32_t total = count_announced(sim);

	cr_expect_leq(total, 1, "%u at once", total);
	for (uint32_t ms = 1; ms < 250; ms++) {
		uint32_t n;

		cgn_sim_jump_ms(sim, 1);
		n = count_announced(sim);
		cr_expect_leq(n, 2, "%u after %u ms", n, ms);
		total += n;
	}
	cr_expect_eq(total, N, "%u tenants of %u were told", total, N);
	cgn_sim_destroy(sim);
}
