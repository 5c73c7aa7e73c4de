/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which ports are given out: how random they are (RFC 6056, UPD-11, DET-05), parity (UDP-05), range
 * (UDP-04), and what is reserved (DET-02). The generator is seeded, so that the statistics are the
 * same in each run; their bounds are four standard deviations.
 */
#include <math.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "deterministic.h"
#include "pool_addr.h"
#include "pool_fixture.h"

enum { N_DRAWS = 102400, LAGS = 8, CELLS = 16 };

static struct pool_fixture f;
static uint16_t drawn[N_DRAWS];

static void
finish(void)
{
	cr_assert(pool_fixture_is_consistent(&f));
	pool_fixture_fini(&f);
}

TestSuite(port_choice, .fini = finish);

static struct cgn_port
take(uint32_t inside, enum cgn_proto proto, uint16_t from)
{
	const struct cgn_pool_wish wish = {
		.inside = inside, .tenant = 0, .proto = proto, .port = from};
	struct cgn_port at;

	cr_assert_eq(cgn_pool_take_for(f.pool, &wish, &at), CGN_FATE_NONE);
	cgn_pool_publish(f.pool, at, proto, 1);
	return at;
}

static void
give(struct cgn_port at, enum cgn_proto proto)
{
	cgn_pool_rest(f.pool, at, proto, f.pool->rest_now_s);
}

/* Draws ports out of the same free ones, again and again. */
static void
draw(void)
{
	for (uint32_t n = 0; n < N_DRAWS; n++) {
		struct cgn_port at = take(0, CGN_UDP, 0);

		drawn[n] = at.port;
		give(at, CGN_UDP);
	}
}

/* Against the same chance for each of n_free ports, in standard deviations from its mean. */
static double
chi_square(const uint32_t *counts, uint32_t n, uint32_t n_free, uint32_t n_draws)
{
	double expected = (double)n_draws / n_free, sum = 0, dof = n_free - 1.0;
	uint32_t n_seen = 0;

	for (uint32_t i = 0; i < n; i++) {
		double d = counts[i] - expected;

		if (counts[i] == 0)
			continue; /* not free, or never drawn: then n_seen is too small */
		n_seen++;
		sum += d * d / expected;
	}
	cr_expect_eq(n_seen, n_free, "%u of %u ports were drawn", n_seen, n_free);
	return (sum - dof) / sqrt(2 * dof);
}

static double
uniformity(uint32_t n_free)
{
	static uint32_t counts[65536];

	for (uint32_t n = 0; n < N_DRAWS; n++)
		counts[drawn[n]]++;
	return chi_square(counts, 65536, n_free, N_DRAWS);
}

/* The largest correlation of a port with one of the next eight, in standard deviations. */
static double
correlation(void)
{
	double mean = 0, var = 0, worst = 0;

	for (uint32_t n = 0; n < N_DRAWS; n++)
		mean += drawn[n] / (double)N_DRAWS;
	for (uint32_t n = 0; n < N_DRAWS; n++)
		var += (drawn[n] - mean) * (drawn[n] - mean) / N_DRAWS;
	for (uint32_t lag = 1; lag <= LAGS; lag++) {
		double sum = 0;

		for (uint32_t n = lag; n < N_DRAWS; n++)
			sum += (drawn[n] - mean) * (drawn[n - lag] - mean);
		worst = fmax(worst, fabs(sum / (N_DRAWS - lag) / var) * sqrt(N_DRAWS));
	}
	return worst;
}

/* A port and the next one, each in one of 16 parts of the block: 256 pairs, the same chance for
 * each. */
static double
pairs(uint16_t first, uint32_t n_ports)
{
	static uint32_t counts[CELLS * CELLS];

	for (uint32_t n = 0; n + 1 < N_DRAWS; n += 2)
		counts[(drawn[n] - first) * CELLS / n_ports * CELLS +
			(drawn[n + 1] - first) * CELLS / n_ports]++;
	return chi_square(counts, CELLS * CELLS, CELLS * CELLS, N_DRAWS / 2);
}

static void
expect_random(uint32_t n_free, const char *what)
{
	double chi = uniformity(n_free), corr = correlation();

	cr_log_info(
		"%s: chi-square %+.2f, correlation %.2f standard deviations\n", what, chi, corr);
	cr_expect_lt(fabs(chi), 4.0, "%s: chi-square %+.2f", what, chi);
	cr_expect_lt(corr, 4.0, "%s: correlation %.2f", what, corr);
}

/* One port of another protocol keeps the block where it is. */
static void
start(const char *text, uint64_t seed)
{
	pool_fixture_init(&f, text, seed);
	take(0, CGN_ICMP, 0);
}

