/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Four times the tenants cost about four times as much to load, compare and switch to, not sixteen
 * times; and what control does in the turn that publishes a configuration depends on what has
 * changed, not on how much there is. Times are CPU time, each the least of several.
 */
#include <stdlib.h>

#include "audit.h"
#include "config_cost.h"

enum {
	N = 500,
	FACTOR = 4,
	RUNS = 9,
	/* of FACTOR in linear growth and its square in quadratic growth; sorting is a little above
	 * the former, and larger tables fit caches less well */
	GROWTH_MAX = 9,
	/* What one turn may take more, since caches hold less of it, and the longest of many turns
	 * since something else may have taken the CPU's caches meanwhile. */
	STALL_NS = 30000,
	STALL_MAX_NS = 60000,
};

static int n_failed;

static void
check(bool ok, const char *what, uint64_t small, uint64_t large)
{
	printf("%s - %s: %.3f ms, %.3f ms\n", ok ? "ok" : "not ok", what, (double)small / 1e6,
		(double)large / 1e6);
	n_failed += !ok;
}

static void
grows(const char *what, uint64_t small, uint64_t large)
{
	check(large < small * GROWTH_MAX, what, small, large);
}

static void
stays(const char *what, uint64_t small, uint64_t large, uint64_t more)
{
	check(large < small * 2 + more, what, small, large);
}

/* A box of so many tenants, of which one is changed again and again. */
static struct config_cost
least_of(uint32_t n)
{
	struct many_tenants p = {.n = n,
		.room = n + 1,
		.first = 1,
		.changed = n / 2,
		.quota = 500,
		.box = config_cost_box};
	struct cgn_sim *sim = config_cost_sim(&p);
	struct config_cost least, cost;

	for (int i = 0; i < RUNS; i++) {
		p.quota++;
		config_cost_reload(sim, &p, &cost);
		if (cost.n_differences != 1) {
			fprintf(stderr, "%u differences\n", cost.n_differences);
			exit(1);
		}
		if (i == 0)
			least = cost;
		config_cost_least(&least, &cost);
	}
	if (!audit_is_sound(sim->box) || !audit_follows_directory(sim->box) ||
		!cgn_sim_is_sound(sim))
		exit(1);
	cgn_sim_destroy(sim);
	return least;
}

/* A tenth of the tenants goes and another tenth comes, and back: nobody else is touched. */
static void
check_exchange(void)
{
	struct many_tenants p = {
		.n = N * FACTOR, .room = N * FACTOR, .first = 1, .box = config_cost_box};
	struct cgn_sim *sim = config_cost_sim(&p);
	struct config_cost cost;

	for (int i = 0; i < RUNS; i++) {
		p.first = i % 2 == 0 ? 1 + p.n / 10 : 1;
		config_cost_reload(sim, &p, &cost);
		if (cost.n_differences != 2 * (p.n / 10)) {
			fprintf(stderr, "%u differences\n", cost.n_differences);
			exit(1);
		}
	}
	if (!audit_is_sound(sim->box) || !audit_follows_directory(sim->box) ||
		!cgn_sim_is_sound(sim))
		exit(1);
	cgn_sim_destroy(sim);
}

int
main(void)
{
	const struct config_cost small = least_of(N), large = least_of(N * FACTOR);

	printf("%d and %d tenants\n", N, N * FACTOR);
	grows("loading grows with the tenants", small.load_ns, large.load_ns);
	grows("so does comparing", small.diff_ns, large.diff_ns);
	grows("so does the directory", small.directory_ns, large.directory_ns);
	grows("so does preparing", small.prepare_ns, large.prepare_ns);
	grows("so does switching as a whole", small.switch_ns, large.switch_ns);
	stays("the turn that publishes does not", small.begin_ns, large.begin_ns, STALL_NS);
	stays("nor does any other turn", small.turn_max_ns, large.turn_max_ns, STALL_MAX_NS);
	check_exchange();
	return n_failed > 0;
}
