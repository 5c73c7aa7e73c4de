/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of TCP connections whose explicit mapping ends: both ends are reset (RFC 6886
 * section 3.4). Control thread.
 */
#pragma once

#include <stdint.h>

struct cgn_control;
struct cgn_mapping;

/* Records of ended mappings: the first has slots that are not looked at yet. */
struct cgn_tcp_ending {
	uint32_t first, last; /* record of tcp_session.h, or 0 */
	uint64_t held;        /* resets that wait for a next hop; read by other threads */
};

/* Keeps the mapping's sessions from now on, if it is for TCP and there is a record left. */
void cgn_tcp_sessions_begin(struct cgn_control *c, struct cgn_mapping *m);

/* Keeps them no more; the mapping stays. */
void cgn_tcp_sessions_retire(struct cgn_control *c, struct cgn_mapping *m);

/* The mapping has just been unlinked: its live sessions are going to be reset. */
void cgn_tcp_sessions_end(struct cgn_control *c, struct cgn_mapping *m);

/* Resets a bounded slice of what has ended. Returns work done. */
uint32_t cgn_tcp_end_slice(struct cgn_control *c);
