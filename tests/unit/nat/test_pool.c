/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/pool: taking ports, the out2in index, tenants, and the cost of allocation. */
#include "pool.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#include "pool_fixture.h"

enum { A, B };

static struct pool_fixture f;

static void
finish(void)
{
	cr_assert(pool_fixture_is_consistent(&f));
	pool_fixture_fini(&f);
}

TestSuite(pool, .fini = finish);

static struct cgn_port
take(uint32_t inside, uint32_t tenant, enum cgn_proto proto)
{
	struct cgn_port at;

	cr_assert_eq(cgn_pool_take(f.pool, inside, tenant, proto, &at), CGN_FATE_NONE);
	return at;
}

Test(pool, published_port_leads_to_its_mapping_for_its_protocol_alone)
{
	struct cgn_port at;

	pool_fixture_init(&f, "pool: [203.0.113.16/30]\n", 1);
	at = take(0, A, CGN_UDP);
	cr_assert_eq(cgn_pool_find(f.pool, at.pool, CGN_UDP, at.port), CGN_MAPPING_NONE);
	cgn_pool_publish(f.pool, at, CGN_UDP, 77);
	cr_assert_eq(cgn_pool_find(f.pool, at.pool, CGN_UDP, at.port), 77);
	cr_assert_eq(cgn_pool_find(f.pool, at.pool, CGN_TCP, at.port), CGN_MAPPING_NONE);
	cr_assert_eq(cgn_pool_find(f.pool, at.pool, CGN_ICMP, at.port), CGN_MAPPING_NONE);
	cr_assert_eq(cgn_pool_find(f.pool, at.pool ^ 1, CGN_UDP, at.port), CGN_MAPPING_NONE);
	cr_assert_eq(cgn_pool_find(f.pool, at.pool, CGN_UDP, at.port ^ 1), CGN_MAPPING_NONE);
}

Test(pool, port_outside_the_range_of_the_tenant_is_no_mapping)
{
	pool_fixture_init(&f,
		"pool: [203.0.113.16/30]\nports: {first: 2048, last: 4095, max_blocks: 1}\n", 1);
	for (uint32_t port = 0; port < 65536; port++)
		cr_assert_eq(cgn_pool_find(f.pool, 0, CGN_TCP, (uint16_t)port), CGN_MAPPING_NONE);
	for (int i = 0; i < 100; i++) {
		struct cgn_port at = take((uint32_t)i % 10, A, CGN_TCP);

		cr_assert_geq(at.port, 2048);
		cr_assert_leq(at.port, 4095);
	}
}

Test(pool, all_ports_of_a_subscriber_are_on_one_address)
{
	struct cgn_port first;

	pool_fixture_init(
		&f, "pool: [203.0.113.16/28]\nports: {block_size: 64, max_blocks: 20}\n", 2);
	first = take(5, A, CGN_TCP);
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(take(5, A, (enum cgn_proto)(i % CGN_N_PROTOS)).pool, first.pool);
}

Test(pool, subscribers_are_spread_over_the_addresses)
{
	uint32_t n[16] = {0};

	pool_fixture_init(&f, "pool: [203.0.113.16/28]\n", 3);
	for (uint32_t i = 0; i < 240; i++)
		n[take(i, A, CGN_TCP).pool]++;
	for (int i = 0; i < 16; i++)
		cr_assert(n[i] >= 8 && n[i] <= 22, "address %d has %u of 240", i, n[i]);
}

Test(pool, tenants_never_get_each_others_addresses)
{
	enum cgn_fate fate = CGN_FATE_NONE;
	struct cgn_port at;
	uint32_t n = 0;

	pool_fixture_init_two(&f,
		"pool: [203.0.113.16/32]\nports: {block_size: 32768, first: 32768, max_blocks: "
		"1}\n",
		"pool: [203.0.113.17/32, 203.0.113.20/31]\n", 4);
	for (uint32_t i = 0; i < 250; i++) {
		cr_assert_eq(take(253 + i, B, CGN_UDP).pool >= 1, true);
		fate = cgn_pool_take(f.pool, i, A, CGN_UDP, &at);
		if (fate == CGN_FATE_NONE) {
			cr_assert_eq(at.pool, 0);
			n++;
		}
	}
	cr_assert_eq(n, 1, "one block is all that tenant a has");
	cr_assert_eq(fate, CGN_FATE_NO_ADDRESS);
}

