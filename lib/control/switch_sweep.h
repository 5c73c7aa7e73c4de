/* SPDX-License-Identifier: BSD-3-Clause */
/* What a switch of directories does to what is there; private to it. Control thread. */
#pragma once

#include <stdint.h>

struct cgn_control;

/* Holds entry i of the table, whatever it is, against the new directory. */
void cgn_switch_sweep(struct cgn_control *c, uint32_t i);

/* Takes the operator's mappings of a tenant's old configuration away, and adds those of the new. */
void cgn_switch_statics(struct cgn_control *c, uint32_t tenant);

/* Tells the new addresses to the links, and the clients of tenants that lost some. */
void cgn_switch_announce(struct cgn_control *c);
