/* SPDX-License-Identifier: BSD-3-Clause */
/* The one real clock. Called once per loop turn by workers and control. */
#include "clock.h"

#include <time.h>

cgn_ns_t
cgn_clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with a valid clock id */
	return (cgn_ns_t)ts.tv_sec * CGN_NS_PER_S + (cgn_ns_t)ts.tv_nsec;
}
