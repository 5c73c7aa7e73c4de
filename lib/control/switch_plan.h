/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is different between two directories, found before the switch from one to the other: then
 * control's turns cost what has changed, and not what there is. Main thread makes it and frees it;
 * control reads it while the switch goes on. The directories outlive it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "numbers.h"

struct cgn_conf_static;
struct cgn_directory;

/* Numbers, ascending. */
struct cgn_plan_list {
	uint32_t *numbers;
	uint32_t n;
};

/* A static entry of the old configuration that the new one of the same tenant does not have. */
struct cgn_plan_static {
	uint32_t tenant;
	const struct cgn_conf_static *entry;
};

struct cgn_switch_plan {
	const struct cgn_directory *old, *fresh;
	struct cgn_plan_list links;   /* interfaces of old that go or get another on-link prefix */
	struct cgn_plan_list tenants; /* that come */
	struct cgn_plan_list leaving; /* outside addresses that go */
	struct cgn_plan_list addresses; /* that come, stop draining or are cut otherwise */
	struct cgn_plan_list drains;    /* all that drain in fresh */
	struct cgn_plan_list forwards;  /* tenants of fresh with static entries */
	struct cgn_plan_list computed; /* whose computed ranges follow from something else, or go */
	struct cgn_plan_list moved;    /* of these, whose ranges are elsewhere */
	/* Inside indices below the bound of old that were nobody's and are somebody's. */
	struct cgn_number_run *reused;
	uint32_t n_reused;
	struct cgn_plan_static *withdrawn;
	uint32_t n_withdrawn;
};

/* NULL when memory is short. */
struct cgn_switch_plan *cgn_switch_plan_create(
	const struct cgn_directory *old, const struct cgn_directory *fresh);
void cgn_switch_plan_destroy(struct cgn_switch_plan *plan);

/* Is it the same link: the same number with the same neighbour indices? */
bool cgn_switch_link_is_same(
	const struct cgn_directory *a, const struct cgn_directory *b, uint32_t iface);
