/* SPDX-License-Identifier: BSD-3-Clause */
/* Random operations that property tests of the whole box share. Control's thread. */
#pragma once

#include "rand.h"
#include "session.h"
#include "sim.h"

/* Small steps often, large ones sometimes; now and then control runs without the workers. */
void step_time(struct cgn_sim *sim, struct cgn_rand *prng);

/* A random entry of the table is unlinked if it holds a mapping. */
void step_remove(struct cgn_control *c, struct cgn_rand *prng);

/* A random change of what is known about the owner of addr, or about one of 15 owners. */
void step_session(struct cgn_session_change *change, struct cgn_rand *prng, uint16_t tenant,
	uint32_t addr, uint32_t to);
