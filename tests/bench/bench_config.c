/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_config [TENANTS [LISTED]]: what a configuration of so many tenants
 * (tests/fakes/many_tenants.h) costs to load and to change, in CPU time of one thread, and how
 * large it is in memory. One JSON object a line, as scripts/bench prints them. Default 10000
 * tenants with 1 000 000 subscribers. LISTED: so many subscribers of each stand in its list.
 */
#include <malloc.h>
#include <stdlib.h>

#include "config_cost.h"

enum { RUNS = 5 };

static uint32_t n_tenants, n_listed, n_addresses;

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
report(const char *name, const char *change, const char *unit, double *values, uint32_t n)
{
	qsort(values, n, sizeof(*values), compare);
	printf("{\"name\": \"%s\", \"params\": {\"tenants\": %u, \"subscribers\": %u, \"listed\": "
	       "%u, "
	       "\"change\": \"%s\"}, \"value\": %g, \"unit\": \"%s\", \"median\": %g, "
	       "\"min\": %g, \"max\": %g, \"runs\": %u}\n",
		name, n_tenants, n_tenants * n_addresses, n_tenants * n_listed, change,
		values[n / 2], unit, values[n / 2], values[0], values[n - 1], n);
	fflush(stdout);
}

static uint64_t
heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void
bench_size(const struct many_tenants *p)
{
	size_t n;
	struct cgn_conf_source *files = many_tenants_make(p, &n);
	uint64_t empty = heap_bytes(), loaded;
	struct cgn_directory *dir = NULL;
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_conf_load_mem(files, n, &errors);
	struct cgn_errmsg err;
	double bytes;

	cgn_conf_errors_free(&errors);
	loaded = heap_bytes();
	bytes = (double)(loaded - empty);
	report("config_bytes", "none", "bytes", &bytes, 1);
	if (conf != NULL)
		dir = cgn_directory_create(conf, NULL, &err);
	if (dir == NULL) {
		fputs("bench_config: no directory\n", stderr);
		exit(1);
	}
	bytes = (double)(heap_bytes() - loaded);
	report("directory_bytes", "none", "bytes", &bytes, 1);
	cgn_directory_destroy(dir);
	cgn_conf_free(conf);
	many_tenants_free(files, n);
}

/* There and back again; odd runs go there. */
static void
bench_change(struct cgn_sim *sim, const char *change, const struct many_tenants *from,
	const struct many_tenants *to)
{
	double load[RUNS], diff[RUNS], dir[RUNS], all[RUNS], begin[RUNS], turn[RUNS];
	struct config_cost c;

	for (int i = 0; i < RUNS; i++) {
		config_cost_reload(sim, to, &c);
		load[i] = (double)c.load_ns / 1e6;
		diff[i] = (double)c.diff_ns / 1e6;
		dir[i] = (double)(c.directory_ns + c.prepare_ns) / 1e6;
		begin[i] = (double)c.begin_ns / 1e3;
		turn[i] = (double)c.turn_max_ns / 1e3;
		all[i] = load[i] + diff[i] + dir[i] + (double)(c.begin_ns + c.switch_ns) / 1e6;
		config_cost_reload(sim, from, &c);
	}
	report("config_load", change, "ms", load, RUNS);
	report("config_diff", change, "ms", diff, RUNS);
	report("config_directory", change, "ms", dir, RUNS);
	report("config_reload", change, "ms", all, RUNS);
	report("config_publish_turn", change, "us", begin, RUNS);
	report("config_longest_turn", change, "us", turn, RUNS);
}

int
main(int argc, char **argv)
{
	struct many_tenants p = {.first = 1, .box = config_cost_box}, to;
	struct cgn_sim *sim;

	n_tenants = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 10000;
	n_listed = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	if (n_tenants < 2 || n_tenants > MANY_TENANTS_MAX - 200 || n_listed > CGN_MAX_LISTED) {
		fprintf(stderr, "usage: bench_config [2 to %d tenants [0 to %d listed]]\n",
			MANY_TENANTS_MAX - 200, CGN_MAX_LISTED);
		return 2;
	}
	p.n = n_tenants;
	p.listed = n_listed;
	n_addresses = many_tenants_addresses(&p);
	p.room = n_tenants + 1;
	bench_size(&p);
	sim = config_cost_sim(&p);
	to = p;
	to.changed = n_tenants / 2;
	to.quota = 500;
	bench_change(sim, "one tenant's quota", &p, &to);
	to = p;
	to.n++;
	bench_change(sim, "one tenant added", &p, &to);
	to = p;
	to.n -= RTE_MIN(100U, to.n / 2);
	bench_change(sim, "100 tenants or half of them removed", &p, &to);
	if (p.listed > 0) {
		to = p;
		to.listed--;
		bench_change(sim, "a listed subscriber of each tenant removed", &p, &to);
	}
	cgn_sim_destroy(sim);
	return 0;
}