Test(pool, untaken_port_is_free_at_once_and_its_block_with_it)
{
	struct cgn_port one, two;

	pool_fixture_init(&f, "pool: [203.0.113.16/32]\n", 5);
	one = take(0, A, CGN_TCP);
	two = take(0, A, CGN_ICMP);
	cgn_pool_untake(f.pool, one, CGN_TCP);
	cr_assert_eq(f.pool->use[A].blocks, 1);
	cgn_pool_untake(f.pool, two, CGN_ICMP);
	cr_assert_eq(f.pool->use[A].blocks, 0);
	cr_assert_eq(f.pool->use[A].blocks_peak, 1);
	cr_assert(pool_is_untouched(f.pool));
}

Test(pool, freed_subscriber_stays_paired_with_its_address)
{
	uint32_t seen = 0;

	pool_fixture_init(&f, "pool: [203.0.113.16/29]\n", 6);
	for (int i = 0; i < 200; i++) {
		struct cgn_port at = take(0, A, CGN_TCP);

		seen |= 1u << at.pool;
		cgn_pool_untake(f.pool, at, CGN_TCP);
	}
	cr_assert_eq(__builtin_popcount(seen), 1);
}

/* Whether n addresses of tenant a are refused before any memory is taken for them. */
static bool
are_too_many(uint32_t n, const char *reason)
{
	static uint16_t all_of_a[CGN_MAX_POOL + 1];
	static uint32_t addrs[CGN_MAX_POOL + 1];
	uint16_t *pool_tenants = f.dir->pool_tenants;
	uint32_t *pool_addrs = f.dir->pool_addrs;
	uint32_t n_pool = f.dir->n_pool;
	struct cgn_subscriber sub;
	struct cgn_errmsg err = {""};
	struct cgn_pool *pool;

	for (uint32_t i = 0; i < n; i++)
		addrs[i] = 1 + i;
	f.dir->pool_tenants = all_of_a;
	f.dir->pool_addrs = addrs;
	f.dir->n_pool = n;
	pool = cgn_pool_create(f.dir, &sub, &f.rand, -1, &err);
	f.dir->pool_tenants = pool_tenants;
	f.dir->pool_addrs = pool_addrs;
	f.dir->n_pool = n_pool;
	return pool == NULL && errno == EOVERFLOW && strstr(err.text, reason) != NULL;
}

/* A slot of a resting port holds a slot number in 31 bits: 2^31 / 192 chunks are the limit. */
Test(pool, more_chunks_than_slot_numbers_are_refused)
{
	pool_fixture_init(&f, "pool: [203.0.113.16/32]\n", 7);
	cr_assert(are_too_many(11200, "more ports than")); /* × 1008 granules × 192 slots */
}

