/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/base/rand: reproducible with a seed, not without, and evenly spread. */
#include "rand.h"

#include <criterion/criterion.h>

enum { DRAWS = 2000 }; /* several times the buffer of kernel bytes */

Test(rand, the_same_seed_gives_the_same_sequence)
{
	struct cgn_rand a, b;

	cgn_rand_init(&a, 12345);
	cgn_rand_init(&b, 12345);
	for (int i = 0; i < DRAWS; i++)
		cr_assert_eq(cgn_rand_u64(&a), cgn_rand_u64(&b), "draw %d", i);
}

Test(rand, different_seeds_give_different_sequences)
{
	struct cgn_rand a, b;

	cgn_rand_init(&a, 1);
	cgn_rand_init(&b, 2);
	for (int i = 0; i < DRAWS; i++)
		cr_assert_neq(cgn_rand_u64(&a), cgn_rand_u64(&b), "draw %d", i);
}

/* The state of this seed passes through zero at the first draw. */
Test(rand, a_seed_whose_state_reaches_zero_stays_reproducible)
{
	struct cgn_rand a, b;

	cgn_rand_init(&a, UINT64_C(0) - UINT64_C(0x9e3779b97f4a7c15));
	cgn_rand_init(&b, UINT64_C(0) - UINT64_C(0x9e3779b97f4a7c15));
	for (int i = 0; i < DRAWS; i++)
		cr_assert_eq(cgn_rand_u64(&a), cgn_rand_u64(&b), "draw %d", i);
}

Test(rand, kernel_numbers_repeat_neither_within_nor_between_generators)
{
	static uint64_t seen[2 * DRAWS];
	struct cgn_rand a, b;

	cgn_rand_init(&a, 0);
	cgn_rand_init(&b, 0);
	for (int i = 0; i < DRAWS; i++) {
		seen[2 * i] = cgn_rand_u64(&a);
		seen[2 * i + 1] = cgn_rand_u64(&b);
	}
	/* A chance of 1 in 10^12 that honest numbers fail this. */
	for (int i = 0; i < 2 * DRAWS; i++)
		for (int j = 0; j < i; j++)
			cr_assert_neq(seen[i], seen[j], "draws %d and %d", j, i);
}

Test(rand, kernel_numbers_use_all_64_bits)
{
	uint64_t ones = 0, zeros = 0;
	struct cgn_rand r;

	cgn_rand_init(&r, 0);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t v = cgn_rand_u64(&r);

		ones |= v;
		zeros |= ~v;
	}
	cr_expect_eq(ones, UINT64_MAX);
	cr_expect_eq(zeros, UINT64_MAX);
}

Test(rand, bounded_numbers_stay_below_their_bound_and_reach_every_value)
{
	static const uint32_t bounds[] = {1, 2, 3, 7, 64, 100};
	struct cgn_rand r;

	cgn_rand_init(&r, 99);
	for (unsigned int k = 0; k < sizeof(bounds) / sizeof(bounds[0]); k++) {
		bool seen[100] = {false};

		for (int i = 0; i < DRAWS; i++) {
			uint32_t v = cgn_rand_below(&r, bounds[k]);

			cr_assert_lt(v, bounds[k]);
			seen[v] = true;
		}
		for (uint32_t v = 0; v < bounds[k]; v++)
			cr_expect(seen[v], "%u below %u never came", v, bounds[k]);
	}
}

Test(rand, bounded_numbers_are_evenly_spread)
{
	enum { BINS = 10, N = 100000 };
	int counts[BINS] = {0};
	struct cgn_rand r;

	cgn_rand_init(&r, 7);
	for (int i = 0; i < N; i++)
		counts[cgn_rand_below(&r, BINS)]++;
	for (int i = 0; i < BINS; i++) /* 10 000 expected, standard deviation 95 */
		cr_expect(counts[i] > 9500 && counts[i] < 10500, "bin %d has %d", i, counts[i]);
}

Test(rand, the_largest_bound_covers_the_upper_half)
{
	bool high = false;
	struct cgn_rand r;

	cgn_rand_init(&r, 7);
	for (int i = 0; i < 100; i++)
		high |= cgn_rand_below(&r, UINT32_MAX) > UINT32_MAX / 2;
	cr_expect(high);
}
