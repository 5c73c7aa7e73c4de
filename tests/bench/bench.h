/* SPDX-License-Identifier: BSD-3-Clause */
/* What main.c and the benches share: one file of benches a subject, each prints its results. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct options {
	uint32_t n;          /* mappings */
	uint32_t runs;       /* of each measurement */
	uint32_t ms;         /* of a run */
	uint32_t round;      /* packets; job.h */
	uint64_t count;      /* not 0: so many packets without a clock, for callgrind */
	const char *feature; /* only those with this in their name; NULL: all */
	bool smoke;          /* is everything in order, whatever it takes */
};

typedef void bench(const struct options *o);

bench bench_in2out_udp, bench_in2out_udp_no_df, bench_out2in_udp, bench_in2out_tcp,
	bench_mixed_imix, bench_drop_wan_natpmp, bench_drop_spoof, bench_new_mappings, bench_expire,
	bench_memory, bench_latency, bench_two_workers, bench_features, bench_overload;
bench bench_growth_tenants, bench_growth_subscribers, bench_growth_pool, bench_growth_mappings,
	bench_growth_workers, bench_memory_per, bench_log_beside;

/* The benches of forward.c leave their bed to the next that wants the same; this gives it up. */
void forward_end(void);