Test(port_choice, ports_of_a_block_have_the_same_chance)
{
	double both;

	start("pool: [203.0.113.16/32]\nports: {block_size: 512, max_blocks: 1}\n", 11);
	draw();
	expect_random(512, "block of 512");
	both = pairs(f.pool->blocks[f.subscribers[0].first_block].first_granule * 64, 512);
	cr_expect_lt(fabs(both), 4.0, "pairs %+.2f", both);
}

/* DET-05 */
Test(port_choice, ports_of_a_computed_range_have_the_same_chance)
{
	double both;

	start("pool: [203.0.113.16/32]\nports: {block_size: 512, max_blocks: 1, last: 50175, "
	      "deterministic: {algorithm: sequential}}\n",
		12);
	draw();
	expect_random(192, "range of 192");
	both = pairs(f.pool->blocks[f.subscribers[0].first_block].first_granule * 64, 192);
	cr_expect_lt(fabs(both), 4.0, "pairs %+.2f", both);
}

/* After a long life free ports lie in clumps; none of them may be likelier for what is before it.
 */
Test(port_choice, a_worn_block_gives_each_free_port_the_same_chance)
{
	struct cgn_port held[400];

	start("pool: [203.0.113.16/32]\nports: {block_size: 512, max_blocks: 1}\n", 13);
	for (int k = 0; k < 400; k++)
		held[k] = take(0, CGN_UDP, 0);
	for (int n = 0; n < 50000; n++) {
		struct cgn_port *one = &held[cgn_rand_below(&f.rand, 400)];

		give(*one, CGN_UDP);
		*one = take(0, CGN_UDP, 0);
	}
	draw();
	expect_random(112, "block with 112 of 512 free, after 50 000 flows");
	/* Nearly full: the ports are counted. */
	for (int k = 0; k < 104; k++)
		take(0, CGN_UDP, 0);
	draw();
}

Test(port_choice, the_last_ports_have_the_same_chance)
{
	start("pool: [203.0.113.16/32]\nports: {block_size: 32768, max_blocks: 1}\n", 14);
	for (int k = 0; k < 32768 - 40; k++)
		if (f.pool->blocks[f.subscribers[0].first_block].capacity[CGN_UDP] -
				f.pool->blocks[f.subscribers[0].first_block].busy[CGN_UDP] >
			40)
			take(0, CGN_UDP, 0);
	draw();
	expect_random(40, "block with 40 of 32768 free");
}

/* UPD-11: no two starts have the same order. */
Test(port_choice, another_start_has_another_order)
{
	uint16_t first[64];
	int n_same = 0;

	start("pool: [203.0.113.16/32]\nports: {block_size: 32768, max_blocks: 1}\n", 0);
	for (int k = 0; k < 64; k++)
		first[k] = take(0, CGN_UDP, 0).port;
	pool_fixture_fini(&f);
	start("pool: [203.0.113.16/32]\nports: {block_size: 32768, max_blocks: 1}\n", 0);
	for (int k = 0; k < 64; k++)
		n_same += take(0, CGN_UDP, 0).port == first[k];
	cr_expect_lt(n_same, 8);
}

/* UDP-05 */
Test(port_choice, parity_is_kept_while_there_are_such_ports)
{
	uint32_t n_other = 0;

	start("pool: [203.0.113.16/32]\nports: {block_size: 64, max_blocks: 2, parity: true}\n",
		15);
	for (int k = 0; k < 64; k++) /* of two blocks: 64 even ports */
		cr_expect_eq(take(0, CGN_UDP, (uint16_t)(5000 + 2 * k)).port % 2, 0);
	cr_expect_eq(f.subscribers[0].n_blocks, 2);
	for (int k = 0; k < 8; k++)
		cr_expect_eq(take(0, CGN_UDP, (uint16_t)(5001 + 2 * k)).port % 2, 1);
	cr_expect_eq(take(0, CGN_UDP, 6000).port % 2, 1, "rather than none");
	for (int k = 0; k < 32; k++)
		n_other += take(0, CGN_TCP, 5000).port % 2;
	cr_expect_gt(n_other, 4, "TCP has no parity");
}

Test(port_choice, parity_is_off_by_default)
{
	uint32_t n_odd = 0;

	start("pool: [203.0.113.16/32]\n", 16);
	for (int k = 0; k < 100; k++)
		n_odd += take(0, CGN_UDP, 5000).port % 2;
	cr_expect(n_odd > 25 && n_odd < 75, "%u", n_odd);
}

