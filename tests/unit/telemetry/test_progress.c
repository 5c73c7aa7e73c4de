/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/telemetry/progress: what is called a hang and what is not. */
#include "progress.h"

#include <criterion/criterion.h>

enum { N_LOOPS = 3, CONTROL = 2 };

static struct cgn_counters counters[N_LOOPS];
static struct cgn_progress progress;
static uint32_t stuck;

static void
start(void)
{
	for (uint32_t i = 0; i < N_LOOPS; i++) {
		counters[i].loops = 1000 * i; /* they have turned before anybody looks */
		cgn_progress_add(&progress, &counters[i]);
	}
}

static void
turn(uint32_t loop)
{
	cgn_counter_add(&counters[loop].loops, 1);
}

static void
turn_all(void)
{
	for (uint32_t i = 0; i < N_LOOPS; i++)
		turn(i);
}

TestSuite(progress, .init = start);

Test(progress, one_turn_of_every_loop_is_progress)
{
	turn_all();
	cr_assert(cgn_progress_made(&progress, &stuck));
}

Test(progress, turns_before_the_watch_are_none)
{
	cr_assert_not(cgn_progress_made(&progress, &stuck));
	cr_assert_eq(stuck, 0);
}

Test(progress, turns_are_counted_once)
{
	turn_all();
	cr_assert(cgn_progress_made(&progress, &stuck));
	cr_assert_not(cgn_progress_made(&progress, &stuck));
}

Test(progress, one_worker_that_hangs_is_named)
{
	turn(0);
	turn(CONTROL);
	cr_assert_not(cgn_progress_made(&progress, &stuck));
	cr_assert_eq(stuck, 1);
}

Test(progress, control_that_hangs_is_named_however_busy_workers_are)
{
	for (int i = 0; i < 100; i++) {
		turn(0);
		turn(1);
		cr_assert_not(cgn_progress_made(&progress, &stuck));
		cr_assert_eq(stuck, CONTROL);
	}
}

Test(progress, loops_may_turn_between_different_looks)
{
	turn(0);
	cr_assert_not(cgn_progress_made(&progress, &stuck));
	turn(1);
	cr_assert_not(cgn_progress_made(&progress, &stuck));
	turn(CONTROL);
	cr_assert(cgn_progress_made(&progress, &stuck));
}

Test(progress, a_loop_that_goes_on_is_progress_again)
{
	turn(0);
	turn(1);
	cr_assert_not(cgn_progress_made(&progress, &stuck));
	turn(CONTROL);
	cr_assert(cgn_progress_made(&progress, &stuck));
	turn_all();
	cr_assert(cgn_progress_made(&progress, &stuck));
}
