/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/base/wheel: objects in an array, fired second by second. */
#include "wheel.h"

#include <criterion/criterion.h>

enum { N_OBJECTS = 1000, START_S = 5000 };

/* The node is not at the start of the object, so that the stride matters. */
struct object {
	uint32_t at_s, fired_s, n_fired;
	struct cgn_wheel_node node;
};

static struct object objects[N_OBJECTS];
static struct cgn_wheel wheel;

static void
start_at(uint32_t now_s)
{
	memset(objects, 0, sizeof(objects));
	cgn_wheel_init(&wheel, &objects[0].node, sizeof(objects[0]), now_s);
}

static void
start(void)
{
	start_at(START_S);
}

TestSuite(wheel, .init = start);

/* Takes out all that is due and notes when. */
static uint32_t
fire(uint32_t now_s)
{
	uint32_t n = 0, i;

	while ((i = cgn_wheel_next_due(&wheel, now_s)) != UINT32_MAX) {
		cr_assert_lt(i, N_OBJECTS);
		objects[i].fired_s = now_s;
		objects[i].n_fired++;
		n++;
	}
	return n;
}

Test(wheel, object_fires_in_its_second_and_not_before)
{
	cgn_wheel_add(&wheel, 7, START_S + 10);
	cr_assert_eq(fire(START_S + 9), 0);
	cr_assert_eq(fire(START_S + 10), 1);
	cr_assert_eq(objects[7].n_fired, 1);
	cr_assert_eq(fire(START_S + 2 * CGN_WHEEL_SLOTS), 0, "it is out of the wheel");
}

Test(wheel, every_object_fires_exactly_once_in_its_own_second)
{
	for (uint32_t i = 0; i < N_OBJECTS; i++) {
		objects[i].at_s = START_S + 1 + i * 7919 % 16000;
		cgn_wheel_add(&wheel, i, objects[i].at_s);
	}
	cr_assert_eq(wheel.n_nodes, N_OBJECTS);
	for (uint32_t s = START_S + 1; s <= START_S + 16000; s++)
		fire(s);
	for (uint32_t i = 0; i < N_OBJECTS; i++) {
		cr_assert_eq(
			objects[i].n_fired, 1, "object %u fired %u times", i, objects[i].n_fired);
		cr_assert_eq(objects[i].fired_s, objects[i].at_s);
	}
	cr_assert_eq(wheel.n_nodes, 0);
}

Test(wheel, object_of_the_past_fires_in_the_next_second)
{
	fire(START_S + 100);
	cgn_wheel_add(&wheel, 1, START_S + 50);
	cr_assert_eq(fire(START_S + 100), 0);
	cr_assert_eq(fire(START_S + 101), 1);
}

Test(wheel, time_beyond_the_reach_fires_early_and_never_late)
{
	uint32_t at_s = START_S + 3 * CGN_WHEEL_SLOTS, n_early = 0, i;

	cgn_wheel_add(&wheel, 3, at_s);
	for (uint32_t s = START_S + 1; s <= at_s; s++)
		while ((i = cgn_wheel_next_due(&wheel, s)) != UINT32_MAX) {
			if (s == at_s) {
				cr_assert_eq(i, 3);
				cr_assert_geq(n_early, 2);
				return;
			}
			n_early++;
			cgn_wheel_add(&wheel, i, at_s); /* as the caller of a lazy timer does */
		}
	cr_assert_fail("it never fired");
}

Test(wheel, deleted_object_does_not_fire_wherever_it_stood_in_its_chain)
{
	for (uint32_t i = 0; i < 5; i++)
		cgn_wheel_add(&wheel, i, START_S + 10);
	cgn_wheel_del(&wheel, 4); /* first of the chain */
	cgn_wheel_del(&wheel, 2); /* middle */
	cgn_wheel_del(&wheel, 0); /* last */
	cr_assert_eq(wheel.n_nodes, 2);
	cr_assert_eq(fire(START_S + 10), 2);
	cr_assert_eq(objects[1].n_fired, 1);
	cr_assert_eq(objects[3].n_fired, 1);
}

Test(wheel, deletion_of_an_object_that_is_not_in_it_does_nothing)
{
	cgn_wheel_add(&wheel, 1, START_S + 2);
	cgn_wheel_del(&wheel, 0);
	cgn_wheel_del(&wheel, 1);
	cgn_wheel_del(&wheel, 1);
	cr_assert_eq(wheel.n_nodes, 0);
	cr_assert_eq(fire(START_S + 5), 0);
}

Test(wheel, object_added_again_while_firing_waits_for_its_new_time)
{
	uint32_t i;

	cgn_wheel_add(&wheel, 1, START_S + 1);
	cgn_wheel_add(&wheel, 2, START_S + 1);
	i = cgn_wheel_next_due(&wheel, START_S + 1);
	cgn_wheel_add(&wheel, i, START_S + 3);
	cr_assert_neq(cgn_wheel_next_due(&wheel, START_S + 1), i);
	cr_assert_eq(cgn_wheel_next_due(&wheel, START_S + 2), UINT32_MAX);
	cr_assert_eq(cgn_wheel_next_due(&wheel, START_S + 3), i);
}

Test(wheel, what_a_budget_leaves_over_fires_in_later_turns)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 100; i++)
		cgn_wheel_add(&wheel, i, START_S + 1 + i % 2);
	for (int turn = 0; turn < 10; turn++)
		for (int budget = 0; budget < 10; budget++)
			n += cgn_wheel_next_due(&wheel, START_S + 50) != UINT32_MAX;
	cr_assert_eq(n, 100);
	cr_assert_lt(wheel.now_s, START_S + 3, "it must not run ahead of its work");
	cr_assert_eq(cgn_wheel_next_due(&wheel, START_S + 50), UINT32_MAX);
	cr_assert_eq(wheel.now_s, START_S + 50);
}

Test(wheel, empty_wheel_follows_a_jump_of_time)
{
	cr_assert_eq(fire(START_S + 1000000), 0);
	cgn_wheel_add(&wheel, 0, START_S + 1000005);
	cr_assert_eq(fire(START_S + 1000004), 0);
	cr_assert_eq(fire(START_S + 1000005), 1);
}

Test(wheel, seconds_wrap_around_unharmed)
{
	start_at(UINT32_MAX - 5);
	cgn_wheel_add(&wheel, 0, 4); /* ten seconds ahead */
	cr_assert_eq(fire(UINT32_MAX), 0);
	cr_assert_eq(fire(3), 0);
	cr_assert_eq(fire(4), 1);
}

Test(wheel, time_that_runs_backwards_fires_nothing)
{
	cgn_wheel_add(&wheel, 0, START_S + 1);
	cr_assert_eq(fire(START_S - 100), 0);
	cr_assert_eq(wheel.now_s, START_S);
}
