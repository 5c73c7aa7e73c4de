/* SPDX-License-Identifier: BSD-3-Clause */
/* What a switch of directories does to what is there; private to it and to drain.c. Control thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cgn_control;

/* Is entry i of the table a mapping that workers find? */
bool cgn_switch_is_published(const struct cgn_control *c, uint32_t i);

/*
 * A mapping whose outside address is no more to be used: true when it was asked for by a client and
 * is made anew on another address, and the client told; else it has ended.
 */
bool cgn_switch_move(struct cgn_control *c, uint32_t i);

/* Holds entry i of the table, whatever it is, against the new directory. */
void cgn_switch_sweep(struct cgn_control *c, uint32_t i);

/*
 * Takes away the operator's mappings that the new configuration does not have, then adds those that
 * are not there: at most max entries more. Returns how many; 0: all is done (switch_statics.c).
 */
uint32_t cgn_switch_statics(struct cgn_control *c, uint32_t max);

/* Tells the new addresses to the links, and the clients of tenants that lost some. */
void cgn_switch_announce(struct cgn_control *c);
