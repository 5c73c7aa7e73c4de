/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a configuration of very many tenants (many_tenants.h) costs: each step of a start and of a
 * reload by itself, in CPU time of this thread, so that other work on the machine does not count.
 */
#pragma once

#include "many_tenants.h"
#include "sim.h"

/* The appliance's lines for a simulator with many tenants. */
extern const char config_cost_box[];

struct config_cost {
	uint64_t load_ns;      /* read, decode and validate all files */
	uint64_t diff_ns;      /* compare with what is in force */
	uint64_t directory_ns; /* the directory that follows the one in force */
	uint64_t prepare_ns;   /* memory and plan, on the main thread too */
	uint64_t begin_ns;     /* the turn of control that publishes it */
	uint64_t turn_max_ns;  /* the longest of the others, questions before it included */
	uint64_t switch_ns;    /* all of control's turns until it is over */
	uint32_t n_turns, n_differences;
};

/* Reloads and measures; ends the process when it is refused or what should be so is not. */
void config_cost_reload(
	struct cgn_sim *sim, const struct many_tenants *to, struct config_cost *cost);

uint64_t config_cost_cpu_ns(void);

/* A box of so many tenants. */
struct cgn_sim *config_cost_sim(const struct many_tenants *p);

/* Each step at its least. */
void config_cost_least(struct config_cost *of, const struct config_cost *other);
