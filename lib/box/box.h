/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole appliance without its threads and devices: configuration → directory, tables, control
 * and workers, wired together. app/cgnatd gives it ports and threads; tests give it rings and a
 * clock of their own. Main thread, EAL is up.
 */
#pragma once

#include <stdint.h>

#include "captures.h"
#include "control.h"
#include "radius.h"
#include "worker.h"

struct cgn_box {
	const struct cgn_conf *conf;
	struct cgn_directory *dir;
	struct cgn_directory *retired; /* the one before, while a switch goes on; else NULL */
	struct cgn_dataplane dp;
	struct cgn_control *control;
	struct cgn_worker *workers; /* [dp.n_workers] */
	struct rte_mempool *mempool;
	struct cgn_captures *captures; /* NULL: no directory for them is configured */
	struct cgn_radius *radius;     /* whoever runs its thread owns it; NULL: there is none */
};

struct cgn_box_params {
	const struct cgn_conf *conf; /* outlives the box */
	const struct cgn_dev *devs;  /* [conf->n_ports], opened; copied */
	struct rte_mempool *mempool; /* made by cgn_box_mempool; the caller's */
	const char *name;            /* at most 12 characters, unique in the process */
	uint64_t seed;               /* 0, or a reproducible sequence for tests */
};

/* Packet buffers with room for struct cgn_pkt; data_room: bytes of a frame that fit one buffer. */
struct rte_mempool *cgn_box_mempool(const char *name, uint32_t n, uint16_t data_room);

/* NULL with *err and errno set; nothing is left behind then. */
struct cgn_box *cgn_box_create(const struct cgn_box_params *params, struct cgn_errmsg *err);

/*
 * Another configuration for a box that runs. Its directory follows the box's; control says what it
 * needs (control/directory_switch.h); prepare takes the memory: 0, or negative with *err filled.
 * Then control switches to it, adopt makes it the box's, and retire frees the old one when control
 * says that it is over. conf outlives the box, or the next retire. Main thread.
 */
int cgn_box_prepare(struct cgn_box *box, const struct cgn_directory *fresh,
	const struct cgn_pool_need *need, struct cgn_errmsg *err);
void cgn_box_adopt(struct cgn_box *box, struct cgn_directory *fresh);
void cgn_box_retire(struct cgn_box *box);

/* All threads have ended: packets still inside end as STOPPED, so that the law holds. */
void cgn_box_settle(struct cgn_box *box);

/* Settles and frees. NULL is accepted. */
void cgn_box_destroy(struct cgn_box *box);

/* The law: received = Σ fates + held. Exact when nothing moves. */
struct cgn_conservation {
	uint64_t received;
	uint64_t fates;
	uint64_t held; /* in rings and waiting for next hops */
};

/* Any thread; reads published counters and ring levels. */
struct cgn_conservation cgn_box_conservation(const struct cgn_box *box);

/* Sum over workers and control of one fate of one tenant; CGN_TENANT_BOX: the box itself. */
uint64_t cgn_box_fate(const struct cgn_box *box, uint32_t tenant, enum cgn_fate fate);

/* The same of all tenants, also those that are gone, and the box. */
uint64_t cgn_box_fate_sum(const struct cgn_box *box, enum cgn_fate fate);
