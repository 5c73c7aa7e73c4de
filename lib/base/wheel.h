/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A timer wheel with a resolution of one second over objects in one array, linked by index. A
 * time further ahead than the wheel reaches is put at its far end and looked at again there, so
 * the callback must compare against the real time: timers are lazy, a hit may be early but never
 * late. Owner: the control thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CGN_WHEEL_SLOTS = 16384 }; /* s; above the longest default timeout, 7440 s */

/* Embedded in each object; zero means "not in the wheel". Indices are object index + 1. */
struct cgn_wheel_node {
	uint32_t next, prev; /* prev: index, or slot number with the top bit set for the first */
};

struct cgn_wheel {
	char *base; /* address of the node of object 0 */
	size_t stride;
	uint32_t now_s; /* everything at or before it has fired */
	uint32_t n_nodes;
	uint32_t heads[CGN_WHEEL_SLOTS];
};

/* first: address of the node in element 0 of the array; stride: size of an element. */
void cgn_wheel_init(struct cgn_wheel *w, void *first, size_t stride, uint32_t now_s);

/* Adds object i (not in the wheel), to fire at at_s, or in the next second if that is past. */
void cgn_wheel_add(struct cgn_wheel *w, uint32_t i, uint32_t at_s);
void cgn_wheel_del(struct cgn_wheel *w, uint32_t i); /* i may be out of the wheel already */

/*
 * Takes the next object due at or before now_s out of the wheel. Returns its index, or UINT32_MAX
 * when nothing more is due; call it until then, or until the budget of this turn is used up.
 */
uint32_t cgn_wheel_next_due(struct cgn_wheel *w, uint32_t now_s);
