/* SPDX-License-Identifier: BSD-3-Clause */
/* A bed with open flows and a job over them: what most benches measure. */
#pragma once

#include "bench.h"
#include "job.h"

enum { FORWARD_MAX_SPECS = 24 };

struct forward_params {
	struct bed_params bed;        /* mappings, packets, and subscribers if 0, are filled in */
	uint8_t shares[CGN_N_PROTOS]; /* percent */
	struct frame_spec specs[FORWARD_MAX_SPECS];
	uint32_t n_specs;
};

struct forward {
	struct bed *bed;
	struct flows *flows;
	struct job *job;
	struct bed_params params;
	uint8_t shares[CGN_N_PROTOS];
};

/* o->n flows are open. */
void forward_start(struct forward *f, const struct options *o, const struct forward_params *p);
void forward_stop(struct forward *f);

/* o->count packets, if it is not 0; true then. */
bool forward_counted(struct job *job, const struct options *o);
