/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/tenant/rate: the token bucket over a clock that the test moves. */
#include "rate.h"

#include <criterion/criterion.h>

static const cgn_ns_t start = 1000 * CGN_NS_PER_S;

static uint32_t
take_all(const struct cgn_rate *rate, uint64_t *state, cgn_ns_t now)
{
	uint32_t n = 0;

	while (n < 100000 && cgn_rate_take(rate, state, now))
		n++;
	return n;
}

Test(rate, zero_state_is_a_full_bucket_of_burst_tokens)
{
	struct cgn_rate rate = cgn_rate_make(10, 25);
	uint64_t state = 0;

	cr_assert_eq(take_all(&rate, &state, start), 25);
}

Test(rate, tokens_come_back_one_by_one)
{
	struct cgn_rate rate = cgn_rate_make(10, 5);
	uint64_t state = 0;

	take_all(&rate, &state, start);
	cr_assert_not(cgn_rate_take(&rate, &state, start + 99 * CGN_NS_PER_MS));
	cr_assert(cgn_rate_take(&rate, &state, start + 100 * CGN_NS_PER_MS));
	cr_assert_not(cgn_rate_take(&rate, &state, start + 100 * CGN_NS_PER_MS));
	cr_assert_eq(take_all(&rate, &state, start + 400 * CGN_NS_PER_MS), 3);
}

Test(rate, bucket_never_holds_more_than_its_burst)
{
	struct cgn_rate rate = cgn_rate_make(1000, 7);
	uint64_t state = 0;

	take_all(&rate, &state, start);
	cr_assert_eq(take_all(&rate, &state, start + 3600 * CGN_NS_PER_S), 7);
}

Test(rate, long_run_gives_the_rate)
{
	struct cgn_rate rate = cgn_rate_make(300, 10);
	uint64_t state = 0;
	uint32_t n = 0;

	for (uint64_t ms = 0; ms < 10000; ms++)
		n += take_all(&rate, &state, start + ms * CGN_NS_PER_MS);
	cr_assert_geq(n, 3000);
	cr_assert_leq(n, 3000 + 10 + 1);
}

Test(rate, refusal_takes_nothing)
{
	struct cgn_rate rate = cgn_rate_make(1, 1);
	uint64_t state = 0, before;

	take_all(&rate, &state, start);
	before = state;
	cr_assert_not(cgn_rate_take(&rate, &state, start + 1));
	cr_assert_eq(state, before);
}

Test(rate, has_foretells_take)
{
	struct cgn_rate rate = cgn_rate_make(7, 3);
	uint64_t state = 0;

	for (uint64_t k = 0; k < 10000; k++) {
		cgn_ns_t now = start + k * 13 * CGN_NS_PER_MS;
		bool has = cgn_rate_has(&rate, state, now);

		cr_assert_eq(has, cgn_rate_take(&rate, &state, now));
	}
}

Test(rate, zero_per_second_refuses_everything_for_ever)
{
	struct cgn_rate rate = cgn_rate_make(0, 1000);
	uint64_t state = 0;

	cr_assert_not(cgn_rate_take(&rate, &state, 0));
	cr_assert_not(cgn_rate_take(&rate, &state, start));
	cr_assert_not(cgn_rate_take(&rate, &state, UINT64_C(100) * 365 * 86400 * CGN_NS_PER_S));
}

Test(rate, burst_of_zero_is_one)
{
	struct cgn_rate rate = cgn_rate_make(10, 0);
	uint64_t state = 0;

	cr_assert_eq(take_all(&rate, &state, start), 1);
}

Test(rate, more_than_one_a_nanosecond_is_unlimited)
{
	struct cgn_rate rate = cgn_rate_make(UINT32_MAX, 1);
	uint64_t state = 0;

	cr_assert_eq(take_all(&rate, &state, start), 100000);
}

Test(rate, slowest_rate_with_the_largest_burst_does_not_overflow)
{
	struct cgn_rate rate = cgn_rate_make(1, 10000000);
	uint64_t state = 0;

	cr_assert_eq(take_all(&rate, &state, start), 100000);
	state = start + rate.depth_ns;
	cr_assert_not(cgn_rate_take(&rate, &state, start));
	cr_assert(cgn_rate_take(&rate, &state, start + CGN_NS_PER_S));
}
