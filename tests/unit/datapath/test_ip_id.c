/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Identifiers of packets that are not atomic: none twice before all have been used, whatever worker
 * sends (UPD-12, RFC 6864 section 4.3), and none that follows from the ones before for somebody who
 * does not know the secret (RFC 7739 section 4).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "ip_id.h"

enum { SRC = 0x107100cb, DST = 0x010200c0, UDP = 17, MAX_WORKERS = 64 };

static struct cgn_fragment_secret secret;
static struct cgn_ip_ids workers[MAX_WORKERS];

static void
start(uint16_t n_workers, uint64_t seed)
{
	memset(workers, 0, sizeof(workers));
	cgn_fragment_secret_draw(&secret, seed);
	for (uint16_t w = 0; w < n_workers; w++) {
		workers[w].worker = w;
		workers[w].bits = cgn_ip_id_bits(n_workers);
	}
}

static uint16_t
next(uint16_t w, uint32_t dst)
{
	return cgn_ip_id_next(&workers[w], &secret, SRC, dst, UDP);
}

/* How many identifiers a worker has, of workers as many. */
static uint32_t
part_of(uint16_t n_workers)
{
	return UINT32_C(65536) >> cgn_ip_id_bits(n_workers);
}

static void
expect_unique(uint16_t n_workers, uint64_t seed)
{
	static bool seen[65536];
	uint32_t part = part_of(n_workers);

	start(n_workers, seed);
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < part; i++)
		for (uint16_t w = 0; w < n_workers; w++) {
			uint16_t id = next(w, DST);

			cr_assert(!seen[id], "%u workers, seed %u: %u comes again after %u",
				n_workers, (unsigned int)seed, id, i);
			seen[id] = true;
		}
	for (uint16_t w = 0; w < n_workers; w++)
		cr_assert(seen[next(w, DST)], "the sequence begins anew");
}

Test(ip_id, no_identifier_of_a_sequence_comes_again_before_all_have_been_used)
{
	static const uint16_t n[] = {1, 2, 3, 4, 5, 8, 16, 63, 64};

	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		for (uint64_t seed = 1; seed <= 20; seed++)
			expect_unique(n[i], seed * 7919);
}

Test(ip_id, every_number_of_workers_has_bits_for_all_of_them)
{
	for (uint16_t n = 1; n <= MAX_WORKERS; n++) {
		cr_assert_geq(1u << cgn_ip_id_bits(n), n);
		cr_assert(n == 1 || 1u << cgn_ip_id_bits(n) < 2u * n);
	}
}

/* How often the commonest difference of two that follow each other comes, of n. */
static uint32_t
commonest_step(uint32_t dst, uint32_t n)
{
	static uint16_t steps[65536];
	uint16_t before = next(0, dst);
	uint32_t most = 0;

	memset(steps, 0, sizeof(steps));
	for (uint32_t i = 0; i < n; i++) {
		uint16_t id = next(0, dst);

		if (++steps[(uint16_t)(id - before)] > most)
			most = steps[(uint16_t)(id - before)];
		before = id;
	}
	return most;
}

/* A count would have one step; by chance hardly one of 1000 comes thrice. */
Test(ip_id, the_next_identifier_is_no_step_from_the_last)
{
	uint32_t most = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		uint32_t n;

		start(seed % 2 != 0 ? 1 : 4, seed);
		n = commonest_step(DST, 1000);
		most = n > most ? n : most;
	}
	cr_assert_leq(most, 40, "%u of 1000 steps are the same", most);
}

/* Who sees its own sequence learns nothing of that of the next destination. */
Test(ip_id, sequences_of_two_destinations_have_no_common_distance)
{
	static uint16_t distances[65536];
	uint32_t most = 0;

	start(1, 99);
	for (uint32_t dst = 1; dst <= 4000; dst++) {
		uint16_t distance =
			(uint16_t)(next(0, DST + (dst << 24 | dst >> 8)) - next(0, DST + dst));

		if (++distances[distance] > most)
			most = distances[distance];
	}
	cr_assert_leq(most, 6, "%u of 4000 are as far from each other", most);
}

Test(ip_id, another_secret_gives_other_identifiers)
{
	uint32_t n_same = 0;

	for (uint64_t seed = 1; seed <= 500; seed++) {
		uint16_t first;

		start(1, seed);
		first = next(0, DST);
		start(1, seed + 1000);
		n_same += next(0, DST) == first;
	}
	cr_assert_leq(n_same, 3);
}
