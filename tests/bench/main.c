/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgn-bench [OPTIONS] NAME…: the benches of the data path and of control in one process, without
 * devices. scripts/bench runs it; README.md says what each measures. One JSON object a line.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "job.h"
#include "machine.h"

static const struct {
	const char *name;
	bench *run;
	uint32_t n;      /* mappings, unless told */
	bool is_forward; /* of forward.c */
} benches[] = {
	{"in2out_udp", bench_in2out_udp, 100000, true},
	{"in2out_udp_no_df", bench_in2out_udp_no_df, 100000, true},
	{"out2in_udp", bench_out2in_udp, 100000, true},
	{"in2out_tcp", bench_in2out_tcp, 100000, true},
	{"mixed_imix", bench_mixed_imix, 100000, true},
	{"drop_wan_natpmp", bench_drop_wan_natpmp, 1000, false},
	{"drop_spoof", bench_drop_spoof, 1000, false},
	{"new_mappings", bench_new_mappings, 1000000, false},
	{"expire", bench_expire, 1000000, false},
	{"memory_per_mapping", bench_memory, 1000000, false},
	{"burst_latency", bench_latency, 100000, false},
	{"two_workers", bench_two_workers, 1000000, false},
	{"features", bench_features, 10000, false},
	{"growth_tenants", bench_growth_tenants, 100000, false},
	{"growth_subscribers", bench_growth_subscribers, 1000000, false},
	{"growth_pool", bench_growth_pool, 32000, false},
	{"growth_mappings", bench_growth_mappings, 1000000, false},
	{"growth_workers", bench_growth_workers, 100000, false},
	{"memory_per", bench_memory_per, 100000, false},
	{"overload", bench_overload, 100000, false},
	{"log_beside", bench_log_beside, 100000, false},
};
enum { N_BENCHES = sizeof(benches) / sizeof(benches[0]), SMOKE_N = 1000 };

static void
usage(FILE *out)
{
	fputs("usage: cgn-bench [--mappings N] [--runs N] [--ms N] [--round N] [--no-hugepages]\n"
	      "                 [--no-pin] [--count PACKETS] [--feature TEXT] [--smoke] NAME...\n"
	      "names: all",
		out);
	for (int i = 0; i < N_BENCHES; i++)
		fprintf(out, " %s", benches[i].name);
	fputs("\n"
	      "  --mappings  how many there are; a default for each bench\n"
	      "  --runs      of each measurement (7), of so many --ms (200) of the worker's time\n"
	      "  --round     packets that are prepared at one time, a multiple of 64 (2048)\n"
	      "  --count     translate so many packets without a clock, for valgrind\n"
	      "  --feature   of features, those with this in their name\n"
	      "  --smoke     everything once and short: whether it works, not how fast\n",
		out);
}

static uint32_t
number(const char *text, uint32_t max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || end == text || n == 0 || n > max)
		machine_die("%s is not a number from 1 to %u", text, max);
	return (uint32_t)n;
}

static bool
is_wanted(int i, char **names, int n)
{
	for (int k = 0; k < n; k++)
		if (strcmp(names[k], "all") == 0 || strcmp(names[k], benches[i].name) == 0)
			return true;
	return false;
}

static void
check_names(char **names, int n)
{
	for (int k = 0; k < n; k++) {
		int i = 0;

		while (i < N_BENCHES && !is_wanted(i, &names[k], 1))
			i++;
		if (i == N_BENCHES) {
			usage(stderr);
			machine_die("there is no bench %s", names[k]);
		}
	}
	if (n == 0) {
		usage(stderr);
		exit(2);
	}
}

/* For two beds, or a bed and its floor. */
static uint32_t
memory_mib(uint32_t n, bool smoke)
{
	enum { BUFFERS_AND_RINGS_MIB = 768, SMOKE_MIB = 384, BYTES_PER_MAPPING = 400 };

	return (smoke ? SMOKE_MIB : BUFFERS_AND_RINGS_MIB) +
		(uint32_t)((uint64_t)n * BYTES_PER_MAPPING >> 20);
}

static uint32_t
most_mappings(const struct options *o, char **names, int n_names)
{
	uint32_t most = o->n;

	for (int i = 0; o->n == 0 && i < N_BENCHES; i++)
		if (is_wanted(i, names, n_names) && benches[i].n > most)
			most = benches[i].n;
	return most;
}

static const struct option long_options[] = {{"mappings", required_argument, NULL, 'n'},
	{"runs", required_argument, NULL, 'r'}, {"ms", required_argument, NULL, 't'},
	{"round", required_argument, NULL, 'p'}, {"count", required_argument, NULL, 'c'},
	{"smoke", no_argument, NULL, 's'}, {"no-hugepages", no_argument, NULL, 'h'},
	{"feature", required_argument, NULL, 'o'}, {"no-pin", no_argument, NULL, 'f'},
	{"help", no_argument, NULL, '?'}, {NULL, 0, NULL, 0}};

int
main(int argc, char **argv)
{
	struct options o = {.runs = 7, .ms = 200, .round = JOB_ROUND};
	bool hugepages = true, pin = true;
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (c == 'n')
			o.n = number(optarg, 16000000);
		else if (c == 'r')
			o.runs = number(optarg, 15);
		else if (c == 't')
			o.ms = number(optarg, 60000);
		else if (c == 'p')
			o.round = (number(optarg, 1 << 20) + 63) / 64 * 64;
		else if (c == 'c')
			o.count = number(optarg, 1 << 30);
		else if (c == 'o')
			o.feature = optarg;
		else if (c == 'h')
			hugepages = false;
		else if (c == 'f')
			pin = false;
		else if (c == 's') {
			o.smoke = true;
			hugepages = pin = false;
			o.n = SMOKE_N;
			o.runs = o.ms = 1;
			o.round = 512;
		} else {
			usage(stderr);
			return 2;
		}
	}
	check_names(argv + optind, argc - optind);
	machine_start(memory_mib(most_mappings(&o, argv + optind, argc - optind), o.smoke),
		hugepages, pin);
	for (int i = 0; i < N_BENCHES; i++) {
		struct options mine = o;

		if (!is_wanted(i, argv + optind, argc - optind))
			continue;
		mine.n = o.n > 0 ? o.n : benches[i].n;
		if (!benches[i].is_forward)
			forward_end();
		benches[i].run(&mine);
	}
	forward_end();
	return 0;
}