Test(pool, more_addresses_than_pool_indices_are_refused)
{
	pool_fixture_init(&f, "pool: [203.0.113.16/32]\n", 7);
	cr_assert(are_too_many(CGN_MAX_POOL + 1, "addresses, more than"));
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Best of several runs of take and untake, in seconds. */
static double
cost_of_take(uint32_t inside)
{
	enum { RUNS = 7, TAKES = 20000 };
	double best = 1e9;

	for (int run = 0; run < RUNS; run++) {
		double t = seconds();

		for (int i = 0; i < TAKES; i++)
			cgn_pool_untake(f.pool, take(inside, A, CGN_TCP), CGN_TCP);
		t = seconds() - t;
		best = t < best ? t : best;
	}
	return best;
}

enum { FACTOR = 6 }; /* generous: cache misses, a busy machine */

Test(pool, allocation_from_a_nearly_full_pool_costs_no_more)
{
	enum { PORTS = 32768 };
	double empty, full;

	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {first: 32768, block_size: 32768, max_blocks: "
		"1}\n",
		8);
	for (int i = 0; i < PORTS / 100; i++)
		take(0, A, CGN_TCP);
	empty = cost_of_take(0);
	for (int i = PORTS / 100; i < PORTS - PORTS / 1000; i++)
		take(0, A, CGN_TCP);
	full = cost_of_take(0);
	/* At 99.9 % most of the 512 granules are full: looking for the next costs a word each. */
	cr_assert_lt(full, 100 * empty, "%g against %g s", full, empty);
	cr_assert_eq(f.pool->use[A].busy[CGN_TCP], PORTS - PORTS / 1000);
}

Test(pool, allocation_with_every_other_address_full_costs_no_more)
{
	double empty, full;

	pool_fixture_init(&f,
		"pool: [203.0.113.0/24]\nports: {block_size: 32768, first: 32768, max_blocks: 1}\n",
		9);
	empty = cost_of_take(252);
	for (uint32_t i = 0; i < 252; i++)
		take(i, A, CGN_TCP);
	full = cost_of_take(252);
	cr_assert_lt(full, FACTOR * empty, "%g against %g s", full, empty);
}

Test(pool, allocation_costs_the_same_with_1_and_with_4096_addresses)
{
	const char *ports = "ports: {first: 65472, block_size: 64, max_blocks: 1}\n";
	char small[256], large[256];
	double one, many;

	snprintf(small, sizeof(small), "pool: [203.0.113.16/32]\n%s", ports);
	snprintf(large, sizeof(large), "pool: [203.0.112.0/20]\n%s", ports);
	pool_fixture_init(&f, small, 10);
	one = cost_of_take(0);
	pool_fixture_fini(&f);
	pool_fixture_init(&f, large, 10);
	cr_assert_eq(f.dir->n_pool, 4096);
	many = cost_of_take(0);
	cr_assert_lt(many, FACTOR * one, "%g against %g s", many, one);
}

/* RFC 6056 section 3.3: ports that an outsider cannot guess. */
Test(pool, ports_of_a_block_are_drawn_without_order)
{
	enum { N = 16384 };
	double sum = 0, squares = 0, products = 0, mean, variance;
	uint16_t *ports = malloc(N * sizeof(*ports));
	uint32_t n_next = 0;

	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {first: 32768, block_size: 32768, max_blocks: "
		"1}\n",
		11);
	for (int i = 0; i < N; i++) {
		ports[i] = take(0, A, CGN_UDP).port;
		sum += ports[i];
		squares += (double)ports[i] * ports[i];
		n_next += i > 0 && abs(ports[i] - ports[i - 1]) == 1;
	}
	mean = sum / N;
	variance = squares / N - mean * mean;
	for (int i = 1; i < N; i++)
		products += (ports[i] - mean) * (ports[i - 1] - mean);
	/* Independent draws: serial correlation 0 ± 1/√N; neighbours in 2/32768 of the draws. */
	cr_assert_lt(fabs(products / N / variance), 5 / sqrt(N));
	cr_assert_lt(n_next, 20, "%u of %d follow their predecessor", n_next, N);
	cr_assert(mean > 48000 && mean < 50300, "mean %g", mean);
	free(ports);
}

Test(pool, first_port_of_a_block_is_uniform)
{
	enum { ROUNDS = 64000, PORTS = 64 };
	uint32_t n[PORTS] = {0};
	double chi = 0;

	pool_fixture_init(&f,
		"pool: [203.0.113.16/32]\nports: {first: 65472, block_size: 64, max_blocks: 1}\n",
		12);
	for (int i = 0; i < ROUNDS; i++) {
		struct cgn_port at = take(0, A, CGN_TCP);

		n[at.port % PORTS]++;
		cgn_pool_untake(f.pool, at, CGN_TCP);
	}
	for (int i = 0; i < PORTS; i++)
		chi += (n[i] - (double)ROUNDS / PORTS) * (n[i] - (double)ROUNDS / PORTS) * PORTS /
			ROUNDS;
	cr_assert_lt(chi, 63 + 6 * sqrt(2 * 63), "chi-square %g of 63 degrees", chi);
}
