/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/control/refusals: bounded, newest first, and nobody washes out the others'. */
#include "refusals.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "subscriber.h"

enum { N_SUBSCRIBERS = CGN_REFUSALS + 10 };

static struct cgn_refusals r;
static struct cgn_subscriber *subs;

static void
setup(void)
{
	subs = calloc(N_SUBSCRIBERS, sizeof(*subs));
	cr_assert_not_null(subs);
	cr_assert_eq(cgn_refusals_init(&r, 0), 0);
}

/* Both lists hold the same records, each once, in the order of their numbers. */
static void
is_sound(void)
{
	uint32_t n = 0, n_same = 0;

	for (uint32_t k = r.newest; k != 0; k = r.records[k].older, n++) {
		uint32_t older = r.records[k].older;

		cr_assert_leq(n, r.n_used);
		if (older != 0) {
			cr_assert_gt(r.records[k].seq, r.records[older].seq);
			cr_assert_eq(r.records[older].newer, k);
		} else
			cr_assert_eq(r.oldest, k);
	}
	cr_assert_eq(n, r.n_used);
	for (uint32_t s = 0; s < N_SUBSCRIBERS; s++) {
		uint32_t each = 0;

		for (uint32_t k = subs[s].newest_refusal; k != 0; k = r.records[k].same_older) {
			cr_assert_eq(r.records[k].what.inside, s);
			cr_assert_lt(each++, CGN_REFUSALS_EACH);
			n_same++;
		}
	}
	cr_assert_eq(n_same, n);
}

static void
teardown(void)
{
	is_sound();
	cgn_refusals_fini(&r);
	free(subs);
}

TestSuite(refusals, .init = setup, .fini = teardown);

static void
note(uint32_t inside, uint16_t port, uint64_t utc_s)
{
	static const char why[] = "no";
	struct cgn_refused what = {.inside = inside,
		.holder = inside,
		.version = 2,
		.inside_port = port,
		.why.text = why};

	cgn_refusals_note(&r, subs, &what, utc_s);
}

Test(refusals, repetitions_are_counted_and_move_to_the_front)
{
	const struct cgn_refusal *e;

	note(1, 80, 100);
	note(2, 80, 101);
	note(1, 81, 102);
	for (uint64_t t = 103; t < 1103; t++)
		note(1, 80, t);
	cr_assert_eq(r.n_used, 3);
	e = &r.records[r.newest];
	cr_expect_eq(e->what.inside_port, 80);
	cr_expect_eq(e->what.inside, 1);
	cr_expect_eq(e->n, 1001);
	cr_expect_eq(e->first_utc_s, 100);
	cr_expect_eq(e->last_utc_s, 1102);
	cr_expect_eq(r.records[r.oldest].what.inside, 2);
}

Test(refusals, what_differs_only_in_how_much_was_used_is_the_same)
{
	struct cgn_refused what = {.inside = 1, .holder = 1, .why = {"quota", 100, 100}};

	cgn_refusals_note(&r, subs, &what, 1);
	what.why.used = 101;
	cgn_refusals_note(&r, subs, &what, 2);
	cr_expect_eq(r.n_used, 1);
	cr_expect_eq(r.records[r.newest].what.why.used, 101);
	what.why.limit = 200;
	cgn_refusals_note(&r, subs, &what, 3);
	cr_expect_eq(r.n_used, 2);
}

Test(refusals, one_that_floods_has_its_share_and_no_more)
{
	for (uint32_t s = 2; s < 12; s++)
		note(s, 80, s);
	for (uint32_t n = 0; n < 60000; n++)
		note(1, (uint16_t)n, 100);
	cr_assert_eq(r.n_used, 10 + CGN_REFUSALS_EACH);
	for (uint32_t s = 2; s < 12; s++)
		cr_expect_neq(subs[s].newest_refusal, 0);
	cr_expect_eq(r.records[subs[1].newest_refusal].what.inside_port, (uint16_t)59999);
}

Test(refusals, when_all_are_taken_the_oldest_goes)
{
	for (uint32_t s = 0; s < N_SUBSCRIBERS; s++)
		note(s, 80, s);
	cr_assert_eq(r.n_used, CGN_REFUSALS);
	for (uint32_t s = 0; s < N_SUBSCRIBERS; s++)
		cr_expect_eq(subs[s].newest_refusal == 0, s < N_SUBSCRIBERS - CGN_REFUSALS);
	is_sound();
	srand(7);
	for (uint32_t n = 0; n < 50000; n++)
		note((uint32_t)rand() % N_SUBSCRIBERS, (uint16_t)(rand() % 30), n);
	cr_assert_eq(r.n_used, CGN_REFUSALS);
}
