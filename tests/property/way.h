/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A way through the box for packets of subscriber 100.64.0.10 of tenant a, port 5000, with
 * 192.0.2.1, port 53: out, in, or back as a hairpin to its own outside end. TCP segments are SYNs.
 */
#pragma once

#include "rand.h"
#include "sim.h"

struct way {
	uint16_t in, out; /* ports of the box */
	struct packet_spec spec;
};

/* proto: as in the IP header, 6, 17 or 1. Its mapping is made, or has traffic, first. */
struct way way_random(struct cgn_sim *sim, struct cgn_rand *prng, uint8_t proto);