/* A computed range comes first, of whichever parity (DET-03). */
Test(port_choice, a_computed_range_comes_before_parity)
{
	start("pool: [203.0.113.16/32]\nports: {block_size: 64, max_blocks: 4, parity: true, "
	      "last: 17855, deterministic: {algorithm: sequential, dynamic: 4}}\n",
		17);
	for (int k = 0; k < 64; k++)
		cr_expect_eq(take(0, CGN_UDP, 5000).port % 2, k >= 32, "%d", k);
	cr_expect_eq(f.subscribers[0].n_blocks, 1);
	take(0, CGN_UDP, 5000);
	cr_expect_eq(f.subscribers[0].n_blocks, 2);
}

/* UDP-04 */
Test(port_choice, low_ports_map_to_low_ports)
{
	struct cgn_port low, other;

	start("pool: [203.0.113.16/32]\nports: {keep_range: true, max_blocks: 2}\n", 18);
	low = take(0, CGN_UDP, 500);
	cr_expect_lt(low.port, 1024);
	cr_expect_neq(low.port, 0);
	cr_expect_geq(take(0, CGN_UDP, 5000).port, 1024);
	cr_expect_geq(take(0, CGN_ICMP, 500).port, 1024, "identifiers have no ranges");
	other = take(0, CGN_TCP, 22);
	cr_expect_eq(other.port / 64, low.port / 64, "the same block of low ports");
	for (uint32_t inside = 1; inside < 16; inside++) {
		other = take(inside, CGN_UDP, 500);
		cr_expect_lt(other.port, 1024);
		cr_expect_neq(other.port / 64, low.port / 64);
	}
	cr_expect_geq(take(16, CGN_UDP, 500).port, 1024, "no more of them: rather than none");
	give(low, CGN_UDP);
}

Test(port_choice, low_ports_map_anywhere_by_default)
{
	start("pool: [203.0.113.16/32]\n", 19);
	cr_expect_geq(take(0, CGN_UDP, 500).port, 1024);
}

/* DET-02: blocks that are reserved whole are not leased, others have the rest. */
Test(port_choice, reserved_ports_are_never_given_out)
{
	struct cgn_port at;
	uint32_t n = 0;

	start("pool: [203.0.113.16/32]\nports: {first: 1024, last: 2047, block_size: 64, "
	      "max_blocks: 16, kept_percent: 0, reserved: [1030, 1088-1151, 1200-1299]}\n",
		20);
	while (cgn_pool_take(f.pool, 0, 0, CGN_TCP, &at) == CGN_FATE_NONE) {
		cr_assert_not(
			cgn_port_is_reserved(f.pool->dir->tenants[0].conf, at.port), "%u", at.port);
		n++;
	}
	cr_expect_eq(n, 1024 - 1 - 64 - 100);
	at = (struct cgn_port){.pool = 0, .port = 1030};
	cr_expect_eq(cgn_pool_take_at(f.pool, 0, 0, CGN_UDP, at), CGN_FATE_NO_PORTS, "on request");
}

static void
set_reserved(uint16_t first, uint16_t last)
{
	struct cgn_tenant *tenant = &((struct cgn_directory *)(uintptr_t)f.pool->dir)->tenants[0];
	uint64_t *old = tenant->reserved;

	tenant->reserved = calloc(1024, sizeof(*tenant->reserved));
	for (uint32_t port = first; port <= last; port++)
		tenant->reserved[port / 64] |= UINT64_C(1) << port % 64;
	cgn_pool_addr_reserve(f.pool, 0, old);
	cr_assert_eq(cgn_pool_addr_layout(f.pool, 0), 0);
	free(old);
	cr_assert(pool_fixture_is_consistent(&f));
}

/* A mapping that is on a port that becomes reserved stays, and nobody gets the port after it. */
Test(port_choice, reserved_ports_change_under_leased_blocks)
{
	struct cgn_port first, at;
	uint32_t n = 0;

	start("pool: [203.0.113.16/32]\nports: {first: 1024, last: 1087, block_size: 64, "
	      "max_blocks: 1}\n",
		21);
	first = take(0, CGN_TCP, 0);
	set_reserved(first.port, first.port);
	cr_expect_eq(cgn_pool_find(f.pool, 0, CGN_TCP, first.port), 1, "it stays");
	give(first, CGN_TCP);
	cr_assert(pool_fixture_is_consistent(&f));
	while (cgn_pool_take(f.pool, 0, 0, CGN_TCP, &at) == CGN_FATE_NONE) {
		cgn_pool_publish(f.pool, at, CGN_TCP, 1);
		cr_assert_neq(at.port, first.port);
		n++;
	}
	cr_expect_eq(n, 63);
	set_reserved(2000, 2000);
	at = take(0, CGN_TCP, 0);
	cr_expect_eq(at.port, first.port, "it is the only one free");
}
