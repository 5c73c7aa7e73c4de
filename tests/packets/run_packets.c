/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs the packet tables and cases: `run_packets TABLE`, one TAP line per row. `run_packets
 * coverage` asserts that each fate of fates.def is shown by a row or a case.
 */
#include <stdlib.h>
#include <string.h>

#include "frames.h"

enum { MAX_ROWS = 256 };

static void
fill_in2out(struct row_table *table)
{
#include "in2out.def"
}

static void
fill_out2in(struct row_table *table)
{
#include "out2in.def"
}

static void
fill_malformed(struct row_table *table)
{
#include "malformed.def"
}

static void
fill_source(struct row_table *table)
{
#include "source.def"
}

static void
fill_destination(struct row_table *table)
{
#include "destination.def"
}

static void
fill_natpmp(struct row_table *table)
{
#include "natpmp.def"
}

static void
fill_arp(struct row_table *table)
{
#include "arp.def"
}

static void
fill_mtu(struct row_table *table)
{
#include "mtu.def"
}

static struct row_table tables[] = {
	{.name = "in2out", .fill = fill_in2out},
	{.name = "out2in", .fill = fill_out2in},
	{.name = "malformed", .fill = fill_malformed},
	{.name = "source", .fill = fill_source},
	{.name = "destination",
		.fill = fill_destination,
		.params = {.box = "routes: [{prefix: 192.0.2.0/24, via: 198.51.100.1}]\n"}},
	{.name = "natpmp", .fill = fill_natpmp},
	{.name = "arp",
		.fill = fill_arp,
		.params = {.b = "pool: [203.0.113.32/28, 198.51.100.64/28]\n"}},
	{.name = "mtu",
		.fill = fill_mtu,
		.params = {.box = "ports: [{name: access, device: r0, role: inside, mtu: 1000}, "
				  "{name: trunk, device: r1, role: inside}, "
				  "{name: wan, device: r2, role: outside, mtu: 1400}]\n"}},
};

enum { N_TABLES = sizeof(tables) / sizeof(tables[0]) };

struct case_list {
	const char *name;
	const struct row_case *cases;
	const uint32_t *n;
};

static const struct case_list case_lists[] = {
	{"limits", row_cases_limits, &row_n_cases_limits},
	{"chains", row_cases_chains, &row_n_cases_chains},
	{"wan", row_cases_wan, &row_n_cases_wan},
	{"portctl", row_cases_portctl, &row_n_cases_portctl},
	{"icmp", row_cases_icmp, &row_n_cases_icmp},
	{"icmp_refused", row_cases_icmp_refused, &row_n_cases_icmp_refused},
	{"reload", row_cases_reload, &row_n_cases_reload},
	{"fragments", row_cases_fragments, &row_n_cases_fragments},
	{"fragments_refused", row_cases_fragments_refused, &row_n_cases_fragments_refused},
	{"fragments_limits", row_cases_fragments_limits, &row_n_cases_fragments_limits},
	{"cut", row_cases_cut, &row_n_cases_cut},
	{"policy", row_cases_policy, &row_n_cases_policy},
	{"bypass", row_cases_bypass, &row_n_cases_bypass},
	{"other", row_cases_other, &row_n_cases_other},
	{"alg", row_cases_alg, &row_n_cases_alg},
	{"pptp", row_cases_pptp, &row_n_cases_pptp},
	{"contacts", row_cases_contacts, &row_n_cases_contacts},
	{"overload", row_cases_overload, &row_n_cases_overload},
};

enum { N_CASE_LISTS = sizeof(case_lists) / sizeof(case_lists[0]) };

bool
row_check(bool holds, const char *what, const char *file, int line)
{
	if (!holds)
		printf("# %s:%d: not so: %s\n", strrchr(file, '/') + 1, line, what);
	return holds;
}

static void
fill(struct row_table *table)
{
	table->rows = calloc(MAX_ROWS, sizeof(*table->rows));
	if (table->rows == NULL)
		abort();
	table->fill(table);
	if (table->n_rows > MAX_ROWS)
		abort();
}

static bool
say(bool ok, uint32_t i, const char *name)
{
	printf("%s %u - %s\n", ok ? "ok" : "not ok", i + 1, name);
	fflush(stdout);
	return ok;
}

static int
run_table(struct row_table *table)
{
	int failed = 0;

	fill(table);
	printf("1..%u\n", table->n_rows);
	for (uint32_t i = 0; i < table->n_rows; i++)
		failed |= !say(row_run(table, &table->rows[i]), i, table->rows[i].name);
	return failed;
}

static int
run_cases(const struct case_list *list)
{
	int failed = 0;

	printf("1..%u\n", *list->n);
	for (uint32_t i = 0; i < *list->n; i++)
		failed |= !say(list->cases[i].run(), i, list->cases[i].name);
	return failed;
}

static bool
is_shown(enum cgn_fate fate)
{
	for (int t = 0; t < N_TABLES; t++)
		for (uint32_t i = 0; i < tables[t].n_rows; i++)
			if (tables[t].rows[i].fate == fate)
				return true;
	for (int l = 0; l < N_CASE_LISTS; l++)
		for (uint32_t i = 0; i < *case_lists[l].n; i++)
			if (case_lists[l].cases[i].fate == fate)
				return true;
	return false;
}

static int
run_coverage(void)
{
	int failed = 0;

	for (int t = 0; t < N_TABLES; t++)
		fill(&tables[t]);
	printf("1..%d\n", CGN_N_FATES);
	for (uint32_t f = 0; f < CGN_N_FATES; f++) {
		char line[128];

		snprintf(line, sizeof(line), "a row or case shows the fate %s", cgn_fates[f].name);
		failed |= !say(is_shown((enum cgn_fate)f), f, line);
	}
	return failed;
}

int
main(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : "";

	cgn_sim_eal();
	if (strcmp(name, "coverage") == 0)
		return run_coverage();
	for (int t = 0; t < N_TABLES; t++)
		if (strcmp(name, tables[t].name) == 0)
			return run_table(&tables[t]);
	for (int l = 0; l < N_CASE_LISTS; l++)
		if (strcmp(name, case_lists[l].name) == 0)
			return run_cases(&case_lists[l]);
	fprintf(stderr, "usage: run_packets TABLE|coverage\n");
	return 2;
}
