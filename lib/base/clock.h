/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time is nanoseconds since an arbitrary start, monotonic, in a uint64_t; loops read it once per
 * burst and pass it down, so tests pass whatever time they like. Only app/ and lib/manage/, which
 * bounds the time an answer takes, may call cgn_clock_now.
 */
#pragma once

#include <stdint.h>

typedef uint64_t cgn_ns_t;

#define CGN_NS_PER_S UINT64_C(1000000000)
#define CGN_NS_PER_MS UINT64_C(1000000)
#define CGN_NS_PER_US UINT64_C(1000)

/* CLOCK_MONOTONIC through the vDSO: no system call. */
cgn_ns_t cgn_clock_now(void);

/* Coarse seconds, the unit of last-use stamps; wraps after 136 years of up-time. */
static inline uint32_t
cgn_ns_to_s(cgn_ns_t ns)
{
	return (uint32_t)(ns / CGN_NS_PER_S);
}
