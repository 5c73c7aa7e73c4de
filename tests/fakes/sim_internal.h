/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the simulator share. */
#pragma once

#include "sim.h"

/* A frame out of the box, in the order of sending. */
struct cgn_sim_item {
	struct cgn_sim_item *next;
	uint32_t len;
	uint8_t bytes[];
};

struct cgn_sim_queue {
	struct cgn_sim_item *first, **last;
	uint32_t n;
};

/* Ends the process. */
void cgn_sim_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The configuration of the params; ends the process with every error when it is wrong (sim_conf.c).
 */
struct cgn_conf *cgn_sim_conf_load(const struct cgn_sim_params *params);

/* A net_ring device per configured port (sim_devs.c). */
void cgn_sim_devs_open(struct cgn_sim *sim);
void cgn_sim_devs_close(struct cgn_sim *sim);

/* Looks at a frame that the box has sent: counts, answers ARP, checks, queues it (sim_wire.c). */
void cgn_sim_wire_take(struct cgn_sim *sim, uint16_t port, const uint8_t *frame, uint32_t len);
